/* firn
description: One row per company, whatever ids and spellings it came with.
columns:
  company: {checks: [not_null, unique]}
*/
SELECT company,
       -- the spelling that is used most
       mode(company_name ORDER BY company_name) AS company_name,
       list_sort(list(DISTINCT company_name)) AS spellings,
       list_sort(list(DISTINCT company_id)) AS company_ids,
       min(order_date) AS first_order,
       max(order_date) AS last_order
FROM curated.orders_vw
GROUP BY company
