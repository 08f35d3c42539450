/* SPDX-License-Identifier: Apache-2.0 */
/* JSON data: whatever the pieces, the rows and the rejects are the same. */
#include "fuzz_decode.h"

const char *const fuzz_tokens[] = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\\"",
    "null",
    "true",
    "false",
    "-0",
    "1e400",
    "1.5e-3",
    "{\"a\":",
    "\"a\":{",
    "\n",
    "\r\n",
    "\r",
    "\xef\xbb\xbf",
    "\xff",
    "\xed\xa0\x80",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\"2024-01-31\"",
    "\"2024-01-31T10:00:00Z\"",
    "\"01/02/03\"",
    "12345678901234567890",
    "0.1234567890123456789",
    "\"data\":{\"rows\":[",
    "//",
    "{\"$oid\":\"507d95d5719dbef170f15bf9\"}",
    "{\"$numberInt\":\"5\"}",
    "{\"$numberLong\":\"5000000000\"}",
    "{\"$numberDouble\":\"NaN\"}",
    "{\"$numberDecimal\":\"1.50E+3\"}",
    "{\"$date\":{\"$numberLong\":\"-1\"}}",
    "{\"$date\":\"2024-01-31T10:00:00.5Z\"}",
    "{\"$binary\":{\"base64\":\"AAECAwQFBgcICQoLDA0ODw==\",\"subType\":\"04\"}}",
    "{\"$uuid\":\"00010203-0405-0607-0809-0a0b0c0d0e0f\"}",
    "{\"$timestamp\":{\"t\":1,\"i\":2}}",
    "{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"i\"}}",
    "{\"$undefined\":true}",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const firn_format_opt options[] = {
        {.records = {NULL, 0}},
        {.records = {"data.rows", 9}},
        {.max_record_bytes = 20},
    };
    for (size_t i = 0; i < FIRN_COUNT_OF(options); i++)
        fuzz_decode_all(&firn_decoder_json, &options[i], (firn_slice){data, size});
    return 0;
}
