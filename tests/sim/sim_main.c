/* SPDX-License-Identifier: Apache-2.0 */
/* commit_sim [COUNT [SEED]]: COUNT interleavings of three writers, from SEED on (default 1).  Ends
 * with the seed of the first that goes wrong; `commit_sim 1 SEED` replays it. */
#include "sim.h"

#include "base/str.h"

#include <stdio.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What came about, to see that the faults do happen. */
typedef struct tally {
    size_t commits;
    size_t results[4];
    size_t cuts;
} tally;

static void interleave(uint64_t seed, tally *t)
{
    sim_world_start(seed);
    sim_start_writers();
    do
        sim_run();
    while (sim_replace_dead());
    if (sim_one_in(2))
        sim_settle();
    sim_check_tables();
    t->commits += sim_commit_count;
    for (size_t i = 0; i < sim_commit_count; i++)
        t->results[sim_commits[i].result]++;
    t->cuts += W.cut;
}

int main(int argc, char **argv)
{
    uint64_t count = 200000;
    uint64_t seed = 1;
    if ((argc > 1 && !firn_str_u64(firn_str_of(argv[1]), &count)) ||
        (argc > 2 && !firn_str_u64(firn_str_of(argv[2]), &seed))) {
        fprintf(stderr, "usage: commit_sim [COUNT [SEED]]\n");
        return 2;
    }
    tally t = {0};
    double start = seconds();
    W.current = -1;
    sim_world_start(0);
    sim_make_tables(false);
    sim_world_keep();
    for (uint64_t i = 0; i < 50; i++) /* what is made once is made now */
        interleave(i, &t);
    sim_memo_close();
    sim_memo_reset();
    heap_mark();
    t = (tally){0};
    for (uint64_t i = 0; i < count; i++) {
        interleave(seed + i, &t);
        sim_memo_reset();
        heap_reset();
    }
    printf("ok %llu interleavings of 3 writers, %zu commits (%zu acknowledged, %zu refused, %zu "
           "unknown, %zu cut off), %zu power cuts, %.1f s of CPU\n",
           (unsigned long long)count, t.commits, t.results[ACKNOWLEDGED], t.results[REFUSED],
           t.results[UNKNOWN], t.results[PENDING], t.cuts, seconds() - start);
    return 0;
}
