/* SPDX-License-Identifier: Apache-2.0 */
/* engine_use.h — an engine of one's own for one write or one scan. */
#ifndef FIRN_LIB_ENGINE_USE_H
#define FIRN_LIB_ENGINE_USE_H

#include "engine/engine.h"
#include "firn/firn.h"
#include "lib/lib_int.h"

typedef struct firn_lib_engine {
    const firn_engine_ops *ops;
    firn_engine *engine;
    firn_session *session;
} firn_lib_engine;

/* Opens an engine and a session; `scratch` (NULL: none) is where it spills to.  Zero *ret before;
 * close it whether that succeeded or not. */
FIRN_NODISCARD firn_code firn_lib_engine_open(const firn_engine_options *options,
                                              const char *scratch, firn_lib_engine *ret,
                                              firn_err *err);
void firn_lib_engine_close(firn_lib_engine *e);

/* Whether two fields of a struct have names that differ only in case, which SQL takes for one. */
bool firn_lib_names_clash(const firn_type *t);

/* Reads the caller's options, which may be NULL. */
FIRN_NODISCARD firn_code firn_lib_engine_options(const firn_engine_options *given,
                                                 firn_engine_options *ret, firn_err *err);

#endif
