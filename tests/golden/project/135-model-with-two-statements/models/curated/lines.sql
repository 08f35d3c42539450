SELECT 1 AS a; -- first
SELECT 2 AS a;
