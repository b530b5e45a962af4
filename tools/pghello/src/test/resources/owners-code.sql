-- SPDX-License-Identifier: MIT
-- Code of two owners in all kinds of objects: those that run code during a restore, and those that must not. In a session of
-- pghello, m.ran(what) logs the rights that it runs with, and tries to write a file, create a table and change a role.
CREATE ROLE mallory;
CREATE ROLE alice;
CREATE SCHEMA m AUTHORIZATION mallory;
CREATE SCHEMA a AUTHORIZATION alice;
GRANT USAGE, CREATE ON SCHEMA m TO alice;
GRANT USAGE, CREATE ON SCHEMA a TO mallory;
CREATE EXTENSION btree_gist SCHEMA public;
SET ROLE mallory;
SET search_path = m, public;
CREATE FUNCTION m.ran(what text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  attempt text;
BEGIN
  IF pg_catalog.current_setting('application_name') <> 'pghello' THEN
    RETURN true;
  END IF;
  FOREACH attempt IN ARRAY ARRAY[
    'SET SESSION AUTHORIZATION DEFAULT',
    'RESET ROLE',
    pg_catalog.format('COPY (SELECT 1) TO %L', '@MARKS@/' || what),
    'ALTER ROLE mallory CREATEROLE',
    'CREATE TABLE m.planted AS SELECT 1'
  ] LOOP
    BEGIN
      EXECUTE attempt;
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
  RAISE LOG 'ran <%> as a superuser: %', what,
    (SELECT pg_catalog.bool_or(r.rolsuper) FROM pg_catalog.pg_roles r WHERE r.rolname IN (current_user, session_user));
  RETURN true;
END
$$;
CREATE FUNCTION m.one(what text, i integer DEFAULT 1) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS
  'BEGIN PERFORM m.ran(what); RETURN i; END';
GRANT EXECUTE ON FUNCTION m.ran(text), m.one(text, integer) TO alice;

-- columns
CREATE TABLE m.checked (i integer CHECK (m.ran('check of a column')), j integer, CONSTRAINT c CHECK (i <= m.one('check of a table', j)));
INSERT INTO m.checked VALUES (1, 2);
CREATE DOMAIN m.dom AS integer CHECK (m.ran('check of a domain'));
CREATE DOMAIN m.domdom AS m.dom CHECK (VALUE < 100);
CREATE DOMAIN m.several AS integer[] CHECK (m.ran('check of a domain of arrays'));
CREATE DOMAIN m.element AS integer CHECK (m.ran('check of an element'));
CREATE DOMAIN m.part AS integer CHECK (m.ran('check of an attribute'));
CREATE TYPE m.pair AS (x m.part, y integer);
CREATE DOMAIN m.whole AS m.pair CHECK (m.ran('check of a domain of a composite type'));
CREATE TABLE m.domains (a m.domdom, b m.several, c m.element[], d m.whole);
INSERT INTO m.domains VALUES (1, '{1,2}', '{3}', '(1,2)');
CREATE TABLE m.computed (i integer, j integer GENERATED ALWAYS AS (i + m.one('generated column')) STORED, k integer GENERATED ALWAYS AS IDENTITY);
INSERT INTO m.computed (i) VALUES (1);
CREATE TABLE m.typed OF m.pair (CHECK (m.ran('check of a typed table')));
INSERT INTO m.typed VALUES (1, 2);
CREATE UNLOGGED TABLE m.unlogged (i integer CHECK (m.ran('check of an unlogged table')));
INSERT INTO m.unlogged VALUES (1);
CREATE TABLE m.parent (i integer CHECK (m.ran('inherited check')));
CREATE TABLE m.child () INHERITS (m.parent);
INSERT INTO m.child VALUES (1);
CREATE FUNCTION m.cast_to_part(m.pair) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM m.ran(''cast''); RETURN 1; END';
CREATE CAST (m.pair AS integer) WITH FUNCTION m.cast_to_part(m.pair);
CREATE TABLE m.casts (p m.pair CHECK (p::integer > 0));
INSERT INTO m.casts VALUES ((1, 2));
CREATE FUNCTION m.less(integer, integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN m.ran(''operator''); END';
CREATE OPERATOR m.<<<< (LEFTARG = integer, RIGHTARG = integer, FUNCTION = m.less);
CREATE TABLE m.operators (i integer CHECK (i OPERATOR(m.<<<<) 3));
INSERT INTO m.operators VALUES (1);
CREATE FUNCTION m.atomic(i integer) RETURNS boolean LANGUAGE sql RETURN m.ran('function in SQL');
CREATE TABLE m.atomics (i integer CHECK (m.atomic(i)));
INSERT INTO m.atomics VALUES (1);
CREATE FUNCTION m.definer() RETURNS boolean SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN m.ran(''security definer''); END';
CREATE FUNCTION m.with_setting() RETURNS boolean LANGUAGE plpgsql SET role = mallory AS 'BEGIN RETURN m.ran(''function with SET role''); END';
CREATE TABLE m.functions (i integer CHECK (m.definer() AND m.with_setting()));
INSERT INTO m.functions VALUES (1);

-- partitions
CREATE TABLE m.ranges (i integer) PARTITION BY RANGE ((m.one('key of a range partition', i)));
CREATE TABLE m.ranges_1 PARTITION OF m.ranges FOR VALUES FROM (0) TO (10);
CREATE TABLE m.ranges_d PARTITION OF m.ranges DEFAULT;
INSERT INTO m.ranges VALUES (1), (20);
CREATE TABLE m.lists (i integer) PARTITION BY LIST ((m.one('key of a list partition', i)));
CREATE TABLE m.lists_1 PARTITION OF m.lists FOR VALUES IN (1);
INSERT INTO m.lists VALUES (1);
CREATE TABLE m.hashes (i integer) PARTITION BY HASH ((m.one('key of a hash partition', i)));
CREATE TABLE m.hashes_0 PARTITION OF m.hashes FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO m.hashes VALUES (1);
SET ROLE alice;
CREATE TABLE a.ranges (i integer) PARTITION BY RANGE ((m.one('key of another owner', i)));
CREATE TABLE a.ranges_1 PARTITION OF a.ranges FOR VALUES FROM (0) TO (10);
INSERT INTO a.ranges VALUES (1);
CREATE TABLE a.checked (i integer CHECK (m.ran('check of another owner')));
INSERT INTO a.checked VALUES (1);
SET ROLE mallory;

-- indexes and constraints
CREATE TABLE m.indexed (i integer, r int4range);
INSERT INTO m.indexed VALUES (1, '[1,3)'), (5, '[4,5)');
CREATE INDEX ON m.indexed (m.one('index expression', i));
CREATE UNIQUE INDEX ON m.indexed (m.one('unique index', i));
CREATE INDEX ON m.indexed (i) WHERE m.one('index predicate', i) > 0;
CREATE INDEX ON m.indexed USING hash (m.one('hash index', i));
CREATE INDEX ON m.indexed USING brin (m.one('BRIN index', i));
CREATE INDEX ON m.indexed USING gist (int4range(0, m.one('GiST index', i)));
CREATE INDEX ON m.indexed USING gin ((ARRAY[m.one('GIN index', i)]));
ALTER TABLE m.indexed ADD EXCLUDE USING gist (r WITH &&, m.one('exclusion constraint', i) WITH =);
CREATE FUNCTION m.difference(integer, integer) RETURNS double precision IMMUTABLE LANGUAGE plpgsql AS
  $$BEGIN RAISE LOG 'ran <%> as a superuser: %', 'difference of a range type', pg_catalog.current_setting('is_superuser') = 'on'; RETURN $1 - $2; END$$;
CREATE TYPE m.measured AS RANGE (SUBTYPE = integer, SUBTYPE_DIFF = m.difference);
CREATE TABLE m.measures (r m.measured);
INSERT INTO m.measures SELECT m.measured(i, i + 5) FROM generate_series(1, 500) i;
CREATE INDEX ON m.measures USING gist (r);
CREATE STATISTICS m.expressions ON (m.one('not: statistics', i)), i FROM m.indexed;
CREATE TABLE m.kinds (kind integer PRIMARY KEY);
INSERT INTO m.kinds VALUES (1);
CREATE TYPE m.label AS ENUM ('1');
CREATE FUNCTION m.number(m.label) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM m.ran(''cast of a foreign key''); RETURN 1; END';
CREATE CAST (m.label AS integer) WITH FUNCTION m.number(m.label) AS IMPLICIT;
CREATE TABLE m.things (kind m.label REFERENCES m.kinds);
INSERT INTO m.things VALUES ('1');

-- views
CREATE VIEW m.shown AS SELECT m.ran('view') AS ran;
CREATE MATERIALIZED VIEW m.kept AS SELECT m.one('materialized view', 3) AS i;
CREATE INDEX ON m.kept (m.one('index of a materialized view', i));
CREATE FUNCTION m.state(integer, integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN m.one(''aggregate'', $2); END';
CREATE AGGREGATE m.total(integer) (SFUNC = m.state, STYPE = integer);
CREATE MATERIALIZED VIEW m.totals AS SELECT m.total(kind) FROM m.kinds;
GRANT SELECT ON m.shown TO alice;
SET ROLE alice;
CREATE MATERIALIZED VIEW a.seen AS SELECT ran FROM m.shown;
SET ROLE mallory;

-- code that must not run during a restore
CREATE TABLE m.late (i integer);
INSERT INTO m.late VALUES (1);
ALTER TABLE m.late ADD CHECK (m.ran('not: check that is not valid')) NOT VALID;
CREATE TABLE m.quiet (i integer DEFAULT m.one('not: default'), j integer);
INSERT INTO m.quiet (i, j) VALUES (1, 2);
CREATE FUNCTION m.fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM m.ran(''not: '' || tg_name); RETURN NEW; END';
CREATE TRIGGER trigger BEFORE INSERT ON m.quiet FOR EACH ROW EXECUTE FUNCTION m.fired();
CREATE TRIGGER statement_trigger AFTER INSERT ON m.quiet EXECUTE FUNCTION m.fired();
CREATE CONSTRAINT TRIGGER constraint_trigger AFTER INSERT ON m.quiet DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION m.fired();
CREATE TRIGGER always BEFORE INSERT ON m.quiet FOR EACH ROW EXECUTE FUNCTION m.fired();
ALTER TABLE m.quiet ENABLE ALWAYS TRIGGER always;
CREATE RULE rule AS ON INSERT TO m.quiet DO ALSO SELECT m.ran('not: rule');
CREATE TABLE m.secured (kind integer REFERENCES m.kinds, i integer);
INSERT INTO m.secured VALUES (1, 1);
ALTER TABLE m.secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY policy ON m.secured USING (m.ran('not: policy')) WITH CHECK (m.ran('not: policy'));
CREATE PROCEDURE m.procedure() LANGUAGE plpgsql AS 'BEGIN PERFORM m.ran(''not: procedure''); END';
CREATE FUNCTION m.default_of_argument(i integer DEFAULT m.one('not: default of an argument')) RETURNS integer LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
RESET search_path;
