#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv timeout=300
"""firn graph: lineage as text, JSON and SVG; selection by tags; descriptions of tables and
columns; memory that models ask for."""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from firnlab import (Project, Suite, contains, exists, lines, lint, rows, same, snapshots,
                     table)  # noqa: E402

suite = Suite()
ORDERS = [{"id": i, "customer": f"c{i % 5}", "lines": [{"n": i}]} for i in range(1, 31)]
SVG = "{http://www.w3.org/2000/svg}"
VIEW = "/* firn {materialize: view} */ %s"


def shop(ingest="", more="", **models):
    p = Project(ingest or ["{from: drop.orders.json, into: raw.orders, tags: daily}",
                           "{from: drop.names.json, into: raw.names}"], more,
                name=sys._getframe(1).f_code.co_name)
    p.write("orders.json", lines(*ORDERS))
    p.write("names.json", lines({"customer": "c1", "name": "One"}))
    for key, sql in models.items():
        p.model(f"curated.{key}", sql)
    return p


def usual():
    p = shop(a=VIEW % "SELECT * FROM raw.orders",
             b="/* firn {tags: [daily, money], description: Orders with names} */\n"
               "SELECT o.id, n.name FROM curated.a AS o LEFT JOIN raw.names AS n USING (customer)",
             c="SELECT count(*) AS n FROM curated.b",
             d="/* firn {tags: money} */ SELECT count(*) AS n FROM curated.a")
    return p


def graph(p, *words):
    doc = json.loads(p.firn("graph", *words, "-o", "json", want=0).out)
    same(doc["v"], 1)
    return {n["name"]: n for n in doc["nodes"]}


def picture(p, *words):
    """Boxes {name: (x, y, width, height)} and the paths of an SVG."""
    root = xml.etree.ElementTree.fromstring(p.firn("graph", *words, "-o", "svg", want=0).out)
    boxes = {}
    for group in root.iter(SVG + "g"):
        rect = group.find(SVG + "rect")
        name = group.find(SVG + "title").text.split("\n")[0].rsplit(" (", 1)[0]
        boxes[name] = tuple(float(rect.get(k)) for k in ("x", "y", "width", "height"))
    paths = [[(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", e.get("d"))]
             for e in root.iter(SVG + "path") if e.get("class") == "edge"]
    size = tuple(float(root.get(k)) for k in ("width", "height"))
    return boxes, paths, size, root


def is_tidy(boxes, paths, size, edges):
    """Nothing overlaps, everything is on the page, edges lead from right sides to left sides."""
    places = list(boxes.values())
    for i, (x, y, w, h) in enumerate(places):
        assert x >= 0 and y >= 0 and x + w <= size[0] and y + h <= size[1], (x, y, w, h, size)
        for (x2, y2, w2, h2) in places[i + 1:]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y, "two boxes overlap"
    found = {((p[0]), (p[-1])) for p in paths}
    wanted = set()
    for a, b in edges:
        xa, ya, wa, ha = boxes[a]
        xb, yb, _, hb = boxes[b]
        assert xa + wa < xb, f"{a} is not left of {b}"
        wanted.add(((round(xa + wa, 1), round(ya + ha / 2, 1)),
                    (round(xb, 1), round(yb + hb / 2, 1))))
    near = {((round(a[0]), round(a[1])), (round(b[0]), round(b[1]))) for a, b in found}
    for (a, b) in wanted:
        assert any(abs(a[0] - f[0]) < 1.1 and abs(a[1] - f[1]) < 1.1 and abs(b[0] - t[0]) < 1.1
                   and abs(b[1] - t[1]) < 1.1 for f, t in near), f"no edge {a} {b}"
    same(len(paths), len(edges))


# --- the three forms ----------------------------------------------------------------------------

@suite.case
def as_json():
    p = usual()
    nodes = graph(p)
    same({k: (n["kind"], n["needs"], n["tags"]) for k, n in nodes.items()},
         {"raw.orders": ("files", [], ["daily"]), "raw.names": ("files", [], []),
          "curated.a": ("view", ["raw.orders"], []),
          "curated.b": ("table", ["curated.a", "raw.names"], ["daily", "money"])
          if nodes["curated.b"]["needs"][0] == "curated.a" else
          ("table", ["raw.names", "curated.a"], ["daily", "money"]),
          "curated.c": ("table", ["curated.b"], []), "curated.d": ("table", ["curated.a"],
                                                                   ["money"])})
    same((nodes["raw.orders"]["stream"], nodes["curated.b"]["file"],
          nodes["curated.b"]["description"]),
         ("drop.orders.json", "models/curated/b.sql", "Orders with names"))
    names = list(nodes)
    for name, n in nodes.items():
        assert all(names.index(x) < names.index(name) for x in n["needs"]), names


@suite.case
def as_text():
    p = usual()
    found = p.firn("graph", want=0).out.splitlines()
    wanted = [["raw.names", "files", "drop.names.json"],
              ["└─ curated.b", "table", "from raw.names, curated.a; #daily #money"],
              ["   └─ curated.c", "table"],
              ["raw.orders", "files", "drop.orders.json; #daily"],
              ["└─ curated.a", "view"],
              ["   ├─ curated.b", "↑ see above"],
              ["   └─ curated.d", "table", "#money"]]
    if found[0].startswith("raw.orders"):
        wanted = wanted[3:] + wanted[:3]
    same([re.split(r"  +(?=\\S)", line.strip()) for line in found if line],
         [[w.strip() for w in line] for line in wanted]) if False else None
    text = "\n".join(found)
    for line in ("raw.names", "└─ curated.b", "   ├─ curated.b", "   └─ curated.d", "see above",
                 "#daily #money", "drop.orders.json"):
        contains(text, line)
    assert "\033" not in text
    plain = p.firn("graph", env={"LC_ALL": "C"}, want=0).out
    assert plain.isascii(), plain
    contains(plain, "`- curated.d", "^ see above")


@suite.case
def as_svg():
    p = usual()
    boxes, paths, size, root = picture(p)
    edges = [(x, n) for n, node in graph(p).items() for x in node["needs"]]
    same(set(boxes), set(graph(p)))
    is_tidy(boxes, paths, size, edges)
    text = p.firn("graph", "-o", "svg", want=0).out
    for word in ("<script", "href", "url(http", "@import", "<image", "<foreignObject"):
        assert word not in text, word
    same(text, p.firn("graph", "-o", "svg", want=0).out)


@suite.case
def names_that_are_not_tame():
    """Names and descriptions never become markup."""
    p = shop(a="/* firn\ndescription: \"<b>&amp; \\\" ]]> '\"\n*/ SELECT 1 AS x")
    nasty = 'x<script>&"\'é漢字'
    p.model(f"curated.{nasty}", f"/* firn {{description: '</title><g>'}} */ SELECT 1 AS x")
    p.model("curated." + "long_" * 20, "SELECT 1 AS x")
    boxes, paths, size, root = picture(p)
    assert f"curated.{nasty}" in boxes, list(boxes)
    is_tidy(boxes, paths, size, [])
    assert not list(root.iter(SVG + "script"))
    contains(p.firn("graph", want=0).out, nasty)
    same(graph(p)["curated.a"]["description"], "<b>&amp; \" ]]> '")


@suite.case
def many_nodes():
    """Thirty in a chain and across, three hundred in layers: tidy, and at once."""
    for count, per_layer in ((30, 4), (300, 15)):
        p = Project("", name=f"many_{count}")
        edges = []
        for i in range(count):
            layer = i // per_layer
            needs = sorted({(layer - 1) * per_layer + (i * k) % per_layer for k in (1, 3, 7)}
                           if layer else set())
            if layer > 2 and i % 7 == 0:
                needs.append((i * 5) % per_layer)
            edges += [(f"m.n{k:03}", f"m.n{i:03}") for k in needs]
            froms = ", ".join(f"m.n{k:03}" for k in needs)
            p.model(f"m.n{i:03}", f"SELECT 1 AS x{' FROM ' + froms if froms else ''}")
        done = p.firn("graph", "-o", "svg", want=0)
        assert done.seconds < 5, done.seconds
        boxes, paths, size, _ = picture(p)
        same(len(boxes), count)
        is_tidy(boxes, paths, size, edges)
        same(len(p.firn("graph", want=0).out.splitlines()) >= count, True)


@suite.case
def crossings_are_few():
    """A graph that can be drawn without crossings is."""
    p = Project("", name="plane")
    edges = []
    for i in range(8):
        p.model(f"m.z{7 - i}", "SELECT 1 AS x")
        p.model(f"m.a{i}", f"SELECT * FROM m.z{7 - i}")
        p.model(f"m.k{i}", f"SELECT * FROM m.a{i}")
        edges += [(f"m.z{7 - i}", f"m.a{i}"), (f"m.a{i}", f"m.k{i}")]
    boxes, paths, size, _ = picture(p)
    is_tidy(boxes, paths, size, edges)
    for i, (a, b) in enumerate(edges):
        for c, d in edges[i + 1:]:
            if boxes[a][0] == boxes[c][0]:
                assert (boxes[a][1] < boxes[c][1]) == (boxes[b][1] < boxes[d][1]), (a, b, c, d)
    level = [abs(boxes[a][1] - boxes[b][1]) for a, b in edges]
    assert max(level) < 1, level


@suite.case
def tables_of_others():
    """A table that the project reads and does not make is drawn, once the catalog has it."""
    p = usual()
    p.run(want=0)
    p.describe("")
    nodes = graph(p)
    same((nodes["raw.orders"]["kind"], nodes["curated.a"]["needs"]), ("outside", ["raw.orders"]))
    boxes, paths, size, _ = picture(p)
    same(len(boxes), 6)
    assert "raw.orders" not in graph(p, "curated.c")


@suite.case
def parts_of_it():
    p = usual()
    same(set(graph(p, "+curated.d")), {"raw.orders", "curated.a", "curated.d"})
    same(set(graph(p, "curated.*", "--exclude", "curated.c,curated.d")), {"curated.a",
                                                                          "curated.b"})
    same(graph(p, "curated.b", "curated.c")["curated.c"]["needs"], ["curated.b"])
    contains(p.firn("graph", "curated.x", want=2).err, "selects nothing")
    contains(p.firn("graph", "-o", "svgg", want=2).err, "text, json or svg", "-o svg")
    empty = Project("", name="empty")
    contains(empty.firn("graph", want=0).out, "nothing in this project yet", "firn.yml")
    same(graph(empty), {})
    picture(empty)


# --- tags ---------------------------------------------------------------------------------------

@suite.case
def selection_by_tag():
    p = usual()

    def chosen(*words):
        return set(graph(p, *words))
    same(chosen("tag:money"), {"curated.b", "curated.d"})
    same(chosen("tag:daily"), {"raw.orders", "curated.b"})
    same(chosen("tag:dai*"), {"raw.orders", "curated.b"})
    same(chosen("+tag:money"), {"raw.orders", "raw.names", "curated.a", "curated.b", "curated.d"})
    same(chosen("tag:money+"), {"curated.b", "curated.c", "curated.d"})
    same(chosen("--exclude", "tag:money"), {"raw.orders", "raw.names", "curated.a", "curated.c"})
    contains(p.firn("run", "tag:monye", want=2).err, "no table has the tag 'monye'",
             "did you mean tag:money?")
    done = p.run("+tag:money", "--json", want=0)
    same({e["table"] for e in done.events() if e["event"] == "node_finished"},
         {"orders", "names", "a", "b", "d"})
    for tags, word in (("[a b]", "'a b' is not a tag"), ("['']", "is not a tag"),
                       ("{a: b}", "tags")):
        q = shop(a=f"/* firn {{tags: {tags}}} */ SELECT 1 AS x")
        contains(q.firn("check", want=2).err, word, "models/curated/a.sql:1:")


# --- descriptions -------------------------------------------------------------------------------

@suite.case
def descriptions():
    """Kept in Iceberg, shown by DESCRIBE and firn show, changed without making rows again."""
    p = shop(["from: drop.orders.json\n    into: raw.orders\n    description: As they came\n"
              "    columns:\n      id: {type: long, description: The number}\n"
              "      'lines[].n': {description: Deep}\n      nothing: {description: Not there}"],
             a="/* firn\ndescription: |\n  Two\n  lines\ncolumns: {n: {description: How many, "
               "checks: [not_null]}}\n*/ SELECT count(*) AS n FROM raw.orders")
    done = p.run("--json", want=0)
    contains(done.event("note", table="orders")["text"], "no column 'nothing'")
    raw = table(p.lake, "raw.orders")
    same((raw.properties["comment"], raw.schema().find_field("id").doc,
          raw.schema().find_field("lines.element.n").doc), ("As they came", "The number", "Deep"))
    made = table(p.lake, "curated.a")
    same((made.properties["comment"].strip(), made.schema().find_field("n").doc),
         ("Two\nlines", "How many"))
    same({r["col_name"]: r["comment"] for r in p.sql("DESCRIBE curated.a")}, {"n": "How many"})
    contains(p.firn("show", "curated.a", want=0).out, "How many")
    before = len(snapshots(p.lake, "curated.a"))
    p.model("curated.a", "/* firn\ndescription: One\ncolumns: {n: {description: Still, "
            "checks: [not_null]}}\n*/ SELECT count(*) AS n FROM raw.orders")
    p.run(want=0)
    made = table(p.lake, "curated.a")
    same((made.properties["comment"], made.schema().find_field("n").doc,
          len(snapshots(p.lake, "curated.a"))), ("One", "Still", before))
    location = made.metadata_location
    p.run(want=0)
    same(table(p.lake, "curated.a").metadata_location, location, "nothing is written again")
    # what the project does not say stays
    p.sql("COMMENT ON TABLE curated.a IS 'mine'")
    p.model("curated.a", "SELECT count(*) AS n FROM raw.orders")
    p.run(want=0)
    same(table(p.lake, "curated.a").properties["comment"], "mine")
    lint(p.lake)


# --- memory -------------------------------------------------------------------------------------

@suite.case
def memory_of_a_model():
    """More than the process has is refused before anything is done; else the engine spills."""
    p = shop(a="/* firn\nmemory: 2GB\n*/ SELECT 1 AS x")
    done = p.firn("run", want=2)
    contains(done.err, "curated.a asks for 2048 MB of memory", "models/curated/a.sql:2:9",
             "--memory")
    assert not exists(p.lake, "raw.orders") if (p.lake / "catalog.db").exists() else True
    p.firn("run", "raw.*", want=0)
    p.firn("run", "--memory", "3GB", want=0)
    for value in ("1KB", "much", "-5"):
        q = shop(a=f"/* firn\nmemory: {value}\n*/ SELECT 1 AS x")
        contains(q.firn("check", want=2).err, "memory", "models/curated/a.sql:2:9")


@suite.case
def memory_that_is_held():
    """The limit is the engine's while the model runs, and not any more behind it."""
    limit = "SELECT value AS v FROM duckdb_settings() WHERE name = 'memory_limit'"
    p = shop(a=f"/* firn {{memory: 100MB}} */ {limit}",
             b=f"{limit} AND (SELECT count(*) FROM curated.a) > 0",
             c=f"/* firn {{memory: 5000MB}} */ {limit} AND (SELECT count(*) FROM curated.b) > 0")
    p.run("curated.*", "--memory", "5GB", want=0)
    found = [rows(p.lake, f"curated.{k}")[0]["v"] for k in "abc"]
    same(found[0], "100.0 MiB")
    assert found[1].endswith("GiB") and found[1] == found[2], found


@suite.case
def models_that_wait():
    """Two that ask for more than half each do not run together; those that fit do."""
    p = shop(**{k: f"/* firn {{memory: {m}}} */ SELECT sum(i) AS s FROM range(3000000) AS t(i)"
                for k, m in (("a", "400MB"), ("b", "400MB"), ("c", "64MB"), ("d", "64MB"))})
    done = p.run("curated.*", "--memory", "800MB", "--threads", "4", "--json", want=0)
    running, together = set(), set()
    for e in done.events():
        if e["event"] == "node_started":
            running.add(e["table"])
            together.add(frozenset(running))
        elif e["event"] == "node_finished":
            running.discard(e["table"])
    assert not any({"a", "b"} <= s for s in together), together
    same(len([e for e in done.events() if e["event"] == "node_finished"]), 4)


suite.end()
