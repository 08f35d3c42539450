#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=600
"""firn init: what it finds in folders of all kinds, what it writes, that it runs, and what it
refuses."""
import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (ROOT, SHARED, TMP, Skip, Suite, contains, exists, firn,  # noqa: E402
                     lines, rows, same)

suite = Suite()


def folder(**files):
    """A folder with data/NAME for each file; `__` in a name is a slash, its last `_` a dot."""
    path = TMP / sys._getframe(1).f_code.co_name
    shutil.rmtree(path, ignore_errors=True)
    (path / "data").mkdir(parents=True)
    for name, content in files.items():
        put(path / "data" / ".".join(name.replace("__", "/").rsplit("_", 1)), content)
    return path


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def project(path):
    return (path / "firn.yml").read_text(encoding="utf-8")


def tree(path):
    return sorted(str(f.relative_to(path)) for f in path.rglob("*") if f.is_file())


def init_and_run(path, *args, want=0):
    done = firn("init", *(args or ("data",)), cwd=path, want=0)
    contains(done.out, "next: firn run")
    firn("check", cwd=path, want=0)
    firn("run", cwd=path, want=want)
    return done


# --- files to streams ---------------------------------------------------------------------------

@suite.case
def names_that_differ_in_numbers():
    path = folder(people_csv="id,name\n1,x\n")
    for month in (1, 2, 3):
        put(path / f"data/2025-{month:02}.csv", f"k,v\n{month},1\n")
    for k in range(12):
        put(path / f"data/sales_v2_{k}.json", lines({"id": k}))
    put(path / "data/sales_v2_12.json.gz", __import__("gzip").compress(b'{"id": 12}\n'))
    for year in (2024, 2025):
        put(path / f"data/logs/{year}/day-1.tsv", "a\tb\n1\t2\n")
        put(path / f"data/logs/{year}/day-2.tsv", "a\tb\n3\t4\n")
    done = init_and_run(path)
    contains(project(path), "'data.*-*.csv'",
             "'data.sales_v2_*.json*'", "'data.logs/*/day-*.tsv'", "'data.people.csv'")
    contains(done.out, "raw.data", "raw.sales_v2", "raw.day", "raw.people")
    lake = path / "lake"
    same([len(rows(lake, f"raw.{t}")) for t in ("data", "sales_v2", "day", "people")],
         [3, 13, 4, 1])


@suite.case
def one_glob_when_nothing_else_matches():
    path = folder()
    for month in (1, 2):
        put(path / f"data/2025-{month:02}.csv", f"k,v\n{month},1\n")
    init_and_run(path)
    contains(project(path), "'data.*.csv'")
    put(path / "data/2026-01.csv", "k,v\n3,1\n")
    firn("run", cwd=path, want=0)
    same(len(rows(path / "lake", "raw.data")), 3)


@suite.case
def names_that_a_glob_would_mix():
    """a1.csv, a2.csv and ab.csv: a*.csv would take all."""
    path = folder(a1_csv="x\n1\n", a2_csv="x\n2\n", ab_csv="y\n3\n")
    init_and_run(path)
    same((len(rows(path / "lake", "raw.a")), len(rows(path / "lake", "raw.ab"))), (2, 1))


@suite.case
def parts_of_spark():
    import pyarrow as pa
    import pyarrow.parquet as pq
    path = folder()
    (path / "data/orders").mkdir()
    for k, uuid in enumerate(("0f05a8f1-2bdf-4be7-8c82-4c9b58f04898",
                              "1e2b47e6-499e-41c6-91d3-09d12dddfbbd")):
        pq.write_table(pa.table({"order_id": [k], "amount": [1.5]}),
                       path / f"data/orders/part-{k:05d}-{uuid}-c000.snappy.parquet")
    put(path / "data/orders/_SUCCESS", "")
    done = init_and_run(path)
    contains(done.out, "raw.orders", "Parquet")
    same(len(rows(path / "lake", "raw.orders")), 2)


@suite.case
def what_is_no_data():
    path = folder(a_json=lines({"id": 1}), README_txt="hello", notes_md="#", _hidden_json="{}")
    put(path / "data/.secret/x.json", "{}")
    put(path / "data/dump/x.metadata.json", "{}")
    put(path / "data/dump/x.bson", b"\x0c\0\0\0\x10a\0\1\0\0\0\0")
    done = firn("init", "data", cwd=path, want=0)
    assert "metadata" not in project(path), project(path)
    assert "secret" not in project(path) and "README" not in project(path)
    contains(done.out, "a.json")


@suite.case
def a_warehouse_is_no_source():
    path = folder(a_json=lines({"id": 1}))
    init_and_run(path)
    (path / "firn.yml").unlink()
    shutil.rmtree(path / "models")
    init_and_run(path, ".")
    same(project(path).count("- from:"), 1)


@suite.case
def same_names_in_two_folders():
    path = folder(eu__orders_json=lines({"id": 1}), us__orders_json=lines({"id": 2}))
    init_and_run(path)
    contains(project(path), "into: raw.orders\n", "into: raw.us_orders\n")


# --- guesses ------------------------------------------------------------------------------------

@suite.case
def keys():
    path = folder(orders_csv="line,order_id,customer_id\n" +
                  "".join(f"{k % 2},{k},{k % 3}\n" for k in range(20)))
    init_and_run(path)
    contains(project(path), "order_id: {checks: [not_null, unique]}", "all 20 records")
    assert "customer_id:" not in project(path)
    put(path / "data/orders.csv", "line,order_id,customer_id\n1,7,1\n1,7,2\n")
    done = firn("run", cwd=path)
    same(done.exit, 4)
    contains(done.out + done.err, "unique(order_id)")


@suite.case
def no_key_that_is_null_or_twice():
    path = folder(a_csv="a_id,b_id\n1,1\n1,\n2,3\n")
    init_and_run(path)
    assert "checks" not in project(path), project(path)


@suite.case
def dates():
    path = folder(a_csv="id,sure,unsure,iso\n1,31.01.22,01/02/03,2025-01-01\n"
                        "2,01.02.22,02/03/04,2025-01-02\n")
    done = init_and_run(path)
    contains(project(path), 'sure: {type: date, format: "%d.%m.%y"}',
             '# unsure: {type: date, format: "%d/%m/%y"}', '"%m/%d/%y"')
    contains(done.out, "to be said by you: unsure of raw.a")
    (row,) = [r for r in rows(path / "lake", "raw.a") if r["id"] == 1]
    same((str(row["sure"]), row["unsure"]), ("2022-01-31", "01/02/03"))


@suite.case
def records_inside_of_a_document():
    doc = {"meta": {"count": 2, "tags": [{"x": 1}]},
           "data": {"invoices": [{"id": "a"}, {"id": "b"}]}}
    path = folder(inv_json=json.dumps(doc), one_json=json.dumps(
        {"id": 7, "lines": [{"sku": "x"}, {"sku": "y"}]}))
    init_and_run(path)
    contains(project(path), "records: 'data.invoices'")
    same(project(path).count("records:"), 1)
    same(sorted(r["id"] for r in rows(path / "lake", "raw.inv")), ["a", "b"])
    same(len(rows(path / "lake", "raw.one")), 1)


@suite.case
def models_for_what_is_there():
    path = folder(orders_json=lines(
        *({"order_id": k, "day": f"2025-0{1 + k % 3}-01", "amount": 1.5,
           "lines": [{"sku": "a", "order_id": 9}, {"sku": "b"}]} for k in range(6))))
    done = init_and_run(path)
    contains(done.out, "models/curated/orders_lines.sql", "models/curated/orders_by_month.sql")
    lake = path / "lake"
    same(len(rows(lake, "curated.orders_lines")), 12)
    same(sorted((str(r["month"]), r["records"], float(r["total_amount"]))
                for r in rows(lake, "curated.orders_by_month")),
         [(f"2025-0{m}-01", 2, 3.0) for m in (1, 2, 3)])


@suite.case
def odd_names():
    path = folder()
    put(path / "data/it's [1] (new): 100%.csv", 'a b,"c""d",select,a.b,id\n1,2,3,4,5\n')
    put(path / "data/ünï.json", lines({"id": 1, "": 2, "yes": 3}))
    init_and_run(path)
    same(sorted(r["id"] for t in ("raw.it_s_1_new_100", "raw.ünï")
                for r in rows(path / "lake", t)), [1, 5])


@suite.case
def a_damaged_file_is_left_out():
    path = folder(good_json=lines({"id": 1}), bad_json="[1, 2")
    put(path / "data/sheet.csv", b"PK\x03\x04" + b"\x00" * 100)
    done = init_and_run(path)
    contains(done.out, "left out", "sheet.csv")
    contains(project(path), "# left out:", "#   into: raw.sheet")
    same(len(rows(path / "lake", "raw.good")), 1)


@suite.case
def an_empty_file():
    path = folder(a_json=lines({"id": 1}), empty_json="", header_csv="id,name\n")
    done = init_and_run(path)
    contains(done.out, "left out", "holds no records")


# --- where it goes ------------------------------------------------------------------------------

@suite.case
def into_another_folder():
    path = folder(a_json=lines({"id": 1}))
    done = firn("init", "data", "deep/project", cwd=path, want=0)
    contains(done.out, "next: cd deep/project && firn run")
    contains(project(path / "deep/project"), "path: '../../data'", "name: project")
    firn("run", cwd=path / "deep/project", want=0)
    same(tree(path / "deep/project")[:2], [".gitignore", "firn.yml"])
    contains((path / "deep/project/.gitignore").read_text(encoding="utf-8"), "/lake/")
    (path / "here").mkdir()
    done = firn("init", "../data", "../beside", cwd=path / "here", want=0)
    contains(done.out, "next: cd ../beside && firn run")
    firn("run", cwd=path / "beside", want=0)
    os.symlink(path / "deep", path / "link")
    firn("init", "data", "link/second/third", cwd=path, want=0)
    contains(project(path / "deep/second/third"), "path: '../../../data'", "name: third")
    firn("run", cwd=path / "deep/second/third", want=0)
    done = firn("init", path / "data", "abs", cwd=path, want=0)
    contains(project(path / "abs"), f"path: '{path}/data'")
    firn("run", cwd=path / "abs", want=0)


@suite.case
def one_file():
    path = folder(a_json=lines({"id": 1}), b_json=lines({"id": 2}))
    init_and_run(path, "data/b.json")
    same(project(path).count("- from:"), 1)
    same(len(rows(path / "lake", "raw.b")), 1)
    assert not exists(path / "lake", "raw.a")


@suite.case
def overwrites_nothing():
    path = folder(a_json=lines({"id": 1}))
    put(path / "models/curated/row_counts.sql", "SELECT 1")
    before = tree(path)
    done = firn("init", "data", cwd=path, want=1)
    contains(done.err, "models/curated/row_counts.sql", "already")
    same(tree(path), before)
    shutil.rmtree(path / "models")
    put(path / ".gitignore", "mine\n")
    init_and_run(path)
    same((path / ".gitignore").read_text(encoding="utf-8"), "mine\n")
    done = firn("init", "data", cwd=path, want=1)
    contains(done.err, "firn.yml", "already", "firn check")


@suite.case
def refusals():
    path = folder(x_bin="?")
    for url, words in (("mongodb://localhost/x", ("mongodb://", "mongodump")),
                       ("mongodb+srv://u:secret@h/x", ("mongodb+srv://",)),
                       ("s3://bucket/x", ("s3://", "aws s3 sync")),
                       ("https://x.org/a.csv", ("https://", "curl")),
                       ("postgresql://h/db", ("postgresql://", "COPY")),
                       ("nowhere", ("nowhere", "firn init accounting")),
                       ("data", ("no data file", ".parquet"))):
        done = firn("init", url, cwd=path)
        assert done.exit in (1, 2), done
        contains(done.err, "error E", *words)
        assert "secret" not in done.err
        same(tree(path), ["data/x.bin"], url)
    contains(firn("init", "a", "b", "c", cwd=path, want=2).err, "one argument too many")


@suite.case
def file_url():
    path = folder(a_json=lines({"id": 1}))
    init_and_run(path, f"file://{path}/data")


# --- examples -----------------------------------------------------------------------------------

@suite.case
def examples():
    env = {"FIRN_EXAMPLES": str(ROOT / "examples")}
    for name in ("accounting", "orders"):
        if not (ROOT / "examples" / name / "firn.yml").exists():
            raise Skip(f"there is no examples/{name}")
        path = folder()
        done = firn("init", name, cwd=path, env=env, want=0)
        contains(done.out, f"next: cd {name} && firn run")
        same([f for f in tree(path / name) if f.startswith("lake")], [])
        firn("check", cwd=path / name, want=0)
        again = firn("init", name, cwd=path, env=env, want=1)
        contains(again.err, "already")
        firn("init", name, "elsewhere/mine", cwd=path, env=env, want=0)
        same(tree(path / "elsewhere/mine"), tree(path / name))


# --- real files ---------------------------------------------------------------------------------

@suite.case
def shared_data():
    if not SHARED:
        raise Skip("needs ../shared")
    for name in sorted(os.listdir(f"{SHARED}/data")):
        if not os.path.isdir(f"{SHARED}/data/{name}"):
            continue
        path = folder()
        done = firn("init", f"{SHARED}/data/{name}", cwd=path, want=0)
        firn("check", cwd=path, want=0)
        ran = firn("run", cwd=path)
        assert ran.exit in (0, 3), f"{name}: {ran}"
        contains(done.out, "next: firn run")
    contains(project(path), "records: 'data'")


suite.end()
