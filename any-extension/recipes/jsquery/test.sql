CREATE EXTENSION jsquery;

CREATE TABLE document AS SELECT n AS id, jsonb_build_object('a', jsonb_build_object('b', n)) AS body FROM generate_series(1, 1000) n;

CREATE INDEX document_body ON document USING gin (body jsonb_path_value_ops);

SET enable_seqscan = off;

SELECT count(*) = 10 FROM document WHERE body @@ 'a.b > 990'::jsquery;
