/* firn
materialize: view
description: Orders as exported, with names as SQL likes them.
*/
SELECT order_id,
       date AS order_date,
       company_id,
       company_name,
       crate_type,
       CAST(contact_data AS JSON) AS contact_data,
       salesowners
FROM raw.orders
