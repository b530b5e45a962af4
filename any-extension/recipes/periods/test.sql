CREATE EXTENSION periods CASCADE;

CREATE TABLE price (product integer, amount integer, valid_from date, valid_to date);

SELECT periods.add_period('price', 'validity', 'valid_from', 'valid_to');

SELECT periods.add_unique_key('price', ARRAY['product'], 'validity') IS NOT NULL;

INSERT INTO price VALUES (1, 10, '2026-01-01', '2026-02-01'), (1, 12, '2026-02-01', '2026-03-01');

DO $$ BEGIN
  INSERT INTO price VALUES (1, 11, '2026-01-15', '2026-02-15');
  RAISE 'overlapping periods were accepted';
EXCEPTION WHEN exclusion_violation THEN
END $$;

SELECT count(*) = 2 FROM price;
