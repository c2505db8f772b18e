// SPDX-License-Identifier: PostgreSQL
#include "dump/swap.h"

#include "base/stop.h"
#include "dump/swap_session.h"

#include <string.h>

/* Backends of connections that were just closed take a moment to go. */
#define GRACE_MS 5000
#define PAUSE_MS 100

/*
 * A row for each reason: its text, and whether it may pass by itself.
 *
 * PostgreSQL itself refuses to rename a database with prepared transactions, and
 * not one with logical slots or subscriptions, though these would go on with the
 * old database under its other name: CREATE_REPLICATION_SLOT's consumers and the
 * apply workers know databases by their OID.  (A dump makes subscriptions, but
 * disabled.)  A database that was created with another encoding or locale sorts
 * and compares differently, which no ALTER DATABASE can change.
 */
static const char reasons[] =
    ", both_rows AS (SELECT * FROM o UNION ALL SELECT * FROM r)"
    ", me AS (SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user)"
    ", clients AS (SELECT a.datid, a.pid, u.oid AS role, u.rolname, u.rolsuper"
    "                FROM pg_stat_get_activity(NULL) a JOIN pg_roles u ON u.oid = a.usesysid"
    "               WHERE coalesce(a.backend_type, '') <> 'parallel worker')"
    ", traits AS (SELECT v.* FROM o, r, LATERAL (VALUES"
    "    ('encoding', pg_encoding_to_char(o.encoding)::text, "
    "pg_encoding_to_char(r.encoding)::text),"
    "    ('LC_COLLATE', o.datcollate::text, r.datcollate::text),"
    "    ('LC_CTYPE', o.datctype::text, r.datctype::text),"
    "    ('locale provider', CASE o.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu'"
    "                        ELSE 'builtin' END,"
    "                        CASE r.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu'"
    "                        ELSE 'builtin' END),"
    "    ('locale', o.locale, r.locale),"
    "    ('ICU rules', o.rules, r.rules)) AS v (trait, old, restored))"
    /* What is there at all. */
    " SELECT 'the server is a standby', false, 1 WHERE pg_is_in_recovery()"
    " UNION ALL"
    " SELECT format('there is no database \"%s\"', v.name), false, 2"
    "   FROM names, LATERAL (VALUES (old), (restored)) AS v (name)"
    "  WHERE v.name <> '' AND NOT EXISTS (SELECT FROM d WHERE datname = v.name)"
    " UNION ALL"
    " SELECT format('there is a database \"%s\" already', aside), false, 3"
    "   FROM names WHERE EXISTS (SELECT FROM d WHERE datname = aside)"
    " UNION ALL"
    " SELECT format('\"%s\" is a template', datname), false, 4 FROM both_rows WHERE datistemplate"
    " UNION ALL"
    " SELECT format('\"%s\" allows no connections', datname), false, 5"
    "   FROM both_rows WHERE NOT datallowconn"
    " UNION ALL"
    " SELECT format('\"%s\" is what an interrupted DROP DATABASE left', datname), false, 6"
    "   FROM both_rows WHERE datconnlimit = -2"
    " UNION ALL"
    " SELECT format('the %s of \"%s\" is %s, that of \"%s\" is %s', trait, names.old,"
    "        coalesce(t.old, 'none'), names.restored, coalesce(t.restored, 'none')), false, 7"
    "   FROM traits t, names WHERE t.old IS DISTINCT FROM t.restored"
    " UNION ALL"
    /* What is tied to it. */
    " SELECT format('prepared transaction \"%s\" in \"%s\"', x.gid, x.database), false, 10"
    "   FROM pg_prepared_xacts x JOIN both_rows b ON b.datname = x.database"
    " UNION ALL"
    " SELECT format('logical replication slot \"%s\" in \"%s\"', s.slot_name, s.database), false, "
    "11"
    "   FROM pg_replication_slots s JOIN both_rows b ON b.datname = s.database"
    " UNION ALL"
    " SELECT format('%ssubscription \"%s\" in \"%s\"',"
    "                   CASE WHEN s.subenabled THEN '' ELSE 'disabled ' END, s.subname, b.datname),"
    "        false, 12"
    "   FROM pg_subscription s JOIN both_rows b ON b.oid = s.subdbid, o"
    "  WHERE s.subenabled OR s.subdbid = o.oid"
    " UNION ALL"
    " SELECT format('process %s of role \"%s\" is connected to \"%s\"', c.pid, c.rolname,"
    "                   r.datname), true, 13"
    "   FROM clients c JOIN r ON r.oid = c.datid"
    " UNION ALL"
    /* What we may do: RenameDatabase in src/backend/commands/dbcommands.c, pg_signal_backend in
     * src/backend/storage/ipc/signalfuncs.c. */
    " SELECT format('role \"%s\" lacks CREATEDB, which renaming needs', rolname), false, 20"
    "   FROM me WHERE NOT rolsuper AND NOT rolcreatedb"
    " UNION ALL"
    " SELECT format('role \"%s\" does not own \"%s\"', me.rolname, b.datname), false, 21"
    "   FROM me, both_rows b WHERE NOT me.rolsuper AND NOT pg_has_role(b.datdba, 'USAGE')"
    " UNION ALL"
    " SELECT format('role \"%s\" may not end process %s of role \"%s\"', me.rolname, c.pid,"
    "                   c.rolname), false, 22"
    "   FROM me, clients c JOIN o ON o.oid = c.datid"
    "  WHERE NOT me.rolsuper"
    "    AND (c.rolsuper OR NOT (pg_has_role(c.role, 'USAGE')"
    "                            OR pg_has_role('pg_signal_backend', 'USAGE')))"
    " ORDER BY 3, 1";

static bool
all_may_pass(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++)
        if (strcmp(PQgetvalue(result, row, 1), "t") != 0)
            return false;
    return true;
}

static enum status
find_reasons(const struct swap_options *options, const struct swap_pair *pair, PGresult **result,
             struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    int64_t until = clock_monotonic_ms() + GRACE_MS;

    TRY(swap_connect(options->conninfo, pair, &connection, err));
    for (;;)
    {
        pg_result_freep(result);
        TRY(swap_query(connection, pair, reasons, result, err));
        if (PQntuples(*result) == 0 || !all_may_pass(*result) || clock_monotonic_ms() >= until)
            return OK;
        TRY(stop_check(err));
        clock_pause_ms(PAUSE_MS);
    }
}

enum status
swap_check(const struct swap_options *options, struct error *err)
{
    char aside[DUMP_DATABASE_SIZE];
    const char *restored = options->restored == NULL ? "" : options->restored;
    const struct swap_pair pair = {options->database, restored, aside};
    SCOPED(buffer_release) struct buffer list = {0};
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    if (strcmp(options->database, restored) == 0)
        return error_set(err, STATUS_REFUSED, "database \"%s\" cannot be swapped with itself",
                         options->database);
    namesake_make(options->database, NAMESAKE_BEFORE, options->now, aside);
    TRY(find_reasons(options, &pair, &result, err));
    if (PQntuples(result) == 0)
        return OK;
    TRY(swap_list(result, &list, err));
    TRY(buffer_text(&list, &text, err));
    error_set(err, STATUS_REFUSED, "database \"%s\" cannot be swapped", options->database);
    error_detail(err, "%s.", text);
    error_hint(err, "Nothing was changed. When all of it is settled, ask again.");
    return STATUS_REFUSED;
}
