/* firn
description: >-
  6b. Who most needs training on plastic crates: all owners by the plastic orders of the last
  twelve months, the fewest first.
sort: [plastic_orders, owner]
columns:
  owner: {checks: [unique]}
*/
SELECT owner,
       count(*) FILTER (WHERE crate_type = 'Plastic'
                          AND order_date > DATE '${today}' - INTERVAL 12 MONTH
                          AND order_date <= DATE '${today}') AS plastic_orders
FROM curated.order_sales_owner_vw
GROUP BY owner
