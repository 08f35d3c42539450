/* firn
materialize: table
partition: [month(entry_date)]
columns:
  entry_id: {checks: [not_null]}
  line_no: {checks: [not_null]}
  account_name: {checks: [{check: not_null, severity: warn}]}
checks: ["debit >= 0 AND credit >= 0"]
*/
-- One row a journal line.  An account may stand twice in an entry: line_no tells them apart.
SELECT e.entry_id,
       e.date AS entry_date,
       l.line_no,
       l.line.account_id AS account_id,
       a.name AS account_name,
       a.type AS account_type,
       coalesce(l.line.debit, 0) AS debit,
       coalesce(l.line.credit, 0) AS credit,
       e.description
FROM raw.journal_entries AS e
CROSS JOIN LATERAL (
    SELECT unnest(e.lines) AS line, generate_subscripts(e.lines, 1) AS line_no
) AS l
LEFT JOIN raw.accounts AS a ON a.account_id = l.line.account_id
