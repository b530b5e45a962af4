CREATE EXTENSION ip4r;

CREATE TABLE network (range ip4r);

INSERT INTO network VALUES ('10.0.0.0/8'), ('192.168.0.1-192.168.0.9');

CREATE INDEX ON network USING gist (range);

SET enable_seqscan = off;

SELECT range = '192.168.0.1-192.168.0.9' FROM network WHERE range >>= ip4 '192.168.0.5';
