CREATE EXTENSION pgrouting CASCADE;

CREATE TABLE road (id integer, source integer, target integer, cost float);

INSERT INTO road VALUES (1, 1, 2, 1), (2, 2, 3, 1), (3, 1, 3, 5);

SELECT array_agg(node ORDER BY seq) = ARRAY[1, 2, 3]::bigint[] AND max(agg_cost) = 2
FROM pgr_dijkstra('SELECT id, source, target, cost FROM road', 1, 3);
