CREATE SCHEMA partman;

CREATE EXTENSION pg_partman SCHEMA partman;

CREATE TABLE public.event (id integer NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (id);

-- version 4, the version for PostgreSQL 15, requires one more argument
DO $$
BEGIN
  IF (SELECT extversion < '5' FROM pg_extension WHERE extname = 'pg_partman') THEN
    PERFORM partman.create_parent('public.event', 'id', 'native', '10');
  ELSE
    PERFORM partman.create_parent('public.event', 'id', '10');
  END IF;
END
$$;

SELECT count(*) > 4 FROM pg_inherits WHERE inhparent = 'public.event'::regclass;

INSERT INTO public.event VALUES (12, now());

SELECT tableoid <> (SELECT partrelid FROM pg_partitioned_table WHERE partrelid = 'public.event'::regclass) FROM public.event;
