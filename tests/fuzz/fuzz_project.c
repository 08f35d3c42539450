/* SPDX-License-Identifier: Apache-2.0 */
/* Project files and models: a project, or an error with a place and advice. */
#include "fuzz.h"

#include "pipeline/model.h"
#include "pipeline/yaml.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const fuzz_tokens[] = {
    ":",
    ": ",
    "\n",
    "\n  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    " #",
    "&a ",
    "*a",
    "!x ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "<<: ",
    "---\n",
    "...\n",
    "\t",
    "${HOME}",
    "${",
    "$${",
    "decimal(18,2)",
    "map<string",
    "/* firn",
    "*/",
    "name: t\n",
    "warehouse: ./l\n",
    "sources:\n",
    "ingest:\n",
    "from: ",
    "into: ",
    "partition: [",
    "bucket(16, id)",
    "columns: {",
    "checks: [",
    "write: replace",
    "models:",
    "catalog: {name: lake}",
    "maintenance:",
    "64KB",
    "\xff",
    "\xe2\x80\xa8",
    "null",
    NULL,
};

static void check_message(const firn_err *err)
{
    if (err->code == FIRN_E_CONFIG) {
        fuzz_require(err->where[0], "no place: %s", err->text);
        fuzz_require(err->advice[0], "no advice: %s", err->text);
    }
}

static void try_model(firn_str text, firn_arena *a)
{
    firn_err err = {0};
    firn_ident ident = {FIRN_STR_LIT("raw"), FIRN_STR_LIT("a")};
    firn_model model;
    if (!fuzz_ok(firn_model_parse(text, ident, "a.sql", a, &model, &err), &err))
        check_message(&err);
}

/* The loader takes a file's name: the file is memory. */
static void try_project(firn_str text, firn_arena *a)
{
    static firn_env *env;
    static char path[64];
    static int fd = -1;
    firn_err err = {0};
    const firn_project *p;
    if (fd < 0) {
        fd = memfd_create("firn.yml", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        fuzz_require(fd >= 0 && firn_env_new(&env, &err) == FIRN_OK, "no memory");
    }
    fuzz_require(ftruncate(fd, 0) == 0 && pwrite(fd, text.p, text.n, 0) == (ssize_t)text.n,
                 "no memory");
    if (!fuzz_ok(firn_project_load(env, path, a, &p, &err), &err))
        check_message(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_err err = {0};
    firn_arena *a = fuzz_arena();
    firn_str text = {(const char *)data, size};
    firn_conf *root;
    if (!fuzz_ok(firn_yaml_parse(text, "f", a, &root, &err), &err))
        check_message(&err);
    try_model(text, a);
    try_project(text, a);
    fuzz_free(a, size, (size_t)2 << 20, 4000);
    return 0;
}
