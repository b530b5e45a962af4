CREATE EXTENSION pgaudit;

SET pgaudit.log = 'read';

SET pgaudit.log_catalog = on;

SELECT current_setting('pgaudit.log') = 'read';

SELECT count(*) = 2 FROM pg_event_trigger WHERE evtname LIKE 'pgaudit%';
