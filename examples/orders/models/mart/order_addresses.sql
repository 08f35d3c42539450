/* firn
description: "3. Orders with the contact's address: city, postal code."
columns:
  order_id: {checks: [unique]}
*/
SELECT order_id, contact_address FROM curated.orders_vw
