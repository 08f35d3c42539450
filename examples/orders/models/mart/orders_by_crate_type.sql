/* firn
description: "6a. Orders by type of crate."
sort: [orders desc, crate_type]
columns:
  crate_type: {checks: [unique]}
*/
SELECT crate_type, count(*) AS orders
FROM curated.orders_vw
GROUP BY crate_type
