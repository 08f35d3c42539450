#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py ENTRIES FILE: journal entries as JSON lines, and their sums in FILE.expected.json.

The same number gives the same bytes.  The sums are kept in whole cents while writing, so they
depend on no reader of the file.
"""
import datetime
import json
import random
import sys

WORDS = ("invoice rent salary freight customs office travel refund accrual reversal depreciation "
         "inventory bank fee consulting licence utilities insurance marketing hosting repair fuel "
         "training legal audit tax dividend interest loan deposit transfer Zürich café naïve Ünal"
         ).split()
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CHF", "TRY", "PLN", "SEK")
FIRST_DAY = datetime.date(2019, 1, 1).toordinal()
ENTRY = ('{"_id":"%08x%016x","entry_number":%d,"company":"company-%02d","date":"%s",'
         '"currency":"%s","memo":"%s %d","updated_at":"%sT%02d:%02d:%02d.%03dZ","lines":[%s]}\n')
LINE = '{"account":"%s","debit":%d.%02d,"credit":%d.%02d,"description":"%s"}'


class Generator:
    def __init__(self):
        self.random = random.Random(20261121)
        self.pick = self.random.randrange
        self.accounts = [f"{1000 + 7 * i} {WORDS[i % len(WORDS)].title()}" for i in range(400)]
        self.memos = [self.text(1, 4) for _ in range(20000)]
        self.descriptions = [self.text(1, 2) for _ in range(20000)]
        self.lines = self.cents = 0

    def text(self, least, most):
        return " ".join(self.random.choices(WORDS, k=self.random.randint(least, most)))

    def line(self, debit, credit):
        return LINE % (self.accounts[self.pick(400)], debit // 100, debit % 100, credit // 100,
                       credit % 100, self.descriptions[self.pick(20000)])

    def entry(self, number):
        amounts = [self.pick(1, 5000000) for _ in range(1 + self.pick(3))]
        lines = [self.line(amount, 0) for amount in amounts] + [self.line(0, sum(amounts))]
        self.lines += len(lines)
        self.cents += sum(amounts)
        day = datetime.date.fromordinal(FIRST_DAY + self.pick(2500)).isoformat()
        second = self.pick(86400)
        return ENTRY % (0x5c000000 + number // 7, self.random.getrandbits(64), number + 1,
                        self.pick(50), day, CURRENCIES[self.pick(8)], self.memos[self.pick(20000)],
                        self.pick(1000000), day, second // 3600, second // 60 % 60, second % 60,
                        self.pick(1000), ",".join(lines))


def main(entries, path):
    generator = Generator()
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        for number in range(entries):
            out.write(generator.entry(number))
    total = f"{generator.cents // 100}.{generator.cents % 100:02d}"
    with open(path + ".expected.json", "w", encoding="utf-8") as out:
        json.dump({"entries": entries, "lines": generator.lines, "debit": total,
                   "credit": total}, out)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
