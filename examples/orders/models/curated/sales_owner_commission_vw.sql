/* firn
materialize: view
description: >-
  One row per invoice and owner who earns from it.  All invoices of an order count; owners after
  the third earn nothing.
columns:
  rate: {description: "ten-thousandths of the net value: 6 %, 2.5 %, 0.95 %"}
*/
SELECT s.owner,
       s.owner_rank,
       i.order_id,
       i.invoice_id,
       i.gross_cents,
       i.vat,
       CASE s.owner_rank WHEN 1 THEN 600 WHEN 2 THEN 250 WHEN 3 THEN 95 END AS rate
FROM base.invoices AS i
JOIN curated.salesowners_vw AS s ON s.order_id = i.order_id
WHERE s.owner_rank <= 3
