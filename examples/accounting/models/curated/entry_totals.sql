/* firn
materialize: table
columns: {entry_id: {checks: [not_null, unique]}}
checks:
  - {check: "difference = 0", name: balanced, severity: warn}
*/
-- Per entry: what was debited, what was credited, and the difference, which should be nothing.
SELECT entry_id,
       entry_date,
       sum(debit) AS total_debit,
       sum(credit) AS total_credit,
       sum(debit) - sum(credit) AS difference,
       count(*) AS line_count
FROM curated.journal_lines
GROUP BY entry_id, entry_date
