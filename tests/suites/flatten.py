#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=900
"""nested: flatten: objects become columns, arrays tables of their own, committed together with the
main table: put together again they are the documents; crashes and twins leave none ahead."""
import collections
import json
import pathlib
import random
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import crashlab  # noqa: E402
from documents import put, steps  # noqa: E402
from firnlab import (FULL, SHARED, Project, Skip, Suite, contains, exists, lines, lint, note,
                     one, position, same, snapshots, table, types)  # noqa: E402

suite = Suite()
META = {"x_row_id", "x_parent_id", "x_index", "x_loaded_at", "_residual"}


# --- putting together ---------------------------------------------------------------------------

def tables_of(lake, name):
    """The suffixes of the tables of arrays beside NS.TABLE."""
    return [n.removeprefix(name) for n in crashlab.table_names(lake)
            if n.startswith(name + "__") and not n.endswith("__rejects")]


def assemble(p, name):
    """The documents of a flattened table, from all its tables."""
    suffixes = tables_of(p.lake, name)
    children = collections.defaultdict(list)  # (suffix, id of the parent) → rows
    for suffix in suffixes:
        for row in p.rows(name + suffix, drop=()):
            children[suffix, row["x_parent_id"]].append(row)
    return [whole(row, "", children, suffixes) for row in p.rows(name, drop=())]


def whole(row, suffix, children, suffixes):
    document = {}
    for key, value in row.items():
        if key not in META and value is not None:
            document = put(document, key.split("__"), value)
    for child in suffixes:
        path = child.removeprefix(suffix + "__")
        between = [s for s in suffixes if child.startswith(s + "__") and len(s) > len(suffix)]
        if not child.startswith(suffix + "__") or between:
            continue
        rows = children[child, row.get("x_row_id")]
        rows.sort(key=lambda r: r["x_index"])
        same([r["x_index"] for r in rows], list(range(len(rows))))
        if rows:
            document = put(document, path.split("__"),
                           [element(whole(r, child, children, suffixes)) for r in rows])
    for path, value in json.loads(row.get("_residual") or "{}").items():
        document = put(document, steps(path), value)
    return document


def element(document):
    """A row of an array: a scalar, an array in an array, or an object."""
    if document.keys() == {"value"} or document.keys() == {"list"}:
        return next(iter(document.values()))
    return document


def bare(value):
    """A document without nulls, empty arrays and empty objects, which leave no trace in flat
    tables; elements keep their places."""
    if isinstance(value, dict):
        value = {k: bare(v) for k, v in value.items()}
        return {k: v for k, v in value.items() if v not in (None, [], {})}
    if isinstance(value, list):
        return [{} if v is None else bare(v) for v in value]
    return value


def comes_back(p, name, wanted, key="id"):
    found = {d[key]: d for d in assemble(p, name)}
    same(len(found), len(wanted))
    for record in wanted:
        same(bare(found[record[key]]), bare(record))


# --- shapes -------------------------------------------------------------------------------------

ORDERS = ({"id": 1, "customer": {"name": "A", "tags": ["x", "y"], "geo": {"at": {"lat": 1.5}}},
           "lines": [{"art": "p", "price": 1.5, "taxes": [{"r": 7}, {"r": 19}]},
                     {"art": "q", "price": 2, "taxes": []}], "m": [[1, 2], [3]]},
          {"id": 2, "customer": {"name": "B"}, "lines": []},
          {"id": 3, "lines": [{"art": "r"}]})


def flat(name="*.json", more="", **kw):
    return Project(f"{{from: 'drop.{name}', into: raw.o, nested: flatten{more}}}",
                   name=sys._getframe(1).f_code.co_name, **kw)


@suite.case
def objects_and_arrays():
    p = flat()
    p.write("a.json", lines(*ORDERS))
    p.run(want=0)
    same(types(p.lake, "raw.o"), {"x_row_id": "uuid", "id": "long", "customer__name": "string",
                                  "customer__geo__at__lat": "double",
                                  "x_loaded_at": "timestamptz"})
    same({s: list(types(p.lake, "raw.o" + s)) for s in tables_of(p.lake, "raw.o")},
         {"__customer__tags": ["x_parent_id", "x_index", "value", "x_loaded_at"],
          "__lines": ["x_row_id", "x_parent_id", "x_index", "art", "price", "x_loaded_at"],
          "__lines__taxes": ["x_parent_id", "x_index", "r", "x_loaded_at"],
          "__m": ["x_row_id", "x_parent_id", "x_index", "x_loaded_at"],
          "__m__list": ["x_parent_id", "x_index", "value", "x_loaded_at"]})
    comes_back(p, "raw.o", ORDERS)
    same(p.sql("SELECT o.id, l.art, t.r FROM raw.o AS o JOIN raw.o__lines AS l ON l.x_parent_id = "
               "o.x_row_id JOIN raw.o__lines__taxes AS t ON t.x_parent_id = l.x_row_id "
               "ORDER BY t.x_index"), [{"id": 1, "art": "p", "r": 7}, {"id": 1, "art": "p",
                                                                      "r": 19}])
    same(len({r["x_loaded_at"] for s in ("", "__lines", "__m__list")
              for r in p.rows("raw.o" + s, drop=())}), 1)
    lint(p.lake)


@suite.case
def all_tables_are_counted():
    """What a run and its record say was written is what all tables of the landing got."""
    p = flat()
    p.write("a.json", lines(*ORDERS))
    planned = json.loads(p.firn("plan", "--json", want=0).out)["streams"][0]
    done = p.run("--json", want=0)
    ran = [json.loads(line) for line in done.out.splitlines()]
    files = [f for s in [""] + tables_of(p.lake, "raw.o")
             for f in (p.lake / "raw" / ("o" + s) / "data").glob("*.parquet")]
    for e in [e for e in ran if e["event"] in ("node_finished", "run_finished")] + [planned]:
        same((e["data_files"], e["bytes_written"]),
             (len(files), sum(f.stat().st_size for f in files)), e.get("event", "plan"))
    same(planned["rows"], len(ORDERS))


@suite.case
def ids_follow_from_the_place():
    """The same file gives the same ids, whatever the threads."""
    seen = []
    for threads in (1, 4):
        p = flat()
        p.write("a.json", lines(*({"id": i, "l": [i, i + 1]} for i in range(5000))))
        p.write("b.json", lines({"id": "no number"}, {"id": 7000, "l": [1]}))
        p.run("--threads", threads, want=0)
        seen.append(({r["id"]: r["x_row_id"] for r in p.rows("raw.o")},
                     sorted((str(r["x_parent_id"]), r["x_index"]) for r in p.rows("raw.o__l"))))
    same(seen[0], seen[1])
    same(len(set(seen[0][0].values())), len(seen[0][0]))


@suite.case
def growth():
    """Columns and tables come when their keys do, in later landings as well."""
    p = flat()
    p.write("1.json", lines({"id": 1, "s": {"a": 1}}))
    p.run(want=0)
    same(tables_of(p.lake, "raw.o"), [])
    later = [{"id": 2, "s": {"a": 2, "b": "x", "l": [{"k": 1}]}, "t": [True]},
             {"id": 3, "s": {"l": [{"k": 2, "n": [1.5]}]}}]
    for i, record in enumerate(later):
        p.write(f"{i + 2}.json", lines(record))
        p.run(want=0)
    comes_back(p, "raw.o", [{"id": 1, "s": {"a": 1}}, *later])
    ids = {f.name: f.field_id for f in table(p.lake, "raw.o").schema().fields}
    p.write("9.json", lines({"id": 9, "new": 1}))
    p.run(want=0)
    fields = table(p.lake, "raw.o").schema().fields
    same({f.name: f.field_id for f in fields if f.name in ids}, ids)
    lint(p.lake)


@suite.case
def replaced():
    """A replaced table takes its arrays along: those that are gone are empty."""
    p = flat("a.json", ", write: replace")
    p.write("a.json", lines({"id": 1, "l": [1, 2], "k": [{"x": 1}]}))
    p.run(want=0)
    p.write("a.json", lines({"id": 2, "l": [3]}), age=60)
    p.run(want=0)
    comes_back(p, "raw.o", [{"id": 2, "l": [3]}])
    same((len(p.rows("raw.o__l")), len(p.rows("raw.o__k"))), (1, 0))
    p.write("a.json", lines({"id": 3, "k": [{"y": 1}]}), age=30)
    p.run(want=0)
    comes_back(p, "raw.o", [{"id": 3, "k": [{"y": 1}]}])
    p.run("--full-refresh", want=0)
    comes_back(p, "raw.o", [{"id": 3, "k": [{"y": 1}]}])
    lint(p.lake)


@suite.case
def native_again():
    """Replaced by documents as they are, a table takes the rows of its arrays along."""
    p = flat("a.json", ", write: replace")
    p.write("a.json", lines({"id": 1, "l": [1, 2], "k": [{"x": 1}]}))
    p.run(want=0)
    text = (p.folder / "firn.yml").read_text()
    (p.folder / "firn.yml").write_text(text.replace("flatten", "native"))
    for full in (("--full-refresh",), ()):
        p.write("a.json", lines({"id": 2, "l": [3]}), age=60 + len(full))
        p.run(*full, want=0)
        same([(r["id"], r["l"]) for r in p.rows("raw.o")], [(2, [3])])
        same((p.rows("raw.o__l"), p.rows("raw.o__k")), ([], []))
    (p.folder / "firn.yml").write_text(text)
    p.run("--full-refresh", want=0)
    comes_back(p, "raw.o", [{"id": 2, "l": [3]}])
    lint(p.lake)


@suite.case
def nothing_new():
    p = flat()
    p.write("a.json", lines(*ORDERS))
    p.run(want=0)
    before = {s: len(snapshots(p.lake, "raw.o" + s)) for s in ["", *tables_of(p.lake, "raw.o")]}
    p.run(want=0)
    p.write("b.json", lines({"id": 4}))  # no element: no snapshot of any array
    p.run(want=0)
    after = {s: len(snapshots(p.lake, "raw.o" + s)) for s in ["", *tables_of(p.lake, "raw.o")]}
    same(after, {**before, "": 2})


@suite.case
def names_that_clash():
    p = flat()
    p.write("a.json", lines({"a": {"b": 1}, "a__b": 2}))
    contains(p.run(want=2).err, "two columns 'a__b'", "from: KEY")
    p = flat()
    p.write("a.json", lines({"id": 1, "rejects": [1], "x_row_id": 5}))
    p.run(want=0)
    same(tables_of(p.lake, "raw.o"), ["__rejects_2"])
    same(p.rows("raw.o")[0]["x_row_id_2"], 5)
    p = Project(["{from: drop.a.json, into: raw.o__l}",
                 "{from: drop.b.json, into: raw.o, nested: flatten}"], name="clash")
    p.write("a.json", lines({"x": 1}))
    p.write("b.json", lines({"l": [1]}))
    contains(p.firn("run", want=2).err, "raw.o__l", "not one of its own")
    same(p.rows("raw.o__l"), [{"x": 1}])
    assert not exists(p.lake, "raw.o")


@suite.case
def models_of_arrays():
    """A model that reads the table of an array runs behind the stream, and again when it grew."""
    p = flat()
    p.model("curated.total", "SELECT count(*) AS n, sum(v) AS v FROM raw.o__l")
    p.write("a.json", lines({"id": 1, "l": [{"v": 1}, {"v": 2}]}))
    p.firn("check", want=0)
    p.run(want=0)
    same(p.rows("curated.total", drop=()), [{"n": 2, "v": 3}])
    p.run(want=0)
    same(len(snapshots(p.lake, "curated.total")), 1)
    p.write("b.json", lines({"id": 2, "l": [{"v": 4}]}))
    p.run(want=0)
    same(p.rows("curated.total", drop=()), [{"n": 3, "v": 7}])


@suite.case
def contracts():
    p = flat()
    p.write("1.json", lines({"id": 1, "l": [{"a": 1}]}))
    p.run(want=0)
    entry = "{from: 'drop.*.json', into: raw.o, nested: flatten, contract: "
    p.describe(entry + "{tables: freeze}}")
    p.write("2.json", lines({"id": 2, "l": [{"a": 2}], "new": [1]}))
    contains(p.run(want=1).err, "raw.o__new", "E2005")
    assert not exists(p.lake, "raw.o__new")
    same(len(p.rows("raw.o__l")), 1)
    p.describe(entry + "{columns: discard_value}}")
    p.run(want=3)
    same([(r["path"], r["value"], r["landed"]) for r in p.rejects("raw.o")], [("new", "[1]", True)])
    same(len(p.rows("raw.o__l")), 2)


@suite.case
def partitioned():
    p = flat(more=", partition: [customer__name]")
    p.write("a.json", lines(*ORDERS))
    p.run(want=0)
    comes_back(p, "raw.o", ORDERS)
    same(str(table(p.lake, "raw.o").spec().fields[0].name), "customer__name")


@suite.case
def documents_of_any_kind():
    """Random documents over several landings come back from their tables."""
    rng = random.Random(20253)

    def value(depth):
        kinds = [lambda: rng.randint(0, 99), lambda: "text", lambda: 1.5]
        if depth:
            kinds += [lambda: {k: value(depth - 1) for k in rng.sample("pqr", rng.randint(0, 3))},
                      lambda: [value(depth - 1) for _ in range(rng.randint(0, 3))]]
        return rng.choice(kinds)()
    for _ in range(8 if FULL else 3):
        p = flat()
        wanted = []
        for landing in range(2):
            records = [{"id": landing * 1000 + i} | {k: value(3) for k in "abc"}
                       for i in range(rng.randint(1, 60))]
            wanted += records
            p.write(f"{landing}.json", lines(*records))
            p.run(want=0)
        found = {d["id"]: d for d in assemble(p, "raw.o")}
        for record in wanted:
            assert alike(found[record["id"]], record), f"{found[record['id']]} is not {record}"
        lint(p.lake)


def alike(found, wanted):
    """Equal but for what leaves no trace; what is JSON text is read."""
    found, wanted = bare(found), bare(wanted)
    if found in (None, {}, []) and wanted in (None, {}, []):
        return True
    if isinstance(found, str) and not isinstance(wanted, str):
        return alike(json.loads(found), wanted)
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(alike(found.get(k), wanted.get(k)) for k in {*found, *wanted})
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(alike, found, wanted))
    return found == wanted


@suite.case
def real_invoices():
    p = Project("{from: drop.ifco/invoicing_data.json, into: raw.i, records: data.invoices, "
                "nested: flatten}")
    text = (p.folder / "firn.yml").read_text(encoding="utf-8")
    (p.folder / "firn.yml").write_text(text.replace("./data", f"{SHARED}/data"), encoding="utf-8")
    p.run(want=0)
    with open(f"{SHARED}/data/ifco/invoicing_data.json", encoding="utf-8") as f:
        comes_back(p, "raw.i", json.load(f)["data"]["invoices"])


@suite.case
def many_elements():
    p = flat()
    p.write("a.json", lines(*({"id": i, "l": [{"a": i, "b": "x" * 20}] * 10} for i in
                              range(100_000))))
    done = p.run("--memory", "400MB", want=0)
    same(p.sql("SELECT count(*) AS n, count(DISTINCT x_parent_id) AS p FROM raw.o__l"),
         [{"n": 1_000_000, "p": 100_000}])
    assert done.peak < 400 << 20, done.peak
    note(f"a million elements: {done.seconds:.2f} s, {done.peak >> 20} MB")


# --- crashes and twins --------------------------------------------------------------------------

class Lab:
    """A flattened stream of three files in several units, with a bad record, that grows."""

    def __init__(self, name):
        self.p = Project("{from: 'drop.*.json', into: raw.o, nested: flatten, columns: {n: int}}",
                         "maintenance: {target_file_size: 64KB}\n", name=name)
        self.lake, self.folder = self.p.lake, self.p.folder
        self.bring("a", 0)
        self.bring("b", 1)

    def bring(self, name, number):
        rng = random.Random(number)
        records = [{"id": number * 1000 + i, "n": "bad" if i == 77 else i,
                    "l": [{"v": rng.random(), "t": [f"{rng.getrandbits(64):x}"] * 2}] * 3,
                    **({"more": [number]} if number else {})} for i in range(400)]
        self.p.write(f"{name}.json", lines(*records))

    def grow(self):
        self.bring("c", 2)


@suite.case
def crashes():
    """Killed at each fail point of a landing, at its first pass and at its last, then run again:
    the same tables as without, in all phases, and nothing left behind."""
    wanted, passed = {}, {}
    lab = Lab("undisturbed")
    for phase in ("create", "grow"):
        if phase == "grow":
            lab.grow()
        log = lab.folder / f"{phase}.log"
        end = crashlab.run(lab.folder, log=log)
        if not crashlab.passes(log):
            raise Skip("a program without fail points")
        same(end.exit, 3, end.err)
        wanted[phase], passed[phase] = crashlab.contents(lab.lake), crashlab.passes(log)
    same(sorted(wanted["grow"]), ["raw.o", "raw.o__l", "raw.o__l__t", "raw.o__more",
                                  "raw.o__rejects"])
    cells = [(phase, point, nth) for phase in ("create", "grow") for point in passed[phase]
             for nth in sorted({1, passed[phase][point]})]
    if not FULL:
        random.Random(7).shuffle(cells)
        cells = cells[:10]
    for phase, point, nth in cells:
        lab = Lab("crash")
        if phase == "grow":
            crashlab.run(lab.folder, want=3)
            lab.grow()
        end = crashlab.run(lab.folder, points=f"{point}=nth:{nth}:kill")
        if end.exit == -signal.SIGKILL:
            check_together(lab)
        end = crashlab.run(lab.folder)
        assert end.exit in (0, 3), f"{phase} {point} {nth}: {end}"
        wrong = crashlab.differences(crashlab.contents(lab.lake), wanted[phase]) + \
            crashlab.leftovers(lab.lake) + crashlab.lint(lab.lake)
        assert not wrong, f"{phase} {point} {nth}: {wrong}"
    note(f"{len(cells)} crashes")


def check_together(lab):
    """After a crash, before anything was mended: what the main table does not have, no table of an
    array has."""
    if not exists(lab.lake, "raw.o"):
        same(crashlab.table_names(lab.lake), [])
        return
    ids = {r["x_row_id"] for r in lab.p.rows("raw.o")}
    same({r["x_parent_id"] for r in lab.p.rows("raw.o__l")}, ids)
    seq = json.loads(position(lab.lake, "raw.o"))["streams"]["drop.*.json"]["seq"]
    same(len(snapshots(lab.lake, "raw.o__l")), seq)


@suite.case
def twins():
    """Two that land the same files: one is refused, whole, or finds everything landed."""
    lab = Lab("twin-undisturbed")
    crashlab.run(lab.folder, want=3)
    lab.grow()
    crashlab.run(lab.folder, want=3)
    wanted = crashlab.contents(lab.lake)
    lab = Lab("twins")
    crashlab.run(lab.folder, want=3)
    lab.grow()
    try:
        first = crashlab.hold(lab.folder, "commit.before_swap")
    except AssertionError as e:
        raise Skip("a program without fail points") from e
    second = crashlab.run(lab.folder)
    same(second.exit, 3, second.err)
    first = crashlab.release(first)
    assert first.exit in (0, 1), first
    wrong = crashlab.differences(crashlab.contents(lab.lake), wanted) + \
        crashlab.leftovers(lab.lake)
    assert not wrong, wrong


suite.end()
