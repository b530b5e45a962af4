CREATE EXTENSION orafce;

SELECT oracle.nvl(NULL::integer, 3) = 3 AND oracle.add_months('2026-01-31'::date, 1) = '2026-02-28';
