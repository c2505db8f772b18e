// SPDX-License-Identifier: PostgreSQL
#include "dump/swap.h"

#include "base/crash.h"
#include "base/log.h"
#include "dump/swap_commit.h"
#include "dump/swap_properties.h"
#include "dump/swap_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 3

/* How long clients that are told to end may take before they are told again. */
#define ENDING_PAUSE_MS 20

#define COMMAND_LIMIT ((size_t) 1024)

/*
 * Who is to end is materialized first: among the conditions, the planner might
 * call a function that ends sessions before the others have said of whom.
 */
static const char ending_query[] =
    ", users AS MATERIALIZED (SELECT a.pid FROM o, pg_stat_get_activity(NULL) a"
    "   WHERE a.datid = o.oid AND a.usesysid IS NOT NULL"
    "     AND coalesce(a.backend_type, '') <> 'parallel worker'"
    "     AND EXISTS (SELECT FROM pg_locks l"
    "                  WHERE l.pid = %s AND l.granted AND l.locktype = 'object'"
    "                    AND l.classid = 'pg_database'::regclass AND l.objid = o.oid"
    "                    AND l.mode = 'AccessExclusiveLock'))"
    " SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM users";

/* One attempt. */
struct swap
{
    const char *conninfo;
    struct swap_pair pair;
    struct pg_connection *renaming; /* has the transaction, and waits in it */
    struct pg_connection *ending;   /* ends clients meanwhile */
    char renaming_pid[16];
    unsigned ended_clients;
};

static enum status attempt(struct swap *swap, struct error *err);
static enum status carry_over(struct swap *swap, struct error *err);
static enum status rename_both(struct swap *swap, struct error *err);
static enum status put_aside(struct swap *swap, struct error *err);
static enum status end_clients(struct swap *swap, struct error *err);

static void
swap_release(struct swap *swap)
{
    pg_connection_freep(&swap->renaming);
    pg_connection_freep(&swap->ending);
}

/* Somebody used one of the two or changed its properties just then. */
static bool
may_pass(const struct swap *swap, enum status status)
{
    static const char *const sqlstates[] = {
        "55006", /* in use for all of the 5 s */
        "55P03", /* lock not available */
        "40P01", /* deadlock */
        "XX000", /* "tuple concurrently updated": GRANT and the like lock nothing */
    };

    if (status == STATUS_CONFLICT)
        return true;
    for (size_t index = 0; index < sizeof(sqlstates) / sizeof(sqlstates[0]); index++)
        if (swap->renaming != NULL &&
            strcmp(pg_connection_sqlstate(swap->renaming), sqlstates[index]) == 0)
            return true;
    return false;
}

enum status
swap_run(const struct swap_options *options, struct swap_result *result, struct error *err)
{
    enum status status = OK;
    bool again = true;

    assert(options->restored != NULL);
    *result = (struct swap_result){0};
    namesake_make(options->database, NAMESAKE_BEFORE, options->now, result->aside);
    TRY(swap_check(options, err));
    for (int number = 1; again; number++)
    {
        SCOPED(swap_release)
        struct swap swap = {
            .conninfo = options->conninfo,
            .pair = {options->database, options->restored, result->aside},
        };

        status = attempt(&swap, err);
        result->ended_clients += swap.ended_clients;
        again = status != OK && number < ATTEMPTS && may_pass(&swap, status);
        if (again)
            log_warning("could not swap database \"%s\" yet: %s", options->database, err->message);
    }
    if (status != OK)
        error_context(err, "could not swap database \"%s\"", options->database);
    return status;
}

static enum status
connect_both(struct swap *swap, struct error *err)
{
    TRY(swap_connect(swap->conninfo, &swap->pair, &swap->renaming, err));
    TRY(swap_connect(swap->conninfo, &swap->pair, &swap->ending, err));
    return pg_query_text(swap->renaming, "SELECT pg_backend_pid()", swap->renaming_pid,
                         sizeof(swap->renaming_pid), err);
}

/*
 * All that can fail for want of a privilege is done before the renames: until
 * then nobody's work is disturbed.
 */
static enum status
attempt(struct swap *swap, struct error *err)
{
    TRY(connect_both(swap, err));
    TRY(swap_properties_move(swap->renaming, &swap->pair, err));
    /* Crash here: the restored database may lie in its tablespace already. */
    CRASH_POINT("swap: before the transaction");
    TRY(swap_execute(swap->renaming, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err));
    TRY(carry_over(swap, err));
    /* Crash here or below, up to the commit: PostgreSQL rolls back. */
    CRASH_POINT("swap: before the renames");
    TRY(rename_both(swap, err));
    CRASH_POINT("swap: before the commit");
    TRY(swap_commit(swap->renaming, swap->conninfo, &swap->pair, err));
    /* Crash here: it is done, and nobody has said so. */
    CRASH_POINT("swap: after the commit");
    return OK;
}

/* What cannot be made the same will not be by another attempt. */
static enum status
carry_over(struct swap *swap, struct error *err)
{
    enum status status;

    TRY(swap_properties_carry(swap->renaming, &swap->pair, err));
    status = swap_properties_compare(swap->renaming, &swap->pair, err);
    return status == STATUS_CONFLICT ? STATUS_REFUSED : status;
}

static enum status
make_rename(const char *from, const char *to, struct buffer *buffer, const char **command,
            struct error *err)
{
    TRY(buffer_append_text(buffer, err, "ALTER DATABASE "));
    TRY(pg_quote_identifier(from, buffer, err));
    TRY(buffer_append_text(buffer, err, " RENAME TO "));
    TRY(pg_quote_identifier(to, buffer, err));
    return buffer_text(buffer, command, err);
}

/* The locks of both renames are held until the end: what is compared then cannot change. */
static enum status
rename_both(struct swap *swap, struct error *err)
{
    const struct swap_pair renamed = {swap->pair.aside, swap->pair.old, ""};
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(COMMAND_LIMIT);
    const char *command;

    TRY(put_aside(swap, err));
    CRASH_POINT("swap: between the renames");
    TRY(make_rename(swap->pair.restored, swap->pair.old, &buffer, &command, err));
    TRY(swap_execute(swap->renaming, command, err));
    return swap_properties_compare(swap->renaming, &renamed, err);
}

/* The rename waits until nobody uses the database; the other session sees to that. */
static enum status
put_aside(struct swap *swap, struct error *err)
{
    SCOPED(buffer_release) struct buffer buffer = BUFFER_INIT(COMMAND_LIMIT);
    SCOPED(pg_result_freep) PGresult *renamed = NULL;
    SCOPED(pg_result_freep) PGresult *end = NULL;
    const char *command;
    bool answered = false;

    TRY(make_rename(swap->pair.old, swap->pair.aside, &buffer, &command, err));
    TRY(pg_send(swap->renaming, command, err));
    while (!answered)
    {
        TRY(end_clients(swap, err));
        TRY(pg_wait(swap->renaming, ENDING_PAUSE_MS, &answered, err));
    }
    TRY(pg_next_result(swap->renaming, PGRES_COMMAND_OK, &renamed, err));
    return pg_next_result(swap->renaming, PGRES_COMMAND_OK, &end, err);
}

/*
 * End those who use the database, once it is locked and nobody can come instead.
 * Autovacuum's workers, which have no role, PostgreSQL ends itself; parallel ones
 * go with their leaders.  Those who are slow are told again, and counted once.
 */
static enum status
end_clients(struct swap *swap, struct error *err)
{
    SCOPED(buffer_release) struct buffer query = BUFFER_INIT(COMMAND_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;
    unsigned ended;

    TRY(buffer_append_text(&query, err, ending_query, swap->renaming_pid));
    TRY(buffer_text(&query, &text, err));
    TRY(swap_query(swap->ending, &swap->pair, text, &result, err));
    ended = (unsigned) strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    if (ended > swap->ended_clients)
        swap->ended_clients = ended;
    return OK;
}
