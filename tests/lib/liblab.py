# SPDX-License-Identifier: Apache-2.0
"""libfirn from Python through ctypes: what a caller in another language sees of include/firn.
Errors become FirnError with the status's name; handles are freed by the functions that open
them."""
import contextlib
import ctypes
import os
import pathlib

import pyarrow as pa

from firnlab import BIN

BUILD = pathlib.Path(os.environ.get("FIRN_BUILD") or pathlib.Path(BIN).parent)
P = ctypes.c_void_p


class FirnError(Exception):
    def __init__(self, status, message, advice):
        super().__init__(f"{status}: {message}")
        self.status, self.message, self.advice = status, message, advice


class Error(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("status", ctypes.c_int32),
                ("system_error", ctypes.c_int32), ("retry_after_ms", ctypes.c_uint32),
                ("message", ctypes.c_char * 1024), ("advice", ctypes.c_char * 400),
                ("where", ctypes.c_char * 240)]


class Stream(ctypes.Structure):
    _fields_ = [(n, P) for n in ("get_schema", "get_next", "get_last_error", "release", "data")]


class Definition(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("format_version", ctypes.c_int32), ("schema", P),
                ("location", ctypes.c_char_p), ("partition_by", P), ("partitions", ctypes.c_size_t),
                ("sort_by", P), ("sorts", ctypes.c_size_t), ("properties", P),
                ("property_count", ctypes.c_size_t)]


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Value(ctypes.Union):
    _fields_ = [("boolean", ctypes.c_bool), ("integer", ctypes.c_int64),
                ("number", ctypes.c_double), ("bytes", Bytes)]


class Literal(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("reserved", ctypes.c_uint32), ("value", Value)]


COMPARISONS = ["=", "<>", "<", "<=", ">", ">=", "starts_with"]


def load():
    lib = ctypes.CDLL(str(BUILD / "libfirn.so"))
    lib.firn_status_name.restype = ctypes.c_char_p
    for name in ("table_location", "table_metadata_location"):
        getattr(lib, "firn_" + name).restype = ctypes.c_char_p
        getattr(lib, "firn_" + name).argtypes = [P]
    for name in ("compare", "in", "is_null", "is_not_null", "and", "or", "not"):
        getattr(lib, "firn_filter_" + name).restype = P
    lib.firn_filter_compare.argtypes = [ctypes.c_char_p, ctypes.c_int, Literal]
    for name in ("and", "or"):
        getattr(lib, "firn_filter_" + name).argtypes = [P, P]
    lib.firn_filter_not.argtypes = [P]
    for name in ("table_close", "schema_free", "scanner_free", "catalog_close",
                 "transaction_free", "filter_free"):
        getattr(lib, "firn_" + name).argtypes = [P]
        getattr(lib, "firn_" + name).restype = None
    return lib


lib = load()


def call(name, *args):
    error = Error(size=ctypes.sizeof(Error))
    status = getattr(lib, "firn_" + name)(*args, ctypes.byref(error))
    if status:
        assert status == error.status, f"{name}: {status} and {error.status}"
        raise FirnError(lib.firn_status_name(status).decode(), error.message.decode(),
                        error.advice.decode())


def texts(values):
    return (ctypes.c_char_p * max(1, len(values)))(*[v.encode() for v in values])


# --- handles ------------------------------------------------------------------------------------

@contextlib.contextmanager
def catalog(lake, name="lake"):
    lake.mkdir(parents=True, exist_ok=True)
    c = P()
    call("catalog_open_sqlite", f"{lake}/catalog.db".encode(), name.encode(), 0, ctypes.byref(c))
    try:
        yield c
    finally:
        lib.firn_catalog_close(c)


@contextlib.contextmanager
def opened(lake, name):
    ns, _, table = name.rpartition(".")
    with catalog(lake) as c:
        t = P()
        call("table_open", c, None, ns.encode(), table.encode(), ctypes.byref(t))
        try:
            yield t
        finally:
            lib.firn_table_close(t)


@contextlib.contextmanager
def transaction(t):
    tx = P()
    call("transaction_begin", t, ctypes.byref(tx))
    try:
        yield tx
    finally:
        lib.firn_transaction_free(tx)


# --- what is done with them ---------------------------------------------------------------------

def imported(schema):
    """A firn_schema of a pyarrow.Schema."""
    memory = (ctypes.c_char * 72)()
    schema._export_to_c(ctypes.addressof(memory))
    s = P()
    try:
        call("schema_import_arrow", memory, ctypes.byref(s))
    finally:
        pa.Schema._import_from_c(ctypes.addressof(memory))  # gives it free
    return s


def create(lake, name, schema, partition_by=(), sort_by=(), format_version=0):
    ns, _, table = name.rpartition(".")
    s = imported(schema)
    try:
        d = Definition(
            size=ctypes.sizeof(Definition), format_version=format_version, schema=s,
            location=f"{lake}/{ns}/{table}".encode(),
            partition_by=ctypes.cast(texts(partition_by), P), partitions=len(partition_by),
            sort_by=ctypes.cast(texts(sort_by), P), sorts=len(sort_by))
        keep = texts(partition_by), texts(sort_by)
        d.partition_by, d.sort_by = ctypes.cast(keep[0], P), ctypes.cast(keep[1], P)
        t = P()
        with catalog(lake) as c:
            call("catalog_create_namespace", c, ns.encode())
            call("table_create", c, None, ns.encode(), table.encode(), ctypes.byref(d),
                 ctypes.byref(t))
            lib.firn_table_close(t)
    finally:
        lib.firn_schema_free(s)


def stream_of(reader):
    s = Stream()
    reader._export_to_c(ctypes.addressof(s))
    return s


def append(lake, name, data, batch=None):
    """Appends a pyarrow Table, or a RecordBatchReader."""
    reader = data.to_reader(max_chunksize=batch) if isinstance(data, pa.Table) else data
    with opened(lake, name) as t:
        s = stream_of(reader)
        try:
            call("append", t, ctypes.byref(s), None)
        finally:
            assert not s.release, "the stream was not released"


def evolve(lake, name, *edits):
    """Each edit is (function, arguments …), texts or None."""
    with opened(lake, name) as t, transaction(t) as tx:
        for function, *args in edits:
            call("transaction_" + function, tx, *[a.encode() if a is not None else None
                                                  for a in args])
        call("transaction_commit", tx, None)


def literal(value):
    v = Literal()
    if isinstance(value, bool):
        v.kind, v.value.boolean = 1, value
    elif isinstance(value, int):
        v.kind, v.value.integer = 2, value
    elif isinstance(value, float):
        v.kind, v.value.number = 3, value
    elif value is not None:
        data = value.encode() if isinstance(value, str) else value
        v.kind, v.value.bytes = 4 if isinstance(value, str) else 5, Bytes(data, len(data))
    return v


def make_filter(f):
    """("and", a, b), ("not", a), ("in", column, [values]), ("is_null", column), (column, op, v)."""
    if f[0] in ("and", "or"):
        return getattr(lib, "firn_filter_" + f[0])(make_filter(f[1]), make_filter(f[2]))
    if f[0] == "not":
        return lib.firn_filter_not(make_filter(f[1]))
    if f[0] in ("is_null", "is_not_null"):
        return getattr(lib, "firn_filter_" + f[0])(f[1].encode())
    if f[0] == "in":
        values = (Literal * max(1, len(f[2])))(*[literal(v) for v in f[2]])
        return lib.firn_filter_in(f[1].encode(), values, ctypes.c_size_t(len(f[2])))
    return lib.firn_filter_compare(f[0].encode(), COMPARISONS.index(f[1]), literal(f[2]))


@contextlib.contextmanager
def scanner(t, columns=None, where=None, snapshot=None, ref=None):
    s = P()
    call("scanner_new", t, ctypes.byref(s))
    try:
        if snapshot is not None:
            call("scanner_use_snapshot", s, ctypes.c_int64(snapshot))
        if ref is not None:
            call("scanner_use_ref", s, ref.encode())
        if columns is not None:
            call("scanner_select", s, texts(columns), ctypes.c_size_t(len(columns)))
        if where is not None:
            call("scanner_filter", s, P(make_filter(where)))
        yield s
    finally:
        lib.firn_scanner_free(s)


def scan(lake, name, batches=None, **how):
    """The rows as a pyarrow.Table; `batches`: release the stream after so many."""
    with opened(lake, name) as t, scanner(t, **how) as s:
        stream = Stream()
        if batches is None:
            return read(s)
        call("scan", s, None, ctypes.byref(stream))
        reader = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))
        found = [reader.read_next_batch() for _ in range(batches)]
        reader.close()
        return found


def read(s):
    """All rows of a scanner."""
    stream = Stream()
    call("scan", s, None, ctypes.byref(stream))
    reader = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))
    found = reader.read_all()
    reader.close()
    return found


def add_default(tx, path, kind, value, required):
    lib.firn_transaction_add_column_default.argtypes = [
        P, ctypes.c_char_p, ctypes.c_char_p, Literal, ctypes.c_bool, ctypes.c_char_p, P]
    call("transaction_add_column_default", tx, path.encode(), kind.encode(), literal(value),
         required, None)


# --- a storage of the caller's ------------------------------------------------------------------

READ = ctypes.CFUNCTYPE(ctypes.c_int, P, ctypes.c_char_p, ctypes.c_uint64, P, P)
LOCAL = ctypes.CFUNCTYPE(ctypes.c_int, P, ctypes.c_char_p, P, ctypes.c_size_t, P)


class Storage(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("context", P),
                ("read", READ), ("write", P), ("flush", P), ("remove", P), ("now_ms", P),
                ("random", P), ("sleep_ms", P), ("publish", P), ("local_path", LOCAL)]


@contextlib.contextmanager
def located(metadata, prefix, folder):
    """A table by its metadata file, whose recorded paths begin with `prefix` and lie in
    `folder`."""
    lib.firn_buffer_resize.restype = P
    lib.firn_buffer_resize.argtypes = [P, ctypes.c_size_t]

    def place(location):
        return location.decode().removeprefix("file://").replace(prefix, f"{folder}/", 1)

    @READ
    def read_object(_, location, limit, out, error):
        try:
            data = pathlib.Path(place(location)).read_bytes()
        except FileNotFoundError:
            return 3
        ctypes.memmove(lib.firn_buffer_resize(out, len(data)), data, len(data))
        return 0

    @LOCAL
    def local_path(_, location, out, capacity, error):
        path = place(location).encode() + b"\0"
        ctypes.memmove(out, path, len(path))
        return 0
    storage = Storage(size=ctypes.sizeof(Storage), read=read_object, local_path=local_path)
    t = P()
    call("table_open_metadata", ctypes.byref(storage), str(metadata).encode(), ctypes.byref(t))
    try:
        yield t
    finally:
        lib.firn_table_close(t)
