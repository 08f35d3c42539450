-- lines of the journal
/* firn
materialize: table
*/
SELECT 1 AS a
