CREATE EXTENSION unit;

SELECT '1 km'::unit + '5 m'::unit = '1005 m'::unit;

-- from the tables that the extension contains
SELECT '1 mile'::unit @ 'm' = '1609.344 m' AND '1 kB'::unit = '1000 B'::unit;
