-- What each sales owner earned, in euros
SELECT owner, commission FROM mart.commissions ORDER BY commission DESC, owner;

-- Who most needs training on plastic crates
SELECT owner, plastic_orders FROM mart.plastic_training ORDER BY plastic_orders, owner LIMIT 3;

-- Companies with the ids they came with
SELECT company, company_ids, spellings FROM curated.dim_company WHERE len(spellings) > 1 ORDER BY 1;
