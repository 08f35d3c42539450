# SPDX-License-Identifier: Apache-2.0
"""PyIceberg as a writer: the steps of a feature by its Python API."""
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg import types as t
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import In
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform

import model
from writers import Cannot, spec_field

PLAIN = {"boolean": t.BooleanType, "int": t.IntegerType, "long": t.LongType, "float": t.FloatType,
         "double": t.DoubleType, "date": t.DateType, "time": t.TimeType, "string": t.StringType,
         "timestamp": t.TimestampType, "timestamptz": t.TimestamptzType, "uuid": t.UUIDType,
         "binary": t.BinaryType, "timestamp_ns": t.TimestampNanoType,
         "timestamptz_ns": t.TimestamptzNanoType, "unknown": t.UnknownType}


class Counter:
    """Field ids for a schema to create; PyIceberg gives its own."""

    def __init__(self):
        self.last = 0

    def next(self):
        self.last += 1
        return self.last


def iceberg(type_, ids):
    if isinstance(type_, model.Struct):
        return t.StructType(*fields(type_, ids))
    if isinstance(type_, model.List):
        return t.ListType(ids.next(), iceberg(type_.element, ids), type_.required)
    if isinstance(type_, model.Map):
        return t.MapType(ids.next(), iceberg(type_.key, ids), ids.next(),
                         iceberg(type_.value, ids), type_.required)
    if type_.startswith("decimal"):
        return t.DecimalType(*model.two_numbers(type_))
    if type_.startswith("fixed"):
        return t.FixedType(*model.two_numbers(type_))
    if type_ not in PLAIN:
        raise Cannot(f"no type {type_}")
    return PLAIN[type_]()


def fields(struct, ids):
    return [t.NestedField(ids.next(), f.name, iceberg(f.type, ids), f.required)
            for f in struct.fields]


def for_arrow(type_, value):
    """What pyarrow takes."""
    if value is None:
        return None
    if isinstance(type_, model.Struct):
        return {f.name: for_arrow(f.type, value[f.name]) for f in type_.fields}
    if isinstance(type_, model.List):
        return [for_arrow(type_.element, v) for v in value]
    if isinstance(type_, model.Map):
        pairs = value.items() if isinstance(value, dict) else value
        return [(for_arrow(type_.key, k), for_arrow(type_.value, v)) for k, v in pairs]
    return value.bytes if type_ == "uuid" else value


class Writer:
    """One catalog for all features."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.catalog = SqlCatalog("lake", uri=f"sqlite:///{home}/catalog.db",
                                  warehouse=f"file://{home}")
        self.catalog.create_namespace_if_not_exists("x")

    def make(self, name, feature):
        """Makes the table; returns the location of its metadata."""
        schema = feature_schema(feature)
        made = self.catalog.create_table(
            ("x", name), schema, properties={**feature.properties,
                                             "format-version": str(feature.version)},
            partition_spec=first_spec(feature, schema))
        table = Table(made, feature)
        try:
            for step in feature.steps:
                table.apply(list(step))
        except Exception:
            self.catalog.drop_table(("x", name))
            raise
        return table.table.metadata_location

    def close(self):
        self.catalog.engine.dispose()


def feature_schema(feature):
    ids = Counter()
    return Schema(*fields(model.columns_of(feature.columns), ids))


def first_spec(feature, schema):
    made = []
    for text in feature.spec:
        transform, column, name = spec_field(text)
        made.append(PartitionField(schema.find_field(column).field_id, 1000 + len(made),
                                   parse_transform(transform), name))
    return PartitionSpec(*made)


class Table:
    def __init__(self, table, feature):
        self.table, self.model = table, model.Model(model.columns_of(feature.columns))
        self.files = 0

    def apply(self, step):
        options = step[-1] if isinstance(step[-1], dict) else {}
        arguments = [a for a in step[1:] if a is not options]
        getattr(self, "do_" + step[0])(*arguments, **options)
        self.model.apply(list(step))

    def arrow(self, rows, ids=True):
        schema = self.table.schema().as_arrow()
        if not ids:
            schema = without_ids(schema)
        columns = [pa.array([for_arrow(f.type, r[f.name]) for r in rows], schema.field(f.name).type)
                   for f in self.model.schema.fields]
        return pa.table(columns, schema=schema)

    def do_insert(self, rows):
        self.table.append(self.arrow(rows))

    def do_overwrite(self, rows):
        self.table.overwrite(self.arrow(rows))

    def do_delete(self, ids, how=None, by=None):
        if how:
            raise Cannot({"rows": "PyIceberg deletes by copying only",
                          "equality": "PyIceberg writes no equality deletes"}[how])
        self.table.delete(In("id", ids))

    def do_upsert(self, rows):
        self.table.upsert(self.arrow(rows), join_cols=["id"])

    def do_files(self, rows):
        self.files += 1
        folder = pathlib.Path(model_path(self.table.location())) / "added"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.files}.parquet"
        pq.write_table(self.arrow(rows, ids=False), path)
        self.table.add_files([f"file://{path}"])

    def update(self):
        return self.table.update_schema(allow_incompatible_changes=True)

    def do_add(self, path, type_, default=None, where=None, required=False):
        with self.update() as u:
            u.add_column(tuple(path.split(".")), iceberg(model.type_of(type_), Counter()),
                         required=required, default_value=default)
            if where:
                place(u, path, where)

    def do_drop(self, path):
        with self.update() as u:
            u.delete_column(tuple(path.split(".")))

    def do_rename(self, path, to):
        with self.update() as u:
            u.rename_column(tuple(path.split(".")), to)

    def do_move(self, path, where):
        with self.update() as u:
            place(u, path, where)

    def do_widen(self, path, type_):
        with self.update() as u:
            u.update_column(tuple(path.split(".")), field_type=iceberg(type_, Counter()))

    def do_optional(self, path):
        with self.update() as u:
            u.make_column_optional(tuple(path.split(".")))

    def do_document(self, path, text):
        with self.update() as u:
            u.update_column(tuple(path.split(".")), doc=text)

    def do_partition(self, text):
        transform, column, name = spec_field(text)
        with self.table.update_spec() as u:
            u.add_field(column, parse_transform(transform), name)

    def do_unpartition(self, text):
        with self.table.update_spec() as u:
            u.remove_field(spec_field(text)[2])

    def do_tag(self, name):
        with self.table.manage_snapshots() as m:
            m.create_tag(self.table.current_snapshot().snapshot_id, name)

    def do_upgrade(self, version):
        with self.table.transaction() as tx:
            tx.upgrade_table_version(version)

    def do_sort(self, column):
        with self.table.update_sort_order() as u:
            u.asc(column, parse_transform("identity"))

    def do_compact(self):
        raise Cannot("PyIceberg does not compact")

    def do_rewrite_manifests(self):
        raise Cannot("PyIceberg does not rewrite manifests")


def place(update, path, where):
    word, _, other = where.partition(" ")
    outer = path.rpartition(".")[0]
    path = tuple(path.split("."))
    if word == "first":
        update.move_first(path)
    else:
        other = tuple([*outer.split("."), other]) if outer else (other,)
        (update.move_after if word == "after" else update.move_before)(path, other)


def model_path(uri):
    return uri.removeprefix("file://")


def without_ids(schema):
    return pa.schema([strip(f) for f in schema])


def strip(field):
    type_ = field.type
    if pa.types.is_struct(type_):
        type_ = pa.struct([strip(type_.field(i)) for i in range(type_.num_fields)])
    elif pa.types.is_map(type_):
        type_ = pa.map_(strip(type_.key_field), strip(type_.item_field))
    elif pa.types.is_large_list(type_) or pa.types.is_list(type_):
        type_ = pa.list_(strip(type_.value_field))
    return pa.field(field.name, type_, field.nullable)
