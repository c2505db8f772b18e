// SPDX-License-Identifier: PostgreSQL
#include "dump/swap_properties.h"

/* Each of these queries gives the statements that are to be run, in their order. */

static const char tablespace[] =
    "SELECT format('ALTER DATABASE %I SET TABLESPACE %I', r.datname, t.spcname)"
    "  FROM o, r, pg_tablespace t"
    " WHERE t.oid = o.dattablespace AND r.dattablespace <> o.dattablespace";

/* First of all: with the owner changes who grants. */
static const char owner_and_limit[] =
    "SELECT format('ALTER DATABASE %I OWNER TO %I', r.datname, pg_get_userbyid(o.datdba))"
    "  FROM o, r WHERE o.datdba <> r.datdba"
    " UNION ALL"
    " SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', r.datname, o.datconnlimit)"
    "  FROM o, r WHERE o.datconnlimit <> r.datconnlimit"
    " UNION ALL"
    " SELECT format('COMMENT ON DATABASE %I IS %L', r.datname, shobj_description(o.oid, "
    "'pg_database'))"
    "  FROM o, r"
    " WHERE shobj_description(o.oid, 'pg_database')"
    "       IS DISTINCT FROM shobj_description(r.oid, 'pg_database')";

/* What nobody has touched is NULL in both, and stays so: the default. */
static const char revokes[] =
    "SELECT DISTINCT format('REVOKE ALL ON DATABASE %I FROM %s CASCADE', r.datname,"
    "       CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)"
    "  FROM o, r, aclexplode(coalesce(r.datacl, acldefault('d', r.datdba))) a"
    " WHERE o.datacl IS DISTINCT FROM r.datacl";

/*
 * The grantor is whoever grants, and for a superuser the owner.  The owner's
 * grants come first, as others may rest on them.
 */
static const char grants[] =
    ", g AS (SELECT r.datname, a.*, o.datdba, i.place FROM o, r,"
    "               unnest(coalesce(o.datacl, acldefault('d', o.datdba)))"
    "               WITH ORDINALITY AS i (item, place), aclexplode(ARRAY[i.item]) a"
    "         WHERE o.datacl IS DISTINCT FROM r.datacl)"
    " SELECT s.statement FROM g, LATERAL (VALUES"
    "   (1, CASE WHEN grantor <> datdba"
    "            THEN format('SET LOCAL ROLE %I', pg_get_userbyid(grantor)) END),"
    "   (2, format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, datname,"
    "              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) "
    "END,"
    "              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)),"
    "   (3, CASE WHEN grantor <> datdba THEN 'RESET ROLE' END)) AS s (step, statement)"
    " WHERE s.statement IS NOT NULL"
    " ORDER BY grantor <> datdba, place, privilege_type, step";

static const char labels[] =
    "SELECT format('SECURITY LABEL FOR %I ON DATABASE %I IS %L', coalesce(l.provider, m.provider),"
    "              r.datname, l.label)"
    "  FROM r, (SELECT s.* FROM pg_shseclabel s, o"
    "            WHERE s.objoid = o.oid AND s.classoid = 'pg_database'::regclass) l"
    "  FULL JOIN (SELECT s.* FROM pg_shseclabel s, r"
    "              WHERE s.objoid = r.oid AND s.classoid = 'pg_database'::regclass) m"
    "    ON l.provider = m.provider"
    " WHERE l.label IS DISTINCT FROM m.label";

/* ALTER ROLE ... IN DATABASE or, for all roles, ALTER DATABASE. */
#define TARGET                                                                                     \
    "CASE s.setrole WHEN 0 THEN format('DATABASE %I', r.datname)"                                  \
    " ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), r.datname) END"

static const char resets[] = "SELECT format('ALTER %s RESET ALL', " TARGET ")"
                             "  FROM r, pg_db_role_setting s WHERE s.setdatabase = r.oid";

/*
 * Settings are kept as "name=value", the value as SHOW gives it.  For those that
 * are lists of quoted names it is the whole list, which as one literal would
 * become one name; PostgreSQL has these six (variable_is_guc_list_quote in
 * src/bin/pg_dump/dumputils.c, which has the same trouble), and no extension can
 * make more.
 */
static const char settings[] =
    ", s AS (SELECT s.setrole, c.place, split_part(c.item, '=', 1) AS name,"
    "               substr(c.item, strpos(c.item, '=') + 1) AS value"
    "          FROM o, pg_db_role_setting s, unnest(s.setconfig) WITH ORDINALITY AS c (item, place)"
    "         WHERE s.setdatabase = o.oid)"
    " SELECT format('ALTER %s SET %I TO %s', " TARGET ", s.name,"
    "   CASE WHEN s.name IN ('local_preload_libraries', 'search_path',"
    "                        'session_preload_libraries', 'shared_preload_libraries',"
    "                        'temp_tablespaces', 'unix_socket_directories')"
    "        THEN (SELECT string_agg(quote_literal(CASE WHEN left(m[1], 1) = '\"'"
    "                                THEN replace(substr(m[1], 2, length(m[1]) - 2), '\"\"', '\"')"
    "                                ELSE m[1] END), ', ' ORDER BY e.place)"
    "                FROM regexp_matches(s.value, '(\"(?:[^\"]|\"\")*\"|[^\", ]+)', 'g')"
    "                     WITH ORDINALITY AS e (m, place))"
    "        ELSE quote_literal(s.value) END)"
    "  FROM s, r ORDER BY s.setrole, s.place";

/* Privileges have no order, and what is written out may be the default. */
static const char differences[] =
    ", both_rows AS (SELECT 1 AS side, o.* FROM o UNION ALL SELECT 2, r.* FROM r)"
    ", traits AS (SELECT b.side, v.* FROM both_rows b, LATERAL (VALUES"
    "    ('owner', pg_get_userbyid(b.datdba)::text),"
    "    ('connection limit', b.datconnlimit::text),"
    "    ('tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = b.dattablespace)),"
    "    ('comment', shobj_description(b.oid, 'pg_database')),"
    "    ('privileges', (SELECT string_agg(i::text, ' ' ORDER BY i::text)"
    "                      FROM unnest(coalesce(b.datacl, acldefault('d', b.datdba))) i)),"
    "    ('security labels', (SELECT string_agg(format('%L=%L', provider, label), ' '"
    "                                           ORDER BY provider)"
    "                           FROM pg_shseclabel"
    "                          WHERE objoid = b.oid AND classoid = 'pg_database'::regclass)),"
    "    ('settings', (SELECT string_agg(format('%s:%s', setrole, setconfig), ' '"
    "                                    ORDER BY setrole)"
    "                    FROM pg_db_role_setting WHERE setdatabase = b.oid))) AS v (trait, value))"
    " SELECT format('the %s: %s and %s', trait, coalesce(x.value, 'none'),"
    "               coalesce(y.value, 'none'))"
    "   FROM (SELECT * FROM traits WHERE side = 1) x"
    "   FULL JOIN (SELECT * FROM traits WHERE side = 2) y USING (trait)"
    "  WHERE x.value IS DISTINCT FROM y.value";

static enum status
run_statements(struct pg_connection *connection, const struct swap_pair *pair, const char *query,
               struct error *err)
{
    SCOPED(pg_result_freep) PGresult *statements = NULL;

    TRY(swap_query(connection, pair, query, &statements, err));
    for (int row = 0; row < PQntuples(statements); row++)
    {
        const char *statement = PQgetvalue(statements, row, 0);
        enum status status = swap_execute(connection, statement, err);

        if (status != OK)
        {
            error_context(err, "%s", statement);
            return status;
        }
    }
    return OK;
}

enum status
swap_properties_move(struct pg_connection *connection, const struct swap_pair *pair,
                     struct error *err)
{
    return run_statements(connection, pair, tablespace, err);
}

enum status
swap_properties_carry(struct pg_connection *connection, const struct swap_pair *pair,
                      struct error *err)
{
    static const char *const steps[] = {owner_and_limit, revokes, grants, labels, resets, settings};

    for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++)
        TRY(run_statements(connection, pair, steps[step], err));
    return OK;
}

enum status
swap_properties_compare(struct pg_connection *connection, const struct swap_pair *pair,
                        struct error *err)
{
    SCOPED(buffer_release) struct buffer list = {0};
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(swap_query(connection, pair, differences, &result, err));
    if (PQntuples(result) == 0)
        return OK;
    TRY(swap_list(result, &list, err));
    TRY(buffer_text(&list, &text, err));
    error_set(err, STATUS_CONFLICT, "not everything of database \"%s\" could be carried over",
              pair->old);
    error_detail(err, "They differ in %s.", text);
    return STATUS_CONFLICT;
}
