/* firn
materialize: table
partition: [month(entry_date)]
columns: {entry_id: {checks: [not_null]}, line_no: {checks: [not_null, {check: line_no > 0, severity: warn}]}}
checks: ["debit >= 0 AND credit >= 0"]
*/

SELECT 'a;b' AS entry_id, 1 AS line_no -- one line
;
