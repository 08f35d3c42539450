#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,cc timeout=300
"""The C library: its headers alone in C and C++, what it exports and needs, the examples from a
checkout and from an installed tree, and rows of every Arrow type in and out, read by PyIceberg."""
import ctypes
import datetime
import decimal
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import threading
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, PYTHON, ROOT, SHARED, TMP, Skip, Suite, agree,  # noqa: E402
                     check_tool, contains, data_files, lint, note, same, table)

suite = Suite()

import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

import liblab  # noqa: E402
from icelab import canon  # noqa: E402
from liblab import BUILD, FirnError  # noqa: E402

D = decimal.Decimal
UTC = datetime.timezone.utc
HEADERS = sorted((ROOT / "include/firn").glob("*.h"))


def run(*command, want=0, **more):
    done = subprocess.run([str(c) for c in command], text=True, capture_output=True, check=False,
                          timeout=120, **more)
    assert done.returncode == want, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def fails(status, *words):
    """A context that wants a FirnError of this status with these words."""
    class Wanted:
        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            assert kind is FirnError, f"{status} wanted, got {error!r}"
            assert error.status == status, f"{status} wanted: {error}"
            contains(str(error), *words)
            return True
    return Wanted()


def lake_of(name):
    lake = TMP / name
    shutil.rmtree(lake, ignore_errors=True)
    return lake


# --- headers and symbols ------------------------------------------------------------------------

@suite.case
def headers_alone():
    compilers = [("gcc", "-std=c11", "c"), ("g++", "-std=c++11", "c++"),
                 ("clang", "-std=c11", "c"), ("clang++", "-std=c++20", "c++")]
    found = [c for c in compilers if shutil.which(c[0])]
    for header in HEADERS:
        for compiler, std, language in found:
            twice = f"#include <firn/{header.name}>\n" * 2 + "typedef int firn_test_unit;\n"
            done = subprocess.run(
                [compiler, std, "-x", language, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                 "-Wundef", "-Wshadow", "-Wconversion", "-fsyntax-only", "-I",
                 str(ROOT / "include"), "-"], input=twice, text=True, capture_output=True,
                check=False)
            assert done.returncode == 0, f"{header.name} by {compiler}: {done.stderr[:800]}"
    note(f"{len(HEADERS)} headers by {', '.join(c[0] for c in found)}")


CPLUSPLUS = """
#include <firn/firn.h>
#include <cstdio>
int main()
{
    firn_error error = FIRN_ERROR_INIT;
    firn_schema_builder *builder = nullptr;
    firn_schema *schema = nullptr;
    ArrowSchema arrow;
    firn_filter *filter = firn_filter_and(
        firn_filter_compare("a", FIRN_EQUAL, firn_literal_text("x")), firn_filter_is_null("b"));
    char text[64];
    if (firn_schema_builder_new(&builder, &error) != FIRN_STATUS_OK ||
        firn_schema_builder_add(builder, "a", "string", 0, nullptr, &error) != FIRN_STATUS_OK ||
        firn_schema_builder_build(builder, &schema, &error) != FIRN_STATUS_OK ||
        firn_schema_export_arrow(schema, &arrow, &error) != FIRN_STATUS_OK)
        return std::puts(error.message), 1;
    firn_filter_format(filter, text, sizeof text);
    std::printf("%s %s\\n", arrow.children[0]->name, text);
    arrow.release(&arrow);
    firn_filter_free(filter);
    firn_schema_free(schema);
    firn_schema_builder_free(builder);
    return 0;
}
"""


@suite.case
def from_cplusplus():
    source = TMP / "plus.cc"
    source.write_text(CPLUSPLUS)
    run("g++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror",
        f"-I{ROOT}/include", source, "-o", TMP / "plus", f"-L{BUILD}", "-lfirn-iceberg",
        f"-Wl,-rpath,{BUILD}")
    same(run(TMP / "plus"), "a \"a\" = 'x' AND \"b\" IS NULL\n")


@suite.case
def umbrella_holds_all():
    named = set(re.findall(r"#include <firn/(\w+\.h)>",
                           (ROOT / "include/firn/iceberg.h").read_text(encoding="utf-8")))
    same(named, {h.name for h in HEADERS} - {"iceberg.h", "firn.h"})


def declared(header_names):
    """Functions that the headers declare as exported."""
    found = set()
    for name in header_names:
        source = (ROOT / "include/firn" / name).read_text(encoding="utf-8")
        found |= set(re.findall(r"FIRN_API [^;(]*?\b(firn_\w+)\(", source))
    return found


def exported(library):
    out = run("nm", "-D", "--defined-only", BUILD / library)
    return {line.split()[-1] for line in out.splitlines()}


@suite.case
def exports_what_is_declared():
    core = declared(h.name for h in HEADERS if h.name != "firn.h")
    same(exported("libfirn-iceberg.so"), core)
    same(exported("libfirn.so"), core | declared(["firn.h"]))
    note(f"{len(core)} functions, and {len(declared(['firn.h']))} with rows")


@suite.case
def needs_no_engine():
    for library in ("libfirn-iceberg.so", "libfirn.so"):
        out = run("readelf", "-d", BUILD / library)
        needed = re.findall(r"NEEDED.*\[(.*?)\]", out)
        for word in ("duckdb", "curl", "stdc++", "fyaml"):
            assert not any(word in n for n in needed), f"{library} needs {needed}"
        assert re.search(r"SONAME.*\[" + re.escape(library) + r"\.\d+\.\d+\]", out), out


@suite.case
def archives_show_the_same():
    """The static libraries define what the shared ones export; the rest became local."""
    for name in ("libfirn-iceberg", "libfirn"):
        out = run("nm", "--defined-only", "--extern-only", BUILD / f"{name}.a")
        found = {line.split()[-1] for line in out.splitlines() if len(line.split()) == 3}
        same(found, exported(f"{name}.so"), name)
    source = TMP / "version.c"
    source.write_text('#include <firn/iceberg.h>\n#include <stdio.h>\n'
                      'int main(void) { puts(firn_version()); return 0; }\n')
    private = re.search(r"Libs.private: (.*)",
                        (BUILD / "meson-private/firn-iceberg.pc").read_text())[1].split()
    run("cc", f"-I{ROOT}/include", source, "-o", TMP / "version", BUILD / "libfirn-iceberg.a",
        *private)
    same(run(TMP / "version"), "0.1.0\n")


@suite.case
def reference_is_what_the_headers_say():
    run(sys.executable, ROOT / "tools/apidocs.py", "--check", ROOT / "docs/reference/c-api.md")
    folder = TMP / "man3"
    run(sys.executable, ROOT / "tools/apidocs.py", "--man", folder)
    for name in exported("libfirn.so"):
        page = (folder / f"{name}.3").read_text(encoding="utf-8")
        target = folder / page.split("/")[-1].strip()
        assert name + "(" in target.read_text(encoding="utf-8"), name
    if shutil.which("man"):
        out = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                              str(folder / "firn-table.3")], capture_output=True, text=True,
                             check=False)
        assert not out.stderr, out.stderr[:500]


@suite.case
def the_page_compiles():
    """Each example of docs/C-API.md, in a function of its own where its names are declared."""
    page = (ROOT / "docs/C-API.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```c\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    source = ["#include <firn/firn.h>", "#include <stdio.h>", "static firn_error error;",
              "static firn_catalog *catalog;", "static firn_table *table;",
              "static firn_transaction *tx;", "static firn_scanner *scanner;"]
    for i, block in enumerate(blocks):
        source += [f"int block_{i}(void);", f"int block_{i}(void)", "{", block, "return 0;", "}"]
    code = "\n".join(source)
    done = subprocess.run(["gcc", "-std=c11", "-Wall", "-Wno-unused-result", "-Wno-unused",
                           "-Wno-uninitialized", "-Werror", "-fsyntax-only", "-I",
                           str(ROOT / "include"), "-x", "c", "-"], input=code, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[:1500]
    assert len(blocks) >= 6


@suite.case
def every_function_is_described():
    """Declarations follow a comment that ends right above them, or another one of its group."""
    for header in HEADERS:
        lines = header.read_text(encoding="utf-8").splitlines()
        for i, line in enumerate(lines):
            if not re.match(r"(FIRN_CHECKED )?FIRN_API ", line):
                continue
            above = i - 1
            while above > 0 and re.match(r"(FIRN_|\s+\w|typedef)", lines[above]):
                above -= 1
            assert lines[above].rstrip().endswith("*/"), f"{header.name}:{i + 1}: {line}"


@suite.case
def version_is_the_projects():
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    header = (ROOT / "include/firn/export.h").read_text()
    parts = [re.search(rf"FIRN_VERSION_{p} (\d+)", header)[1] for p in ("MAJOR", "MINOR", "PATCH")]
    same(".".join(parts), version)


# --- the examples -------------------------------------------------------------------------------

def check_example(folder, env):
    """Builds and runs examples/c-api copied to `folder`."""
    lake = folder / "lake"
    out = run("make", "-C", folder, "run", f"PYTHON={PYTHON}", f"LAKE={lake}", env=env)
    contains(out, "1 Berlin\n", "1 Berlin None", "4 Lisbon 12.50", "5 None None")
    assert "3 Madrid\n" not in out
    same([f.name for f in table(lake, "demo.trips").schema().fields],
         ["id", "start_city", "start", "fare"])
    lint(lake)
    agree(lake)


@suite.case
def example_in_the_checkout():
    folder = TMP / "example"
    shutil.copytree(ROOT / "examples/c-api", folder)
    make = (folder / "Makefile").read_text(encoding="utf-8")
    assert "$(abspath ../../build)" in make
    (folder / "Makefile").write_text(make.replace("$(abspath ../../build)", str(BUILD)))
    check_example(folder, dict(os.environ))
    assert len((folder / "trips.c").read_text(encoding="utf-8").splitlines()) <= 150


@suite.case
def example_installed():
    """What `meson install` puts into a prefix is whole, wherever that prefix is."""
    out = TMP / "installed"
    done = subprocess.run(["meson", "install", "-C", str(BUILD), "--quiet", "--no-rebuild",
                           "--destdir", str(out)], text=True, capture_output=True, check=False)
    if done.returncode:
        raise Skip(f"meson install: {done.stdout[-200:]}{done.stderr[-200:]}")
    [pc_file] = out.rglob("firn.pc")
    prefix = TMP / "moved"
    shutil.copytree(pc_file.parents[2], prefix)
    for name in ("firn.pc", "firn-iceberg.pc"):
        assert (prefix / "lib/pkgconfig" / name).is_file()
    for header in HEADERS:
        assert (prefix / "include/firn" / header.name).is_file()
    folder = TMP / "example-installed"
    shutil.copytree(ROOT / "examples/c-api", folder)
    env = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "firn", env=env)
    contains(flags, "-lfirn")
    libdir = run("pkg-config", "--variable=libdir", "firn", env=env).strip()
    assert (pathlib.Path(libdir) / "libfirn.so").exists(), libdir  # what CMake and others ask for
    check_example(folder, env)
    linked = run("readelf", "-d", folder / "trips")
    contains(linked, "libfirn.so.")


# --- Arrow types --------------------------------------------------------------------------------

def moments(unit, zone=None):
    base = datetime.datetime(2024, 5, 31, 10, 30, 15, tzinfo=UTC if zone else None)
    return pa.array([base, None, base.replace(year=1969), base.replace(year=2500)
                     if unit != "ns" else base], pa.timestamp(unit, zone))


def fill(arrow_type, values):
    return pa.array(values, arrow_type)


UUIDS = [uuid.UUID(int=0).bytes, None, uuid.UUID(int=2**128 - 1).bytes,
         uuid.UUID("f79c3e09-677c-4bbd-a479-3f349cb785e7").bytes]
# Arrow column -> Iceberg's type, and what is read back where that differs.
COLUMNS = {
    "bool": (fill(pa.bool_(), [True, None, False, True]), "boolean"),
    "int8": (fill(pa.int8(), [-128, None, 127, 0]), "int"),
    "uint8": (fill(pa.uint8(), [0, None, 255, 1]), "int"),
    "int16": (fill(pa.int16(), [-2**15, None, 2**15 - 1, 0]), "int"),
    "uint16": (fill(pa.uint16(), [0, None, 2**16 - 1, 1]), "int"),
    "int32": (fill(pa.int32(), [-2**31, None, 2**31 - 1, 0]), "int"),
    "uint32": (fill(pa.uint32(), [0, None, 2**32 - 1, 1]), "long"),
    "int64": (fill(pa.int64(), [-2**63, None, 2**63 - 1, 0]), "long"),
    "uint64": (fill(pa.uint64(), [0, None, 2**64 - 1, 1]), "decimal(20, 0)"),
    "half": (pa.array([1.5, None, -0.25, 65504.0], pa.float16()), "float"),
    "float": (fill(pa.float32(), [1.5, None, float("nan"), -0.0]), "float"),
    "double": (fill(pa.float64(), [0.1, None, float("inf"), -0.0]), "double"),
    "dec9": (fill(pa.decimal128(9, 2), [D("1.50"), None, D("-9999999.99"), D(0)]),
             "decimal(9, 2)"),
    "dec38": (fill(pa.decimal128(38, 10), [D("1.5"), None, D("-" + "9" * 28), D(0)]),
              "decimal(38, 10)"),
    "dec256": (fill(pa.decimal256(30, 3), [D("1.5"), None, D("-" + "9" * 27), D(0)]),
               "decimal(30, 3)"),
    "date32": (fill(pa.date32(), [datetime.date(2024, 2, 29), None, datetime.date(1, 1, 1),
                                  datetime.date(9999, 12, 31)]), "date"),
    "date64": (fill(pa.date64(), [datetime.date(2024, 2, 29), None, datetime.date(1900, 1, 1),
                                  datetime.date(2100, 12, 31)]), "date"),
    "time32s": (fill(pa.time32("s"), [datetime.time(1, 2, 3), None, datetime.time(0),
                                      datetime.time(23, 59, 59)]), "time"),
    "time32ms": (fill(pa.time32("ms"), [datetime.time(1, 2, 3, 4000), None, datetime.time(0),
                                        datetime.time(23, 59, 59)]), "time"),
    "time64us": (fill(pa.time64("us"), [datetime.time(1, 2, 3, 4), None, datetime.time(0),
                                        datetime.time(23, 59, 59, 999999)]), "time"),
    "ts_s": (moments("s"), "timestamp"),
    "ts_ms": (moments("ms"), "timestamp"),
    "ts_us": (moments("us"), "timestamp"),
    "tz_s": (moments("s", "UTC"), "timestamptz"),
    "tz_ms": (moments("ms", "Europe/Berlin"), "timestamptz"),
    "tz_us": (moments("us", "+02:00"), "timestamptz"),
    "text": (fill(pa.string(), ["a", None, "", "ü" * 20]), "string"),
    "large_text": (fill(pa.large_string(), ["a", None, "", "long enough to leave the view"]),
                   "string"),
    "text_view": (fill(pa.string_view(), ["a", None, "twelve bytes", "thirteen byte"]), "string"),
    "binary": (fill(pa.binary(), [b"\0", None, b"", b"\xff" * 20]), "binary"),
    "large_binary": (fill(pa.large_binary(), [b"\0", None, b"", b"\xff" * 20]), "binary"),
    "binary_view": (fill(pa.binary_view(), [b"\0", None, b"", b"\xff" * 20]), "binary"),
    "dict_text": (pa.array(["x", None, "y", "x"]).dictionary_encode(), "string"),
    "dict_int": (pa.DictionaryArray.from_arrays(pa.array([1, None, 0, 1], pa.uint8()),
                                                pa.array([10, 20], pa.int64())), "long"),
    "uuid": (pa.ExtensionArray.from_storage(pa.uuid(), pa.array(UUIDS, pa.binary(16))), "uuid"),
    "list": (fill(pa.list_(pa.int32()), [[1, None, 3], None, [], [4]]), "list<int>"),
    "large_list": (fill(pa.large_list(pa.string()), [["a", None], None, [], ["b" * 20]]),
                   "list<string>"),
    "fixed_list": (fill(pa.list_(pa.int16(), 2), [[1, 2], None, [3, None], [4, 5]]), "list<int>"),
    "list_view": (fill(pa.list_view(pa.int64()), [[1, 2], None, [], [3]]), "list<long>"),
    "struct": (fill(pa.struct([("a", pa.int64()), ("b", pa.string())]),
                    [{"a": 1, "b": "x"}, None, {"a": None, "b": None}, {"a": 2, "b": "y" * 20}]),
               "struct<a: long, b: string>"),
    "map": (fill(pa.map_(pa.string(), pa.float64()),
                 [[("k", 1.5), ("l", None)], None, [], [("m" * 20, -2.5)]]),
            "map<string, double>"),
    "deep": (fill(pa.list_(pa.struct([("m", pa.map_(pa.int32(), pa.list_(pa.string())))])),
                  [[{"m": [(1, ["a", None])]}, {"m": None}], None, [], [None, {"m": []}]]),
             "list<struct<m: map<int, list<string>>>>"),
}


# PyIceberg 0.12 gives [] for a null list of structs that hold maps.
MISREAD = {"deep"}


def values_of(column):
    """Values in a form that can be compared to the last bit; times in UTC."""
    def plain(v):
        if isinstance(v, datetime.datetime) and v.tzinfo:
            return v.astimezone(UTC)
        if isinstance(v, list):
            return [plain(x) for x in v]
        if isinstance(v, tuple):
            return tuple(plain(x) for x in v)
        if isinstance(v, dict):
            return {k: plain(x) for k, x in v.items()}
        if isinstance(v, uuid.UUID):
            return v
        return v
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = pc.cast(column, pa.timestamp("us", column.type.tz))
    if pa.types.is_float16(column.type):
        column = pc.cast(column, pa.float32())
    if pa.types.is_uint64(column.type):
        column = pc.cast(column, pa.decimal128(20, 0))
    return [canon(plain(v)) for v in column.to_pylist()]


def number(data):
    """With a column `n` behind all others that says the order."""
    return data.append_column("n", pa.array(range(len(data)), pa.int64()))


def read_back(lake, name, data, **how):
    """Both readers give the rows of `data` (which has a column n), to the last bit."""
    mine = liblab.scan(lake, name, **how).sort_by("n")
    theirs = table(lake, name).scan().to_arrow().sort_by("n")
    same(mine.num_rows, data.num_rows)
    for column in data.column_names:
        wanted = values_of(data[column])
        same(values_of(mine[column]), wanted, f"firn, {column}:")
        if theirs.num_rows == data.num_rows and column not in MISREAD:
            same(values_of(theirs[column]), wanted, f"PyIceberg, {column}:")
    files = [pq.read_table(f) for f in data_files(lake, name)]
    whole = pa.concat_tables(files).sort_by("n")
    for column in MISREAD & set(data.column_names):
        same(values_of(whole[column]), values_of(data[column]), f"PyArrow, {column}:")


def spelled(iceberg_type):
    return re.sub(r"\d+: |optional |required ", "", str(iceberg_type))


@suite.case
def every_arrow_type():
    lake = lake_of("types")
    data = number(pa.table({name: column for name, (column, _) in COLUMNS.items()}))
    liblab.create(lake, "ns.t", data.schema)
    for name, (_, wanted) in COLUMNS.items():
        same(spelled(table(lake, "ns.t").schema().find_field(name).field_type), wanted, name)
    liblab.append(lake, "ns.t", data)
    read_back(lake, "ns.t", data)
    # the engine writes decimals of more than 18 digits with 16 bytes: a note
    check_tool("lint.py", "--strict", "--ignore", "L045", lake / "catalog.db")
    lake = lake_of("types-agreed")
    data = data.drop_columns(list(MISREAD))
    liblab.create(lake, "ns.t", data.schema)
    liblab.append(lake, "ns.t", data)
    agree(lake)


@suite.case
def sliced_and_split():
    """Arrays with offsets, batches of one row, chunks of different lengths, all nulls, none."""
    lake = lake_of("slices")
    one = pa.table({name: column for name, (column, _) in COLUMNS.items()})
    longer = pa.concat_tables([one] * 5)
    cut = longer.combine_chunks().slice(3, 13)
    data = number(cut)
    liblab.create(lake, "ns.t", data.schema)
    batches = [b.slice(1) for b in pa.concat_tables([data.slice(0, 1), data]).combine_chunks()
               .to_batches()]
    reader = pa.RecordBatchReader.from_batches(data.schema, batches)
    liblab.append(lake, "ns.t", reader)
    read_back(lake, "ns.t", data)
    lake = lake_of("slices1")
    liblab.create(lake, "ns.t", data.schema)
    liblab.append(lake, "ns.t", data, batch=1)
    read_back(lake, "ns.t", data)
    lake = lake_of("nulls")
    nulls = number(pa.table({n: pa.nulls(6, data.schema.field(n).type) if n != "uuid" else
                             pa.ExtensionArray.from_storage(pa.uuid(), pa.nulls(6, pa.binary(16)))
                             for n in COLUMNS}))
    liblab.create(lake, "ns.t", data.schema)
    liblab.append(lake, "ns.t", nulls.slice(2, 3))
    liblab.append(lake, "ns.t", nulls.slice(0, 0))
    same(liblab.scan(lake, "ns.t").num_rows, 3)
    assert all(v is None for v in liblab.scan(lake, "ns.t")["deep"].to_pylist())


@suite.case
def garbage_below_nulls():
    """What lies under a null means nothing: no value there is looked at."""
    lake = lake_of("garbage")
    inner = pa.StructArray.from_arrays(
        [pa.array([1, 2**40, 3], pa.int64())], ["i"], mask=pa.array([False, True, False]))
    ints = pa.Array.from_buffers(pa.int32(), 3, [pa.py_buffer(b"\x05"), pa.array(
        [1, 7, 3], pa.int32()).buffers()[1]])
    lists = pa.ListArray.from_arrays(pa.array([0, 2, 4, 5], pa.int32()),
                                     pa.array([1, 2, 2**40, 4, 5], pa.int64()),
                                     mask=pa.array([False, True, False]))
    data = number(pa.table({"s": inner, "i": ints, "l": lists}))
    want = pa.schema([("s", pa.struct([("i", pa.int32())])), ("i", pa.int32()),
                      ("l", pa.list_(pa.int32())), ("n", pa.int64())])
    liblab.create(lake, "ns.t", want)
    liblab.append(lake, "ns.t", data)
    found = liblab.scan(lake, "ns.t").sort_by("n").to_pylist()
    same([r["s"] for r in found], [{"i": 1}, None, {"i": 3}])
    same([r["i"] for r in found], [1, None, 3])
    same([r["l"] for r in found], [[1, 2], None, [5]])


@suite.case
def random_rows():
    """Many rows of many shapes, in batches of random lengths, partitioned."""
    rng = random.Random(int(os.environ.get("FIRN_SEED", "7")))
    lake = lake_of("random")
    count = 60000 if FULL else 12000

    def maybe(make):
        return None if rng.random() < 0.1 else make()
    words = ["".join(rng.choice("abcdefgh ü") for _ in range(rng.randrange(0, 40)))
             for _ in range(200)]
    data = number(pa.table({
        "day": pa.array([maybe(lambda: datetime.datetime(2024, 5, 1 + rng.randrange(5), 3))
                         for _ in range(count)], pa.timestamp("us")),
        "word": pa.array([maybe(lambda: rng.choice(words)) for _ in range(count)]),
        "list": pa.array([maybe(lambda: [maybe(lambda: rng.choice(words)) for _ in
                                         range(rng.randrange(4))]) for _ in range(count)],
                         pa.list_(pa.string())),
        "map": pa.array([maybe(lambda: [(k, maybe(rng.random)) for k in
                                        range(rng.randrange(3))]) for _ in range(count)],
                        pa.map_(pa.int64(), pa.float64())),
        "num": pa.array([maybe(lambda: D(rng.randrange(-10**12, 10**12)) / 1000)
                         for _ in range(count)], pa.decimal128(15, 3)),
    }))
    liblab.create(lake, "ns.t", data.schema, ["day(day)", "bucket(3, word)"], ["num desc"])
    at, batches = 0, []
    while at < count:
        n = rng.choice([1, 2, 100, 2047, 2048, 2049, 5000])
        batches += data.slice(at, n).combine_chunks().to_batches()
        at += n
    liblab.append(lake, "ns.t", pa.RecordBatchReader.from_batches(data.schema, batches))
    read_back(lake, "ns.t", data)
    lint(lake)
    agree(lake)
    where = ("and", ("day", ">=", "2024-05-03"), ("or", ("word", "starts_with", "a"),
                                                   ("num", "<", "-5.5")))
    found = liblab.scan(lake, "ns.t", where=where, columns=["n", "num"]).sort_by("n")
    wanted = [r["n"] for r in data.to_pylist()
              if r["day"] and r["day"] >= datetime.datetime(2024, 5, 3)
              and ((r["word"] or "").startswith("a") or (r["num"] is not None
                                                         and r["num"] < D("-5.5")))]
    same(found["n"].to_pylist(), wanted)
    same(found.column_names, ["n", "num"])


# --- what does not fit --------------------------------------------------------------------------

def one_column(lake, want, column, name="c"):
    shutil.rmtree(lake, ignore_errors=True)
    liblab.create(lake, "ns.t", pa.schema([(name, want)]))
    liblab.append(lake, "ns.t", pa.table({name: column}))


@suite.case
def values_that_do_not_fit():
    lake = TMP / "misfits"
    bad = [
        (pa.int32(), pa.array([1, 2**31], pa.int64()), "data", "out of range"),
        (pa.int64(), pa.array([2**64 - 1], pa.uint64()), "data", "out of range"),
        (pa.timestamp("us"), pa.array([1001], pa.timestamp("ns")), "data", "lost"),
        (pa.timestamp("us"), pa.array([2**62], pa.timestamp("s")), "data", "out of range"),
        (pa.date32(), pa.array([2**31 - 1], pa.int32()).cast(pa.date32()), "data", "range"),
        (pa.decimal128(5, 2), pa.array([D("1234.56")], pa.decimal128(9, 2)), "data", "range"),
        (pa.decimal128(9, 1), pa.array([D("0.25")], pa.decimal128(9, 2)), "data", "lost"),
        (pa.string(), pa.array([b"\xff"]).view(pa.string()), "data", "UTF-8"),
        (pa.string(), pa.array([1]), "invalid", "string"),
        (pa.int64(), pa.array([1.5]), "invalid", "long"),
        (pa.float32(), pa.array([1.5]), "invalid", "float"),
        (pa.timestamp("us"), pa.array([1], pa.timestamp("us", "UTC")), "invalid", "timestamp"),
        (pa.list_(pa.int64()), pa.array([[1.5]]), "invalid", "'c.element'"),
    ]
    for want, column, status, words in bad:
        with fails(status, words, "'c"):
            one_column(lake, want, column)
        same(len(table(lake, "ns.t").snapshots()), 0)
    for want, column in [(pa.int64(), pa.array([1], pa.int8())),
                         (pa.float64(), pa.array([1.5], pa.float32())),
                         (pa.decimal128(9, 3), pa.array([D("1.5")], pa.decimal128(5, 1))),
                         (pa.decimal128(9, 2), pa.array([7], pa.int32())),
                         (pa.timestamp("us"), pa.array([1000], pa.timestamp("ns"))),
                         (pa.string(), pa.nulls(3)),
                         (pa.binary(), pa.array([b"ab"], pa.binary(2)))]:
        one_column(lake, want, column)
        same(len(table(lake, "ns.t").snapshots()), 1)


@suite.case
def leftovers_of_a_failed_write():
    """Nothing stays of a write that failed: no scratch folder, no data file."""
    lake = lake_of("failed")
    with fails("data"):
        one_column(lake, pa.int32(), pa.chunked_array([[1] * 5000, [2**40]]))
    same([p.name for p in lake.rglob("*.parquet")], [])
    same([p.name for p in lake.rglob(".firn*")], [])

    def broken():
        yield pa.record_batch({"c": pa.array([1], pa.int32())})
        raise ValueError("the source is gone")
    schema = pa.schema([("c", pa.int32())])
    with fails("io", "the source is gone"):
        liblab.append(lake, "ns.t", pa.RecordBatchReader.from_batches(schema, broken()))
    same([p.name for p in lake.rglob("*.parquet")], [])
    with liblab.opened(lake, "ns.t") as t, liblab.transaction(t) as tx:
        stream = liblab.stream_of(pa.table({"c": pa.array([1], pa.int32())}).to_reader())
        rows = ctypes.c_int64()
        liblab.call("write", tx, ctypes.byref(stream), 0, None, ctypes.byref(rows))
        same(rows.value, 1)
        same(len(list(lake.rglob("*.parquet"))), 1)
    same([p.name for p in lake.rglob("*.parquet")], [])  # given up: removed


@suite.case
def columns_by_name_and_by_id():
    lake = lake_of("match")
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string()),
                        ("addr", pa.struct([("zip", pa.int32()), ("city", pa.string())]))])
    liblab.create(lake, "ns.t", schema)
    liblab.append(lake, "ns.t", pa.table({
        "addr": pa.array([{"city": "Oslo", "zip": 1}]), "id": pa.array([1])}))
    same(liblab.scan(lake, "ns.t").to_pylist(),
         [{"id": 1, "name": None, "addr": {"zip": 1, "city": "Oslo"}}])
    with fails("invalid", "'id'", "required"):
        liblab.append(lake, "ns.t", pa.table({"name": ["x"]}))
    with fails("data", "'id'", "required"):
        liblab.append(lake, "ns.t", pa.table({"id": pa.array([1, None])}))
    with fails("invalid", "'nom'"):
        liblab.append(lake, "ns.t", pa.table({"id": [1], "nom": ["x"]}))
    with fails("invalid", "'addr.street'"):
        liblab.append(lake, "ns.t", pa.table({"id": [1], "addr": [{"street": "x"}]}))
    # what a scan returns has ids: it goes back in under other names
    found = liblab.scan(lake, "ns.t")
    same(found.schema.field("name").metadata[b"PARQUET:field_id"], b"2")
    liblab.evolve(lake, "ns.t", ("rename_column", "name", "label"),
                  ("rename_column", "addr.zip", "code"))
    liblab.append(lake, "ns.t", found)
    same(liblab.scan(lake, "ns.t").to_pylist(),
         [{"id": 1, "label": None, "addr": {"code": 1, "city": "Oslo"}}] * 2)


@suite.case
def evolution():
    lake = lake_of("evolve")
    liblab.create(lake, "ns.t", pa.schema([("a", pa.int32()), ("b", pa.string())]))
    liblab.append(lake, "ns.t", pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]}))
    first = table(lake, "ns.t").current_snapshot().snapshot_id
    liblab.evolve(lake, "ns.t", ("widen_column", "a", "long"), ("add_column", "c", "date", "a day"),
                  ("move_column", "c", None), ("rename_column", "b", "text"),
                  ("set_property", "owner", "me"))
    liblab.append(lake, "ns.t", pa.table({"a": [2**40], "text": ["y"],
                                          "c": pa.array([datetime.date(2024, 1, 1)])}))
    wanted = [{"c": None, "a": 1, "text": "x"},
              {"c": datetime.date(2024, 1, 1), "a": 2**40, "text": "y"}]
    same(liblab.scan(lake, "ns.t").sort_by("a").to_pylist(), wanted)
    same(table(lake, "ns.t").scan().to_arrow().sort_by("a").to_pylist(), wanted)
    same(liblab.scan(lake, "ns.t", snapshot=first).to_pylist(), [{"a": 1, "b": "x"}])
    with fails("not found", "'nope'"):
        liblab.evolve(lake, "ns.t", ("drop_column", "nope"))
    with fails("invalid"):
        liblab.evolve(lake, "ns.t", ("widen_column", "a", "int"))
    lint(lake)
    agree(lake)


@suite.case
def filters():
    """Every comparison, against what PyArrow says."""
    lake = lake_of("filters")
    data = number(pa.table({
        "i": pa.array([None, -5, 0, 3, 3, 9], pa.int32()),
        "d": pa.array([None, -1.5, -0.0, 0.0, float("nan"), float("inf")]),
        "s": pa.array([None, "", "a", "ab", "b", "ü"]),
        "t": pa.array([None] + [datetime.date(2024, m, 1) for m in range(1, 6)]),
        "b": pa.array([None, True, False, True, False, True]),
        "x": pa.array([None, D("-1.50"), D("0.00"), D("1.50"), D("1.51"), D("99.99")],
                      pa.decimal128(9, 2)),
        "st": pa.array([None] + [{"k": k} for k in (1, 2, 3, 4, None)]),
    }))
    liblab.create(lake, "ns.t", data.schema, ["truncate(1, s)"])
    liblab.append(lake, "ns.t", data)
    cases = [
        (("i", "=", 3), [3, 4]), (("i", "<>", 3), [1, 2, 5]), (("i", "<", 0), [1]),
        (("i", "<=", 0), [1, 2]), (("i", ">", 3), [5]), (("i", ">=", 3), [3, 4, 5]),
        (("i", "=", "9"), [5]), (("not", ("i", "=", 3)), [1, 2, 5]),
        (("in", "i", [3, 9, None]), [3, 4, 5]), (("not", ("in", "i", [3, 9])), [1, 2]),
        (("in", "i", []), []), (("is_null", "i"), [0]), (("is_not_null", "i"), [1, 2, 3, 4, 5]),
        (("i", "=", None), []), (("not", ("i", "=", None)), []),
        (("d", "=", 0.0), [2, 3]), (("d", "<", 0.0), [1]), (("d", "=", float("nan")), [4]),
        (("d", ">", 1.0), [4, 5]), (("d", "=", float("inf")), [5]),
        (("s", "starts_with", "a"), [2, 3]), (("s", ">", "a"), [3, 4, 5]), (("s", "=", ""), [1]),
        (("not", ("s", "starts_with", "a")), [1, 4, 5]), (("s", "=", "ü"), [5]),
        (("t", ">=", "2024-04-01"), [4, 5]), (("t", "<", 19754), [1]),
        (("b", "=", True), [1, 3, 5]),
        (("x", "=", "1.5"), [3]), (("x", ">", "1.50"), [4, 5]), (("st.k", ">", 2), [3, 4]),
        (("is_null", "st.k"), [0, 5]), (("is_null", "st"), [0]),
        (("or", ("i", "=", 0), ("and", ("b", "=", True), ("x", ">", 1))), [2, 3, 5]),
    ]
    for where, wanted in cases:
        found = sorted(liblab.scan(lake, "ns.t", where=where)["n"].to_pylist())
        same(found, wanted, str(where))
    with fails("invalid", "'x'"):
        liblab.scan(lake, "ns.t", where=("i", "=", "x"))
    with fails("not found"):
        liblab.scan(lake, "ns.t", where=("is_null", "nope"))


@suite.case
def streams_released_early():
    lake = lake_of("early")
    count = 400000
    liblab.create(lake, "ns.t", pa.schema([("n", pa.int64()), ("s", pa.string())]))
    liblab.append(lake, "ns.t", pa.table({"n": range(count), "s": [f"row {i}" for i in
                                                                   range(count)]}))
    for batches in (0, 1, 2):
        found = liblab.scan(lake, "ns.t", batches=batches)
        assert all(0 < b.num_rows <= 65536 for b in found)
    whole = liblab.scan(lake, "ns.t")
    same(pc.sum(whole["n"]).as_py(), count * (count - 1) // 2)


@suite.case
def deletes_are_applied():
    """Rows that PyIceberg or others deleted are not returned."""
    lake = lake_of("deletes")
    liblab.create(lake, "ns.t", pa.schema([("n", pa.int64()), ("s", pa.string())]))
    liblab.append(lake, "ns.t", pa.table({"n": range(10), "s": ["x"] * 10}))
    table(lake, "ns.t").delete("n >= 3 and n < 6")
    same(sorted(liblab.scan(lake, "ns.t")["n"].to_pylist()), [0, 1, 2, 6, 7, 8, 9])


@suite.case
def format_version_3():
    """Nanoseconds, and defaults: of the rows before, and of rows that do not give the column."""
    lake = lake_of("v3")
    schema = pa.schema([("n", pa.int64()), ("t", pa.timestamp("ns"))])
    with fails("unsupported", "'t'", "version 3"):
        liblab.create(lake, "ns.t", schema)
    liblab.create(lake, "ns.t", schema, format_version=3)
    liblab.append(lake, "ns.t", pa.table({"n": [1, 2], "t": pa.array([1001, None],
                                                                     pa.timestamp("ns"))}))
    with liblab.opened(lake, "ns.t") as t, liblab.transaction(t) as tx:
        liblab.add_default(tx, "k", "int", 42, True)
        liblab.call("transaction_commit", tx, None)
    liblab.append(lake, "ns.t", pa.table({"n": [3]}))
    liblab.append(lake, "ns.t", pa.table({"n": [4], "k": pa.array([7], pa.int16())}))
    with fails("data", "'k'", "required"):
        liblab.append(lake, "ns.t", pa.table({"n": [4], "k": pa.array([None], pa.int16())}))
    found = liblab.scan(lake, "ns.t").sort_by("n")
    same(found["t"].cast(pa.int64()).to_pylist(), [1001, None, None, None])
    same(found["k"].to_pylist(), [42, 42, 42, 7])
    lint(lake)


@suite.case
def foreign_tables_through_a_storage():
    """Tables whose paths point into their makers' folders, by a storage that knows better."""
    root = pathlib.Path(SHARED) / "iceberg-tables"
    if not SHARED or not root.is_dir():
        raise Skip("no ../shared")
    seen = 0
    for meta in sorted(root.rglob("*.metadata.json")):
        newer = [m for m in meta.parent.glob("*.metadata.json")
                 if (len(m.name), m.name) > (len(meta.name), meta.name)]
        if newer:
            continue
        with liblab.located(meta, "data/persistent/", root) as t, liblab.scanner(t) as s:
            found = liblab.read(s)
            wanted = json.loads(meta.read_text(encoding="utf-8"))
            now = [x for x in wanted["snapshots"]
                   if x["snapshot-id"] == wanted["current-snapshot-id"]][0]
            summary = now["summary"]
            if summary.get("total-delete-files", "0") == "0" and "total-records" in summary:
                same(found.num_rows, int(summary["total-records"]), str(meta))
            seen += 1
    note(f"{seen} tables")
    assert seen > 10


@suite.case
def threads():
    """Two tables in two threads, one table by eight: every row is there."""
    lake = lake_of("threads")
    schema = pa.schema([("n", pa.int64())])
    for name in ("ns.a", "ns.b"):
        liblab.create(lake, name, schema)
    failures = []

    def work(name, base):
        try:
            for k in range(3):
                liblab.append(lake, name, pa.table({"n": [base + k]}))
                liblab.scan(lake, name)
        except Exception as why:
            failures.append(why)
    workers = [threading.Thread(target=work, args=(("ns.a", "ns.b")[i % 2], 10 * i))
               for i in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not failures, failures
    same(sorted(liblab.scan(lake, "ns.a")["n"].to_pylist()),
         sorted(10 * i + k for i in (0, 2, 4) for k in range(3)))
    lint(lake)
    agree(lake)


suite.end()
