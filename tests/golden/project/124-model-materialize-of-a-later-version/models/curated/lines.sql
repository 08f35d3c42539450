/* firn
materialize: upsert
*/
SELECT 1 AS a
