CREATE EXTENSION pg_similarity;

SELECT lev('euler', 'heuser') BETWEEN 0.6 AND 0.7;

SELECT jaro('martha', 'marhta') BETWEEN 0.94 AND 0.95;
