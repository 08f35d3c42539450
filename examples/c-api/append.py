#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""append.py FOLDER: appends rows from PyArrow to the table that trips.c made, through Arrow's C
stream interface and nothing but ctypes, and reads the table back with PyIceberg if that is there.

The library is found by FIRN_LIBRARY, else as libfirn.so by the loader."""
import ctypes
import datetime
import decimal
import os
import sys

import pyarrow as pa

firn = ctypes.CDLL(os.environ.get("FIRN_LIBRARY", "libfirn.so"))
firn.firn_status_name.restype = ctypes.c_char_p


class Error(ctypes.Structure):
    """firn_error of <firn/error.h>."""
    _fields_ = [("size", ctypes.c_uint32), ("status", ctypes.c_int32),
                ("system_error", ctypes.c_int32), ("retry_after_ms", ctypes.c_uint32),
                ("message", ctypes.c_char * 1024), ("advice", ctypes.c_char * 400),
                ("where", ctypes.c_char * 240)]


class Stream(ctypes.Structure):
    """struct ArrowArrayStream: four functions and a pointer."""
    _fields_ = [(name, ctypes.c_void_p) for name in
                ("get_schema", "get_next", "get_last_error", "release", "private_data")]


def call(name, *args):
    """Calls firn_NAME with an error behind its arguments; raises what it says."""
    error = Error(size=ctypes.sizeof(Error))
    status = getattr(firn, "firn_" + name)(*args, ctypes.byref(error))
    if status:
        raise RuntimeError(f"{firn.firn_status_name(status).decode()}: {error.message.decode()}")


def append(catalog, namespace, name, rows):
    """Appends a pyarrow.Table."""
    table, stream = ctypes.c_void_p(), Stream()
    call("table_open", catalog, None, namespace.encode(), name.encode(), ctypes.byref(table))
    try:
        rows.to_reader()._export_to_c(ctypes.addressof(stream))
        call("append", table, ctypes.byref(stream), None)  # releases the stream
    finally:
        firn.firn_table_close(table)


def main(folder):
    utc = datetime.timezone.utc
    rows = pa.table({
        "id": pa.array([4, 5], pa.int64()),
        "start_city": pa.array(["Lisbon", None]).dictionary_encode(),
        "start": pa.array([datetime.datetime(2024, 6, 2, 7, 30, tzinfo=utc), None],
                          pa.timestamp("ms", "UTC")),
        "fare": pa.array([decimal.Decimal("12.50"), None], pa.decimal128(9, 2))})
    catalog = ctypes.c_void_p()
    call("catalog_open_sqlite", f"{folder}/catalog.db".encode(), b"lake", 0, ctypes.byref(catalog))
    try:
        append(catalog, "demo", "trips", rows)
    finally:
        firn.firn_catalog_close(catalog)
    try:
        from pyiceberg.catalog.sql import SqlCatalog
    except ImportError:
        return
    lake = SqlCatalog("lake", uri=f"sqlite:///{folder}/catalog.db", warehouse=folder)
    for row in lake.load_table("demo.trips").scan().to_arrow().sort_by("id").to_pylist():
        print(row["id"], row["start_city"], row["fare"])


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.isabs(sys.argv[1]):
        sys.exit("usage: append.py /FOLDER")
    main(sys.argv[1])
