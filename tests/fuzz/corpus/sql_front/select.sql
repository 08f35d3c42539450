SELECT o.id, "My NS"."t""x".c, 'raw.x', $$raw.y$$, $t$ ; $t$ FROM lake.raw.orders AS o /* a.b /* c.d */ */
JOIN curated.shared.dim AT (VERSION => 5) d ON o.id = d.id -- x.y
WHERE o.ts > now() AND E'it\'s' <> x'AB';
SELECT * FROM raw.t FOR TIMESTAMP AS OF '2024-01-01 00:00:00'; SELECT * FROM raw.t VERSION AS OF 'b';
SELECT count(*) FROM iceberg('/lake/raw/t'), raw.t$files, "raw"."t$snapshots"; SHOW TABLES IN raw;
