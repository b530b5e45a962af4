CREATE EXTENSION pldbgapi;

CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 2 * n; END';

-- starts a debugger, which waits until another session calls the function
SELECT pldbg_create_listener() = 1;

SELECT pldbg_set_global_breakpoint(1, 'twice(integer)'::regprocedure, NULL, NULL);
