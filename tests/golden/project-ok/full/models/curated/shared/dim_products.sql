-- no header at all
SELECT 1 AS a
