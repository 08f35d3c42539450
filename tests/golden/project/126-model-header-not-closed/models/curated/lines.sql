/* firn
materialize: table
SELECT 1 AS a
