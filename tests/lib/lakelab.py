# SPDX-License-Identifier: Apache-2.0
"""A table that firn and somebody else write to: what the suites interference.py and spark.py share.
What must be in it is known from what each of them was given to write, not from what it holds."""
import datetime
import pathlib

import crashlab
import firnlab
from firnlab import Project, contains, lines, same, table

THEIRS = "L021,L022"  # notes of lint.py on manifests that PyIceberg and Spark write
MODEL = "SELECT count(*) AS n, sum(id) AS total FROM raw.t\n"


class Lake(Project):
    """A stream of files into raw.t, a model over it.  `mine` are the ids that firn brings, `theirs`
    the others': together what the table must hold, each once."""

    def __init__(self, name, more=""):
        super().__init__("{from: 'drop.a/*.json', into: raw.t}", more, name=name)
        self.model("curated.m", MODEL)
        self.mine, self.theirs, self.files = [], [], 0

    def drop(self, count=100):
        """One more file; its ids."""
        self.files += 1
        ids = [self.files * 1000 + i for i in range(count)]
        self.write(f"a/{self.files:03}.json", lines(*({"id": i, "text": f"t{i}"} for i in ids)))
        self.mine += ids
        return ids

    def table(self):
        return table(self.lake, "raw.t")

    def rows_of(self, ids):
        """Rows for PyIceberg to append."""
        import pyarrow as pa
        now = datetime.datetime.now(datetime.timezone.utc)
        schema = self.table().schema().as_arrow()
        found = [{"id": i, "text": "theirs", "x_loaded_at": now} for i in ids]
        return pa.Table.from_pylist(found, schema=schema)

    def append(self, first, count=50):
        ids = list(range(first, first + count))
        self.table().append(self.rows_of(ids))
        self.theirs += ids

    def check(self, snapshots=None):
        """The table holds what it must, for every reader; the model was made of it."""
        self.run("curated.m")
        wanted = sorted(self.mine + self.theirs)
        same(sorted(r["id"] for r in self.rows("raw.t")), wanted, "raw.t")
        same(self.sql("SELECT count(*) AS n, sum(id) AS total FROM raw.t"),
             [{"n": len(wanted), "total": sum(wanted)}], "firn sql")
        same(self.rows("curated.m"), [{"n": len(wanted), "total": sum(wanted)}], "model")
        if snapshots:
            same(len(crashlab.history(self.lake, "raw.t")), snapshots, "commits")
        db = self.lake / "catalog.db"
        same(crashlab.tool("lint", "--strict", "--ignore", THEIRS, db)
             + crashlab.tool("agree", db), [])
        self.nothing_new()

    def nothing_new(self):
        """Another run lands nothing."""
        done = self.run("--json", "--only", "ingest")
        same(done.event("node_finished")["status"], "unchanged")

    def landed(self, *args):
        """A run; the number of files that it landed."""
        done = self.run("--json", "--only", "ingest", *args)
        return done.event("node_finished").get("files_landed", 0)


def lake(name, files=1, more=""):
    p = Lake(name, more)
    for _ in range(files):
        p.drop()
    p.run()
    return p


def expire(p, ids=None):
    """Expires all snapshots but the current one and those that a tag keeps."""
    t = p.table()
    kept = {ref.snapshot_id for ref in t.refs().values()}
    gone = [s.snapshot_id for s in t.metadata.snapshots if s.snapshot_id not in kept]
    for snapshot in ids or gone:
        t = p.table()
        t.maintenance.expire_snapshots().by_id(snapshot).commit()
    return gone


def forget(p):
    """Removes the older metadata files, as `write.metadata.delete-after-commit` would."""
    for entry in p.table().metadata.metadata_log:
        pathlib.Path(firnlab.path_of(entry.metadata_file)).unlink(missing_ok=True)


def refused(p, *words):
    """A run that must not guess: it changes nothing, and says these words."""
    before = p.table().metadata_location
    done = p.run(want=1)
    contains(done.err, "error E3003: raw.t: it cannot be told up to where the sources were landed",
             f"main is at snapshot {p.table().current_snapshot().snapshot_id}", *words)
    same(p.table().metadata_location, before)
    same(p.run(want=1).err, done.err, "said again")
