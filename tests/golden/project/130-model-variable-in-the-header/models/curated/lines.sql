/* firn
description: "${LIMIT}"
*/
SELECT 1 AS a
