// SPDX-License-Identifier: PostgreSQL
#include "pg/server_error.h"

#include <string.h>

/* SQLSTATEs, or classes of them, and what a caller may do (PostgreSQL's Appendix A). */
static const struct
{
    const char *prefix;
    enum status status;
} sqlstates[] = {
    {"08", STATUS_TRANSIENT},      /* connection exception */
    {"0A", STATUS_UNSUPPORTED},    /* feature not supported */
    {"28", STATUS_DENIED},         /* authorization */
    {"3D000", STATUS_CONFIG},      /* no such database */
    {"40", STATUS_TRANSIENT},      /* transaction rollback */
    {"42501", STATUS_DENIED},      /* insufficient privilege */
    {"42704", STATUS_NOT_FOUND},   /* undefined object: a slot */
    {"42710", STATUS_CONFLICT},    /* duplicate object */
    {"42601", STATUS_UNSUPPORTED}, /* syntax error: a grammar it does not have */
    {"42883", STATUS_UNSUPPORTED}, /* undefined function */
    {"53100", STATUS_IO},          /* disk full */
    {"53", STATUS_TRANSIENT},      /* insufficient resources */
    {"55006", STATUS_CONFLICT},    /* in use: a slot */
    {"55", STATUS_REFUSED},        /* not in prerequisite state */
    {"57014", STATUS_CANCELLED},   /* query canceled */
    {"57", STATUS_TRANSIENT},      /* shutting down, crashed, starting */
    {"58P01", STATUS_NOT_FOUND},   /* undefined file: removed WAL */
    {"XX001", STATUS_CORRUPT},     /* data corrupted */
    {"XX002", STATUS_CORRUPT},     /* index corrupted */
};

enum status
server_error_status(const char *sqlstate)
{
    for (size_t index = 0; index < sizeof(sqlstates) / sizeof(sqlstates[0]); index++)
        if (strncmp(sqlstate, sqlstates[index].prefix, strlen(sqlstates[index].prefix)) == 0)
            return sqlstates[index].status;
    return STATUS_IO;
}

/* libpq's own text: its first line is the message, what follows the detail. */
enum status
server_error_libpq(enum status status, const char *text, struct error *err)
{
    size_t length = strcspn(text, "\n");

    if (length == 0)
        error_set(err, status, "no answer from the server");
    else
        error_set(err, status, "%.*s", (int) length, text);
    if (text[length] == '\n')
        length++;
    while (text[length] == '\t' || text[length] == ' ')
        length++;
    if (text[length] != '\0')
    {
        const char *rest = text + length;
        size_t size = strlen(rest);

        while (size > 0 && rest[size - 1] == '\n')
            size--;
        error_detail(err, "%.*s", (int) size, rest);
    }
    return status;
}

enum status
server_error_result(const PGresult *result, struct error *err)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    enum status status = server_error_status(PQresultErrorField(result, PG_DIAG_SQLSTATE));

    error_set(err, status, "%s", message == NULL ? PQresultErrorMessage(result) : message);
    if (detail != NULL)
        error_detail(err, "%s", detail);
    if (hint != NULL)
        error_hint(err, "%s", hint);
    return status;
}

/* The line that pg_hba.conf lacks. */
static void
hint_hba(const PGconn *conn, bool replication, struct error *err)
{
    const char *user = PQuser(conn) == NULL ? "<user>" : PQuser(conn);
    const char *database = replication ? "replication" : PQdb(conn);
    const char *host = PQhost(conn);
    const char *address = strstr(err->message, "host \"");

    if (database == NULL || *database == '\0')
        database = "all";
    if (host == NULL || *host == '\0' || *host == '/')
    {
        error_hint(err,
                   "Add the line \"local %s %s peer\" to pg_hba.conf, before those that reject, "
                   "and reload the server.",
                   database, user);
        return;
    }
    address = address == NULL ? "<this host>" : address + strlen("host \"");
    error_hint(err,
               "Add the line \"host %s %s %.*s/%d scram-sha-256\" to pg_hba.conf, before those "
               "that reject, and reload the server.",
               database, user, (int) strcspn(address, "\""), address,
               memchr(address, ':', strcspn(address, "\"")) == NULL ? 32 : 128);
}

/*
 * A refusal comes without its SQLSTATE.  These texts are the English ones; in
 * another language only the hint is lost.
 */
static const struct
{
    const char *text;
    enum status status;
    const char *hint; /* NULL: none */
} refusals[] = {
    {"too many", STATUS_TRANSIENT, NULL},
    {"connection slots", STATUS_TRANSIENT, NULL},
    {"standby connections exceeds", STATUS_TRANSIENT, /* max_wal_senders, quoted since 17 */
     "All WAL senders are in use. Raise max_wal_senders, which needs a restart."},
    {"replication role", STATUS_DENIED, "Give the role the right: ALTER ROLE ... REPLICATION."},
    {"start WAL sender", STATUS_DENIED, "Give the role the right: ALTER ROLE ... REPLICATION."},
    {"Peer authentication failed", STATUS_DENIED,
     "Run as the operating system's user of that name, or map it in pg_ident.conf."},
    {"does not exist", STATUS_CONFIG, "Correct postgres.connection in the configuration."},
};

enum status
server_error_refusal(const PGconn *conn, bool replication, struct error *err)
{
    server_error_libpq(STATUS_DENIED, PQerrorMessage(conn), err);
    if (strstr(err->message, "pg_hba.conf") != NULL)
    {
        hint_hba(conn, replication, err);
        return STATUS_DENIED;
    }
    for (size_t index = 0; index < sizeof(refusals) / sizeof(refusals[0]); index++)
    {
        if (strstr(err->message, refusals[index].text) == NULL)
            continue;
        if (refusals[index].hint != NULL)
            error_hint(err, "%s", refusals[index].hint);
        return refusals[index].status;
    }
    return STATUS_DENIED;
}
