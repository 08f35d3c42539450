select _id, entry_number, company, date, currency, line_no,
    l.account, l.debit, l.credit, l.description
from (select *, unnest(lines) as l, generate_subscripts(lines, 1) as line_no from b.entries)
