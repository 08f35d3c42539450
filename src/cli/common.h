/* SPDX-License-Identifier: Apache-2.0 */
/* common.h — what verbs share: the project, the context, how output looks. */
#ifndef FIRN_CLI_COMMON_H
#define FIRN_CLI_COMMON_H

#include "cli/args.h"
#include "cli/result_print.h"
#include "pipeline/context.h"
#include "pipeline/project.h"

/* Options that most verbs take; to be put into their tables. */
#define FIRN_ARG_PROJECT                                                                           \
    {                                                                                              \
        "project", 'p', "FILE", "project file or its folder (default: firn.yml here or above)"     \
    }
#define FIRN_ARG_MEMORY                                                                            \
    {                                                                                              \
        "memory", 'm', "SIZE", "memory of the whole process, 512MB or 2GB"                         \
    }
#define FIRN_ARG_THREADS                                                                           \
    {                                                                                              \
        "threads", 't', "N", "threads (default: one a core)"                                       \
    }
#define FIRN_ARG_JSON                                                                              \
    {                                                                                              \
        "json", 0, NULL, "one JSON event a line (docs/formats/events.md)"                          \
    }
#define FIRN_ARG_QUIET                                                                             \
    {                                                                                              \
        "quiet", 'q', NULL, "say nothing but errors"                                               \
    }
#define FIRN_ARG_HELP                                                                              \
    {                                                                                              \
        "help", 'h', NULL, "show this help"                                                        \
    }

/* One command in progress. */
typedef struct firn_command {
    firn_arena *arena;
    firn_env *env;
    const firn_project *project; /* NULL: none */
    firn_context *run;
    firn_run_names names; /* once run_id is not empty: what the context goes on with */
    char run_id[FIRN_RUN_UUID_TEXT];
    firn_view_def *views; /* of the project's models; see models.h */
    size_t view_count;
} firn_command;

/* Loads the project that --project names, or the one here. */
FIRN_NODISCARD firn_code firn_command_project(firn_command *c, const firn_args *args,
                                              firn_err *err);

/* Opens the context of c->project (or none, with a NULL project), with --memory and --threads. */
typedef struct firn_command_opt {
    bool read_only;
    bool keep_order;
    firn_event_fn on_event;
    void *event_arg;
} firn_command_opt;
FIRN_NODISCARD firn_code firn_command_open(firn_command *c, const firn_args *args,
                                           const firn_command_opt *opt, firn_err *err);
/* What the context would be opened with. */
FIRN_NODISCARD firn_code firn_command_conf(const firn_command *c, const firn_args *args,
                                           const firn_command_opt *opt, firn_context_conf *ret,
                                           firn_err *err);

/* Prints an error to standard error and returns the exit status that belongs to it. */
int firn_command_fail(const firn_err *err);

/* What a verb does with a started command; *ret_status is 0 before. */
typedef firn_code (*firn_command_fn)(firn_command *c, const firn_args *args, int *ret_status,
                                     firn_err *err);
/* Starts a command, does it, ends it; returns its exit status. */
int firn_command_do(const firn_args *args, firn_command_fn fn);

bool firn_use_colour(FILE *f);
firn_print_opt firn_print_defaults(void);

/* "1.2 GB", "12,345", "2025-05-31 10:11:12" for people. */
void firn_human_bytes(uint64_t bytes, char out[24]);
void firn_human_count(uint64_t n, char out[32]);
void firn_human_time(int64_t ms, char out[32]);
/* "just now", "3 minutes ago", "5 days ago"; of a time in the future "in 3 minutes". */
void firn_human_ago(int64_t seconds, char out[32]);
/* "0.12 s", "3 min 5 s", "2 h 4 min". */
void firn_human_seconds(double seconds, char out[32]);
/* How long ago a text like 2025-05-31T10:11:12.123456Z was; "" if it is none. */
void firn_human_since(firn_env *env, const char *at, char out[32]);

/* The command line as it could be typed again, without "firn": options and words in the order of
 * the table, quoted for the shell; what looks like a secret (user:password@ in a URL, token=…) is
 * ***. */
const char *firn_command_text(const char *verb, const firn_args *args, firn_arena *a);

/* SIGINT and SIGTERM: the first one cancels the context, a second one ends the process. */
void firn_catch_signals(firn_context *run);

#endif
