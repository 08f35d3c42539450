/* firn
checks: ["a > ${LIMIT}"]
*/
SELECT 1 AS a
