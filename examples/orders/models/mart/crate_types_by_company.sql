/* firn
description: "1. Distribution of crate types per company."
sort: [company, crate_type]
checks:
  - {unique: [company, crate_type]}
*/
WITH counted AS (
    SELECT company, crate_type, count(*) AS orders,
           sum(count(*)) OVER (PARTITION BY company) AS all_orders
    FROM curated.orders_vw
    GROUP BY company, crate_type
)
SELECT company,
       crate_type,
       orders,
       -- in whole numbers, halves up: the engine divides as doubles
       CAST((orders * 20000 + all_orders) // (2 * all_orders) AS DECIMAL(9, 0)) * 0.01 AS percent
FROM counted
