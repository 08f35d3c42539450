/* firn model of the lines */
SELECT 1 AS a
