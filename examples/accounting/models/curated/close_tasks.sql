/* firn
materialize: table
columns: {task_id: {checks: [not_null, unique]}, due_date: {checks: [not_null]}}
*/
-- The tasks of the monthly close, due dates as dates.
SELECT task_id, name, assigned_to, status, CAST(due_date AS DATE) AS due_date
FROM raw.close_tasks
