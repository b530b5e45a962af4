CREATE EXTENSION pg_wait_sampling;

SELECT pg_sleep(0.3) IS NOT NULL;

-- wait
SELECT count(*) > 0 FROM pg_wait_sampling_profile WHERE event IS NOT NULL;
