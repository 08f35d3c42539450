/* SPDX-License-Identifier: Apache-2.0 */
#include "iceberg/value_column.h"

firn_value firn_value_of_column(const firn_column *col, size_t row, uint8_t uuid[16])
{
    firn_value v = {0};
    firn_str text;
    switch (col->type->kind) {
    case FIRN_T_BOOLEAN:
        v.u.b = ((const uint8_t *)col->data)[row] != 0;
        break;
    case FIRN_T_INT:
    case FIRN_T_DATE:
    case FIRN_T_UNKNOWN:
        v.u.i = ((const int32_t *)col->data)[row];
        break;
    case FIRN_T_LONG:
    case FIRN_T_TIME:
    case FIRN_T_TIMESTAMP:
    case FIRN_T_TIMESTAMPTZ:
    case FIRN_T_TIMESTAMP_NS:
    case FIRN_T_TIMESTAMPTZ_NS:
        v.u.i = ((const int64_t *)col->data)[row];
        break;
    case FIRN_T_FLOAT:
        v.u.f = ((const float *)col->data)[row];
        break;
    case FIRN_T_DOUBLE:
        v.u.d = ((const double *)col->data)[row];
        break;
    case FIRN_T_DECIMAL:
        v.u.dec = firn_column_dec(col, row);
        break;
    case FIRN_T_UUID:
        firn_column_uuid(col, row, uuid);
        v.u.bytes = (firn_slice){uuid, 16};
        break;
    case FIRN_T_STRING:
    case FIRN_T_FIXED:
    case FIRN_T_BINARY:
    case FIRN_T_FOREIGN:
    case FIRN_T_STRUCT:
    case FIRN_T_LIST:
    case FIRN_T_MAP:
    case FIRN_TYPE_KIND_COUNT:
        text = firn_strview_str(&((const firn_strview *)col->data)[row]);
        v.u.bytes = (firn_slice){(const uint8_t *)text.p, text.n};
        break;
    }
    return v;
}
