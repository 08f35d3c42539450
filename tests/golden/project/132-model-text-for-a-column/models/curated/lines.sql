/* firn
columns: {id: long}
*/
SELECT 1 AS id
