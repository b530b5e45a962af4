CREATE EXTENSION http;

SELECT urlencode('a&b') = 'a%26b';

SELECT (http_header('Accept', 'text/plain')).value = 'text/plain';

DO $$ BEGIN
  PERFORM http_get('http://127.0.0.1:1/');
  RAISE 'there is a server on port 1';
EXCEPTION WHEN internal_error OR others THEN
  IF SQLERRM !~ 'connect' THEN RAISE; END IF;
END $$;
