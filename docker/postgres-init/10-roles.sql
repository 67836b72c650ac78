-- Run once, by the superuser, when the data volume is new (the image looks for it in /docker-entrypoint-initdb.d).
-- Each process has a login of its own, which can do nothing until it takes its group role with SET ROLE.

\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv api_password POSTGRES_API_PASSWORD
\getenv projection_password POSTGRES_PROJECTION_PASSWORD
\getenv policies_password POSTGRES_POLICIES_PASSWORD

-- A statement that fails is written to the server's log, with the password in it.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';

CREATE ROLE contextline LOGIN CREATEROLE PASSWORD :'owner_password';

-- The migrations would make these, but the logins below must be members before the first migration has run.
CREATE ROLE contextline_api NOLOGIN;
CREATE ROLE contextline_projection NOLOGIN;

-- ADMIN is what the owner would have, had its migrations made the roles: without it, CREATEROLE can't alter them or grant
-- them to a new login.
GRANT contextline_api, contextline_projection TO contextline WITH ADMIN OPTION;

-- NOINHERIT: a process that forgets SET ROLE is refused, instead of working with rights that nobody meant it to have.
CREATE ROLE contextline_api_login LOGIN NOINHERIT PASSWORD :'api_password';
CREATE ROLE contextline_projection_login LOGIN NOINHERIT PASSWORD :'projection_password';
CREATE ROLE contextline_policies_login LOGIN NOINHERIT PASSWORD :'policies_password';
GRANT contextline_api TO contextline_api_login;
GRANT contextline_projection TO contextline_projection_login;
-- The policies follow the log as a projection does and write to it as the API does.
GRANT contextline_api, contextline_projection TO contextline_policies_login;

CREATE DATABASE contextline OWNER contextline;
