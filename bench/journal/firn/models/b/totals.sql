select _id, entry_number, company, date, currency,
    list_sum(list_transform(lines, lambda x: x.debit)) as total_debit,
    list_sum(list_transform(lines, lambda x: x.credit)) as total_credit,
    len(lines) as n
from b.entries
