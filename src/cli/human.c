/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sizes and times as people say them; a command line as it could be typed again. */
#include "cli/common.h"

#include "base/datetime.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

void firn_human_bytes(uint64_t bytes, char out[24])
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 1000 && u + 1 < FIRN_COUNT_OF(units)) {
        v /= 1000;
        u++;
    }
    snprintf(out, 24, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

void firn_human_count(uint64_t n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

void firn_human_time(int64_t ms, char out[32])
{
    char text[FIRN_TIME_TEXT_MAX];
    firn_timestamp_print(firn_floor_div(ms, 1000) * FIRN_US_PER_SECOND, false, text);
    text[10] = ' ';
    snprintf(out, 32, "%.28s", text);
}

void firn_human_ago(int64_t seconds, char out[32])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t s = seconds < 0 ? -seconds : seconds;
    size_t u = 0;
    if (s < 2) {
        snprintf(out, 32, "just now");
        return;
    }
    /* two of a unit at least, so that "1 hour" does not stand for 119 minutes */
    while (s < 2 * units[u].seconds && units[u].seconds > 1)
        u++;
    long long n = (long long)(s / units[u].seconds);
    snprintf(out, 32, seconds < 0 ? "in %lld %s%s" : "%lld %s%s ago", n, units[u].name,
             n == 1 ? "" : "s");
}

void firn_human_seconds(double seconds, char out[32])
{
    long long s = (long long)(seconds + 0.5);
    if (seconds < 60)
        snprintf(out, 32, "%.2f s", seconds);
    else if (s < 3600)
        snprintf(out, 32, "%lld min %lld s", s / 60, s % 60);
    else
        snprintf(out, 32, "%lld h %lld min", s / 3600, s / 60 % 60);
}

void firn_human_since(firn_env *env, const char *at, char out[32])
{
    int64_t us;
    bool zoned;
    out[0] = '\0';
    if (at && firn_timestamp_parse(firn_str_of(at), &us, &zoned))
        firn_human_ago((firn_env_now_us(env) - us) / FIRN_US_PER_SECOND, out);
}

/* --- a command line ------------------------------------------------------------------------ */

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Whether the name that ends before text[end] is one of a secret. */
static bool names_secret(const char *text, size_t end)
{
    static const char *const words[] = {"secret",    "token",      "passw", "key",
                                        "signature", "credential", "auth"};
    char name[64];
    size_t begin = end;
    while (begin > 0 && is_name(text[begin - 1]))
        begin--;
    snprintf(name, sizeof name, "%.*s", (int)FIRN_MIN(end - begin, sizeof name - 1), text + begin);
    for (size_t i = 0; i < FIRN_COUNT_OF(words); i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

/* The length of "user:password@" at p, 0 if nothing of the kind stands there. */
static size_t credentials(const char *p)
{
    size_t n = strcspn(p, "/?# \t\n");
    const char *at = memrchr(p, '@', n);
    return at ? (size_t)(at - p) : 0;
}

static firn_code add_redacted(const char *text, firn_buf *out, firn_err *err)
{
    for (size_t i = 0; text[i]; i++) {
        size_t hidden = 0;
        FIRN_TRY(firn_buf_addc(out, text[i], err));
        if (i >= 2 && strncmp(text + i - 2, "://", 3) == 0)
            hidden = credentials(text + i + 1);
        else if (text[i] == '=' && names_secret(text, i))
            hidden = strcspn(text + i + 1, "&");
        if (hidden)
            FIRN_TRY(firn_buf_adds(out, "***", err));
        i += hidden;
    }
    return FIRN_OK;
}

/* A word for the shell: in single quotes where it needs them. */
static firn_code add_word(const char *text, firn_buf *out, firn_err *err)
{
    FIRN_AUTO(firn_buf_free) firn_buf word = FIRN_BUF((size_t)1 << 20);
    FIRN_TRY(add_redacted(text, &word, err));
    const char *p = firn_buf_cstr(&word);
    bool plain = *p != '\0';
    for (const char *q = p; *q; q++)
        plain = plain && ((unsigned char)*q >= 0x80 || is_name(*q) || strchr("./:,+=@%", *q));
    if (plain)
        return firn_buf_adds(out, p, err);
    FIRN_TRY(firn_buf_addc(out, '\'', err));
    for (; *p; p++)
        FIRN_TRY(*p == '\'' ? firn_buf_adds(out, "'\\''", err) : firn_buf_addc(out, *p, err));
    return firn_buf_addc(out, '\'', err);
}

static firn_code add_command(const char *verb, const firn_args *args, firn_buf *out, firn_err *err)
{
    FIRN_TRY(firn_buf_adds(out, verb, err));
    for (size_t i = 0; i < args->rest_count; i++) {
        FIRN_TRY(firn_buf_addc(out, ' ', err));
        FIRN_TRY(add_word(args->rest[i], out, err));
    }
    for (size_t i = 0; i < args->given_count; i++) {
        const firn_arg *a = &args->table[args->given[i]];
        FIRN_TRY(firn_buf_addf(out, err, " --%s%s", a->name, a->value ? " " : ""));
        if (a->value)
            FIRN_TRY(add_word(args->given_values[i], out, err));
    }
    return FIRN_OK;
}

const char *firn_command_text(const char *verb, const firn_args *args, firn_arena *a)
{
    FIRN_AUTO(firn_buf_free) firn_buf text = FIRN_BUF((size_t)1 << 20);
    if (add_command(verb, args, &text, NULL) != FIRN_OK)
        return verb;
    const char *copy = firn_arena_strndup(a, firn_buf_cstr(&text), text.n);
    return copy ? copy : verb;
}
