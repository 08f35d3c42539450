# SPDX-License-Identifier: Apache-2.0
"""firn as a writer: rows are landed from JSON files, or made by a model where JSON cannot say them
(NaN, infinities); all other steps are ALTER TABLE."""
import base64
import concurrent.futures
import datetime
import decimal
import json
import os
import pathlib
import sqlite3
import uuid

import features
import model
import read
from writers import Cannot, shortened, spec_field

WHY = {"delete": "firn deletes no rows", "upsert": "firn has no MERGE", "files": "firn adds no "
       "files of others", "compact": "firn does not compact", "overwrite": "firn has no overwrite",
       "rewrite_manifests": "firn rewrites no manifests by command"}


# --- values -------------------------------------------------------------------------------------

def type_text(type_):
    if isinstance(type_, model.Struct):
        return "struct<" + ", ".join(
            f"{word(f.name)}: {type_text(f.type)}{' not null' if f.required else ''}"
            for f in type_.fields) + ">"
    if isinstance(type_, model.List):
        return f"list<{type_text(type_.element)}{' not null' if type_.required else ''}>"
    if isinstance(type_, model.Map):
        return f"map<{type_text(type_.key)}, {type_text(type_.value)}>"
    return type_


def word(name):
    return name if name.isidentifier() and name.isascii() else "`" + name + "`"


def plain(type_, value):
    """The text of JSON for a value of a primitive type."""
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        raise Cannot("JSON has no NaN and no infinities")
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode())
    if isinstance(value, int) and type_.startswith("timestamp"):
        whole = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=value // 10**9)
        zone = "Z" if "tz" in type_ else ""
        return json.dumps(f"{whole.isoformat()}.{value % 10**9:09}{zone}")
    if isinstance(value, (datetime.date, datetime.time)):
        return json.dumps(value.isoformat())
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    return json.dumps(str(value) if isinstance(value, uuid.UUID) else value)


def as_json(type_, value):
    if value is None:
        return "null"
    if isinstance(type_, model.Struct):
        return "{" + ", ".join(f"{json.dumps(f.name)}: {as_json(f.type, value[f.name])}"
                               for f in type_.fields) + "}"
    if isinstance(type_, model.List):
        return "[" + ", ".join(as_json(type_.element, v) for v in value) + "]"
    if isinstance(type_, model.Map):
        pairs = value.items() if isinstance(value, dict) else value
        return "{" + ", ".join(f"{key(type_.key, k)}: {as_json(type_.value, v)}"
                               for k, v in pairs) + "}"
    return plain(type_, value)


def key(type_, value):
    text = plain(type_, value)
    return text if text.startswith('"') else json.dumps(text)


def not_in_json(value):
    if isinstance(value, dict):
        return any(map(not_in_json, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(not_in_json, value))
    return isinstance(value, float) and (value != value or abs(value) == float("inf"))


# --- a table ------------------------------------------------------------------------------------

class Table:
    """A project of its own over the common warehouse."""

    def __init__(self, home, name, feature):
        self.home, self.name, self.feature = pathlib.Path(home), name, feature
        self.folder = self.home / "projects" / features.table_name(feature)
        (self.folder / "data").mkdir(parents=True)
        self.model = model.Model(model.columns_of(feature.columns))
        self.landed, self.version = 0, 2

    def make(self):
        if self.feature.version == 1:
            raise Cannot("firn makes no tables of version 1")
        inserts = [s for s in self.feature.steps if s[0] == "insert"]
        if any(not_in_json(s[1]) for s in inserts):
            if len(inserts) != 1 or self.feature.steps[0][0] != "insert":
                raise Cannot("JSON has no NaN and no infinities")
            return self.by_model(inserts[0][1])
        if not self.feature.steps or self.feature.steps[0][0] != "insert":
            self.insert([])
        for step in self.feature.steps:
            name, *arguments = step
            options = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
            if name in WHY:
                raise Cannot(WHY[name])
            getattr(self, name)(*arguments, **options)
            self.model.apply(list(step))
        return None

    def by_model(self, rows):
        fields = self.model.schema.fields
        selects = ["SELECT " + ", ".join(
            f"{self.literal(f.type, r[f.name])} AS {read.quoted(f.name)}" for f in fields)
                   for r in rows]
        path = self.folder / "models" / "x" / f"{self.name}.sql"
        path.parent.mkdir(parents=True)
        partition = ", ".join(map(self.partition_text, self.feature.spec))
        head = f"-- partition: [{partition}]\n" if partition else ""
        path.write_text(head + "\nUNION ALL\n".join(selects), encoding="utf-8")
        self.project("")
        self.firn("run", "-p", self.folder)
        self.after_first()

    def literal(self, type_, value):
        if not isinstance(type_, str):
            raise Cannot("nested NaN is not tried")
        if value is None:
            return f"CAST(NULL AS {read.SQL_TYPES.get(type_, type_)})"
        return read.sql_literal(type_, value)

    def partition_text(self, spec):
        transform, column, _ = spec_field(spec)
        kind, _, width = transform.partition("[")
        if kind == "identity":
            return column
        return f"{kind}({width[:-1]}, {column})" if width else f"{kind}({column})"

    def project(self, ingest):
        (self.folder / "firn.yml").write_text(
            "name: interop\nwarehouse: ../..\ncatalog: {type: sqlite, name: lake}\n"
            "sources: {drop: {type: files, path: ./data}}\n"
            f"memory: 256MB\nthreads: 1\n{ingest}", encoding="utf-8")

    def firn(self, *arguments):
        try:
            return read.firn_command(*arguments, cwd=self.folder)
        except read.Cannot as why:
            raise Cannot(str(why) or "records were rejected") from None

    def insert(self, rows):
        self.landed += 1
        fields = self.model.schema.fields
        columns = {f.name: {"type": type_text(f.type), **({"required": True} if f.required else {})}
                   for f in fields if "`" not in type_text(f.type)}  # those are found out
        entry = {"from": "drop.*.json", "into": f"x.{self.name}", "columns": columns}
        if self.landed == 1:
            text = ", ".join(json.dumps(self.partition_text(s), ensure_ascii=False)
                             for s in self.feature.spec)
            properties = self.feature.properties
            more = (f", partition: [{text}]" if text else "") + (
                f", properties: {json.dumps(properties)}" if properties else "")
        else:
            more = ""
        shown = json.dumps(entry, ensure_ascii=False)[1:-1].replace('"from"', "from").replace(
            '"into"', "into").replace('"columns"', "columns")
        self.project(f"ingest:\n  - {{{shown}{more}}}\n")
        path = self.folder / "data" / f"{self.landed:03}.json"
        path.write_text("".join(as_json(self.model.schema, r) + "\n" for r in rows),
                        encoding="utf-8")
        then = path.stat().st_mtime - 3600
        os.utime(path, (then, then))
        self.firn("run", "-p", self.folder)
        if self.landed == 1:
            self.after_first()

    def after_first(self):
        if self.feature.version == 3:
            self.upgrade(3)

    # Changes.

    def alter(self, what):
        self.firn("sql", f"ALTER TABLE x.{read.quoted(self.name)} {what}")

    def add(self, path, type_, default=None, where=None, required=False):
        more = " NOT NULL" if required else ""
        if default is not None:
            more += " DEFAULT " + bare(default)
        if where:
            kind, _, other = where.partition(" ")
            more += f" {kind.upper()}" + (f" {read.quoted(other)}" if other else "")
        self.alter(f"ADD COLUMN {dotted(path)} {type_}{more}")

    def drop(self, path):
        self.alter(f"DROP COLUMN {dotted(path)}")

    def rename(self, path, to):
        self.alter(f"RENAME COLUMN {dotted(path)} TO {read.quoted(to)}")

    def move(self, path, where):
        kind, _, other = where.partition(" ")
        self.alter(f"ALTER COLUMN {dotted(path)} {kind.upper()} "
                   + (read.quoted(other) if other else ""))

    def widen(self, path, type_):
        self.alter(f"ALTER COLUMN {dotted(path)} TYPE {type_}")

    def optional(self, path):
        self.alter(f"ALTER COLUMN {dotted(path)} DROP NOT NULL")

    def document(self, path, text):
        self.alter(f"ALTER COLUMN {dotted(path)} COMMENT '" + text.replace("'", "''") + "'")

    def partition(self, spec):
        self.alter(f"ADD PARTITION FIELD {self.partition_text(spec)}")

    def unpartition(self, spec):
        self.alter(f"DROP PARTITION FIELD {self.partition_text(spec)}")

    def tag(self, name):
        self.alter(f"CREATE TAG {read.quoted(name)}")

    def upgrade(self, version):
        self.alter(f"SET TBLPROPERTIES ('format-version' = '{version}')")

    def sort(self, column):
        self.alter(f"WRITE ORDERED BY {read.quoted(column)}")


def bare(value):
    """A literal for ALTER TABLE."""
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, (bool, int, float, decimal.Decimal)):
        return str(value)
    text = value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else str(value)
    return "'" + text.replace("'", "''") + "'"


def dotted(path):
    return ".".join(read.quoted(p) for p in path.split("."))


def make(home, wanted):
    """{key: {"metadata": …} or {"cannot": …}}."""
    def one(feature):
        name = features.table_name(feature)
        try:
            if not name.isidentifier():
                raise Cannot("names of tables are letters, digits and _")
            Table(home, name, feature).make()
        except (Cannot, read.Cannot, AssertionError) as error:
            return {"cannot": shortened(str(error))}
        return {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip([f.key for f in wanted], pool.map(one, wanted)))
    if not (pathlib.Path(home) / "catalog.db").exists():
        return found
    with sqlite3.connect(pathlib.Path(home) / "catalog.db") as db:
        places = dict(db.execute("SELECT table_name, metadata_location FROM iceberg_tables"))
        for f in wanted:
            if "cannot" in found[f.key]:  # not the half of one
                db.execute("DELETE FROM iceberg_tables WHERE table_name = ?",
                           (features.table_name(f),))
            elif features.table_name(f) not in places:
                found[f.key] = {"cannot": "firn makes no table without a record"}
            else:
                found[f.key] = {"metadata": places[features.table_name(f)]}
    return found
