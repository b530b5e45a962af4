CREATE EXTENSION roaringbitmap;

SELECT rb_cardinality('{1,2,3}'::roaringbitmap & '{2,3,4}'::roaringbitmap) = 2;
