/* SPDX-License-Identifier: Apache-2.0 */
/* format/csv: what each text becomes, by the rules of csv_int.h and RFC 4180; however it is cut. */
#include "csv_help.h"

#define DETECT                                                                                     \
    {                                                                                              \
        .separator = 0                                                                             \
    }

static firn_arena *arena;

static int set_up(void **state FIRN_UNUSED)
{
    arena = firn_arena_new("test", 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state FIRN_UNUSED)
{
    firn_arena_free(arena);
    return 0;
}

static firn_slice bytes_of(const char *text)
{
    return (firn_slice){(const uint8_t *)text, strlen(text)};
}

/* --- texts and what they become ------------------------------------------------------------ */

static const struct vector {
    const char *name;
    firn_format_opt opt;
    const char *text;
    size_t n; /* 0: up to the NUL */
    const char *want;
} vectors[] = {
    {"plain", DETECT, "a,b\n1,x\n2,y\n", 0, "struct<a: long, b: string>\n1|x\n2|y\n"},
    {"no line end at the end", DETECT, "a,b\n1,x\n2,y", 0,
     "struct<a: long, b: string>\n1|x\n2|y\n"},
    {"CRLF", DETECT, "a,b\r\n1,x\r\n2,y\r\n", 0, "struct<a: long, b: string>\n1|x\n2|y\n"},
    {"CRLF without the last LF", DETECT, "a,b\r\n1,x\r", 0, "struct<a: long, b: string>\n1|x\n"},
    {"LF and CRLF mixed", DETECT, "a,b\n1,x\r\n2,y\n", 0, "struct<a: long, b: string>\n1|x\n2|y\n"},
    {"lone CR", DETECT, "a,b\r1,x\r2,\"y\nz\"\r", 0, "struct<a: long, b: string>\n1|x\n2|y\nz\n"},
    {"lone CR in a file with LF", DETECT, "a,b\n1,x\ry\n", 0,
     "struct<a: long, b: string>\n1|x\ry\n"},
    {"byte order mark", DETECT,
     "\xef\xbb\xbf"
     "a,b\n1,x\n",
     0, "struct<a: long, b: string>\n1|x\n"},
    {"blank lines", DETECT, "\n\r\na,b\n\n1,x\n\r\n\n2,y\n\n", 0,
     "struct<a: long, b: string>\n1|x\n2|y\n"},
    {"blank lines of one column", DETECT, "a\n1\n\n2\n", 0, "struct<a: long>\n1\n2\n"},
    {"quotes", DETECT, "a,b\n1,\"x,y\"\n2,\"say \"\"hi\"\"\"\n3,\"\"\"\"\n", 0,
     "struct<a: long, b: string>\n1|x,y\n2|say \"hi\"\n3|\"\n"},
    {"line ends in quotes", DETECT, "a,b\r\n1,\"x\r\ny\"\r\n2,\"\n\"\r\n", 0,
     "struct<a: long, b: string>\n1|x\r\ny\n2|\n\n"},
    {"quotes inside of a cell", DETECT, "a,b\n1,5\" pipe\n2,x\"y\"z\n", 0,
     "struct<a: long, b: string>\n1|5\" pipe\n2|x\"y\"z\n"},
    {"quotes behind a blank", DETECT, "a,b\n1, \"x\"\n", 0,
     "struct<a: long, b: string>\n1| \"x\"\n"},
    {"backslashes", DETECT, "a,b\n1,\\\"x\\\n2,\"y\\\"\n", 0,
     "struct<a: long, b: string>\n1|\\\"x\\\n2|y\\\n"},
    {"quoted numbers", DETECT, "a,b\n\"1\",\"2.5\"\n\"2\",\"3\"\n", 0,
     "struct<a: long, b: double>\n1|2.5\n2|3\n"},
    {"empty cells", DETECT, "a,b,c\n,,\n1,\"\",x\n\"\",,\"\"\n", 0,
     "struct<a: long, b: string, c: string>\n~|~|~\n1||x\n~|~|\n"},
    {"blank cells", DETECT, "a,b\n  ,  \n1,x\n\" \",\" \"\n", 0,
     "struct<a: long, b: string>\n~|  \n1|x\n~| \n"},
    {"a column without values", DETECT, "a,b\n1,\n2,\n", 0,
     "struct<a: long, b: string>\n1|~\n2|~\n"},
    {"a null text",
     {.null_text = {"NULL", 4}},
     "a,b\n1,NULL\nNULL,\"NULL\"\n2,null\n",
     0,
     "struct<a: long, b: string>\n1|~\n~|NULL\n2|null\n"},
    {"types", DETECT,
     "l,d,m,t,b,x\n1,1.5,0.12345678901234567890,2025-05-31,true,007\n"
     "-2,2,1,2025-06-01,FALSE,+5\n",
     0,
     "struct<l: long, d: double, m: decimal(21,20), t: date, b: boolean, x: string>\n"
     "1|1.5|0.12345678901234567890|20239|true|007\n-2|2|1.00000000000000000000|20240|false|+5\n"},
    {"numbers that nothing holds", DETECT, "a,b,c,d\n1e400,-0,9223372036854775808,-0\n1,1,1,0.5\n",
     0,
     "struct<a: string, b: double, c: decimal(19,0), d: double>\n"
     "1e400|-0|9223372036854775808|-0\n1|1|1|0.5\n"},
    {"dates nobody can read", DETECT, "a,b\n01/02/03,1\n04/05/06,2\n", 0,
     "struct<a: string, b: long>\n01/02/03|1\n04/05/06|2\n"},
    {"dates", DETECT, "a,b\n29-Jun-17,31.12.1999\n1-Jul-17,1.1.2000\n", 0,
     "struct<a: date, b: date>\n17346|10956\n17348|10957\n"},
    {"a wide text", DETECT, "a,b\nexactly12byt,exactly13byte\n", 0,
     "struct<a: string, b: string>\nexactly12byt|exactly13byte\n"},
    {"header only", DETECT, "a,b\n", 0, "struct<a: string, b: string>\n"},
    {"header without a line end", DETECT, "a,b", 0, "struct<a: string, b: string>\n"},
    {"header with blanks", DETECT, " a ,b\t,c d\n1,2,3\n", 0,
     "struct< a : long, b\t: long, c d: long>\n1|2|3\n"},
    {"empty names", DETECT, "a,,\n1,2,3\n", 0,
     "struct<a: long, column_2: long, column_3: long>\n1|2|3\n"},
    {"duplicate names", DETECT, "a,a,a_2,a,\"\",column_5\n1,2,3,4,5,6\n", 0,
     "struct<a: long, a_3: long, a_2: long, a_4: long, column_5_2: long, column_5: long>\n"
     "1|2|3|4|5|6\n"},
    {"quoted names", DETECT, "\"a,b\",\"c\nd\",\"e\"\"f\"\n1,2,3\n", 0,
     "struct<a,b: long, c\nd: long, e\"f: long>\n1|2|3\n"},
    {"no header",
     {.no_header = true},
     "1,x\n2,y\n3,z,\n",
     0,
     "struct<column_1: long, column_2: string>\n1|x\n2|y\n"
     "! 3 E2101 [] the record has 3 cells, the file has 2 columns\n"},
    {"0 bytes", DETECT, "", 0, "struct<>\n"},
    {"only blank lines", DETECT, "\n\r\n\n", 0, "struct<>\n"},
    {"only a byte order mark", DETECT, "\xef\xbb\xbf", 0, "struct<>\n"},
    {"other numbers of cells", DETECT, "a,b,c\n1,2\n1,2,3\n1,2,3,4\n5\n", 0,
     "struct<a: long, b: long, c: long>\n1|2|3\n"
     "! 2 E2101 [] the record has 2 cells, the file has 3 columns\n"
     "! 4 E2101 [] the record has 4 cells, the file has 3 columns\n"
     "! 5 E2101 [] the record has 1 cell, the file has 3 columns\n"},
    {"lines that end in CR", DETECT, "a,b\r1,x\r2\r\r3,y\r4,\"z", 0,
     "struct<a: long, b: string>\n1|x\n3|y\n"
     "! 3 E2101 [] the record has 1 cell, the file has 2 columns\n"
     "! 6 E2101 [] the quote that opens on line 6 never closes\n"},
    {"a CR in the cells of lines that end in LF", DETECT, "a,b\n1,\"x\ry\"\n2\n", 0,
     "struct<a: long, b: string>\n1|x\ry\n"
     "! 3 E2101 [] the record has 1 cell, the file has 2 columns\n"},
    {"lines that end in CR LF", DETECT, "a,b\r\n1,\"x\r\ny\"\r\n2\r\n", 0,
     "struct<a: long, b: string>\n1|x\r\ny\n"
     "! 4 E2101 [] the record has 1 cell, the file has 2 columns\n"},
    {"text behind a quote", DETECT,
     "a,b\n1,\"x\"y\n\"2\" ,z\n3,\"x\"\"y\"\n\"4\"\"5,\"6\",7\n4,z\n", 0,
     "struct<a: long, b: string>\n3|x\"y\n4|z\n"
     "! 2 E2101 [b] text follows the closing quote of cell 2\n"
     "! 3 E2101 [a] text follows the closing quote of cell 1\n"
     "! 5 E2101 [a] text follows the closing quote of cell 1\n"},
    {"text behind a quote, then a quote", DETECT, "a,b\n\"1\"x\"\n\"2\",y\n", 0,
     "struct<a: long, b: string>\n2|y\n"
     "! 2 E2101 [a] text follows the closing quote of cell 1\n"},
    {"a quote that never closes", DETECT, "a,b\n1,x\n2,y\n3,\"z\n4,w\n", 0,
     "struct<a: long, b: string>\n1|x\n2|y\n"
     "! 4 E2101 [] the quote that opens on line 4 never closes\n"},
    {"a quote that never closes, later in the record", DETECT, "a,b,c\n1,\"x\ny\",\"z\n4,w\n", 0,
     "struct<a: string, b: string, c: string>\n"
     "! 2 E2101 [] the quote that opens on line 3 never closes\n"},
    {"no quotes",
     {.no_quote = true},
     "a,b\n\"1,x\"\n\"\"\n",
     0,
     "struct<a: string, b: string>\n\"1|x\"\n"
     "! 3 E2101 [] the record has 1 cell, the file has 2 columns\n"},
    {"invalid UTF-8", DETECT, "a,b\n1,caf\xe9\n2,\xff\n3,gr\xc3\xbc\xc3\x9f\n\xed\xa0\x80,4\n", 0,
     "struct<a: long, b: string>\n3|gr\xc3\xbc\xc3\x9f\n"
     "! 2 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 3 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 5 E2102 [a] cell 1 holds bytes that are not UTF-8\n"},
    {"a NUL", DETECT, "a,b\n1,x\0y\n", 10, "struct<a: long, b: string>\n1|x\0y\n"},
    {"a long record",
     {.max_record_bytes = 10},
     "a,b\n1,x\n2,yyyyyyyyyyyyyyyyyyyy\n3,z\n",
     0,
     "struct<a: long, b: string>\n1|x\n3|z\n! 3 E2105 [] the record is longer than 10 bytes\n"},
    {"as long as allowed",
     {.max_record_bytes = 10},
     "a,b\n1,12345678\r\n2,123456789\r\n3,z\n",
     0,
     "struct<a: long, b: string>\n1|12345678\n3|z\n"
     "! 3 E2105 [] the record is longer than 10 bytes\n"},
    {"a long record with line ends",
     {.max_record_bytes = 10},
     "a,b\n1,\"y\nyyyyyyyyyyyyyy\n\"\n3,z\n",
     0,
     "struct<a: long, b: string>\n3|z\n"
     "! 2 E2105 [] the record is longer than 10 bytes: the quote that opens on line 2 does not "
     "close before\n"},
    {"a long record that never closes",
     {.max_record_bytes = 10},
     "a,b\n1,\"yyyyyyyyyyyyyy\n3,z\n",
     0,
     "struct<a: string, b: string>\n"
     "! 2 E2105 [] the record is longer than 10 bytes: the quote that opens on line 2 does not "
     "close before\n"
     "! 4 E2101 [] the quote of the record before never closes: 12 more bytes up to the end of the "
     "file belong to it\n"},
    {"a header longer than records may be",
     {.max_record_bytes = 4},
     "aaaaaaaa,b\n1,2\n1,22\n1,222\n",
     0,
     "struct<aaaaaaaa: long, b: long>\n1|2\n1|22\n! 4 E2105 [] the record is longer than 4 "
     "bytes\n"},
};

static void check_print(const csv_run *run, const struct vector *v, const char *how, size_t k)
{
    firn_slice text = {(const uint8_t *)v->text, v->n ? v->n : strlen(v->text)};
    /* in memory of its own size, so that ASan sees what reads beyond */
    uint8_t *copy = firn_mem_alloc(text.n);
    memcpy(copy, text.p, text.n);
    firn_arena *a = firn_arena_new("run", 0);
    const char *print = csv_print(run, (firn_slice){copy, text.n}, a);
    if (strcmp(print, v->want) != 0)
        fail_msg("%s, %s %zu:\n%s--- instead of\n%s", v->name, how, k, print, v->want);
    firn_arena_free(a);
    firn_mem_free(copy);
}

static void texts_become_rows(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        csv_run run = {.opt = vectors[i].opt};
        check_print(&run, &vectors[i], "all at once", 0);
    }
}

/* Pieces of every size are cuts at every byte. */
static void cuts_make_no_difference(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(vectors); i++) {
        size_t n = vectors[i].n ? vectors[i].n : strlen(vectors[i].text);
        for (size_t k = 1; k <= n; k++) {
            csv_run run = {.opt = vectors[i].opt, .piece = k};
            check_print(&run, &vectors[i], "pieces of", k);
        }
        for (size_t k = 1; k <= 3; k++) {
            csv_run run = {.opt = vectors[i].opt, .cap = k};
            check_print(&run, &vectors[i], "records a call", k);
            run.piece = 2;
            check_print(&run, &vectors[i], "records a call, pieces of 2,", k);
            run.chunk = k;
            check_print(&run, &vectors[i], "rows a call", k);
        }
    }
}

/* --- options and detection ----------------------------------------------------------------- */

static const struct {
    firn_format_opt opt;
    const char *text;
    const char *want; /* type and rows */
    const char *note;
} detected[] = {
    {DETECT, "a;b\n1;x\n2;y\n", "struct<a: long, b: string>\n1|x\n2|y\n", "separator ';'"},
    {DETECT, "a\tb\n1\tx, y\n2\t;\n", "struct<a: long, b: string>\n1|x, y\n2|;\n", "separator tab"},
    {DETECT, "a|b\n1|x\n", "struct<a: long, b: string>\n1|x\n", "separator '|'"},
    {DETECT, "a,b\n1,x\n", "struct<a: long, b: string>\n1|x\n", ""},
    {DETECT, "a\n1\n2\n", "struct<a: long>\n1\n2\n", "one column"},
    {DETECT, "a^b\n1^x\n", "struct<a^b: string>\n1^x\n", "one column"},
    {{.separator = '^'}, "a^b\n1^x\n", "struct<a: long, b: string>\n1|x\n", "separator '^'"},
    {{.separator = '|'},
     "a,b|c\n1,2|3\n",
     "struct<a,b: string, c: long>\n1,2|3\n",
     "separator '|'"},
    /* the same number of cells in most records */
    {DETECT, "a;b\n\"1;2\";x,y\n2;x\n3;x,y,z\n",
     "struct<a: string, b: string>\n1;2|x,y\n2|x\n3|x,y,z\n", "separator ';'"},
    {DETECT, "text\none, two\nthree\nfour\n", "struct<text: string>\none, two\nthree\nfour\n",
     "one column"},
    /* none fits most records: the one of the header */
    {DETECT, "a;b\n1;2;3\n4,5\n6,7,8\n",
     "struct<a: string, b: string>\n"
     "! 2 E2101 [] the record has 3 cells, the file has 2 columns\n"
     "! 3 E2101 [] the record has 1 cell, the file has 2 columns\n"
     "! 4 E2101 [] the record has 1 cell, the file has 2 columns\n",
     "separator ';'"},
    {DETECT, "a,b;c\n1,2;3\n", "struct<a: long, b;c: string>\n1|2;3\n", ""},
    {DETECT, "a;b;c\n1,5;2,5;3\n", "struct<a: string, b: string, c: long>\n1,5|2,5|3\n",
     "separator ';'"},
    {DETECT, "a,b\n'1','x,y'\n'2','z''s'\n", "struct<a: long, b: string>\n1|x,y\n2|z's\n",
     "quote '"},
    {DETECT, "a;b\n1;'x'\n2;'y'\n", "struct<a: long, b: string>\n1|x\n2|y\n",
     "separator ';', quote '"},
    {DETECT, "a,b\n1,'x'\n2,y's\n", "struct<a: long, b: string>\n1|'x'\n2|y's\n", ""},
    {DETECT, "a,b\n1,'x'\n2,\"y\"\n", "struct<a: long, b: string>\n1|'x'\n2|y\n", ""},
    {{.quote = '~'}, "a,b\n1,~x,y~\n", "struct<a: long, b: string>\n1|x,y\n", ""},
    {DETECT, "a,b\r1,x\r", "struct<a: long, b: string>\n1|x\n", "lines end in CR"},
    {DETECT, "a,b\r1,\"x\n\"\r", "struct<a: long, b: string>\n1|x\n\n", "lines end in CR"},
    /* three lines with letters of windows-1252 in words */
    {DETECT, "a,b\n1,Caf\xe9\n2,M\xfcller\n3,Stra\xdf\x65 \x80\n",
     "struct<a: long, b: string>\n1|Caf\xc3\xa9\n2|M\xc3\xbcller\n3|Stra\xc3\x9f\x65 "
     "\xe2\x82\xac\n",
     "windows-1252"},
    {DETECT, "a;b\n1;Caf\xe9\n2;M\xfcller\n3;\xc0 la\n4;Stra\xdf\x65\n",
     "struct<a: long, b: string>\n1|Caf\xc3\xa9\n2|M\xc3\xbcller\n3|\xc3\x80 la\n"
     "4|Stra\xc3\x9f\x65\n",
     "separator ';', windows-1252"},
    {DETECT, "a,b\n1,Caf\xe9\n2,M\xfcller\n",
     "struct<a: string, b: string>\n! 2 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 3 E2102 [b] cell 2 holds bytes that are not UTF-8\n",
     ""},
    /* one valid sequence: UTF-8 */
    {DETECT, "a,b\n1,Caf\xe9\n2,M\xfcller\n3,Stra\xdf\x65\n4,\xc3\xa9\n",
     "struct<a: long, b: string>\n4|\xc3\xa9\n"
     "! 2 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 3 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 4 E2102 [b] cell 2 holds bytes that are not UTF-8\n",
     ""},
    /* bytes that are no letters, or not in words */
    {DETECT, "a,b\n1,\xe9\n2,\xfc\n3,\xdf\n",
     "struct<a: string, b: string>\n! 2 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 3 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 4 E2102 [b] cell 2 holds bytes that are not UTF-8\n",
     ""},
    {{.encoding = {"utf-8", 5}},
     "a,b\n1,Caf\xe9\n2,M\xfcller\n3,Stra\xdf\x65\n",
     "struct<a: string, b: string>\n! 2 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 3 E2102 [b] cell 2 holds bytes that are not UTF-8\n"
     "! 4 E2102 [b] cell 2 holds bytes that are not UTF-8\n",
     ""},
    {{.encoding = {"latin1", 6}},
     "a,b\n1,\xe9\n",
     "struct<a: long, b: string>\n1|\xc3\xa9\n",
     "latin1"},
};

static void dialects_are_detected(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(detected); i++) {
        firn_err err = {0};
        csv_run run = {.opt = detected[i].opt};
        firn_framer *framer;
        firn_slice text = bytes_of(detected[i].text);
        const char *print = csv_print(&run, text, arena);
        if (strcmp(print, detected[i].want) != 0)
            fail_msg("%s\n---\n%s---instead of\n%s", detected[i].text, print, detected[i].want);
        check_ok(firn_decoder_csv.open(&run.opt, text, true, arena, &framer, &err), &err);
        check_str(firn_decoder_csv.describe(framer), detected[i].note);
    }
}

/* "a,b\n1,é\n" */
static const struct {
    const char *name; /* what encoding() says */
    const char *opt;
    const char *bytes;
    size_t n;
} encodings[] = {
    {"UTF-16LE", "",
     "\xff\xfe"
     "a\0,\0b\0\n\0"
     "1\0,\0\xe9\0\n\0",
     18},
    {"UTF-16BE", "",
     "\xfe\xff"
     "\0a\0,\0b\0\n\0"
     "1\0,\0\xe9\0\n",
     18},
    {"UTF-16LE", "",
     "a\0,\0b\0\n\0"
     "1\0,\0\xe9\0\n\0",
     16},
    {"UTF-16BE", "",
     "\0a\0,\0b\0\n\0"
     "1\0,\0\xe9\0\n",
     16},
    {"utf-16", "utf-16",
     "\xff\xfe"
     "a\0,\0b\0\n\0"
     "1\0,\0\xe9\0\n\0",
     18},
    {"utf-16", "utf-16",
     "\xfe\xff"
     "\0a\0,\0b\0\n\0"
     "1\0,\0\xe9\0\n",
     18},
    {"UTF-32LE", "",
     "\xff\xfe\0\0a\0\0\0,\0\0\0b\0\0\0\n\0\0\0"
     "1\0\0\0,\0\0\0\xe9\0\0\0\n\0\0\0",
     36},
    {"", "",
     "\xef\xbb\xbf"
     "a,b\n1,\xc3\xa9\n",
     12},
    {"", "UTF8",
     "\xef\xbb\xbf"
     "a,b\n1,\xc3\xa9\n",
     12},
    {"windows-1252", "windows-1252", "a,b\n1,\xe9\n", 8},
    {"ISO-8859-15", "ISO-8859-15", "a,b\n1,\xe9\n", 8},
    {"cp850", "cp850", "a,b\n1,\x82\n", 8},
};

static void encodings_are_converted(void **state FIRN_UNUSED)
{
    for (size_t i = 0; i < FIRN_COUNT_OF(encodings); i++) {
        firn_err err = {0};
        firn_framer *framer;
        firn_slice text = {(const uint8_t *)encodings[i].bytes, encodings[i].n};
        for (size_t piece = 0; piece < 8; piece++) {
            csv_run run = {.opt.encoding = firn_str_of(encodings[i].opt), .piece = piece};
            assert_string_equal(csv_print(&run, text, arena),
                                "struct<a: long, b: string>\n1|\xc3\xa9\n");
        }
        const firn_format_opt opt = {.encoding = firn_str_of(encodings[i].opt)};
        check_ok(firn_decoder_csv.open(&opt, text, true, arena, &framer, &err), &err);
        check_str(firn_decoder_csv.encoding(framer), encodings[i].name);
    }
}

static const struct {
    firn_format_opt opt;
    const char *text;
    size_t n;
    firn_code code;
    const char *part;
} refused[] = {
    {{.encoding = {"utf-9", 5}}, "a", 1, FIRN_E_CONFIG, "there is no encoding 'utf-9'"},
    {{.separator = '\n'}, "a", 1, FIRN_E_CONFIG, "a line end cannot be the separator"},
    {{.separator = '\xa7'}, "a", 1, FIRN_E_CONFIG, "must be an ASCII character"},
    {{.separator = '"', .quote = '"'}, "a", 1, FIRN_E_CONFIG, "both separator and quote"},
    {{.quote = 'a'}, "a", 1, FIRN_E_CONFIG, "'a' cannot be the quote"},
    {{.quote = '-'}, "a", 1, FIRN_E_CONFIG, "'-' cannot be the quote"},
    {{.quote = ' '}, "a", 1, FIRN_E_CONFIG, "' ' cannot be the quote"},
    {DETECT, "PK\3\4", 4, FIRN_E_DATA, "spreadsheet"},
    {DETECT, "\xd0\xcf\x11\xe0", 4, FIRN_E_DATA, "spreadsheet"},
    {DETECT, "PAR1", 4, FIRN_E_DATA, "Parquet"},
    {DETECT, "%PDF-1.7", 8, FIRN_E_DATA, "PDF"},
    {{.separator = ','},
     "a,\"b\n1,2\n",
     9,
     FIRN_E_DATA,
     "the header has a quote that never closes, at byte 2"},
    {DETECT, "\"a\"x,b\n", 7, FIRN_E_DATA, "text behind the closing quote of cell 1"},
    {DETECT, "a,caf\xe9\n1,2\n", 11, FIRN_E_DATA, "name 'caf\\xe9' in the header is not UTF-8"},
};

static void wrong_files_and_options_are_refused(void **state FIRN_UNUSED)
{
    firn_framer *framer = NULL;
    for (size_t i = 0; i < FIRN_COUNT_OF(refused); i++) {
        firn_err err = {0};
        firn_slice head = {(const uint8_t *)refused[i].text, refused[i].n};
        check_fails(firn_decoder_csv.open(&refused[i].opt, head, true, arena, &framer, &err),
                    refused[i].code, &err, refused[i].part);
    }
    firn_err err = {0};
    const firn_format_opt opt = DETECT;
    check_fails(firn_decoder_csv.open(&opt, bytes_of("a,b,c"), false, arena, &framer, &err),
                FIRN_E_DATA, &err, "the first line does not end within 5 bytes");
    assert_null(framer);
}

/* The head may end anywhere behind the header. */
static void a_head_is_enough(void **state FIRN_UNUSED)
{
    const char *text = "a;b\r\n1;x\r\n2;\"y\r\nz\"\r\n";
    for (size_t k = 5; k < strlen(text); k++) {
        csv_run run = {.piece = k, .head_only = true};
        assert_string_equal(csv_print(&run, bytes_of(text), arena),
                            "struct<a: long, b: string>\n1|x\n2|y\r\nz\n");
    }
}

static void headers_are_told(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    firn_framer *framer;
    const firn_str *names;
    const firn_format_opt opt = DETECT;
    check_ok(firn_decoder_csv.open(&opt, bytes_of("x;\"y\"\n"), true, arena, &framer, &err), &err);
    check_i64(firn_csv_header(firn_decoder_csv.file(framer), &names), 2);
    check_str(names[0], "x");
    check_str(names[1], "y");
    check_ok(firn_decoder_csv.open(&opt, bytes_of(""), true, arena, &framer, &err), &err);
    check_i64(firn_csv_header(firn_decoder_csv.file(framer), &names), 0);
    assert_string_equal(firn_decoder_csv.name, "csv");
}

/* --- given columns ------------------------------------------------------------------------- */

static firn_given given(const char *name, const char *from, const char *type, const char *format,
                        bool required)
{
    firn_err err = {0};
    firn_given g = {.name = firn_str_of(name), .has_type = type != NULL, .required = required};
    if (from)
        g.from = firn_str_of(from);
    if (format)
        g.format = firn_str_of(format);
    if (type)
        check_ok(firn_type_parse(firn_str_of(type), arena, &g.type, &err), &err);
    return g;
}

static void given_columns_are_kept(void **state FIRN_UNUSED)
{
    const firn_given columns[] = {
        given("date", " DATE ", "date", "%d-%b-%y", true),
        given("amount", NULL, "decimal(9,2)", NULL, false),
        given("code", NULL, "string", NULL, false),
        given("ratio", NULL, "double", NULL, false),
        given("gone", NULL, "int", NULL, false),
    };
    csv_run run = {.given = columns, .given_count = FIRN_COUNT_OF(columns)};
    const char *text = " DATE ,amount,code,ratio,extra\n"
                       "29-Jun-17, 12.50 ,007,0.12345678901234567890,1\n"
                       ",1,2,3,4\n"
                       "29-Jun-17,12.501,x,1,2\n"
                       "29-Jun-17,10000000,x,1,2\n"
                       "29-Jun-17,\" 1,200.00 \",x,1,2\n"
                       "30-Feb-17,1,x,1,2\n"
                       "  ,1,x,1,2\n"
                       "30-Jun-17,,,,\n";
    assert_string_equal(
        csv_print(&run, bytes_of(text), arena),
        "struct<date: date, amount: decimal(9,2), code: string, ratio: double, extra: long, "
        "gone: int>\n"
        "17346|12.50|007|0.12345678901234568|1|~\n"
        "17347|~|~|~|~|~\n"
        "! 3 E2104 [ DATE ] a value is required\n"
        "! 4 E2103 [amount] value '12.501' would lose something in this type: decimal(9,2)\n"
        "! 5 E2103 [amount] value '10000000' is out of range for this type: decimal(9,2)\n"
        "! 6 E2103 [amount] value ' 1,200.00 ' is not a value of this type: decimal(9,2)\n"
        "! 7 E2103 [ DATE ] value '30-Feb-17' is not a value of this type: date\n"
        "! 8 E2104 [ DATE ] a value is required\n");
}

static void nested_and_missing_columns(void **state FIRN_UNUSED)
{
    const firn_given nested[] = {given("tags", NULL, "list<string>", NULL, false)};
    const firn_given missing[] = {given("id", NULL, "long", NULL, true)};
    csv_run run = {.given = nested, .given_count = 1};
    assert_string_equal(csv_print(&run, bytes_of("a,tags\n1,[]\n2,\n"), arena),
                        "struct<a: long, tags: list<string>>\n2|~\n"
                        "! 2 E2103 [tags] a list cannot be read from CSV\n");
    run = (csv_run){.given = missing, .given_count = 1};
    assert_string_equal(csv_print(&run, bytes_of("a,b\n1,2\n"), arena),
                        "struct<a: long, b: long, id: long>\n"
                        "! 2 E2104 [id] the file has no column for a required value\n");
}

/* --- batches under a layout ---------------------------------------------------------------- */

static const firn_layout *layout_of(const char *text)
{
    firn_err err = {0};
    csv_run run = {.opt = DETECT};
    csv_batches b = {.framer = NULL};
    const firn_layout *layout = NULL;
    check_ok(csv_open_and_cut(&run, bytes_of(text), &b, arena, &err), &err);
    check_ok(csv_layout(&run, &b, arena, &layout, &err), &err);
    return layout;
}

static void other_headers_fit_by_name(void **state FIRN_UNUSED)
{
    csv_run run = {.layout = layout_of("a,b,c\n1,x,1.5\n")};
    const char *type = "struct<a: long, b: string, c: double>\n";
    assert_string_equal(csv_print(&run, bytes_of("c;a\n2.5;1\n"), arena),
                        firn_arena_printf(arena, "%s1|~|2.5\n", type));
    assert_string_equal(csv_print(&run, bytes_of("b,new,a\nx,,1\ny,z,2\nw,\" \",3\n"), arena),
                        firn_arena_printf(arena,
                                          "%s1|x|~\n3|w|~\n! 3 E2103 [new] there is no column for "
                                          "this key: 'new'\n",
                                          type));
    /* what cannot be stored in an inferred column, as the shape sees it */
    assert_string_equal(
        csv_print(&run, bytes_of("a,b,c\n007,x,1\n 7 ,x,1\n1.5,x,1\n1,x,0.12345678901234567890\n"),
                  arena),
        firn_arena_printf(arena,
                          "%s7|x|1\n"
                          "! 2 E2103 [a] value '007' would lose something in this type: long\n"
                          "! 4 E2103 [a] value '1.5' would lose something in this type: long\n"
                          "! 5 E2103 [c] value '0.12345678901234567890' would lose something in "
                          "this type: double\n",
                          type));
}

/* What walk records of `text` under a layout, as the type of it; "" when all fits. */
static const char *misfits(const char *text, const firn_layout *layout)
{
    firn_err err = {0};
    csv_run run = {.opt.separator = ','};
    csv_batches b = {.framer = NULL};
    bool misfit = true;
    firn_shape *seen = firn_shape_new(arena);
    firn_layout_out made;
    check_ok(csv_open_and_cut(&run, bytes_of(text), &b, arena, &err), &err);
    check_i64(b.v.n, 1);
    check_ok(firn_decoder_csv.walk(&b.v.v[0], layout, seen, arena, &misfit, &err), &err);
    assert_int_equal(misfit, seen->seen != 0);
    if (!misfit) {
        assert_int_equal(seen->field_count, 0);
        return "";
    }
    const firn_layout_in in = {.seen = seen, .null_columns = true};
    check_ok(firn_layout_make(&in, arena, &made, &err), &err);
    return firn_type_text(&made.layout->type, arena);
}

static void walk_records_what_does_not_fit(void **state FIRN_UNUSED)
{
    const firn_layout *layout = layout_of("a,b,c\n1,x,1.5\n");
    assert_string_equal(misfits("a,b,c\n1,x,1\n,,\n-5,007,2.5\n  ,\" \",\"\"\n", layout), "");
    assert_string_equal(misfits("c,b\n1,x\n", layout), "");
    assert_string_equal(misfits("a,b,c\n1,x,2\n1.5,y,3\n", layout), "struct<a: double>");
    assert_string_equal(misfits("a,b,c\n1,x,y\n2,3,4\n", layout), "struct<c: string>");
    assert_string_equal(misfits("a,d\n1,2025-05-31\n2,\n", layout), "struct<d: date>");
    assert_string_equal(misfits("d,a,e\n,1,\n,2,7\n", layout), "struct<d: string, e: long>");
    /* records that cannot be read at all are passed over */
    assert_string_equal(misfits("a,b,c\nx\nx,y,z,w\nx,\"y\"z,1\nx,\xff,1\nx,\"\n", layout), "");
    assert_string_equal(misfits("a,b\n1,x\n2,\"y\"\"\"\n", NULL), "struct<a: long, b: string>");
    assert_string_equal(misfits("a,b\nx\n", NULL), "");
    firn_err err = {0};
    const firn_given g = given("a", NULL, "int", NULL, false);
    const firn_layout_in in = {.given = &g, .given_count = 1};
    firn_layout_out made;
    check_ok(firn_layout_make(&in, arena, &made, &err), &err);
    assert_string_equal(misfits("a\nx\n1.5\n", made.layout), "");
}

/* A row that is given up leaves the columns as if it had never been there. */
static void rejected_rows_leave_no_nulls(void **state FIRN_UNUSED)
{
    firn_err err = {0};
    csv_run run = {.opt = DETECT};
    csv_batches b = {.framer = NULL};
    const firn_layout *layout = layout_of("a,b\n1,2\n");
    firn_column root;
    firn_rejects rejects = {.arena = arena};
    size_t next = 0;
    size_t rows = 99;
    check_ok(csv_open_and_cut(&run, bytes_of("a,b\n,x\n1,2\n,y\n"), &b, arena, &err), &err);
    check_ok(firn_columns_in_arena(&layout->type, 4, arena, &root, &err), &err);
    check_ok(
        firn_decoder_csv.fill(&b.v.v[0], &next, layout, &root, 2, 2, &rows, &rejects, arena, &err),
        &err);
    check_i64(rows, 1);
    check_i64(next, 3);
    check_i64(rejects.n, 2);
    check_i64(rejects.v[1].record, 2);
    for (size_t row = 0; row < 4; row++)
        assert_true(firn_column_is_valid(&root.children[0], row));
    check_i64(((int64_t *)root.children[0].data)[2], 1);
    check_i64(((int64_t *)root.children[1].data)[2], 2);
}

/* --- long records and small buffers -------------------------------------------------------- */

static void long_records_are_skipped(void **state FIRN_UNUSED)
{
    enum { LONG = 1000 };
    char text[2 * LONG];
    size_t n = (size_t)snprintf(text, sizeof text, "a,b\n1,x\n2,\"");
    memset(text + n, 'y', LONG);
    for (size_t i = n; i < n + LONG; i += 50)
        text[i] = i % 100 < 50 ? '\n' : ',';
    snprintf(text + n + LONG, sizeof text - n - LONG, "\"\n3,z\n");
    const char *want = "struct<a: long, b: string>\n1|x\n3|z\n"
                       "! 3 E2105 [] the record is longer than 64 bytes: the quote that opens on "
                       "line 3 does not close before\n";
    for (size_t piece = 1; piece < LONG; piece += 13) {
        csv_run run = {.opt.max_record_bytes = 64, .piece = piece, .buffer = 70};
        assert_string_equal(csv_print(&run, bytes_of(text), arena), want);
        run.cap = 1;
        assert_string_equal(csv_print(&run, bytes_of(text), arena), want);
    }
    /* a buffer that is smaller than a record may be */
    csv_run run = {.opt.max_record_bytes = 64, .piece = 7, .buffer = 20};
    assert_string_equal(csv_print(&run, bytes_of(text), arena), want);
}

/* --- real files ---------------------------------------------------------------------------- */

static void json_in_cells_survives(void **state FIRN_UNUSED)
{
    csv_run run = {.opt = DETECT};
    const char *text =
        "order_id;date;contact_data;owners\n"
        "f1;29.01.22;\"[{ \"\"name\"\":\"\"Curtis\"\", \"\"cp\"\": \"\"12345\"\"}]\";Leo "
        "Cohen, Luke\n"
        "f2;21.02.22;;David Goliat\n";
    assert_string_equal(csv_print(&run, bytes_of(text), arena),
                        "struct<order_id: string, date: string, contact_data: string, owners: "
                        "string>\n"
                        "f1|29.01.22|[{ \"name\":\"Curtis\", \"cp\": \"12345\"}]|Leo Cohen, Luke\n"
                        "f2|21.02.22|~|David Goliat\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_rows),
        cmocka_unit_test(cuts_make_no_difference),
        cmocka_unit_test(dialects_are_detected),
        cmocka_unit_test(encodings_are_converted),
        cmocka_unit_test(wrong_files_and_options_are_refused),
        cmocka_unit_test(a_head_is_enough),
        cmocka_unit_test(headers_are_told),
        cmocka_unit_test(given_columns_are_kept),
        cmocka_unit_test(nested_and_missing_columns),
        cmocka_unit_test(other_headers_fit_by_name),
        cmocka_unit_test(walk_records_what_does_not_fit),
        cmocka_unit_test(rejected_rows_leave_no_nulls),
        cmocka_unit_test(long_records_are_skipped),
        cmocka_unit_test(json_in_cells_survives),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
