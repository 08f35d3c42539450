/* SPDX-License-Identifier: Apache-2.0 */
/* export.h — what every header of the library begins with. */
#ifndef FIRN_API_EXPORT_H
#define FIRN_API_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FIRN_API              __attribute__((visibility("default")))
#define FIRN_CHECKED          __attribute__((warn_unused_result))
#define FIRN_FORMAT(fmt, arg) __attribute__((format(printf, fmt, arg)))
#else
#define FIRN_API
#define FIRN_CHECKED
#define FIRN_FORMAT(fmt, arg)
#endif

#ifdef __cplusplus
#define FIRN_BEGIN_C extern "C" {
#define FIRN_END_C   }
#else
#define FIRN_BEGIN_C
#define FIRN_END_C
#endif

/* The version of these headers.  Until 1.0 a change of the second number may change the interface;
 * the file name of the library (its SONAME) changes with it. */
#define FIRN_VERSION_MAJOR 0
#define FIRN_VERSION_MINOR 1
#define FIRN_VERSION_PATCH 0

FIRN_BEGIN_C

/* Returns the version of the library that is loaded, "0.1.0".  Any thread. */
FIRN_API const char *firn_version(void);

FIRN_END_C

#endif
