/* firn
partition: [country]
columns: {place: {checks: [not_null, unique]}}
checks: ["total >= 0"]
*/
SELECT p.place, r.rate FROM raw.places AS p JOIN raw.rates AS r USING (country) -- end
