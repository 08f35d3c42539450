/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h — what the fuzz targets share.
 *
 * A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput and fuzz_tokens.  It is linked with
 * libFuzzer (-Dfuzz=true) or with driver.c, which runs seeds and their mutations.  A target may
 * find more than crashes: fuzz_require stops the process when a promise is broken. */
#ifndef FIRN_FUZZ_H
#define FIRN_FUZZ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words of the target's format, NULL-terminated: the driver inserts them; `--dict` prints them as a
 * dictionary for libFuzzer. */
extern const char *const fuzz_tokens[];

/* A broken promise: prints the text and aborts, so that the input is kept. */
#define fuzz_require(cond, ...)                                                                    \
    ((cond) ? (void)0 : fuzz_broken(#cond, __FILE__, __LINE__, __VA_ARGS__))
_Noreturn void fuzz_broken(const char *cond, const char *file, int line, const char *fmt, ...)
    FIRN_PRINTF(4, 5);

/* Returns whether a call went well.  What failed must say why: the code of the call, a text that
 * can be printed, and neither a bug of the program nor memory that ran out. */
bool fuzz_ok(firn_code code, const firn_err *err);
/* How many calls went well. */
extern uint64_t fuzz_good;

/* An arena; fuzz_free requires that it grew to at most base + per_byte × size bytes. */
firn_arena *fuzz_arena(void);
void fuzz_free(firn_arena *a, size_t size, size_t base, size_t per_byte);

/* Takes up to n bytes off the front of an input. */
firn_slice fuzz_take(firn_slice *rest, size_t n);
/* The same for one byte, 0 when nothing is left. */
uint8_t fuzz_byte(firn_slice *rest);

firn_str fuzz_str(firn_slice s);

/* The tree of a JSON text that is right; owned by `a`. */
json_t *fuzz_json(const char *text, firn_arena *a);
/* Hands a reference to an arena. */
void fuzz_keep_json(json_t *j, firn_arena *a);

/* --- files in memory ----------------------------------------------------------------------- */

#define FUZZ_FILES 8

typedef struct fuzz_io {
    firn_io io;
    firn_str any; /* what every name that is not in `names` holds; .p == NULL: nothing */
    size_t count;
    firn_str names[FUZZ_FILES];
    firn_buf bytes[FUZZ_FILES];
    size_t reads;
} fuzz_io;

void fuzz_io_open(fuzz_io *m);
void fuzz_io_close(fuzz_io *m);
/* Adds a file whose name outlives the io. */
void fuzz_io_put(fuzz_io *m, const char *name, firn_slice bytes);

#endif
