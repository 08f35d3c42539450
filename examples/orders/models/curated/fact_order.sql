/* firn
description: One row per order; keys into dim_company and dim_owner.
partition: [year(order_date)]
columns:
  order_id: {checks: [not_null, unique]}
  company: {checks: [{relationships: {to: curated.dim_company, field: company}}]}
  first_owner: {checks: [{relationships: {to: curated.dim_owner, field: owner}}]}
*/
WITH invoiced AS (
    SELECT order_id, count(*) AS invoices, CAST(sum(gross_cents) AS BIGINT) AS gross_cents
    FROM base.invoices
    GROUP BY order_id
)
SELECT o.order_id,
       o.order_date,
       o.company,
       s.owner AS first_owner,
       o.crate_type,
       coalesce(i.invoices, 0) AS invoices,
       CAST(coalesce(i.gross_cents, 0) AS DECIMAL(18, 0)) * 0.01 AS gross_euros
FROM curated.orders_vw AS o
LEFT JOIN curated.salesowners_vw AS s ON s.order_id = o.order_id AND s.owner_rank = 1
LEFT JOIN invoiced AS i ON i.order_id = o.order_id
