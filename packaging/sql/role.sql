-- SPDX-License-Identifier: PostgreSQL
--
-- The database role of Redoubt, with what its work needs and nothing else.
--
--     psql --dbname postgres --file role.sql
--     psql --dbname postgres --set role=backup --file role.sql
--
-- Run it as a superuser, in the database that postgres.connection names, and again after an
-- upgrade. Whoever may replicate can copy the whole cluster, password hashes included, so
-- that reading all tables adds nothing to that. The role changes none.
--
-- It has no password. To let the operating system's user postgres connect as this role,
-- put this line first in pg_hba.conf, the next one into pg_ident.conf, and reload:
--
--     local  all,replication  redoubt  peer map=redoubt
--     redoubt  postgres  redoubt
--
-- A superuser's remain "redoubt init --apply", which sets archive_command, "redoubt
-- restore-dump", which makes databases, and dumps of large objects, which only their
-- owners can read.

\set ON_ERROR_STOP on
\if :{?role}
\else
\set role redoubt
\endif

BEGIN;

SELECT format('CREATE ROLE %I', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec

-- Base backups and their WAL. Tables with row security are dumped whole, or not at all.
ALTER ROLE :"role" WITH LOGIN REPLICATION BYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;

-- Configuration files belong to a backup; doctor judges settings.
GRANT pg_read_all_settings TO :"role";

-- Dumps, and the checks of what is in tables.
GRANT pg_read_all_data TO :"role";

-- What waits to be archived, for status; doctor sends a WAL segment the whole way.
GRANT EXECUTE ON FUNCTION pg_ls_archive_statusdir(), pg_switch_wal(),
    pg_create_restore_point(text) TO :"role";

-- A schema of its own, where the canary puts its rows. A superuser may have made both.
SELECT format('CREATE SCHEMA redoubt AUTHORIZATION %I', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'redoubt') \gexec
SELECT format('ALTER SCHEMA redoubt OWNER TO %I', :'role')
  FROM pg_namespace WHERE nspname = 'redoubt' AND nspowner <> to_regrole(quote_ident(:'role')) \gexec
SELECT format('ALTER TABLE redoubt.canary OWNER TO %I', :'role')
  FROM pg_class WHERE oid = to_regclass('redoubt.canary') AND relkind = 'r'
   AND relowner <> to_regrole(quote_ident(:'role')) \gexec

COMMIT;
