/* firn
description: "2. Orders with the full name of the contact, John Doe where there is none."
columns:
  order_id: {checks: [unique]}
*/
SELECT order_id, contact_full_name FROM curated.orders_vw
