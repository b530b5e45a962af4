CREATE EXTENSION vector;

CREATE TABLE item (id integer, embedding vector(3));

-- so few rows that the index, which is approximate, connects each row with every other row
INSERT INTO item SELECT n, ARRAY[sin(n), cos(n), n / 1000.0]::vector FROM generate_series(1, 30) n;

CREATE INDEX ON item USING hnsw (embedding vector_l2_ops);

SET enable_seqscan = off;

SELECT id = 7 FROM item ORDER BY embedding <-> (SELECT embedding FROM item WHERE id = 7) LIMIT 1;

SELECT cosine_distance('[1,0]'::vector, '[0,1]'::vector) = 1 AND l2_distance('[0,0]'::vector, '[3,4]'::vector) = 5;
