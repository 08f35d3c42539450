/* firn
materialize: view
description: >-
  One row per order with the business rules applied: the company is its name in lower case without
  punctuation, the contact is the first one of the cell, placeholders stand where data is missing.
columns:
  order_id: {checks: [not_null, unique]}
  company: {description: "lower-case name without punctuation", checks: [not_null]}
  crate_type: {checks: [{accepted_values: [Plastic, Wood, Metal], severity: warn}]}
*/
WITH contacts AS (
    SELECT *,
           -- an array of contacts, of which the first counts, or one contact alone
           CASE json_type(contact_data)
               WHEN 'ARRAY' THEN contact_data -> 0
               WHEN 'OBJECT' THEN contact_data
           END AS contact
    FROM base.orders
),
fields AS (
    SELECT *,
           nullif(trim(contact ->> 'contact_name'), '') AS contact_name,
           nullif(trim(contact ->> 'contact_surname'), '') AS contact_surname,
           nullif(trim(contact ->> 'city'), '') AS city,
           nullif(trim(contact ->> 'cp'), '') AS postal_code  -- text or a number in the export
    FROM contacts
)
SELECT order_id,
       order_date,
       company_id,
       company_name,
       trim(regexp_replace(
           regexp_replace(lower(company_name), '[^\p{L}\p{M}\p{N}\s]', '', 'g'), '\s+', ' ', 'g'
       )) AS company,
       crate_type,
       coalesce(nullif(concat_ws(' ', contact_name, contact_surname), ''), 'John Doe')
           AS contact_full_name,
       coalesce(city, 'Unknown') || ', ' || coalesce(postal_code, 'UNK00') AS contact_address,
       salesowners
FROM fields
