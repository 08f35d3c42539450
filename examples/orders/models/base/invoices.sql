/* firn
materialize: view
description: Invoices as exported; gross_cents and vat (percent) are exact numbers.
*/
SELECT id AS invoice_id,
       "orderId" AS order_id,
       "companyId" AS company_id,
       "grossValue" AS gross_cents,
       vat
FROM raw.invoices
