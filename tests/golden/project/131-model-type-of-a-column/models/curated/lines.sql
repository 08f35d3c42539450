/* firn
columns: {id: {type: long}}
*/
SELECT 1 AS id
