CREATE EXTENSION pg_cron;

CREATE TABLE done ();

-- pg_cron 1.4, the version for PostgreSQL 15, supports only whole minutes
SELECT cron.schedule('job', CASE WHEN extversion < '1.5' THEN '* * * * *' ELSE '1 second' END, 'INSERT INTO done DEFAULT VALUES') > 0
FROM pg_extension WHERE extname = 'pg_cron';

-- wait
SELECT count(*) > 0 FROM cron.job_run_details WHERE status = 'succeeded';

SELECT count(*) > 0 FROM done;

SELECT cron.unschedule('job');
