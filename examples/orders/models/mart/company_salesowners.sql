/* firn
description: "5. Companies with their sales owners, each once, by name."
columns:
  company: {checks: [not_null, unique]}
*/
SELECT company,
       list_sort(list(DISTINCT owner)) AS owners
FROM curated.order_sales_owner_vw
GROUP BY company
