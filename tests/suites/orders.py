#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# suite: parallel needs=venv,shared timeout=300
"""examples/orders as a user runs it, on its own data and on the real files in ../shared.  Every
answer is computed here from the files, in fractions, and compared row by row."""
import collections
import csv
import datetime
import decimal
import fractions
import io
import json
import re
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import examplelab  # noqa: E402
from firnlab import (ROOT, SHARED, Suite, agree, contains, exists, firn, lint,  # noqa: E402
                     rows, same, types)

suite = Suite()
EXAMPLE = ROOT / "examples/orders"
REAL = pathlib.Path(SHARED) / "data/ifco"
D = decimal.Decimal
RATES = (fractions.Fraction(6, 100), fractions.Fraction(25, 1000), fractions.Fraction(95, 10000))


# --- what must be there -------------------------------------------------------------------------

def half_away(value):
    """A fraction of cents as euros, rounded to cents, halves away from zero."""
    whole = (abs(value) * 2 + 1) // 2
    return D(int(whole if value >= 0 else -whole)) / 100


def month_of(day):
    return day.replace(day=1)


def months_back(day, count):
    n = day.year * 12 + day.month - 1 - count
    return datetime.date(n // 12, n % 12 + 1, 1)


def contact_of(cell):
    """The first contact of a cell; {} if there is none or the cell is broken."""
    try:
        found = json.loads(cell)
    except ValueError:
        return {}
    found = found[0] if isinstance(found, list) and found else found
    return {k: str(v).strip() for k, v in found.items()} if isinstance(found, dict) else {}


class Order:
    def __init__(self, cells):
        self.id, self.day = cells["order_id"], cells["date"]
        day, month, year = (int(x) for x in self.day.split("."))
        self.day = datetime.date(2000 + year, month, day)
        self.company_id, self.company_name = cells["company_id"], cells["company_name"]
        letters = "".join(c for c in self.company_name.lower() if c.isalnum() or c.isspace())
        self.company = " ".join(letters.split())
        self.crate, self.cell = cells["crate_type"], cells["contact_data"]
        self.owners = list(dict.fromkeys(
            name.strip() for name in cells["salesowners"].split(",") if name.strip()))
        contact = contact_of(self.cell)
        name = f"{contact.get('contact_name', '')} {contact.get('contact_surname', '')}".strip()
        self.contact = name or "John Doe"
        self.address = f"{contact.get('city') or 'Unknown'}, {contact.get('cp') or 'UNK00'}"
        self.broken = self.cell != "" and not contact


class Books:
    """The answers, computed from the files."""

    def __init__(self, folder, today):
        text = (folder / "orders.csv").read_text(encoding="utf-8-sig")
        self.orders = [Order(r) for r in csv.DictReader(io.StringIO(text), delimiter=";")]
        invoices = json.loads((folder / "invoicing_data.json").read_text(encoding="utf-8"))
        self.invoices = invoices["data"]["invoices"]
        self.today = datetime.date.fromisoformat(today)
        self.owners = sorted({o for x in self.orders for o in x.owners})
        self.plastic = [x for x in self.orders if x.crate == "Plastic" and x.day <= self.today]

    def crate_types(self):
        pairs = collections.Counter((x.company, x.crate) for x in self.orders)
        total = collections.Counter(x.company for x in self.orders)
        return [{"company": c, "crate_type": t, "orders": n,
                 "percent": half_away(fractions.Fraction(n, total[c]) * 10000)}
                for (c, t), n in pairs.items()]

    def commissions(self):
        by_id = {x.id: x for x in self.orders}
        earned = collections.defaultdict(fractions.Fraction)
        for i in self.invoices:
            order = by_id.get(i["orderId"])
            net = fractions.Fraction(i["grossValue"]) / (1 + fractions.Fraction(i["vat"]) / 100)
            for owner, rate in zip(order.owners if order else (), RATES):
                earned[owner] += net * rate
        return [{"owner": o, "commission": half_away(cents)} for o, cents in earned.items()]

    def company_owners(self):
        found = collections.defaultdict(set)
        for x in self.orders:
            found[x.company].update(x.owners)
        return [{"company": c, "owners": sorted(o)} for c, o in found.items()]

    def companies(self):
        found = collections.defaultdict(list)
        for x in self.orders:
            found[x.company].append(x)
        for company, some in found.items():
            names = collections.Counter(x.company_name for x in some)
            most = max(names.values())
            yield {"company": company,
                   "company_name": min(n for n, k in names.items() if k == most),
                   "spellings": sorted(names), "company_ids": sorted({x.company_id for x in some}),
                   "first_order": min(x.day for x in some), "last_order": max(x.day for x in some)}

    def crates(self):
        return [{"crate_type": t, "orders": n}
                for t, n in collections.Counter(x.crate for x in self.orders).items()]

    def training(self):
        t = self.today
        after = min(datetime.date(t.year - 1, t.month, 28) if (t.month, t.day) == (2, 29)
                    else t.replace(year=t.year - 1), t)
        sold = collections.Counter(o for x in self.plastic if x.day > after for o in x.owners)
        return [{"owner": o, "plastic_orders": sold[o]} for o in self.owners]

    def top_sellers(self):
        month, found = month_of(min(x.day for x in self.orders)), []
        while month <= self.today:
            sold = collections.Counter(
                o for x in self.plastic
                if months_back(month, 2) <= month_of(x.day) <= month for o in x.owners)
            best = sorted(sold.items(), key=lambda kv: (-kv[1], kv[0]))[:5] or [(None, 0)]
            found += [{"month": month, "place": n, "owner": o, "orders": k}
                      for n, (o, k) in enumerate(best, 1)]
            month = months_back(month, -1)
        return found

    def facts(self):
        gross, count = collections.Counter(), collections.Counter()
        for i in self.invoices:
            gross[i["orderId"]] += int(i["grossValue"])
            count[i["orderId"]] += 1
        return [{"order_id": x.id, "order_date": x.day, "company": x.company,
                 "first_owner": x.owners[0], "crate_type": x.crate, "invoices": count[x.id],
                 "gross_euros": D(gross[x.id]) / 100} for x in self.orders]


# --- what is there ------------------------------------------------------------------------------

def place(name, data=None, today=None):
    """A copy of the example, on other data if it is given."""
    folder = examplelab.place("orders", name, data)
    if today:
        conf = folder / "firn.yml"
        text = conf.read_text(encoding="utf-8")
        conf.write_text(re.sub(r"today: \S+", f"today: {today}", text), encoding="utf-8")
    return folder


def matches(lake, name, wanted):
    """The table, as PyIceberg reads it, is what the files say."""
    key = lambda r: json.dumps(r, sort_keys=True, default=str)  # noqa: E731
    same(sorted(rows(lake, name), key=key), sorted(wanted, key=key), name)


def exact(folder, books):
    lake = folder / "lake"
    matches(lake, "mart.crate_types_by_company", books.crate_types())
    matches(lake, "mart.order_contacts", [{"order_id": x.id, "contact_full_name": x.contact}
                                          for x in books.orders])
    matches(lake, "mart.order_addresses", [{"order_id": x.id, "contact_address": x.address}
                                           for x in books.orders])
    matches(lake, "mart.commissions", books.commissions())
    matches(lake, "mart.company_salesowners", books.company_owners())
    matches(lake, "mart.orders_by_crate_type", books.crates())
    matches(lake, "mart.plastic_training", books.training())
    matches(lake, "mart.plastic_top_sellers", books.top_sellers())
    matches(lake, "curated.dim_company", list(books.companies()))
    matches(lake, "curated.fact_order", books.facts())
    matched = re.fullmatch(r"decimal\(\d+, 2\)", types(lake, "mart.commissions")["commission"])
    assert matched, types(lake, "mart.commissions")


def rejected(folder, books):
    """Broken contact data: one reject each, with the cell; the order itself landed."""
    broken = [x for x in books.orders if x.broken]
    found = rows(folder / "lake", "raw.orders__rejects")
    same(len(found), len(broken), "rejects")
    for x in broken:
        (mine,) = [r for r in found if x.id in r["raw"]]
        same(mine["path"], "contact_data")
        contains(mine["raw"], x.cell.replace('"', '""')[:40])
    assert len(rows(folder / "lake", "raw.orders")) == len(books.orders)


def ordered(folder, statement):
    done = firn("sql", "-c", statement, "-o", "csv", cwd=folder, want=0)
    return list(csv.DictReader(io.StringIO(done.out)))


def commissions_come_sorted(folder, books):
    found = ordered(folder, "SELECT owner, commission FROM mart.commissions "
                            "ORDER BY commission DESC, owner")
    wanted = sorted(books.commissions(), key=lambda r: (-r["commission"], r["owner"]))
    same([(r["owner"], r["commission"]) for r in found],
         [(r["owner"], f"{r['commission']:.2f}") for r in wanted])


def everything(folder, books):
    done = firn("run", cwd=folder, want=0)
    exact(folder, books)
    rejected(folder, books)
    commissions_come_sorted(folder, books)
    lint(folder / "lake")
    agree(folder / "lake")
    return done


# --- cases --------------------------------------------------------------------------------------

@suite.case
def data_of_the_example():
    """The generator gives the files that are there; they have the quirks they are for."""
    examplelab.generator_gives_the_files("orders")
    books = Books(EXAMPLE / "data", "2025-06-30")
    assert sum(x.broken for x in books.orders) == 2
    cells = [x.cell for x in books.orders]
    assert "" in cells and any(c.startswith("{") for c in cells) and any('"cp": 6' in c
                                                                         for c in cells)
    companies = list(books.companies())
    assert any(len(c["spellings"]) > 1 for c in companies)
    assert any(len(c["company_ids"]) > 1 for c in companies)
    count = collections.Counter(i["orderId"] for i in books.invoices)
    assert max(count.values()) == 2 and any(int(i["grossValue"]) < 0 for i in books.invoices)


@suite.case
def example():
    folder, books = place("example"), Books(EXAMPLE / "data", "2025-06-30")
    done = everything(folder, books)
    contains(done.err + done.out, "unique(orderId)")
    again = firn("run", "--json", cwd=folder, want=0)
    same([e for e in again.events() if e.get("event") == "node" and e.get("status") == "done"], [])


@suite.case
def real_files():
    for today in ("2025-06-30", "2024-02-29", "2023-01-15"):
        folder = place(f"real-{today}", REAL, today)
        everything(folder, Books(REAL, today))


@suite.case
def facts_of_the_real_files():
    """What the files are known to hold, counted by others."""
    books = Books(REAL, "2025-06-30")
    same((len(books.orders), len(books.invoices)), (62, 12))
    broken = [x.id[-4:] for x in books.orders if x.broken]
    same(broken, ["d536"])
    same(len({x.company_id for x in books.orders}), 40)
    same(len({x.company_name for x in books.orders}), 42)


@suite.case
def another_day():
    """--var moves the day; only what asks for it is made again."""
    folder = place("day")
    firn("run", cwd=folder, want=0)
    done = firn("run", "--var", "today=2024-12-31", "--json", cwd=folder, want=0)
    books = Books(EXAMPLE / "data", "2024-12-31")
    matches(folder / "lake", "mart.plastic_training", books.training())
    matches(folder / "lake", "mart.plastic_top_sellers", books.top_sellers())
    made = {e["table"] for e in done.events()
            if e.get("event") == "commit" and e["table"].startswith("mart")}
    assert made <= {"mart.plastic_training", "mart.plastic_top_sellers"}, made


@suite.case
def unit_tests():
    folder = place("unit")
    done = firn("test", "--unit", cwd=folder, want=0)
    assert not exists(folder / "lake", "raw.orders") if (folder / "lake").exists() else True
    tested = (EXAMPLE / "tests/orders.yml").read_text(encoding="utf-8")
    for name in sorted(p.stem for p in (EXAMPLE / "models/mart").glob("*.sql")):
        contains(tested, f"model: mart.{name}")
    model = folder / "models/mart/commissions.sql"
    text = model.read_text(encoding="utf-8")
    model.write_text(text.replace("+ 5000000000000000)", "+ 0)"), encoding="utf-8")
    done = firn("test", "--unit", cwd=folder, want=4)
    contains(done.out + done.err, "halves away from zero", "0.02", "0.01")


@suite.case
def quickstart_statements():
    folder = place("quick")
    firn("run", cwd=folder, want=0)
    text = re.sub(r"^--.*$", "", (EXAMPLE / "quickstart.sql").read_text(encoding="utf-8"),
                  flags=re.M)
    for statement in (s.strip() for s in text.split(";") if s.strip()):
        assert ordered(folder, statement), statement


suite.end()
