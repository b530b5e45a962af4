CREATE EXTENSION pg_stat_kcache CASCADE;

SELECT count(*) = 200000 FROM generate_series(1, 200000);

SELECT count(*) > 0 FROM pg_stat_kcache_detail WHERE query LIKE '%generate_series%' AND exec_user_time >= 0;
