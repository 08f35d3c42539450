/* firn
description: >-
  6c. The five best sellers of plastic crates of each month, by that month and the two before; ties
  by name.  A month in whose three months nothing was sold has one row without an owner.
sort: [month, place]
checks:
  - {unique: [month, place]}
*/
WITH sales AS (
    SELECT owner, date_trunc('month', order_date) AS month
    FROM curated.order_sales_owner_vw
    WHERE crate_type = 'Plastic' AND order_date <= DATE '${today}'
),
months AS (
    SELECT CAST(unnest(generate_series(
               CAST(min(date_trunc('month', order_date)) AS TIMESTAMP),
               CAST(DATE '${today}' AS TIMESTAMP),
               INTERVAL 1 MONTH)) AS DATE) AS month
    FROM curated.orders_vw
),
sold AS (
    SELECT m.month, s.owner, count(*) AS orders
    FROM months AS m
    JOIN sales AS s ON s.month BETWEEN m.month - INTERVAL 2 MONTH AND m.month
    GROUP BY m.month, s.owner
),
placed AS (
    SELECT month, owner, orders,
           CAST(row_number() OVER (PARTITION BY month ORDER BY orders DESC, owner) AS INTEGER)
               AS place
    FROM sold
)
SELECT m.month, coalesce(p.place, 1) AS place, p.owner, coalesce(p.orders, 0) AS orders
FROM months AS m
LEFT JOIN placed AS p ON p.month = m.month AND p.place <= 5
