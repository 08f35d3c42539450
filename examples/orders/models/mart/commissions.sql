/* firn
description: "4. Commission of each sales owner in euros, the highest first."
sort: [commission desc, owner]
columns:
  owner: {checks: [not_null, unique]}
*/
-- Exact in whole numbers, since the engine divides decimals as doubles.  What is invoiced at one tax
-- rate is summed before it is divided, in units of 10^-18 cents; that is cut once per tax rate, so
-- the last two digits are made up for first (a half stays a half), then the sum is rounded to cents,
-- halves away from zero.
WITH by_vat AS (
    SELECT owner, vat, CAST(sum(gross_cents * rate) AS HUGEINT) AS weighted  -- 1/10000 cents
    FROM curated.sales_owner_commission_vw
    GROUP BY owner, vat
),
exact AS (
    SELECT owner,
           sum(weighted * 100000000000000000000
               // (1000000 + CAST(vat * 10000 AS HUGEINT))) AS units
    FROM by_vat
    GROUP BY owner
),
settled AS (
    SELECT owner, sign(units) AS sign, (abs(units) + 50) // 100 AS units FROM exact
)
SELECT owner,
       CAST(sign * ((units + 5000000000000000) // 10000000000000000) AS DECIMAL(18, 0)) * 0.01
           AS commission
FROM settled
ORDER BY commission DESC, owner
