#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""Files as a source: every outcome that the project promises, end to end through `firn run`."""
import decimal
import gzip
import io
import json
import os
import pathlib
import sys

import zstandard

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (FULL, TMP, Project, Suite, agree, contains, data_files, exists,  # noqa: E402
                     firn, lines, lint, note, one, rows, same, snapshots, types)

suite = Suite()
MB = 1 << 20


# --- nothing in it ------------------------------------------------------------------------------

@suite.case
def zero_bytes():
    p = one("a.json", "")
    done = p.run(want=0)
    contains(done.err, "a.json", "empty")
    assert not exists(p.lake, "raw.t")
    p.write("a.json", lines({"a": 1}))
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}])
    before = len(snapshots(p.lake, "raw.t"))
    q = one("*.json", "")
    q.write("b.json", lines({"a": 1}))
    contains(q.run(want=0).err, "a.json", "empty")
    same(q.rows("raw.t"), [{"a": 1}])
    q.run(want=0)
    same((before, len(snapshots(q.lake, "raw.t"))), (1, 1))


@suite.case
def zero_bytes_replace():
    """An emptied file: the table stays as it is, and that is said."""
    p = one("a.csv", "a,b\n1,2\n", write=", write: replace")
    p.run(want=0)
    p.write("a.csv", "", age=1800)
    contains(p.run(want=0).err, "a.csv", "empty")
    same(p.rows("raw.t"), [{"a": 1, "b": 2}])


@suite.case
def header_only():
    p = one("a.csv", "id,name\n")
    p.run(want=0)
    same(types(p.lake, "raw.t"), {"id": "string", "name": "string", "x_loaded_at": "timestamptz"})
    same(p.rows("raw.t"), [])
    p.run(want=0)
    lint(p.lake)


@suite.case
def empty_array():
    p = one("a.json", "[]")
    p.run(want=0)
    q = one("a.json", "\n  \n\n")
    q.run(want=0)
    q.run(want=0)


# --- gzip ---------------------------------------------------------------------------------------

@suite.case
def truncated_gz():
    whole = gzip.compress(lines(*({"a": i, "b": "x" * 50} for i in range(200000))).encode())
    for kept in (10, 1000, len(whole) // 2, len(whole) - 1):
        p = one("a.json.gz", whole[:kept])
        done = p.run(want=1)
        contains(done.err, "a.json.gz", "gzip", "E2001")
        assert not exists(p.lake, "raw.t"), f"{kept} bytes made a table"
    p.write("a.json.gz", whole)
    p.run(want=0)
    same(len(p.rows("raw.t")), 200000)


@suite.case
def truncated_gz_beside_good_files():
    p = one("*.json.gz", gzip.compress(lines({"a": 1}).encode()))
    p.write("a.json.gz", gzip.compress(lines({"a": 1}).encode()))
    p.run(want=0)
    p.write("b.json.gz", gzip.compress(lines({"a": 2}).encode())[:-4])
    p.write("c.json.gz", gzip.compress(lines({"a": 3}).encode()))
    contains(p.run(want=1).err, "b.json.gz")
    same(p.rows("raw.t"), [{"a": 1}])
    p.write("b.json.gz", gzip.compress(lines({"a": 2}).encode()))
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}, {"a": 3}])


@suite.case
def damaged_gz():
    whole = bytearray(gzip.compress(lines(*({"a": i} for i in range(50000))).encode()))
    whole[len(whole) // 2] ^= 0xff
    p = one("a.json.gz", bytes(whole))
    contains(p.run(want=1).err, "a.json.gz", "damaged")
    assert not exists(p.lake, "raw.t")


@suite.case
def multi_member_gz():
    parts = [lines(*({"a": i} for i in range(k, k + 1000))) for k in range(0, 5000, 1000)]
    p = one("a.json.gz", b"".join(gzip.compress(x.encode()) for x in parts))
    p.run(want=0)
    same(sorted(r["a"] for r in p.rows("raw.t")), list(range(5000)))


@suite.case
def gz_without_the_ending():
    """Compression is told by the first bytes, not by the name."""
    p = one("a.json", gzip.compress(lines({"a": 1}).encode()))
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}])


# --- zstd ---------------------------------------------------------------------------------------

def zst(data, **options):
    return zstandard.ZstdCompressor(**options).compress(
        data if isinstance(data, bytes) else data.encode())


@suite.case
def zstd_of_each_format():
    for name, content in (("a.json.zst", lines({"a": 1}, {"a": 2})), ("a.csv.zst", "a\n1\n2\n"),
                          ("a.tsv.zst", "a\n1\n2\n"), ("a", lines({"a": 1}, {"a": 2})),
                          ("b", "a,b\n1,1\n2,1\n")):
        p = one(name, zst(content))
        p.run(want=0)
        same(sorted(r["a"] for r in p.rows("raw.t")), [1, 2], name)


@suite.case
def zstd_frames():
    """Several frames, of unknown size, with frames to be skipped between them, long windows."""
    parts = [lines(*({"a": i, "t": "x" * 100} for i in range(k, k + 3000)))
             for k in range(0, 15000, 3000)]
    skipped = b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello"
    streamed = io.BytesIO()
    with zstandard.ZstdCompressor(level=19).stream_writer(streamed, closefd=False) as w:
        w.write(parts[4].encode())
    content = skipped + zst(parts[0]) + zst(parts[1], level=1) + skipped + zst(
        parts[2], write_checksum=True) + zst(b"") + zst(parts[3]) + streamed.getvalue()
    p = one("a.json.zst", content)
    p.run(want=0)
    same(sorted(r["a"] for r in p.rows("raw.t")), list(range(15000)))


@suite.case
def damaged_zstd():
    whole = zst(lines(*({"a": i, "b": os.urandom(8).hex()} for i in range(20000))),
                write_checksum=True)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xff
    for content, words in ((whole[:6], "ends in the middle"), (whole[:-1], "ends in the middle"),
                           (whole[:len(whole) // 2], "ends in the middle"),
                           (bytes(flipped), "damaged zstd"), (whole + b"garbage", "damaged zstd")):
        p = one("a.json.zst", content)
        contains(p.run(want=1).err, "a.json.zst", words, "E2001", "nothing of this file")
        assert not exists(p.lake, "raw.t")
    long_window = zstandard.ZstdCompressionParameters(window_log=29, strategy=1)
    q = one("a.json.zst", zst(b'{"a": 1}\n' * 100_000_000 if FULL else b"",
                              compression_params=long_window))
    if FULL:
        contains(q.run(want=1).err, "128 MB", "--long")


@suite.case
def zstd_bomb():
    """A gigabyte in 100 KB."""
    packer = zstandard.ZstdCompressor().compressobj()
    content = (packer.compress(b"a\n") + b"".join(packer.compress((b"1" * 4095 + b"\n") * 256)
                                                  for _ in range(1024)) + packer.flush())
    p = one("a.csv.zst", content)
    done = p.run("--memory", "256MB", want=1)
    contains(done.err, "a.csv.zst", "1000 times", "zstd -d")
    assert done.peak < 256 * MB, done.peak


# --- what a file is -----------------------------------------------------------------------------

@suite.case
def tsv():
    text = "id\tname\tnote\n1\ta, b; c\tx\n2\t\\N\t\"q\tu\"\n"
    p = one("a.tsv", text, source=r", null_text: '\N'")
    p.run(want=0)
    wanted = [{"id": 1, "name": "a, b; c", "note": "x"}, {"id": 2, "name": None, "note": "q\tu"}]
    same(p.rows("raw.t", sort="id"), wanted)
    q = one("a.txt", text, entry=r", format: tsv, null_text: '\N'")
    q.run(want=0)
    same(q.rows("raw.t", sort="id"), wanted)
    r = one("a.tab", "only\n1\n")
    r.run(want=0)
    same(r.rows("raw.t"), [{"only": 1}])


@suite.case
def told_by_content():
    """Where the name says nothing."""
    for content in ('[{"a": 1}]', '  {"a": 1}\n', "a,b\n1,2\n", "\ufeffa;b\n1;2\n"):
        p = one("export", content)
        p.run(want=0)
        same([r["a"] for r in p.rows("raw.t")], [1], content)


@suite.case
def files_that_are_something_else():
    for content, words in ((b"PK\x03\x04" + b"\0" * 50, ("ZIP", "save the sheet as CSV")),
                           (b"BZh91AY&SY" + b"\0" * 50, ("bzip2", "bunzip2")),
                           (b"\xfd7zXZ\0" + b"\0" * 50, ("xz", "xz -d")),
                           (b"\x04\x22\x4d\x18" + b"\0" * 50, ("lz4",)),
                           (b"Obj\x01" + b"\0" * 50, ("Avro",)),
                           (b"SQLite format 3\0" + b"\0" * 50, ("SQLite",)),
                           (b"PAR1" + b"\0" * 50, ("Parquet", "format: parquet")),
                           (gzip.compress(gzip.compress(b"a\n1\n")), ("twice",))):
        for name in ("a.csv", "a.json"):
            p = one(name, content)
            contains(p.run(want=1).err, name, *words)
            assert not exists(p.lake, "raw.t")


@suite.case
def formats_that_are_mixed():
    p = one("*", "a\n1\n")
    p.write("a.csv", "a\n1\n")
    p.write("b.json.gz", gzip.compress(b'{"a": 1}\n'))
    contains(p.run(want=1).err, "a.csv", "b.json.gz", "a stream has one format", "format: csv")
    assert not exists(p.lake, "raw.t")


def bson(i):
    """{"a": int32}"""
    return b"\x0c\0\0\0\x10a\0" + i.to_bytes(4, "little") + b"\0"


@suite.case
def dump_of_mongodb():
    """x.metadata.json beside x.bson is no data; .gz and .zst; told by content too."""
    p = Project("{from: 'drop.dump/*', into: raw.t}")
    p.write("dump/x.bson", bson(1) + bson(2))
    p.write("dump/x.metadata.json", '{"indexes": []}')
    p.write("dump/y.bson.gz", gzip.compress(bson(3)))
    p.write("dump/y.metadata.json.gz", gzip.compress(b'{"indexes": []}'))
    p.write("dump/z.bson.zst", zst(bson(4)))
    p.run(want=0)
    same(sorted(r["a"] for r in p.rows("raw.t")), [1, 2, 3, 4])
    q = one("x", bson(7))
    q.run(want=0)
    same(q.rows("raw.t"), [{"a": 7}])
    r = one("x.metadata.json", '{"indexes": []}')  # asked for by its name
    r.write("x.bson", bson(1))
    r.run(want=0)
    same(len(r.rows("raw.t")), 1)
    dump = sorted((p.folder / "data/dump").iterdir())
    firn("load", *dump, "--into", TMP / "loaded-dump", "--table", "raw.t", want=0)
    same(len(rows(TMP / "loaded-dump", "raw.t")), 4, "what the shell's * names as well")


# --- bytes --------------------------------------------------------------------------------------

@suite.case
def invalid_utf8_in_a_value():
    bad = b'{"a": 2, "b": "x\xff\xfey"}'
    p = one("a.json", b'{"a": 1, "b": "ok"}\n' + bad + b'\n{"a": 3, "b": "ok"}\n')
    p.run(want=3)
    same(p.rows("raw.t", sort="a"), [{"a": 1, "b": "ok"}, {"a": 3, "b": "ok"}])
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["line"], reject["offset"], reject["file"], reject["stream"]),
         ("E2102", 2, 20, "a.json", "drop.a.json"))
    same((reject["raw"], reject["raw_bytes"], reject["cut"]), (None, bad, False))
    contains(p.firn("help", "E2102", want=0).out, "UTF-8")
    lint(p.lake)
    agree(p.lake)


@suite.case
def invalid_utf8_in_csv():
    p = one("a.csv", b"id,name\n1,ok\n2,b\xffd\n3,ok\n", source=", encoding: utf-8")
    p.run(want=3)
    same(p.rows("raw.t", sort="id"), [{"id": 1, "name": "ok"}, {"id": 3, "name": "ok"}])
    (reject,) = p.rejects("raw.t")
    same((reject["error"], reject["line"], reject["raw_bytes"]), ("E2102", 3, b"2,b\xffd"))


@suite.case
def byte_order_mark():
    for name, content in (("a.json", b'\xef\xbb\xbf{"a": 1}\n'),
                          ("b.json", b'\xef\xbb\xbf[{"a": 1}]'),
                          ("c.csv", b"\xef\xbb\xbfa\n1\n"),
                          ("d.csv", "\ufeffa\n1\n".encode("utf-16-le"))):
        p = one(name, content)
        p.run(want=0)
        same(p.rows("raw.t"), [{"a": 1}], name)


@suite.case
def line_ends():
    """LF, CRLF, a lone CR, no end of the last line, empty lines."""
    wanted = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for end in ("\n", "\r\n", "\r"):
        for last in ("", end, end + end):
            for name, parts in (("a.csv", ("a,b", "1,x", "2,y")),
                                ("a.json", ('{"a":1,"b":"x"}', '{"a":2,"b":"y"}'))):
                p = one(name, end.join(parts) + last)
                p.run(want=0)
                same(p.rows("raw.t", sort="a"), wanted, repr((name, end, last)))


@suite.case
def quoted_newline():
    p = one("a.csv", 'a,b\n1,"two\nlines"\n2,"three\r\n,""quoted"" lines\n\n"\n3,end\n')
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1, "b": "two\nlines"},
                                     {"a": 2, "b": 'three\r\n,"quoted" lines\n\n'},
                                     {"a": 3, "b": "end"}])


# --- long records -------------------------------------------------------------------------------

@suite.case
def line_of_100_mb():
    for name, before, after in (("a.json", b'{"a": 1, "b": "', b'"}'), ("a.csv", b'2,"', b'"')):
        head = b"" if name == "a.json" else b"a,b\n"
        good = (b'{"a": %d, "b": "ok"}\n' if name == "a.json" else b"%d,ok\n")
        long_line = before + b"x" * (100 * MB) + after + b"\n"
        p = one(name, head + good % 7 + long_line + b"".join(good % i for i in range(10, 5000)))
        done = p.run("--memory", "256MB", want=3)
        same(sorted(r["a"] for r in p.rows("raw.t")), [7, *range(10, 5000)], name)
        (reject,) = p.rejects("raw.t")
        same((reject["error"], reject["cut"], reject["line"], reject["offset"]),
             ("E2105", True, 2 if name == "a.json" else 3, len(head) + len(good % 7)), name)
        assert 0 < len(reject["raw"]) < 2 * MB, f"{len(reject['raw'])} bytes are kept"
        assert long_line.startswith(reject["raw"].encode()), reject["raw"][:50]
        assert done.peak < 256 * MB, f"{name}: peak {done.peak >> 20} MB"
        note(f"a line of 100 MB in {name}: {done.seconds:.2f} s, {done.peak >> 20} MB")


@suite.case
def long_record():
    """Up to 16 MB a record lands; one byte more and it does not."""
    for size, end in ((10 * MB, 0), (16 * MB, 0), (16 * MB + 1, 3)):
        text = "x" * (size - len('{"a": ""}'))
        p = one("a.json", '{"a": "%s"}\n{"a": "y"}\n' % text)
        p.run(want=end)
        same(sorted(len(r["a"]) for r in p.rows("raw.t")), [1] if end else [1, len(text)])
        same([(r["error"], r["raw"]) for r in p.rejects("raw.t")],
             [("E2105", '{"a": "%s' % ("x" * ((64 << 10) - 7)))] if end else [])


@suite.case
def endless_line():
    """No line end at all, in an array that is never closed."""
    p = one("a.json", b'[{"a": "' + b"x" * (60 * MB))
    contains(p.run("--memory", "256MB", want=1).err, "a.json")
    assert not exists(p.lake, "raw.t")


# --- JSON that is odd ---------------------------------------------------------------------------

@suite.case
def array_mixed_with_lines():
    for content, offset in ((b'[{"a": 1}]\n{"a": 2}\n', 11), (b'[{"a": 1}]garbage', 10),
                            (b'[{"a": 1}] [{"a": 2}]', 11), (b'[{"a": 1},\n{"a": 2}', 19)):
        p = one("a.json", content)
        done = p.run(want=1)
        contains(done.err, "a.json", f"byte {offset}", "E2001")
        assert not exists(p.lake, "raw.t")


@suite.case
def array_among_lines():
    p = one("a.json", '{"a": 1}\n[{"a": 2}]\n{"a": 3}\n')
    contains(p.run(want=1).err, "a.json", "byte 9")
    assert not exists(p.lake, "raw.t")


@suite.case
def not_json_at_all():
    p = one("a.json", "hello,world\n1,2\n")
    done = p.firn("run")
    assert done.exit in (1, 3), done
    if exists(p.lake, "raw.t"):
        same(p.rows("raw.t"), [])


@suite.case
def lines_that_are_no_objects():
    p = one("a.json", '{"a": 1}\n5\n"x"\nnull\n{"a": 2\n{"a": 3}}\n{"a": 4}\n')
    p.run(want=3)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 4}])
    rejects = p.rejects("raw.t")
    same([(r["line"], r["error"], r["raw"]) for r in rejects],
         [(2, "E2101", "5"), (3, "E2101", '"x"'), (4, "E2101", "null"), (5, "E2101", '{"a": 2'),
          (6, "E2101", '{"a": 3}}')])


@suite.case
def nothing_but_rejects():
    for content in ("{x\n", "{x\n{y\n{z\n", "5\n"):
        p = one("a.json", content)
        p.run(want=3)
        same([r["raw"].strip() for r in p.rejects("raw.t")], content.split())
        same(p.rows("raw.t"), [])
        p.run(want=0)
    q = one("*.csv", b"id,name\n1,\xff\n", source=", encoding: utf-8")
    q.run(want=3)
    q.write("b.csv", "id,name\n2,x\n")
    q.run(want=0)
    same(q.rows("raw.t"), [{"id": 2, "name": "x"}])
    lint(q.lake)


@suite.case
def objects_over_several_lines():
    for indent in (0, 1, 4):
        p = one("a.json", "\n".join(json.dumps({"a": i, "b": {"c": [i, {}]}}, indent=indent)
                                    for i in range(3)))
        p.run(want=0)
        same([r["a"] for r in p.rows("raw.t", sort="a")], [0, 1, 2], f"indent {indent}")


@suite.case
def duplicate_keys():
    p = one("a.json", '{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}\n{"a": 5}\n')
    done = p.run("--json", want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 3, "b": {"c": 2}}, {"a": 5, "b": None}])
    same(done.event("node_finished")["duplicate_keys"], 2)
    q = one("a.json", '{"a": 1, "\\u0061": 2}\n')
    same(q.run("--json", want=0).event("node_finished")["duplicate_keys"], 1)
    same(q.rows("raw.t"), [{"a": 2}])


@suite.case
def numbers():
    """Nothing is silently changed: what no type holds exactly stays text."""
    def landed(*texts):
        p = Project("{from: drop.a.json, into: raw.t}", name="numbers")
        p.write("a.json", "".join('{"n": %s}\n' % t for t in texts))
        p.run(want=0)
        return types(p.lake, "raw.t")["n"], [r["n"] for r in p.rows("raw.t")]
    same(landed("1e400"), ("string", ["1e400"]))
    same(landed("1", "1e400")[0], "string")
    kind, (value,) = landed("-0")
    assert (kind, str(value)) in (("double", "-0.0"), ("string", "-0")), (kind, value)
    kind, values = landed("-0", "5")
    same((kind, [str(v) for v in values]), ("double", ["-0.0", "5.0"]))
    kind, (value,) = landed("9223372036854775808")
    same((kind, value), ("decimal(19, 0)", decimal.Decimal(2) ** 63))
    same(landed("9223372036854775807"), ("long", [2 ** 63 - 1]))
    same(landed("-9223372036854775808"), ("long", [-2 ** 63]))
    kind, values = landed("0.12345678901234567890", "1")
    same((kind, [str(v) for v in values]),
         ("decimal(21, 20)", ["0.12345678901234567890", "1.00000000000000000000"]))
    same(landed("1" * 39), ("string", ["1" * 39]))
    same(landed("0.1"), ("double", [0.1]))
    kind, values = landed("0.1", "9007199254740993")
    same((kind, [decimal.Decimal(str(v)) for v in values]),
         ("decimal(17, 1)", [decimal.Decimal("0.1"), decimal.Decimal("9007199254740993")]))
    same(landed("1e2", "1E-2"), ("double", [100.0, 0.01]))
    same(landed("5e-324", "1.7976931348623157e308"),
         ("double", [5e-324, 1.7976931348623157e308]))


@suite.case
def numbers_into_an_existing_column():
    p = one("*.json", lines({"n": 1}))
    p.run(want=0)
    for i, bad in enumerate(("1e400", "-0", "9223372036854775808", "0.5", '"7"', "true", "[1]")):
        p.write(f"b{i}.json", '{"n": %s}\n{"n": %d}\n' % (bad, i + 10))
    odd = ("1e400", "-0", "9223372036854775808", "0.5", '"7"', "true", "[1]")
    p.run(want=0)
    same(sorted(r["n"] for r in p.rows("raw.t") if r["n"] is not None), [1, *range(10, 17)])
    same(sorted(r["_residual"] for r in p.rows("raw.t") if r["n"] is None),
         sorted('{"n":%s}' % x for x in odd))
    same(p.rejects("raw.t"), [])


@suite.case
def numbers_are_rejected_if_told_to():
    p = one("*.json", lines({"n": 1}), entry=", on_conflict_of_types: reject")
    p.run(want=0)
    odd = ("1e400", "-0", "9223372036854775808", "0.5", '"7"', "true", "[1]")
    for i, bad in enumerate(odd):
        p.write(f"b{i}.json", '{"n": %s}\n{"n": %d}\n' % (bad, i + 10))
    p.run(want=3)
    same(sorted(r["n"] for r in p.rows("raw.t")), [1, *range(10, 17)])
    same([(r["error"], r["path"], r["raw"][6:-1]) for r in p.rejects("raw.t")],
         [("E2103", "n", x) for x in odd])


@suite.case
def ambiguous_dates():
    p = one("a.csv", "id,day\n1,01/02/03\n2,04/05/06\n")
    done = p.run(want=0)
    same([r["day"] for r in p.rows("raw.t", sort="id")], ["01/02/03", "04/05/06"])
    contains(done.err, "note raw.t", "day", "01/02/03")
    q = one("a.csv", "id,day\n1,13/02/2003\n2,04/05/2006\n")
    q.run(want=0)
    same([str(r["day"]) for r in q.rows("raw.t", sort="id")], ["2003-02-13", "2006-05-04"])
    r = one("a.csv", "id,day\n1,01/02/2003\n",
            entry=', columns: {day: {type: date, format: "%d/%m/%Y"}}')
    r.run(want=0)
    same([str(x["day"]) for x in r.rows("raw.t")], ["2003-02-01"])


# --- which files --------------------------------------------------------------------------------

@suite.case
def missing_file():
    p = Project("{from: drop.a.json, into: raw.t}")
    p.write("b.json", lines({"a": 1}))
    done = p.run(want=1)
    contains(done.err, "a.json", "firn.yml:6", "E5007")
    contains(p.firn("check", want=1).err, "a.json", "firn.yml:6")


@suite.case
def missing_folder():
    p = Project("{from: drop.a.json, into: raw.t}", source="/nowhere")
    contains(p.run(want=1).err, "nowhere", "path")


@suite.case
def folder_without_matches():
    p = Project("{from: 'drop.2025/*.json', into: raw.t}")
    p.write("2025/a.csv", "a\n1\n")
    contains(p.run(want=1).err, "no file matches", "2025/*.json")
    q = Project("{from: drop.2025, into: raw.t}")
    (q.folder / "data/2025").mkdir()
    contains(q.run(want=1).err, "2025")
    q.write("2025/01/a.csv", "a\n1\n")
    contains(q.run(want=1).err, "2025/**/*")


@suite.case
def fifo():
    p = Project("{from: drop.a.json, into: raw.t}")
    os.mkfifo(p.folder / "data/a.json")
    contains(p.run(want=1, limit=20).err, "a.json", "no regular file")
    q = Project("{from: 'drop.*.json', into: raw.t}")
    os.mkfifo(q.folder / "data/a.json")
    q.write("b.json", lines({"a": 1}))
    contains(q.run(want=1, limit=20).err, "a.json", "no regular file")


@suite.case
def symlink_out_of_the_path():
    p = Project("{from: 'drop.*.json', into: raw.t}")
    (p.folder / "secret.json").write_text(lines({"a": 1}))
    (p.folder / "data/a.json").symlink_to("../secret.json")
    contains(p.run(want=1).err, "a.json", "out of the source's folder", "secret.json")
    assert not exists(p.lake, "raw.t")
    q = Project("{from: 'drop.in/a.json', into: raw.t}")
    (q.folder / "outside").mkdir()
    (q.folder / "outside/a.json").write_text(lines({"a": 1}))
    (q.folder / "data/in").symlink_to("../outside")
    contains(q.run(want=1).err, "out of the source's folder")


@suite.case
def symlink_inside():
    p = Project("{from: drop.latest.json, into: raw.t}")
    p.write("2025/a.json", lines({"a": 1}))
    (p.folder / "data/latest.json").symlink_to("2025/a.json")
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}])
    q = Project("{from: drop.a.json, into: raw.t}")
    (q.folder / "data/a.json").symlink_to("nowhere.json")
    contains(q.run(want=1).err, "a.json")


@suite.case
def globs():
    names = ["a.json", "b1.json", "b2.json", "b10.json", "sub/c.json", "sub/deep/d.json",
             ".hidden.json", "sub/.hidden/e.json", "x.csv", "we[i]rd.json"]
    for pattern, wanted in (("*.json", "a b1 b2 b10 we[i]rd"), ("b?.json", "b1 b2"),
                            ("b[2-9].json", "b2"),
                            ("**/*.json", "a b1 b2 b10 sub/c sub/deep/d we[i]rd"),
                            ("sub/**/*.json", "sub/c sub/deep/d"), ("sub/*.json", "sub/c"),
                            ("*/*.json", "sub/c"), ("**/deep/*.json", "sub/deep/d"),
                            ("we[i]rd.json", "we[i]rd"), (".hidden.json", ".hidden"),
                            ("sub", "sub/c"), ("sub/", "sub/c")):
        p = Project(f"{{from: 'drop.{pattern}', into: raw.t, format: json}}", name="globs")
        for name in names:
            p.write(name, lines({"name": name.removesuffix(".json")}))
        p.run(want=0)
        same(sorted(r["name"] for r in p.rows("raw.t")), sorted(wanted.split()), pattern)


@suite.case
def folder_as_a_stream():
    p = Project("{from: 'drop.in', into: raw.t}")
    p.write("in/1.json", lines({"a": 1}))
    p.write("in/2.json", lines({"a": 2}))
    p.run(want=0)
    p.write("in/3.json", lines({"a": 3}))
    same(p.run("--json", want=0).event("node_finished")["files_landed"], 1)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}, {"a": 3}])


# --- formats ------------------------------------------------------------------------------------

@suite.case
def records_below_a_path():
    document = {"status": "ok",
                "data": {"page": 1, "invoices": [{"id": i, "x": {"y": i}} for i in range(3)],
                                         "invoices2": []}}
    for content in (json.dumps(document), json.dumps(document, indent=2)):
        p = one("a.json", content, entry=", records: data.invoices")
        p.run(want=0)
        same(p.rows("raw.t", sort="id"), [{"id": i, "x": {"y": i}} for i in range(3)])
    q = one("a.json", json.dumps({"data": {"other": []}}), entry=", records: data.invoices")
    contains(q.run(want=1).err, "data.invoices")


@suite.case
def other_encodings():
    content = "id;name\n1;Zoë Müller\n2;Łódź\n"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"):
        data = content.encode(encoding)
        given = f", encoding: {encoding}" if encoding in ("utf-16-le", "utf-16-be") else ""
        p = one("a.csv", data, source=given.replace("utf-16-", "utf-16"))
        p.run(want=0)
        same(p.rows("raw.t", sort="id"),
             [{"id": 1, "name": "Zoë Müller"}, {"id": 2, "name": "Łódź"}],
             encoding)
    q = one("a.csv", "id;name\n1;Zoë – €5\n".encode("windows-1252"),
            source=", encoding: windows-1252")
    q.run(want=0)
    same(q.rows("raw.t"), [{"id": 1, "name": "Zoë – €5"}])
    r = one("a.csv", "id;name\n1;Zoë – €5\n".encode("windows-1252"))
    done = r.firn("run")
    if done.exit == 0:  # detected: then it is right, and said
        same(r.rows("raw.t"), [{"id": 1, "name": "Zoë – €5"}])
        contains(done.err, "windows-1252")
    else:
        same(done.exit, 3)
        same(r.rejects("raw.t")[0]["error"], "E2102")


@suite.case
def json_in_csv_cells():
    p = one("a.csv",
            'id;contact\n1;"[{""name"": ""A, B""}]"\n2;"{""name"": 5}"\n3;\n4;"[{broken"\n')
    p.run(want=0)
    same(p.rows("raw.t", sort="id"), [{"id": 1, "contact": '[{"name": "A, B"}]'},
                                      {"id": 2, "contact": '{"name": 5}'},
                                      {"id": 3, "contact": None},
                                      {"id": 4, "contact": "[{broken"}])


@suite.case
def separators():
    for separator in ",;\t|":
        p = one("a.csv", f"a{separator}b\n1{separator}x\n2{separator}y\n")
        p.run(want=0)
        same(p.rows("raw.t", sort="a"), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], repr(separator))
    q = one("a.tsv", "a\tb\n1\tx\n")
    q.run(want=0)
    same(q.rows("raw.t"), [{"a": 1, "b": "x"}])


@suite.case
def csv_rows_of_another_width():
    p = one("a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n")
    p.run(want=3)
    same(p.rows("raw.t", sort="a"), [{"a": 1, "b": 2}, {"a": 7, "b": 8}])
    same([(r["error"], r["line"], r["raw"]) for r in p.rejects("raw.t")],
         [("E2101", 3, "3"), ("E2101", 4, "4,5,6")])


# --- landed before ------------------------------------------------------------------------------

@suite.case
def landed_once():
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("a.json", lines({"a": 1}))
    p.run(want=0)
    path = p.folder / "data/a.json"
    for _ in range(2):
        same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")
    os.utime(path)  # touched: its content decides
    same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")
    p.write("b.json", lines({"a": 2}))
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}])
    same(len(snapshots(p.lake, "raw.t")), 2)


@suite.case
def changed_content_append():
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("a.json", lines({"a": 1}))
    p.run(want=0)
    p.write("a.json", lines({"a": 1}, {"a": 2}), age=1800)
    p.write("b.json", lines({"a": 3}))
    done = p.run(want=1)
    contains(done.err, "a.json", "9 bytes", "18 bytes", "E2003", "write: replace",
             "identity: content")
    same(p.rows("raw.t"), [{"a": 1}])
    p.write("a.json", lines({"a": 4}), age=1800)  # as many bytes as before
    contains(p.run(want=1).err, "a.json", "E2003")
    p.write("a.json", lines({"a": 1}), age=900)
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 3}])


@suite.case
def changed_content_replace():
    p = Project("{from: 'drop.*.json', into: raw.t, write: replace}")
    p.write("a.json", lines({"a": 1}))
    p.write("b.json", lines({"a": 2}))
    p.run(want=0)
    same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")
    p.write("a.json", lines({"a": 5}), age=1800)
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 2}, {"a": 5}])
    (p.folder / "data/a.json").unlink()
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 2}])
    same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")
    lint(p.lake)


@suite.case
def identity_content():
    p = Project("{from: 'drop.*.json', into: raw.t}", source=", identity: content")
    p.write("a.json", lines({"a": 1}))
    p.write("same.json", lines({"a": 1}))
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}], "two names, one content")
    p.write("moved.json", lines({"a": 1}))
    (p.folder / "data/a.json").unlink()
    same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")
    p.write("same.json", lines({"a": 2}), age=1800)
    p.run(want=0)
    same(p.rows("raw.t", sort="a"), [{"a": 1}, {"a": 2}])
    p.write("same.json", lines({"a": 1}), age=900)  # content that landed long ago
    same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")


@suite.case
def identity_path():
    p = Project("{from: 'drop.*.json', into: raw.t}", source=", identity: path")
    p.write("a.json", lines({"a": 1}))
    p.write("b.json", lines({"a": 1}))
    p.run(want=0)
    same(p.rows("raw.t"), [{"a": 1}, {"a": 1}])


@suite.case
def file_gone_append():
    """What landed stays, whatever becomes of the file."""
    p = Project("{from: 'drop.*.json', into: raw.t}")
    p.write("a.json", lines({"a": 1}))
    p.write("b.json", lines({"a": 2}))
    p.run(want=0)
    (p.folder / "data/a.json").unlink()
    same(p.run("--json", want=0).event("node_finished")["status"], "unchanged")
    same(len(p.rows("raw.t")), 2)


@suite.case
def ten_thousand_files():
    p = Project("{from: 'drop.*.json', into: raw.t}")
    folder = p.folder / "data"
    for i in range(10000):
        (folder / f"{i}.json").write_bytes(b'{"i": %d, "text": "file %d"}\n' % (i, i))
    first = p.run("--json", want=0)
    same(first.event("node_finished")["files_landed"], 10000)
    same(sorted(r["i"] for r in p.rows("raw.t")), list(range(10000)))
    same(len(data_files(p.lake, "raw.t")), 1)
    second = p.run("--json", want=0)
    same(second.event("node_finished")["status"], "unchanged")
    p.write("10000.json", b'{"i": 10000, "text": "new"}\n')
    third = p.run("--json", want=0)
    same((third.event("node_finished")["files_landed"], third.event("node_finished")["rows"]),
         (1, 1))
    note(f"10,000 files: first run {first.seconds:.2f} s ({first.peak >> 20} MB), nothing new "
         f"{second.seconds:.2f} s, one more {third.seconds:.2f} s")
    assert second.seconds < 3, f"nothing new took {second.seconds:.1f} s"
    lint(p.lake)


# --- rejects ------------------------------------------------------------------------------------

def mixed(good, bad):
    """Lines of which `bad` are no JSON, spread among the good ones."""
    step = max(1, (good + bad) // max(bad, 1))
    out, left = [], bad
    for i in range(good):
        if left and i % step == 0:
            out.append(b"{broken %d\n" % left)
            left -= 1
        out.append(b'{"a": %d}\n' % i)
    out += [b"{broken %d\n" % (left - k) for k in range(left)]
    return b"".join(out)


@suite.case
def rejects_within_the_limits():
    p = one("a.json", mixed(100, 5), more="rejects: {max: 5}\n")
    done = p.run(want=3)
    same((len(p.rows("raw.t")), len(p.rejects("raw.t"))), (100, 5))
    contains(done.out, "__rejects")
    q = one("a.json", mixed(100, 5), more="rejects: {exit: 0}\n")
    q.run(want=0)
    same(len(q.rejects("raw.t")), 5)
    same(q.run("--json", want=0).event("node_finished")["status"], "unchanged")


@suite.case
def rejects_beyond_the_limits():
    for good, bad, limits, end in ((100, 6, "{max: 5}", 1), (100, 1, "{max: 0}", 1),
                                   (3000, 200, "{max_ratio: 5%}", 1),
                                   (800, 200, "{max_ratio: 5%}", 3),
                                   (3000, 100, "{max_ratio: 5%}", 3), (2000, 1001, "{}", 1),
                                   (30000, 1000, "{}", 3), (900, 100, "{max: 50}", 1),
                                   (100, 12, "{max: 50, max_ratio: 10%}", 3)):
        p = Project("{from: drop.a.json, into: raw.t}", more=f"rejects: {limits}\n",
                    name="rejects_beyond_the_limits")
        p.write("a.json", mixed(good, bad))
        done = p.run(want=end)
        same(exists(p.lake, "raw.t"), end == 3, f"{good} {bad} {limits}")
        same(exists(p.lake, "raw.t__rejects"), end == 3)
        if end == 1:
            contains(done.err, "E2002", "rejected", "a.json", "line 1")
            assert not list(p.lake.rglob("*.parquet")), "data files stayed behind"
        else:
            same((len(p.rows("raw.t")), len(p.rejects("raw.t"))), (good, bad))


@suite.case
def rerun_after_mending():
    p = one("*.json", lines({"a": 1}), more="rejects: {max: 2}\n")
    p.run(want=0)
    p.write("b.json", "{x\n{y\n{z\n" + lines({"a": 2}))
    p.run(want=1)
    same(p.rows("raw.t"), [{"a": 1}])
    p.write("b.json", lines({"a": 2}, {"a": 3}))
    p.run(want=0)
    same(sorted(r["a"] for r in p.rows("raw.t")), [1, 2, 3])
    same(p.rejects("raw.t"), [])
    p.describe("{from: 'drop.*.json', into: raw.t}", more="rejects: {max: 3}\n")
    p.write("c.json", "{x\n{y\n{z\n" + lines({"a": 4}))
    p.run(want=3)
    same((len(p.rows("raw.t")), len(p.rejects("raw.t"))), (4, 3))
    p.run(want=0)  # done with: they are not rejected again
    same((len(p.rows("raw.t")), len(p.rejects("raw.t"))), (4, 3))
    lint(p.lake)


suite.end()
