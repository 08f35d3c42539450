#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_data.py: writes data/*.json, the same bytes each time.

The shape of small companies' exports: each file one top-level array, ids and dates as text, amounts
as numbers, no timestamps, the lines of an entry as a nested array in which an account may stand
twice.  Three entries do not balance, as happens before a month is closed."""
import datetime
import json
import pathlib
import random

R = random.Random(20250531)
DATA = pathlib.Path(__file__).resolve().parent / "data"
ACCOUNTS = [("1000", "Cash", "Asset"), ("1100", "Accounts Receivable", "Asset"),
            ("1200", "Prepaid Insurance", "Asset"), ("1500", "Office Equipment", "Asset"),
            ("2000", "Accounts Payable", "Liability"), ("2100", "Accrued Salaries", "Liability"),
            ("2200", "Sales Tax Payable", "Liability"), ("3000", "Owner's Equity", "Equity"),
            ("4000", "Consulting Revenue", "Revenue"), ("5000", "Rent Expense", "Expense"),
            ("5100", "Salaries Expense", "Expense"), ("5200", "Café & Travel Expense", "Expense")]
KINDS = [("Vendor payment", "2000", "1000"), ("Customer invoice", "1100", "4000"),
         ("Customer payment", "1000", "1100"), ("Office rent", "5000", "1000"),
         ("Salaries", "5100", "2100"), ("Travel", "5200", "2000"),
         ("Equipment on account", "1500", "2000"), ("Insurance, one year", "1200", "1000")]
TASKS = ["Reconcile Cash", "Review AP", "Review AR", "Accrue Salaries", "Book Depreciation",
         "Check Sales Tax", "Close Month"]
PEOPLE = ["Alice", "Bob", "Chloé", "Dilnoza"]


def amount():
    return R.choice([R.randrange(5, 400) * 10, R.randrange(1000, 900000) / 100])


def entry(number):
    text, debit, credit = R.choice(KINDS)
    total = amount()
    lines = [{"account_id": debit, "debit": total, "credit": 0}]
    if R.random() < 0.25:  # one account twice: part now, part later
        part = round(total / 4, 2)
        lines.append({"account_id": credit, "debit": 0, "credit": part})
        lines.append({"account_id": credit, "debit": 0, "credit": round(total - part, 2)})
    else:
        lines.append({"account_id": credit, "debit": 0, "credit": total})
    day = datetime.date(2025, 4, 1) + datetime.timedelta(days=R.randrange(91))
    return {"entry_id": f"JE{1000 + number}", "date": day.isoformat(), "lines": lines,
            "description": text}


def write(name, rows):
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (DATA / name).write_text("[\n" + body + "\n]\n", encoding="utf-8")


def main():
    entries = [entry(n) for n in range(1, 121)]
    for n in (17, 58, 101):  # somebody mistyped
        entries[n]["lines"][-1]["credit"] = round(entries[n]["lines"][-1]["credit"] + 9.99, 2)
    write("journal_entries.json", entries)
    write("accounts.json", [dict(zip(("account_id", "name", "type"), a)) for a in ACCOUNTS])
    write("close_tasks.json", [
        {"task_id": f"T{i + 1}", "name": TASKS[i % len(TASKS)], "assigned_to": PEOPLE[i % 4],
         "status": "Complete" if i < 15 else "In Progress",
         "due_date": (datetime.date(2025, 5, 5) + datetime.timedelta(days=30 * (i // 7) + i % 7))
         .isoformat()} for i in range(21)])


if __name__ == "__main__":
    main()
