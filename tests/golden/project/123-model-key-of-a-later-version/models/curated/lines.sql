/* firn
materialize: table
key: [id]
*/
SELECT 1 AS a
