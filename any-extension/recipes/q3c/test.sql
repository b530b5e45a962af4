CREATE EXTENSION q3c;

CREATE TABLE star AS SELECT n AS id, (n % 360)::float AS ra, (n / 360 - 10)::float AS dec FROM generate_series(0, 7199) n;

CREATE INDEX ON star (q3c_ang2ipix(ra, dec));

SELECT count(*) = 5 FROM star WHERE q3c_radial_query(ra, dec, 180, 0, 1.001);

SELECT abs(q3c_dist(0, 0, 90, 0) - 90) < 1e-9;
