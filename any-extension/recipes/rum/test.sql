CREATE EXTENSION rum;

CREATE TABLE page (id integer, words tsvector);

INSERT INTO page VALUES (1, to_tsvector('simple', 'a native extension of a server')), (2, to_tsvector('simple', 'native native'));

CREATE INDEX ON page USING rum (words rum_tsvector_ops);

SET enable_seqscan = off;

SELECT id = 2 FROM page WHERE words @@ to_tsquery('simple', 'native') ORDER BY words <=> to_tsquery('simple', 'native') LIMIT 1;
