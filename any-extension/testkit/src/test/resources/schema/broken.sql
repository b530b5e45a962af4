CREATE TABLE fine ();

-- Zoë 🎈
SELECT '🎈',
  nothing
FROM fine;
