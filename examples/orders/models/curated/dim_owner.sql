/* firn
description: One row per sales owner.
columns:
  owner: {checks: [not_null, unique]}
*/
SELECT owner,
       count(*) AS orders,
       count(*) FILTER (WHERE owner_rank = 1) AS orders_as_first,
       min(order_date) AS first_order,
       max(order_date) AS last_order
FROM curated.order_sales_owner_vw
GROUP BY owner
