/* SPDX-License-Identifier: Apache-2.0 */
/* arena_help.h — an arena for each test: cmocka_unit_test_setup_teardown(f, set_up, tear_down). */
#ifndef FIRN_ARENA_HELP_H
#define FIRN_ARENA_HELP_H

#include "base/arena.h"
#include "check.h"

static firn_arena *arena;

static int set_up(void **state FIRN_UNUSED)
{
    arena = firn_arena_new("a test", 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state FIRN_UNUSED)
{
    firn_arena_free(arena);
    return 0;
}

#endif
