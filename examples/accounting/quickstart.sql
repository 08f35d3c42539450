-- What was booked by type of account
SELECT account_type, count(*) AS lines, sum(debit) AS debit, sum(credit) AS credit
FROM curated.journal_lines
GROUP BY account_type
ORDER BY account_type;

-- Entries that do not balance
SELECT * FROM curated.entry_totals WHERE difference <> 0 ORDER BY entry_id;

-- Open tasks of the close
SELECT task_id, name, assigned_to, due_date
FROM curated.close_tasks
WHERE status <> 'Complete'
ORDER BY due_date, task_id;
