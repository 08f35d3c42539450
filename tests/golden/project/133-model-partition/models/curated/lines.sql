/* firn
partition: [day(a, b)]
*/
SELECT 1 AS id
