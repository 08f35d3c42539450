/* firn
materialize: view
description: One row per order and sales owner, with what is asked about orders.
*/
SELECT s.owner, s.owner_rank, o.order_id, o.order_date, o.company, o.crate_type
FROM curated.salesowners_vw AS s
JOIN curated.orders_vw AS o ON o.order_id = s.order_id
