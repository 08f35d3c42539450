/* SPDX-License-Identifier: Apache-2.0 */
/* CSV data: whatever the pieces, the rows and the rejects are the same. */
#include "fuzz_decode.h"

const char *const fuzz_tokens[] = {
    ",",    ";",   "\t",           "|",          "\"",         "\"\"", "'",    "\n",
    "\r\n", "\r",  "\xef\xbb\xbf", "\xff\xfe",   "\xe9",       "1,5",  "1.5",  "007",
    "+5",   "1e5", "2024-01-31",   "31.12.2024", "12/31/2024", "true", "null", "\",\"",
    "\\",   " ",   "\xc3\xa9",     "\"\n\"",     "a,b,c\n",    "NaN",  "-",    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const firn_format_opt options[] = {
        {.separator = 0},
        {.separator = ';', .no_header = true, .null_text = {"null", 4}},
        {.separator = ',', .no_quote = true, .encoding = {"utf-8", 5}},
        {.quote = '\'', .max_record_bytes = 20, .encoding = {"utf-8", 5}},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(options); i++)
        fuzz_decode_all(&firn_decoder_csv, &options[i], (firn_slice){data, size});
    return 0;
}
