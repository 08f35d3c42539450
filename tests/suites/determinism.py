#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,failpoints timeout=600
"""The result of a landing depends on its input only: not on threads, not on memory, not on how
often the run was killed.  Rows, rejects, schema with field ids, and what the manifests say about
the files are compared with what this suite computes itself, and with each other."""
import collections
import csv
import decimal
import gzip
import hashlib
import io
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from firnlab import (FULL, Project, Suite, lines, lint, note, one, rows, same, snapshots,
                     table)  # noqa: E402

suite = Suite()
MB = 1 << 20
# The first is the one that the others are compared with.
VARIANTS = [("--threads", "1"), ("--threads", "2"), ("--threads", "8"),
            ("--threads", "8", "--memory", "256MB"), ("--threads", "2", "--memory", "2GB")]


# --- what is compared ---------------------------------------------------------------------------

def schema_of(lake, name):
    """Columns with ids, types and requiredness, all levels."""
    return [str(f) for f in table(lake, name).schema().fields]


def decoded(meta, bounds):
    from pyiceberg.conversions import from_bytes
    found = {}
    for field_id, value in (bounds or {}).items():
        field = meta.schema().find_field(field_id)
        found[field.name] = from_bytes(field.field_type, value)
    return found


def statistics(lake, name):
    """What the manifests say, summed over the files: how rows are spread over files is a matter of
    which thread was first, what they are is not."""
    meta = table(lake, name)
    names = {f.field_id: f.name for f in meta.schema().fields}
    sums, low, high = collections.Counter(), {}, {}
    for task in meta.scan().plan_files():
        sums["rows"] += task.file.record_count
        for word in ("value_counts", "null_value_counts", "nan_value_counts"):
            for field_id, count in (getattr(task.file, word) or {}).items():
                sums[word, names.get(field_id, field_id)] += count
        for key, value in decoded(meta, task.file.lower_bounds).items():
            low[key] = min(low.get(key, value), value)
        for key, value in decoded(meta, task.file.upper_bounds).items():
            high[key] = max(high.get(key, value), value)
    for bounds in (low, high):
        bounds.pop("x_loaded_at", None)
    return {k: v for k, v in sums.items() if v}, low, high


def row_hash(found):
    """Rows as one number, whatever their order."""
    total = 0
    for row in found:
        text = json.dumps(row, sort_keys=True, default=repr)
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:12], "big")
    return len(found), total % (1 << 96)


def outcome(p, name="raw.t"):
    rejects = [{k: v for k, v in r.items() if k not in crashlab.VOLATILE} for r in p.rejects(name)]
    return {"rows": row_hash(p.rows(name)), "rejects": rejects, "schema": schema_of(p.lake, name),
            "statistics": statistics(p.lake, name), "snapshots": len(snapshots(p.lake, name)),
            "stream": {k: v for k, v in table(p.lake, name).properties.items() if "firn" in k}}


def compare(make, want, wanted_rows, wanted_rejects=None, variants=tuple(VARIANTS)):
    """Lands what `make()` makes in each way; `wanted_rows` is what must be there."""
    first = None
    for variant in variants:
        p = make()
        p.run(*variant, want=want)
        found = outcome(p)
        same(found["rows"], row_hash(wanted_rows), f"{variant} rows")
        if wanted_rejects is not None:
            same([(r["file"], r["line"], r["offset"], r["raw"]) for r in found["rejects"]],
                 wanted_rejects, f"{variant} rejects")
        first = first or found
        for key, value in first.items():
            same(found[key], value, f"{variant} {key}")
    lint(p.lake)
    return first


# --- inputs -------------------------------------------------------------------------------------

def big_stream(count, size):
    """Files of NDJSON that together go beyond the look-ahead of 64 MB, every other one compressed;
    types grow in the middle of them; some records are bad.  Returns files, rows, rejects."""
    files, wanted, rejects = {}, [], []
    number = 0
    for k in range(count):
        out, offset = [], 0
        name = f"f{k}.json" + (".gz" if k % 2 else "")
        for line in range(1, size + 1):
            number += 1
            record = {"id": number, "pad": "p" * 10000, "o": {"x": number % 7}}
            if k == count - 1:  # behind the look-ahead
                record["late"] = f"text {number % 11}"
                record["o"]["y"] = [number]
            if k == count - 1 and line > size // 2:  # in the same batch, or a later one
                record["last"] = {"deep": [{"v": number, "w": "x" if number % 2 else None}]}
            text = json.dumps(record)
            if line % 97 == 13:
                number_here = k == count - 1 and line % 2
                text = '{"id": "no number"}' if number_here else "{broken"
                rejects.append((name, line, offset, text))
            else:
                wanted.append(record)
            out.append(text + "\n")
            offset += len(text) + 1
        data = "".join(out).encode()
        files[name] = gzip.compress(data, 1, mtime=0) if k % 2 else data
    return files, wanted, rejects


def project(files, **more):
    entry = "{from: 'drop.*', into: raw.t%s}" % more.pop("entry", "")
    p = Project(entry, name="determinism", **more)
    for name, data in files.items():
        p.write(name, data)
    return p


def completed(record, like):
    """With a null for each key that is not there, as a table has it."""
    if record is None:
        return None
    if isinstance(like, dict):
        return {k: completed(record.get(k), v) for k, v in like.items()}
    if isinstance(like, list):
        return [completed(x, like[0]) for x in record]
    return record


# --- cases --------------------------------------------------------------------------------------

@suite.case
def growth_in_the_middle():
    """Several files, beyond the look-ahead; columns and nested fields come late."""
    files, records, rejects = big_stream(6, 1400)
    like = {"id": 1, "pad": "", "o": {"x": 1, "y": [1]}, "late": "",
            "last": {"deep": [{"v": 1, "w": ""}]}}
    wanted = [completed(r, like) for r in records]
    first = compare(lambda: project(files, entry=", on_conflict_of_types: reject",
                                    more="rejects: {max: 2000}\n"), 3, wanted, rejects)
    same([s.split(": ")[1] for s in first["schema"]], ["id", "pad", "o", "late", "last",
                                                       "x_loaded_at"])
    note(f"{len(wanted)} rows, {len(rejects)} rejects, {sum(map(len, files.values())) >> 20} MB")


@suite.case
def look_ahead_of_many_files():
    """Three hundred files: what the last of them brings is in the schema of the first."""
    files = {f"{i}.json": lines({"a": i}) for i in range(300)}
    files["299.json"] = lines({"a": 1.5, "b": "x"})
    wanted = [{"a": float(i), "b": None} for i in range(299)] + [{"a": 1.5, "b": "x"}]
    first = compare(lambda: project(files), 0, wanted, [])
    assert "optional double" in first["schema"][0], first["schema"]


@suite.case
def look_ahead_and_memory():
    """A type that changes after 50 MB is seen, however little memory there is."""
    pad = "".join(json.dumps({"a": i, "pad": "p" * 10000}) + "\n" for i in range(5000))
    data = (pad + lines({"a": 0.5, "pad": ""})).encode()
    wanted = [{"a": float(i), "pad": "p" * 10000} for i in range(5000)] + [{"a": 0.5, "pad": ""}]
    compare(lambda: project({"a.json": data}), 0, wanted, [])
    # beside it files that are read ahead fill the queue, and must not stop the first
    more = "".join(json.dumps({"a": 1, "pad": "q" * 10000}) + "\n" for i in range(2000)).encode()
    files = {"a.json": data, **{f"b{k}.json": more for k in range(4)}}
    compare(lambda: project(files), 0,
            wanted + [{"a": 1.0, "pad": "q" * 10000}] * 8000, [], VARIANTS[::3])


@suite.case
def csv_files():
    rng = random.Random(5)
    files, wanted, rejects = {}, [], []
    for k in range(8):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["id", "amount", "day", "note"])
        for i in range(3000):
            amount = f"{rng.randrange(10**9)}.{rng.randrange(100):02}"
            day = f"2025-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
            words = rng.choice(["", "plain", "with, comma", 'with "quotes"', "two\nlines"])
            if i % 500 == 77:
                line = 1 + out.getvalue().count("\n")
                rejects.append((f"{k}.csv" + (".gz" if k % 3 == 0 else ""), line,
                                len(out.getvalue()), "7,too few"))
                out.write("7,too few\n")
                continue
            writer.writerow([k * 10000 + i, amount, day, words])
            wanted.append({"id": k * 10000 + i, "amount": decimal.Decimal(amount), "day": day,
                           "note": words or None})
        data = out.getvalue().encode()
        files[f"{k}.csv" + (".gz" if k % 3 == 0 else "")] = \
            gzip.compress(data, mtime=0) if k % 3 == 0 else data
    given = ", columns: {amount: 'decimal(18,2)', day: string}"
    compare(lambda: project(files, entry=given), 3, wanted, rejects)


@suite.case
def json_array():
    data = json.dumps([{"i": i, "v": [i, {"w": str(i)}] if i % 2 else None} for i in range(20000)])
    for word in ("residual", "string"):
        entry = f", on_conflict_of_types: {word}"
        p = one("a.json", data, entry=entry)
        p.run("--threads", "1")
        first = outcome(p)
        for variant in VARIANTS[1:]:
            p = one("a.json", data, entry=entry)
            p.run(*variant)
            same(outcome(p), {**first, "stream": first["stream"]}, variant)
    same(first["rows"], row_hash([{"i": i, "v": [str(i), json.dumps({"w": str(i)})] if i % 2
                                   else None} for i in range(20000)]))


# --- killed -------------------------------------------------------------------------------------

def killed_at_each_unit(make, want, variants, most=12):
    """Kills the run when the n-th unit is written, runs again; the same as undisturbed."""
    p = make()
    log = p.folder / "points.log"
    crashlab.run(p.folder, want=want, log=log)
    undisturbed = outcome(p)
    units = crashlab.passes(log)["landing.after_unit"]
    assert units >= 3, f"{units} units"
    chosen = range(1, units + 1) if FULL or units <= most else \
        sorted({1, 2, units - 1, units, *random.Random(1).sample(range(1, units), most - 4)})
    for variant in variants:
        for n in chosen:
            q = make()
            crashlab.run(q.folder, *variant, want=-9, points=f"landing.after_unit=nth:{n}:kill")
            crashlab.run(q.folder, *variant, want=want)
            found = outcome(q)
            for key, value in undisturbed.items():
                same(found[key], value, f"killed at unit {n}, {variant}: {key}")
            left = [str(f) for f in (q.lake / ".firn/tmp").rglob("*")]
            same(left, [], f"killed at unit {n}: scratch")
            files = {t.file.file_path.removeprefix("file://")
                     for name in ("raw.t", "raw.t__rejects")
                     for t in table(q.lake, name).scan().plan_files()}
            same({str(f) for f in q.lake.rglob("*.parquet")}, files, "files that nobody names")
    note(f"{units} units, killed at {len(chosen)} of them, {len(variants)} times")
    return undisturbed


@suite.case
def killed_among_small_units():
    files, wanted, rejects = {}, [], []
    for k in range(9):
        records = [{"id": k * 1000 + i, "text": hashlib.sha256(b"%d" % (k * 1000 + i)).hexdigest()}
                   for i in range(800)]
        for r in records[400:] if k > 5 else []:
            r["more"] = r["id"] % 5
        data = lines(*records)
        rejects.append((f"{k}.json", 801, len(data), "{broken"))
        files[f"{k}.json"] = data + "{broken\n"
        wanted += [{"more": None, **r} for r in records]
    found = killed_at_each_unit(
        lambda: project(files, more="maintenance: {target_file_size: 64KB}\n"), 3,
        [("--threads", "1"), ("--threads", "8")])
    same(found["rows"], row_hash(wanted))
    same([(r["file"], r["line"], r["offset"], r["raw"]) for r in found["rejects"]], rejects)


@suite.case
def killed_while_types_grow():
    files, records, rejects = big_stream(6, 1400)
    like = {"id": 1, "pad": "", "o": {"x": 1, "y": [1]}, "late": "",
            "last": {"deep": [{"v": 1, "w": ""}]}}
    found = killed_at_each_unit(
        lambda: project(files, entry=", on_conflict_of_types: reject",
                        more="rejects: {max: 2000}\nmaintenance: {target_file_size: 4MB}\n"),
        3, [("--threads", "2")])
    same(found["rows"], row_hash([completed(r, like) for r in records]))
    same(len(found["rejects"]), len(rejects))


@suite.case
def killed_again_and_again():
    """The same run is killed at every unit in turn, in one warehouse, and ends in the end."""
    files = {f"{k}.json": lines(*({"id": k * 1000 + i, "t": hashlib.sha256(
        b"%d.%d" % (k, i)).hexdigest()} for i in range(1000))) for k in range(6)}
    p = project(files, more="maintenance: {target_file_size: 64KB}\n")
    for n in range(1, 30):
        done = crashlab.run(p.folder, points=f"landing.after_unit=nth:{n}:kill")
        if done.exit == 0:
            break
        same(done.exit, -9)
    same(sorted(r["id"] for r in p.rows("raw.t")),
         [k * 1000 + i for k in range(6) for i in range(1000)])
    assert n > 3, n
    same(rows(p.lake, "raw.t", drop=("x_loaded_at", "t"), sort="id")[0], {"id": 0})


suite.end()
