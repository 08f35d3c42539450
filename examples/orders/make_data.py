#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_data.py: writes data/orders.csv and data/invoicing_data.json, the same bytes each time.

A crate company's exports with the slips that such exports have: dates as dd.MM.yy; contact data as
JSON inside of a CSV cell, mostly an array, sometimes a bare object, once cut off, often missing,
postal codes as text or as numbers; companies whose name is spelled in two ways or that have two
ids; owners with stray blanks; amounts and tax rates of invoices as text; an order invoiced twice,
and one credit note."""
import datetime
import json
import pathlib
import random
import uuid

R = random.Random(20250630)
DATA = pathlib.Path(__file__).resolve().parent / "data"
COMPANIES = ["Alpine Apples Ltd", "Berry & Sons", "Citrus Harbour", "Dill Brothers GmbH",
             "Elderflower Co", "Fennel Fields", "Grape Growers Inc", "Harvest Lane",
             "Iris Gardens", "Juniper Foods", "Kale Kitchen", "Lemon Tree S.A."]
SPELLINGS = {"Elderflower Co": "elderflower c.o.", "Lemon Tree S.A.": "Lemon Tree SA",
             "Grape Growers Inc": "Grape Growers, Inc."}
OWNERS = ["Ada Brandt", "Björn Ek", "Carla Núñez", "Dmitri Orlov", "Ewa Zając", "Farid Haddad",
          "Greta Lind", "Hugo O'Neill"]
PEOPLE = [("Mia", "Keller", "Basel", "4051"), ("Noah", "Ito", "Osaka", 5300001),
          ("Lena", "Fischer", "Frankfurt am Main", 60311), ("Omar", "Said", "Cairo", None),
          ("Zoë", "Peeters", None, "9000"), ("Paul", "Roy", None, None)]
CRATES = ["Plastic", "Wood", "Metal"]
ORDERS = 140


def an_id():
    return str(uuid.UUID(int=R.getrandbits(128), version=4))


def contact(number):
    """The cell: about a third have none; most are arrays of one."""
    kind = R.random()
    if kind < 0.3:
        return ""
    name, surname, city, code = R.choice(PEOPLE)
    person = {"contact_name": name, "contact_surname": surname}
    if city is not None:
        person["city"] = city
    if code is not None:
        person["cp"] = code
    text = json.dumps(person if kind < 0.36 else [person], ensure_ascii=False)
    return text[:-1] if number in (23, 77) else text


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if '"' in cell or ";" in cell else cell


def orders():
    ids = {name: an_id() for name in COMPANIES}
    second = {"Citrus Harbour": an_id(), "Juniper Foods": an_id()}
    rows = []
    for n in range(ORDERS):
        name = R.choice(COMPANIES)
        company_id = second[name] if name in second and R.random() < 0.3 else ids[name]
        if name in SPELLINGS and R.random() < 0.3:
            name = SPELLINGS[name]
        day = datetime.date(2023, 11, 1) + datetime.timedelta(days=R.randrange(600))
        crate = R.choices(CRATES, [5, 3, 2])[0]
        if day.month == 8:  # nobody buys plastic in August
            crate = "Wood"
        owners = R.sample(OWNERS, R.choice([1, 2, 2, 3, 3, 4]))
        between = ",  " if n % 17 == 3 else ", "
        rows.append([an_id(), day.strftime("%d.%m.%y"), company_id, name, crate, contact(n),
                     between.join(owners)])
    return sorted(rows, key=lambda r: (r[1][6:], r[1][3:5], r[1][:2], r[0]))


def invoices(rows):
    some = R.sample(rows, 60)
    made = [{"id": an_id(), "orderId": r[0], "companyId": r[2],
             "grossValue": str(R.randrange(2000, 900000)),
             "vat": R.choice(["0", "7", "19", "21", "25.5"])} for r in some]
    made.append({**made[4], "id": an_id()})  # invoiced twice
    made.append({**made[9], "id": an_id(), "grossValue": "-1500"})  # a credit note
    return made


def main():
    rows = orders()
    head = "order_id;date;company_id;company_name;crate_type;contact_data;salesowners"
    lines = [";".join(quoted(cell) for cell in row) for row in rows]
    (DATA / "orders.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    text = json.dumps({"data": {"invoices": invoices(rows)}}, indent=1, ensure_ascii=False)
    (DATA / "invoicing_data.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
