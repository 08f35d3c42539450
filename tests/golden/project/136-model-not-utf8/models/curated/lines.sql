SELECT 'café' AS a
