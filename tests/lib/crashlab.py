# SPDX-License-Identifier: Apache-2.0
"""What the suites about crashes, power cuts, twins and foreign writers share: a project that has
everything in it, firn with fail points, and the comparison of two warehouses."""
import collections
import contextlib
import importlib
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import firnlab
from firnlab import Done, environment, path_of, text

# The program with fail points compiled in; suites about order and speed use firnlab.BIN.
FAIL_BIN = str(pathlib.Path(os.environ.get("FIRN_BUILD_FAILPOINTS")
                            or pathlib.Path(firnlab.BIN).parent) / "firn")
# What differs from run to run and is no part of the data.
VOLATILE = {"x_loaded_at", "x_rejected_at", "x_run", "run_id", "checked_at"}


# --- running ------------------------------------------------------------------------------------

def popen(folder, *args, points="", log=None, binary=FAIL_BIN, before=(), env=None, **more):
    """Starts firn in a project's folder, with fail points; `before`: a command that starts it."""
    env = {"FIRN_FAILPOINTS": points, "FIRN_FAILPOINTS_LOG": str(log) if log else None,
           **(env or {})}
    return subprocess.Popen([*before, binary, *map(str, args)], cwd=folder, env=environment(env),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **more)


def done(process, limit=120):
    """Waits for a started firn."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"{process.args}: no end after {limit} s") from None
    return Done(process.returncode, text(out), text(err), time.monotonic() - began, 0)


def run(folder, *args, want=None, **more):
    """firn run; with `want`, one of these exit states."""
    found = done(popen(folder, "run", *args, **more))
    if want is not None:
        wanted = want if isinstance(want, tuple) else (want,)
        assert found.exit in wanted, f"exit {wanted} wanted\n{found}"
    return found


def all_points():
    """The names of all fail points that the program knows."""
    found = subprocess.run([FAIL_BIN, "--list-failpoints"], capture_output=True, text=True,
                           check=True)
    return found.stdout.split()


def passes(log):
    """How often each fail point was passed."""
    lines = pathlib.Path(log).read_text(encoding="utf-8").split() if os.path.exists(log) else []
    return collections.Counter(lines)


def hold(folder, point, *args, nth=1):
    """Starts a run that lands, and stops it at a fail point.  (One that also makes models could be
    stopped in the middle of a change of the catalog, which keeps everybody waiting.)"""
    log = folder / "held.log"
    log.unlink(missing_ok=True)
    process = popen(folder, "run", *args, "--only", "ingest",
                    points=f"{point}=nth:{nth}:sleep:1000", log=log)
    end = time.monotonic() + 60
    while passes(log)[point] < nth:
        assert process.poll() is None and time.monotonic() < end, f"{point}: {done(process)}"
        time.sleep(0.005)
    process.send_signal(signal.SIGSTOP)
    return process


def release(process):
    process.send_signal(signal.SIGCONT)
    return done(process)


def error_lines(err):
    return [line for line in err.splitlines() if line.startswith("error ")]


# --- a project with everything ------------------------------------------------------------------

class Lab:
    """Five files in one stream (some records are bad) whose table merges its manifests, a
    partitioned table, a replaced one, two models with checks.  Files are written in units of some
    250 KB.  grow() brings more files, with another column, and other content of the replaced
    stream."""

    TABLES = ("raw.events", "raw.events__rejects", "raw.places", "raw.rates", "curated.by_kind",
              "curated.by_kind__failures", "curated.rated")

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.lake = self.folder / "lake"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "models/curated").mkdir(parents=True)
        (self.folder / "data/events").mkdir(parents=True)
        (self.folder / "data/places").mkdir(parents=True)
        self._describe()
        for i in range(1, 6):
            self._events(i, bad=(2, 4))
        self._places("a", 0, 150)
        self._write("rates.json", json.dumps([{"country": c, "rate": i} for i, c in
                                              enumerate(COUNTRIES)]))

    def _describe(self):
        (self.folder / "firn.yml").write_text(FIRN_YML, encoding="utf-8")
        for name, sql in MODELS.items():
            (self.folder / f"models/curated/{name}.sql").write_text(sql, encoding="utf-8")

    def _write(self, name, content, age=3600):
        path = self.folder / "data" / name
        path.write_text(content, encoding="utf-8")
        then = time.time() - age
        os.utime(path, (then, then))

    def _events(self, number, bad=(), extra=False):
        rng = random.Random(number)
        lines = []
        for i in range(600):
            n = "many" if number in bad and i % 250 == 7 else i
            record = {"id": number * 10000 + i, "kind": f"k{rng.randrange(7)}", "n": n,
                      "amount": f"{rng.randrange(10**6)}.{rng.randrange(100):02}",
                      "tags": [f"{rng.getrandbits(64):x}" for _ in range(3)],
                      "text": f"{rng.getrandbits(400):x}"}
            if extra:
                record["extra"] = {"at": f"2025-01-{1 + i % 28:02}T10:00:00Z", "ok": i % 2 == 0}
            lines.append(json.dumps(record) + "\n")
        self._write(f"events/e{number}.json", "".join(lines))

    def _places(self, name, first, last):
        lines = ["place,country,since\n"]
        lines += [f"p{i},{COUNTRIES[i % len(COUNTRIES)]},2024-{1 + i % 12:02}-15\n"
                  for i in range(first, last)]
        self._write(f"places/{name}.csv", "".join(lines))

    def grow(self):
        self._events(6, extra=True)
        self._events(7, bad=(7,), extra=True)
        self._places("b", 150, 260)
        self._write("rates.json", json.dumps([{"country": c, "rate": i * 10, "note": "new"}
                                              for i, c in enumerate(COUNTRIES)]), age=1800)

    def keep(self, name):
        """Sets the warehouse aside, to be brought back by restore."""
        copy_lake(self.lake, self.folder / name)

    def restore(self, name):
        """The warehouse as it was at keep(name); an unknown name: none."""
        copy_lake(self.folder / name, self.lake)


def copy_lake(source, target):
    """Copies a warehouse; files that nobody changes are linked.  No source: no target."""
    def copy(old, new):
        if ".db" in os.path.basename(old):
            shutil.copy2(old, new)
        else:
            os.link(old, new)
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target, copy_function=copy)


COUNTRIES = ("AT", "BE", "CH", "DE")

FIRN_YML = """name: lab
warehouse: ./lake
catalog: {name: lake}
sources:
  drop: {type: files, path: ./data}
ingest:
  - from: drop.events/*.json
    into: raw.events
    columns: {n: int, amount: "decimal(18,2)"}
    checks: ["id > 0"]
    properties: {commit.manifest.min-count-to-merge: 2}
  - {from: drop.places/*.csv, into: raw.places, partition: [country]}
  - {from: drop.rates.json, into: raw.rates, write: replace}
maintenance: {target_file_size: 64KB}
"""

MODELS = {
    "by_kind": """/* firn
columns: {kind: {checks: [not_null, unique]}}
checks: ["total >= 0", {check: "entries < 0", name: never, severity: warn}]
*/
SELECT kind, count(*) AS entries, sum(amount) AS total FROM raw.events GROUP BY kind
""",
    "rated": """/* firn
partition: [country]
columns: {place: {checks: [not_null, unique]}}
*/
SELECT p.place, p.country, p.since, r.rate FROM raw.places AS p JOIN raw.rates AS r USING (country)
""",
}


def undisturbed(folder):
    """What the warehouse of a Lab holds after each of its phases, if nobody disturbs it."""
    lab, wanted = Lab(folder), {}
    for phase in ("create", "grow"):
        if phase == "grow":
            lab.grow()
        run(lab.folder, want=3)
        wanted[phase] = contents(lab.lake)
        assert set(wanted[phase]) == set(Lab.TABLES)
    return wanted


# --- comparing warehouses -----------------------------------------------------------------------

def table_names(lake):
    """All tables of the catalog; [] where there is no catalog yet."""
    if not (lake / "catalog.db").exists():
        return []
    catalog = firnlab.catalog(lake)
    return sorted(".".join(t) for ns in catalog.list_namespaces() for t in catalog.list_tables(ns))


def contents(lake):
    """What the warehouse holds: {table: (rows as a multiset, schema, number of snapshots)}."""
    found = {}
    for name in table_names(lake):
        table = firnlab.table(lake, name)
        data = table.scan().to_arrow()
        data = data.drop_columns([c for c in data.column_names if c in VOLATILE])
        schema = [(f.field_id, f.name, str(f.field_type), f.required)
                  for f in table.schema().fields]
        found[name] = (collections.Counter(map(repr, data.to_pylist())), schema,
                       len(table.metadata.snapshots))
    return found


def differences(found, wanted, snapshots=True):
    """What is different, in words; [] if nothing is."""
    words = [f"{name} is {'missing' if name in wanted else 'too many'}"
             for name in found.keys() ^ wanted.keys()]
    for name in found.keys() & wanted.keys():
        rows, schema, count = found[name]
        rows_wanted, schema_wanted, count_wanted = wanted[name]
        lost, more = rows_wanted - rows, rows - rows_wanted
        if lost or more:
            words.append(f"{name}: {lost.total()} rows lost, {more.total()} too many")
        if schema != schema_wanted:
            words.append(f"{name}: schema {schema} instead of {schema_wanted}")
        # failing rows are written before the commit they belong to: again after a crash
        if snapshots and count != count_wanted and not name.endswith("__failures"):
            words.append(f"{name}: {count} snapshots instead of {count_wanted}")
    return words


def referenced(lake):
    """The paths of all files that the metadata of the catalog's tables name."""
    paths = set()
    for name in table_names(lake):
        table = firnlab.table(lake, name)
        paths.add(path_of(table.metadata_location))
        paths |= {path_of(entry.metadata_file) for entry in table.metadata.metadata_log}
        for snapshot in table.metadata.snapshots:
            paths.add(path_of(snapshot.manifest_list))
            for manifest in snapshot.manifests(table.io):
                paths.add(path_of(manifest.manifest_path))
                paths |= {path_of(entry.data_file.file_path) for entry in
                          manifest.fetch_manifest_entry(table.io, discard_deleted=False)}
    return paths


def on_disk(lake):
    """All files of tables, and what lies in scratch; not the catalog and the run record."""
    own = {lake / "catalog.db", lake / ".firn/runs.db"}
    return {str(path) for path in lake.rglob("*")
            if path.is_file() and path.with_name(path.name.removesuffix("-wal").removesuffix(
                "-shm").removesuffix("-journal")) not in own}


def leftovers(lake):
    """What nothing names and what is missing, in words."""
    if not lake.exists():
        return []
    names, disk = referenced(lake), on_disk(lake)
    words = [f"left behind: {path}" for path in sorted(disk - names)]
    words += [f"missing: {path}" for path in sorted(names - disk)]
    scratch = lake / ".firn/tmp"
    if scratch.exists():
        words += [f"scratch: {path}" for path in scratch.iterdir()]
    return words


def history(lake, name):
    """The summaries of a table's snapshots from the first to the current one; asserts that they
    are one line, with nothing beside it."""
    metadata = firnlab.table(lake, name).metadata
    line, at = [], metadata.current_snapshot_id
    while at is not None:
        snapshot = metadata.snapshot_by_id(at)
        line.append(snapshot)
        at = snapshot.parent_snapshot_id
    assert len(line) == len(metadata.snapshots), f"{name}: the history is not one line"
    return [s.summary for s in reversed(line)]


def tool(name, *args):
    """What lint or agree of ../shared say, in words; [] if nothing, or where they are not at hand.
    They run in this process, which saves a second each time.  They also read the catalog's first
    bytes, and closing that file would drop the locks of all connections of this process to it,
    whose log the next firn would then take away: so none may be open."""
    if not firnlab.SHARED:
        return []
    firnlab.close_catalogs()
    checks = f"{firnlab.SHARED}/checks"
    if checks not in sys.path:
        sys.path.insert(0, checks)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = importlib.import_module(name).main([str(a) for a in args])
    return [] if status == 0 else [f"{name}: {said.getvalue()[-500:]}"]


def lint(lake):
    """What lint.py finds, in words."""
    return tool("lint", "--strict", lake / "catalog.db") if table_names(lake) else []
