CREATE EXTENSION unit;

SELECT '1 km'::unit + '5 m'::unit = '1005 m'::unit;

-- out of the tables that it brings
SELECT '1 mile'::unit @ 'm' = '1609.344 m' AND '1 kB'::unit = '1000 B'::unit;
