-- SPDX-License-Identifier: MIT
CREATE FUNCTION try_sql(text, integer) RETURNS text LANGUAGE c STRICT AS '$libdir/winprobe';
CREATE FUNCTION try_deep(integer) RETURNS text LANGUAGE c STRICT AS '$libdir/winprobe';
CREATE FUNCTION layout() RETURNS text LANGUAGE c STRICT AS '$libdir/winprobe';
CREATE FUNCTION series(integer) RETURNS SETOF float8 LANGUAGE c STRICT AS '$libdir/winprobe';
SELECT sum(s) FROM series(100000) s;
SELECT try_sql('SELECT 1', 3);
SELECT try_sql('SELECT 1/0', 1000);
SELECT try_sql('no sql', 10);
SELECT try_sql('SELECT try_sql(''SELECT 1/0'', 3) || (1/0)::text', 10);
SELECT try_sql('SELECT try_deep(5)', 100);
SELECT try_deep(50);
SELECT try_deep(0);
DO $$ BEGIN FOR i IN 1..300 LOOP BEGIN PERFORM try_deep(i % 20); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$;
SELECT slot_name FROM pg_create_physical_replication_slot('one') UNION ALL SELECT slot_name FROM pg_create_physical_replication_slot('two');
SELECT layout();
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots;
