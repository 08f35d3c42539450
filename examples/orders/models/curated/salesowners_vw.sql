/* firn
materialize: view
description: One row per order and sales owner, in the order of the export.
columns:
  owner: {checks: [not_null]}
  owner_rank: {description: "1 is the first owner named"}
checks:
  - {unique: [order_id, owner]}
*/
WITH names AS (
    SELECT o.order_id, trim(n.name) AS owner, n.place
    FROM base.orders AS o
    CROSS JOIN LATERAL (
        SELECT unnest(string_split(o.salesowners, ',')) AS name,
               generate_subscripts(string_split(o.salesowners, ','), 1) AS place
    ) AS n
    WHERE trim(n.name) <> ''
),
once AS (  -- who is named twice counts where named first
    SELECT order_id, owner, min(place) AS place FROM names GROUP BY order_id, owner
)
SELECT order_id,
       owner,
       CAST(row_number() OVER (PARTITION BY order_id ORDER BY place) AS INTEGER) AS owner_rank
FROM once
