CREATE EXTENSION pgaudit;

SELECT count(*) = 2 FROM pg_event_trigger WHERE evtname LIKE 'pgaudit%';

CREATE TABLE secret (word text);

SET pgaudit.log = 'read';

SELECT count(*) = 0 FROM secret;

SET pgaudit.log = 'none';

SELECT count(*) >= 0 FROM secret WHERE word <> 'quiet';

-- the session's standard error is the server's log
SELECT log ~ 'AUDIT: SESSION,\d+,\d+,READ,SELECT,,,SELECT count\(\*\) = 0 FROM secret' AND log !~ 'AUDIT: [^\n]*quiet'
FROM pg_read_file('/proc/self/fd/2') log;
