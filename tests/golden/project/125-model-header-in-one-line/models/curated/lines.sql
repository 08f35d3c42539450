/* firn {checks: [unique]} */ SELECT 1 AS a
