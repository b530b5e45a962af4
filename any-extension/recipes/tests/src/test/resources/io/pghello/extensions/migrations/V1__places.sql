CREATE TABLE place (id integer PRIMARY KEY, location geometry(Point, 4326) NOT NULL);
CREATE INDEX place_location ON place USING gist (location);
INSERT INTO place VALUES (1, ST_Point(16.37, 48.21, 4326)), (2, ST_Point(2.35, 48.86, 4326));
