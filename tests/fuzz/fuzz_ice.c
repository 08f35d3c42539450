/* SPDX-License-Identifier: Apache-2.0 */
/* A table of every type and transform, for the targets that read manifests. */
#include "fuzz_ice.h"

static const char table[] =
    "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","
    "\"location\":\"file:///t\",\"last-sequence-number\":9,\"last-updated-ms\":1700000000000,"
    "\"last-column-id\":20,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","
    "\"schema-id\":0,\"fields\":["
    "{\"id\":1,\"name\":\"i\",\"required\":false,\"type\":\"int\"},"
    "{\"id\":2,\"name\":\"l\",\"required\":false,\"type\":\"long\"},"
    "{\"id\":3,\"name\":\"s\",\"required\":false,\"type\":\"string\"},"
    "{\"id\":4,\"name\":\"d\",\"required\":false,\"type\":\"date\"},"
    "{\"id\":5,\"name\":\"ts\",\"required\":false,\"type\":\"timestamptz\"},"
    "{\"id\":6,\"name\":\"dec\",\"required\":false,\"type\":\"decimal(18,2)\"},"
    "{\"id\":7,\"name\":\"f\",\"required\":false,\"type\":\"float\"},"
    "{\"id\":8,\"name\":\"db\",\"required\":false,\"type\":\"double\"},"
    "{\"id\":9,\"name\":\"u\",\"required\":false,\"type\":\"uuid\"},"
    "{\"id\":10,\"name\":\"fx\",\"required\":false,\"type\":\"fixed[5]\"},"
    "{\"id\":11,\"name\":\"b\",\"required\":false,\"type\":\"binary\"},"
    "{\"id\":12,\"name\":\"bo\",\"required\":false,\"type\":\"boolean\"},"
    "{\"id\":13,\"name\":\"tm\",\"required\":false,\"type\":\"time\"}]}],"
    "\"default-spec-id\":0,\"last-partition-id\":1012,\"partition-specs\":[{\"spec-id\":0,"
    "\"fields\":["
    "{\"source-id\":1,\"field-id\":1000,\"name\":\"i\",\"transform\":\"identity\"},"
    "{\"source-id\":2,\"field-id\":1001,\"name\":\"l_bucket\",\"transform\":\"bucket[16]\"},"
    "{\"source-id\":3,\"field-id\":1002,\"name\":\"s_trunc\",\"transform\":\"truncate[4]\"},"
    "{\"source-id\":4,\"field-id\":1003,\"name\":\"d_year\",\"transform\":\"year\"},"
    "{\"source-id\":5,\"field-id\":1004,\"name\":\"ts_hour\",\"transform\":\"hour\"},"
    "{\"source-id\":6,\"field-id\":1005,\"name\":\"dec\",\"transform\":\"identity\"},"
    "{\"source-id\":8,\"field-id\":1006,\"name\":\"db\",\"transform\":\"identity\"},"
    "{\"source-id\":9,\"field-id\":1007,\"name\":\"u\",\"transform\":\"identity\"},"
    "{\"source-id\":10,\"field-id\":1008,\"name\":\"fx\",\"transform\":\"identity\"},"
    "{\"source-id\":12,\"field-id\":1009,\"name\":\"bo\",\"transform\":\"identity\"},"
    "{\"source-id\":5,\"field-id\":1010,\"name\":\"ts_day\",\"transform\":\"day\"},"
    "{\"source-id\":7,\"field-id\":1011,\"name\":\"f_null\",\"transform\":\"void\"}]},"
    "{\"spec-id\":1,\"fields\":[]},{\"spec-id\":2,\"fields\":[{\"source-id\":19,"
    "\"field-id\":1012,\"name\":\"gone\",\"transform\":\"identity\"}]}],"
    "\"default-sort-order-id\":0,\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],"
    "\"properties\":{}}";

const firn_metadata *fuzz_table(firn_arena *a)
{
    const firn_metadata *m = NULL;
    firn_err err = {0};
    firn_slice text = {(const uint8_t *)table, sizeof table - 1};
    firn_code code =
        firn_metadata_parse(text, FIRN_STR_LIT("file:///t/metadata/v1.metadata.json"), a, &m, &err);
    fuzz_require(code == FIRN_OK, "%s", err.text);
    return m;
}
