/* firn
materialise: table
*/
SELECT 1 AS a
