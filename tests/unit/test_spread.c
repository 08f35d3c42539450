/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for partitioned writes: what must hold for any sample. */
#include "pipeline/spread.h"

#include "check.h"

#define MB ((uint64_t)1 << 20)

static firn_spread plan(uint64_t rows, uint64_t partitions, uint64_t row_bytes, uint64_t memory)
{
    const firn_spread_sample s = {rows, partitions, row_bytes};
    return firn_spread_plan(&s, memory);
}

static void few_partitions_are_copied_at_once(void **state)
{
    (void)state;
    assert_int_equal(plan(0, 0, 0, 300 * MB).buckets, 1);
    assert_int_equal(plan(100000, 1, 100, 300 * MB).buckets, 1);
    assert_int_equal(plan(100000, 31, 100, 300 * MB).buckets, 1);
}

static void more_than_fit_are_parted(void **state)
{
    (void)state;
    assert_true(plan(1000000, 1000, 100, 300 * MB).buckets > 1);
    /* the same partitions with wider rows, and with less memory */
    assert_true(plan(100000, 60, 4000, 300 * MB).buckets > plan(100000, 60, 100, 300 * MB).buckets);
    assert_true(plan(100000, 100, 100, 100 * MB).buckets > 1);
    /* more memory than any partition needs: the open files are the limit */
    assert_true(plan(1000000, 1000, 100, 100000 * MB).buckets >= 4);
}

/* Each row another partition: their number cannot be told from the first rows. */
static void a_sample_of_ones_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(plan(10000, 10000, 100, 300 * MB).buckets, FIRN_SPREAD_MAX);
    assert_int_equal(plan(2000, 1000, 100, 300 * MB).buckets, FIRN_SPREAD_MAX);
}

static void open_row_groups_fit_into_half_of_the_memory(void **state)
{
    (void)state;
    for (uint64_t memory = 100 * MB; memory <= 6400 * MB; memory *= 4)
        for (uint64_t partitions = 1; partitions <= 1000; partitions++) {
            firn_spread s = plan(1000000, partitions, 100, memory);
            uint64_t open = (partitions + s.buckets - 1) / s.buckets;
            assert_true(s.row_group_rows >= 20480 && s.row_group_rows <= 122880);
            assert_true(open * (uint64_t)s.row_group_rows * 100 <= memory / 2);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_partitions_are_copied_at_once),
        cmocka_unit_test(more_than_fit_are_parted),
        cmocka_unit_test(a_sample_of_ones_is_not_believed),
        cmocka_unit_test(open_row_groups_fit_into_half_of_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
