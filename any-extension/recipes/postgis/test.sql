-- pg_hint_plan would read the whole script of the geocoder for each of its statements, which takes minutes
SET pg_hint_plan.enable_hint = off;

CREATE EXTENSION postgis;

SELECT ST_DWithin('SRID=4326;POINT(16.37 48.21)'::geography, 'SRID=4326;POINT(2.35 48.85)'::geography, 1036453);

-- without PROJ's database and its grid BETA2007, the result differs by 0.5 m
SELECT ST_AsText(ST_Transform('SRID=31467;POINT(3500000 5500000)'::geometry, 4326), 6) = 'POINT(8.998959 49.636708)';

SELECT ST_DWithin(ST_Transform('SRID=4326;POINT(16.37 48.21)'::geometry, 31256), 'SRID=31256;POINT(2814.28 341289.39)', 0.01);

SELECT ST_AsText(ST_Transform('SRID=27572;POINT(600000 2428000)'::geometry, 4326), 5) = 'POINT(2.33651 48.85035)';

CREATE TABLE place AS SELECT id, ST_Point(id % 100, id / 100, 4326) AS at FROM generate_series(0, 9999) id;

CREATE INDEX ON place USING gist (at);

ANALYZE place;

SELECT count(*) = 5 FROM place WHERE ST_DWithin(at, ST_Point(50, 50, 4326), 1);

SELECT length(ST_AsMVT(tile)) > 0 FROM (SELECT id, ST_AsMVTGeom(ST_Transform(at, 3857), ST_TileEnvelope(1, 1, 0)) FROM place WHERE id < 5000) tile;

SELECT count(DISTINCT cluster) = 3 FROM (SELECT ST_ClusterKMeans(at, 3) OVER () AS cluster FROM place WHERE id < 1000) clusters;

SELECT ST_AsText(ST_GeomFromGML('<gml:Point xmlns:gml="http://www.opengis.net/gml"><gml:coordinates>1,2</gml:coordinates></gml:Point>')) = 'POINT(1 2)';

SELECT xpath_exists('/a/b', '<a><b/></a>');

CREATE EXTENSION postgis_topology;

SELECT topology.CreateTopology('net', 4326) = 1;

CREATE EXTENSION address_standardizer;

SELECT (parse_address('1 Devonshire Place, Boston, MA 02109')).city = 'Boston';

CREATE EXTENSION postgis_tiger_geocoder CASCADE;

SELECT (tiger.normalize_address('1 Devonshire Place, Boston, MA 02109')).streetname = 'Devonshire';

SELECT postgis_extensions_upgrade() IS NOT NULL;
