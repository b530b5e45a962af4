CREATE EXTENSION h3;

SELECT h3_get_resolution('85283473fffffff'::h3index) = 5;

SELECT h3_cell_to_parent('85283473fffffff'::h3index, 4) = '8428347ffffffff'::h3index;
