CREATE EXTENSION semver;

SELECT '1.2.3'::semver < '1.10.0'::semver AND '2.0.0-rc1'::semver < '2.0.0'::semver;

SELECT max(v::semver) = '1.10.0' FROM unnest(ARRAY['1.9.0', '1.10.0']) v;
