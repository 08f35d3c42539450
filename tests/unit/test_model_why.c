/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline/model_why: what differs between two states of what a model is made from. */
#include "check.h"

#include "pipeline/model_why.h"

static void why(void **state FIRN_UNUSED)
{
    static const struct {
        const char *was;
        const char *now;
        const char *why;
    } cases[] = {
        {"", "0.2 aa raw.x=1", "its statement or what it reads changed"},
        {"0.2 aa raw.x=1", "0.2 bb raw.x=2", "the statement or its settings changed"},
        {"0.1 aa raw.x=1", "0.2 aa raw.x=1", "it was made by firn 0.1, this is 0.2"},
        {"0.2 aa raw.x=1", "0.2 aa raw.x=2", "raw.x changed"},
        {"0.2 aa raw.x=- raw.y=5", "0.2 aa raw.x=2 raw.y=5", "raw.x changed"},
        {"0.2 aa raw.x=1 raw.y=5", "0.2 aa raw.x=2 raw.y=6", "raw.x, raw.y changed"},
        {"0.2 aa a.a=1", "0.2 aa a.b=1 a.c=1 a.d=1 a.e=1 a.f=1",
         "a.b, a.c, a.d and 2 more changed"},
        {"0.2 aa raw.x=1", "0.2 aa raw.x=1", "what it reads changed"},
        {"0.2", "0.2 aa", "the statement or its settings changed"},
        {"0.2 aa", "0.2 aa", "what it reads changed"},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(cases); i++) {
        char text[FIRN_MODEL_WHY_MAX];
        firn_model_why(firn_str_of(cases[i].was), firn_str_of(cases[i].now), text);
        check_str(firn_str_of(text), cases[i].why);
    }
}

/* Names of any length end the text, not the program. */
static void long_names(void **state FIRN_UNUSED)
{
    char was[] = "0.2 aa";
    char now[2000] = "0.2 aa ";
    char text[FIRN_MODEL_WHY_MAX];
    memset(now + 7, 'n', sizeof now - 8);
    for (size_t i = 300; i < sizeof now - 8; i += 300)
        memcpy(now + i, "=1 ", 3);
    firn_model_why(firn_str_of(was), firn_str_of(now), text);
    assert_true(strlen(text) < sizeof text);
    assert_non_null(strstr(text, "changed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(why), cmocka_unit_test(long_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
