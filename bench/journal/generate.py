#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py ENTRIES FILE: journal entries, and their sums in FILE.expected.json.

FILE is JSON lines, or, if its name ends in .bson, the same entries as mongodump writes them: ids as
ObjectId, updated_at as date, amounts as Decimal128.  The same number gives the same bytes.  The
sums are kept in whole cents while writing, so they depend on no reader of the file.
"""
import calendar
import datetime
import json
import random
import struct
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


class Json:
    @staticmethod
    def line(account, debit, credit, description):
        return LINE % (account, debit // 100, debit % 100, credit // 100, credit % 100,
                       description)

    @staticmethod
    def entry(number, bits, company, day, currency, memo, memo_number, second, ms, lines):
        return (ENTRY % (0x5c000000 + number // 7, bits, number + 1, company, day.isoformat(),
                         currency, memo, memo_number, day.isoformat(), second // 3600,
                         second // 60 % 60, second % 60, ms, ",".join(lines))).encode()


class Bson:
    CENTS = 6176 - 2 << 49  # the upper half of a Decimal128 with the exponent -2

    @staticmethod
    def string(key, text):
        data = text.encode()
        return b"\x02%b\0%b%b\0" % (key, struct.pack("<i", len(data) + 1), data)

    @staticmethod
    def document(body):
        return struct.pack("<i", len(body) + 5) + body + b"\0"

    @classmethod
    def line(cls, account, debit, credit, description):
        return cls.document(b"%b\x13debit\0%b\x13credit\0%b%b" % (
            cls.string(b"account", account), struct.pack("<QQ", debit, cls.CENTS),
            struct.pack("<QQ", credit, cls.CENTS), cls.string(b"description", description)))

    @classmethod
    def entry(cls, number, bits, company, day, currency, memo, memo_number, second, ms, lines):
        at = calendar.timegm(day.timetuple()) * 1000 + second * 1000 + ms
        items = b"".join(b"\x03%d\0%b" % (i, line) for i, line in enumerate(lines))
        return cls.document(b"\x07_id\0%b\x12entry_number\0%b%b%b%b%b\x09updated_at\0%b"
                            b"\x04lines\0%b" % (
                                struct.pack(">IQ", 0x5c000000 + number // 7, bits),
                                struct.pack("<q", number + 1),
                                cls.string(b"company", f"company-{company:02d}"),
                                cls.string(b"date", day.isoformat()),
                                cls.string(b"currency", currency),
                                cls.string(b"memo", f"{memo} {memo_number}"),
                                struct.pack("<q", at), cls.document(items)))


class Generator:
    def __init__(self, form):
        self.form = form
        self.random = random.Random(20261121)
        self.pick = self.random.randrange
        self.accounts = [f"{1000 + 7 * i} {WORDS[i % len(WORDS)].title()}" for i in range(400)]
        self.memos = [self.text(1, 4) for _ in range(20000)]
        self.descriptions = [self.text(1, 2) for _ in range(20000)]
        self.lines = self.cents = 0

    def text(self, least, most):
        return " ".join(self.random.choices(WORDS, k=self.random.randint(least, most)))

    def line(self, debit, credit):
        return self.form.line(self.accounts[self.pick(400)], debit, credit,
                              self.descriptions[self.pick(20000)])

    def entry(self, number):
        amounts = [self.pick(1, 5000000) for _ in range(1 + self.pick(3))]
        lines = [self.line(amount, 0) for amount in amounts] + [self.line(0, sum(amounts))]
        self.lines += len(lines)
        self.cents += sum(amounts)
        day = datetime.date.fromordinal(FIRST_DAY + self.pick(2500))
        second = self.pick(86400)
        return self.form.entry(number, self.random.getrandbits(64), self.pick(50), day,
                               CURRENCIES[self.pick(8)], self.memos[self.pick(20000)],
                               self.pick(1000000), second, self.pick(1000), lines)


def main(entries, path):
    generator = Generator(Bson if path.endswith(".bson") else Json)
    with open(path, "wb", buffering=1 << 20) as out:
        for number in range(entries):
            out.write(generator.entry(number))
    total = f"{generator.cents // 100}.{generator.cents % 100:02d}"
    with open(path + ".expected.json", "w", encoding="utf-8") as out:
        json.dump({"entries": entries, "lines": generator.lines, "debit": total,
                   "credit": total}, out)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
