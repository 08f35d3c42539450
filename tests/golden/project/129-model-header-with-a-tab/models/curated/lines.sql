/* firn
columns:
	id: {checks: [unique]}
*/
SELECT 1 AS id
