/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target without libFuzzer: each seed, and mutations of it that are the same at every
 * run.  A child does the work, so that the input that kills it can be kept.
 *
 *   fuzz_NAME [--mutations N] [--seed N] [--seconds N] [--out FOLDER] [--dict] FILE|FOLDER…
 *
 * A file *.hex holds its input as hex digits with blanks between them; others are taken as they
 * are.  --seconds ends the mutations early.  Exit status 1: an input killed the child, and is kept
 * as FOLDER/NAME-failed.hex. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES      ((size_t)256 << 10)
#define MAX_SEEDS      4096
#define INPUT_SECONDS  20
#define MEMORY_BYTES   ((rlim_t)512 << 20)
#define MAX_GROWN      4 /* a mutation of a seed is at most this much longer */
#define GROWN_AT_LEAST ((size_t)4 << 10)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

typedef struct seed {
    char name[256];
    uint8_t *p;
    size_t n;
} seed;

/* What the child is at, seen by the parent. */
typedef struct progress {
    uint64_t runs;
    uint64_t good;
    uint64_t slowest_us;
    char slowest[300];
    char at[300];
    size_t n;
    uint8_t bytes[MAX_BYTES];
} progress;

static seed seeds[MAX_SEEDS];
static size_t seed_count;
static uint64_t mutations = 100;
static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
static double seconds = 1e9;
static const char *out = ".";
static const char *name;
static progress *now;

/* --- seeds --------------------------------------------------------------------------------- */

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
    exit(2);
}

/* Hex digits to bytes in place; what is no digit is passed over. */
static size_t unhex(uint8_t *p, size_t n)
{
    size_t digits = 0;
    unsigned value = 0;
    for (size_t i = 0; i < n; i++) {
        const char *all = "0123456789abcdef";
        const char *found = p[i] ? strchr(all, p[i] | 0x20) : NULL;
        if (!found)
            continue;
        value = value << 4 | (unsigned)(found - all);
        if (++digits % 2 == 0)
            p[digits / 2 - 1] = (uint8_t)value;
    }
    return digits / 2;
}

static void add_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        die(path);
    if (seed_count == MAX_SEEDS) {
        fclose(f);
        return;
    }
    seed *s = &seeds[seed_count];
    s->p = malloc(2 * MAX_BYTES);
    if (!s->p)
        die(path);
    s->n = fread(s->p, 1, 2 * MAX_BYTES, f);
    fclose(f);
    if (firn_str_ends(firn_str_of(path), ".hex"))
        s->n = unhex(s->p, s->n);
    const char *base = strrchr(path, '/');
    snprintf(s->name, sizeof s->name, "%.200s", base ? base + 1 : path);
    if (s->n <= MAX_BYTES)
        seed_count++;
    else
        free(s->p);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add(const char *path)
{
    struct stat st;
    struct dirent **list;
    if (stat(path, &st) != 0)
        die(path);
    if (!S_ISDIR(st.st_mode)) {
        add_file(path);
        return;
    }
    int n = scandir(path, &list, NULL, by_name);
    if (n < 0)
        die(path);
    for (int i = 0; i < n; i++) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, list[i]->d_name);
        if (list[i]->d_name[0] != '.' && stat(inside, &st) == 0 && S_ISREG(st.st_mode))
            add_file(inside);
        free(list[i]);
    }
    free(list);
}

/* --- mutations ----------------------------------------------------------------------------- */

static size_t below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n ? (size_t)(state % n) : 0;
}

static size_t insert(uint8_t *p, size_t n, size_t max, size_t at, const void *what, size_t what_n)
{
    if (n + what_n > max)
        return n;
    memmove(p + at + what_n, p + at, n - at);
    memcpy(p + at, what, what_n);
    return n + what_n;
}

static size_t insert_token(uint8_t *p, size_t n, size_t max, size_t at)
{
    size_t count = 0;
    while (fuzz_tokens[count])
        count++;
    if (count == 0)
        return n;
    const char *token = fuzz_tokens[below(count)];
    size_t len = strlen(token);
    if (below(3) || n - at < len) /* also written over what is there */
        return insert(p, n, max, at, token, len);
    memcpy(p + at, token, len);
    return n;
}

/* A number that is at the edge of something, in one, two, four or eight bytes, either way round. */
static size_t put_number(uint8_t *p, size_t n, size_t at)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xffffffffffffffff,
                                     0x1000000,
                                     0xfffffffffffffffe};
    uint64_t v = edges[below(FIRN_COUNT_OF(edges))];
    size_t width = (size_t)1 << below(4);
    bool big = below(2);
    for (size_t i = 0; i < width && at + i < n; i++)
        p[at + i] = (uint8_t)(v >> 8 * (big ? width - 1 - i : i));
    return n;
}

/* Another number where digits stand. */
static size_t put_decimal(uint8_t *p, size_t n, size_t max, size_t at)
{
    static const char *const numbers[] = {"-1",
                                          "0",
                                          "1",
                                          "2147483647",
                                          "2147483648",
                                          "-2147483649",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "-9223372036854775808",
                                          "1e999",
                                          "0.1",
                                          "00",
                                          "1000000",
                                          "99999999999999999999999999999999999999999"};
    while (at < n && (p[at] < '0' || p[at] > '9'))
        at++;
    size_t end = at;
    while (end < n && p[end] >= '0' && p[end] <= '9')
        end++;
    const char *number = numbers[below(FIRN_COUNT_OF(numbers))];
    memmove(p + at, p + end, n - end);
    return insert(p, n - (end - at), max, at, number, strlen(number));
}

static size_t splice(uint8_t *p, size_t n, size_t max, size_t at)
{
    const seed *other = &seeds[below(seed_count)];
    size_t from = below(other->n + 1);
    size_t wanted = below(other->n - from + 1);
    size_t len = FIRN_MIN(wanted, max - at);
    memcpy(p + at, other->p + from, len);
    return below(2) ? at + len : FIRN_MAX(n, at + len);
}

static size_t change(uint8_t *p, size_t n, size_t max)
{
    uint8_t copy[64];
    size_t at = below(n + 1);
    size_t wanted = 1 + below(below(4) ? 8 : sizeof copy);
    size_t len = FIRN_MIN(wanted, n - at);
    switch (below(12)) {
    case 0:
        return at; /* the end is missing */
    case 1:        /* a run is missing */
        memmove(p + at, p + at + len, n - at - len);
        return n - len;
    case 2: /* a run stands twice */
        memcpy(copy, p + at, len);
        return insert(p, n, max, below(n + 1), copy, len);
    case 3:
        return put_number(p, n, at);
    case 4:
        return put_decimal(p, n, max, at);
    case 5:
        return splice(p, n, max, at);
    case 6: /* another byte */
    case 7:
        if (at < n)
            p[at] = (uint8_t)below(256);
        return n;
    case 8: /* a bit is wrong */
    case 9:
        if (at < n)
            p[at] = (uint8_t)(p[at] ^ 1u << below(8));
        return n;
    default:
        return insert_token(p, n, max, at);
    }
}

/* --- running ------------------------------------------------------------------------------- */

static uint64_t clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* After so many seconds of work (others may keep the machine busy) the child is killed. */
static void limit_work(time_t s)
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = s}}, NULL);
}

/* Runs what is in *now, in memory of exactly its size, so that a sanitizer sees a byte too far. */
static void run(void)
{
    uint64_t began = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    uint8_t *exact = malloc(now->n ? now->n : 1);
    if (!exact)
        die("an input");
    memcpy(exact, now->bytes, now->n);
    limit_work(INPUT_SECONDS);
    LLVMFuzzerTestOneInput(exact, now->n);
    limit_work(0);
    free(exact);
    now->runs++;
    now->good = fuzz_good;
    uint64_t took = clock_us(CLOCK_PROCESS_CPUTIME_ID) - began;
    if (took > now->slowest_us) {
        now->slowest_us = took;
        memcpy(now->slowest, now->at, sizeof now->slowest);
    }
}

static void run_all(void)
{
    uint64_t end = clock_us(CLOCK_MONOTONIC) + (uint64_t)(FIRN_MIN(seconds, 1e9) * 1e6);
    for (uint64_t m = 0; m <= mutations; m++) {
        for (size_t i = 0; i < seed_count; i++) {
            const seed *s = &seeds[i];
            size_t max = FIRN_MIN(FIRN_MAX(s->n * MAX_GROWN, GROWN_AT_LEAST), MAX_BYTES);
            memcpy(now->bytes, s->p, s->n);
            now->n = s->n;
            for (size_t k = m ? 1 + below(4) : 0; k > 0; k--)
                now->n = change(now->bytes, now->n, max);
            snprintf(now->at, sizeof now->at, "%.255s, mutation %llu", s->name,
                     (unsigned long long)m);
            run();
        }
        if (clock_us(CLOCK_MONOTONIC) > end)
            return;
    }
}

static void keep_input(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-failed.hex", out, name);
    FILE *f = fopen(path, "w");
    if (!f)
        die(path);
    for (size_t i = 0; i < now->n; i++)
        fprintf(f, "%02x%s", now->bytes[i], i % 32 == 31 ? "\n" : "");
    fputc('\n', f);
    fclose(f);
    printf("%s: %s: killed; the input is %s\n", name, now->at, path);
}

static int supervise(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die("waiting");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        printf("%s: %zu seeds, %llu inputs, %llu good calls, slowest %.1f ms (%s)\n", name,
               seed_count, (unsigned long long)now->runs, (unsigned long long)now->good,
               (double)now->slowest_us / 1000, now->slowest);
        return 0;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
        printf("%s: no end after %d s\n", name, INPUT_SECONDS);
    keep_input();
    return 1;
}

static void print_dict(void)
{
    for (size_t i = 0; fuzz_tokens[i]; i++) {
        putchar('"');
        for (const char *p = fuzz_tokens[i]; *p; p++)
            printf("\\x%02x", (unsigned char)*p);
        puts("\"");
    }
}

static int options(int argc, char **argv)
{
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--mutations") == 0)
            mutations = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            state ^= strtoull(argv[i + 1], NULL, 10) << 20;
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--out") == 0)
            out = argv[i + 1];
        else
            break;
    }
    return i;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    name = slash ? slash + 1 : argv[0];
    if (argc > 1 && strcmp(argv[1], "--dict") == 0) {
        print_dict();
        return 0;
    }
    for (int i = options(argc, argv); i < argc; i++)
        add(argv[i]);
    if (seed_count == 0) {
        fprintf(stderr, "%s: no seeds\n", name);
        return 2;
    }
    now = mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (now == MAP_FAILED)
        die("memory");
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child > 0) {
        int status = supervise(child);
        for (size_t i = 0; i < seed_count; i++)
            free(seeds[i].p);
        return status;
    }
    if (!SANITIZED) /* AddressSanitizer needs the address space; it has limits of its own */
        setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY_BYTES, MEMORY_BYTES});
    run_all();
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].p);
    return 0;
}
