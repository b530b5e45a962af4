CREATE EXTENSION age;

-- not preloaded, because it would break DROP in databases without the extension
LOAD 'age';

SET search_path = ag_catalog, "$user", public;

SELECT create_graph('people') IS NOT NULL;

SELECT count(*) = 0 FROM cypher('people', $$ CREATE (:Person {name: 'Ada'})-[:KNOWS]->(:Person {name: 'Eve'}) $$) AS (none agtype);

SELECT name = '"Eve"' FROM cypher('people', $$ MATCH (:Person {name: 'Ada'})-[:KNOWS]->(p) RETURN p.name $$) AS (name agtype);

SELECT drop_graph('people', true) IS NOT NULL;
