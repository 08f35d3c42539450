/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as a format of decoder.h: UTF-8 only, nothing to find out about a file. */
#include "format/json.h"

static firn_str utf8(const firn_framer *f)
{
    (void)f;
    return (firn_str){"", 0};
}

/* A CR is white space wherever it may stand. */
static bool always(const firn_framer *f)
{
    (void)f;
    return true;
}

const firn_decoder_ops firn_decoder_json = {
    .name = "json",
    .open = firn_json_open,
    .cut = firn_json_cut_records,
    .file = firn_json_file_of,
    .describe = firn_json_describe,
    .encoding = utf8,
    .lone_cr = always,
    .walk = firn_json_walk,
    .fill = firn_json_fill,
};
