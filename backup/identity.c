// SPDX-License-Identifier: PostgreSQL
#include "backup/identity.h"

#include "base/file.h"
#include "base/log.h"
#include "base/units.h"
#include "pg/control.h"
#include "pg/segment.h"
#include "repo/catalog.h"

#include <stdlib.h>

/* A decimal number that a server wrote. */
static enum status
read_number(const char *text, const char *what, uint64_t *number, struct error *err)
{
    char *end;

    *number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0')
        return error_set(err, STATUS_UNSUPPORTED, "unexpected %s of the server: \"%s\"", what,
                         text);
    return OK;
}

/* SHOW, with its unit ("16MB"), is what connections of both kinds have. */
static enum status
read_version_and_segment_size(struct pg_connection *connection, struct lineage *lineage,
                              struct error *err)
{
    char text[32];
    uint64_t segment_size;

    TRY(pg_query_text(connection, "SHOW wal_segment_size", text, sizeof(text), err));
    if (!units_size(text, &segment_size) || !pg_wal_segment_size_valid(segment_size))
        return error_set(err, STATUS_UNSUPPORTED, "unexpected WAL segment size of the server: %s",
                         text);
    lineage->wal_segment_size = (uint32_t) segment_size;
    lineage->major = (uint32_t) (pg_connection_version(connection) / 10000);
    return OK;
}

enum status
identity_of_server(struct pg_connection *connection, struct lineage *lineage, struct error *err)
{
    char text[32];

    TRY(pg_query_text(connection, "SELECT system_identifier FROM pg_catalog.pg_control_system()",
                      text, sizeof(text), err));
    TRY(read_number(text, "system identifier", &lineage->system_identifier, err));
    return read_version_and_segment_size(connection, lineage, err);
}

enum status
identity_of_replication(struct pg_connection *connection, struct lineage *lineage,
                        struct error *err)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_query(connection, "IDENTIFY_SYSTEM", &result, err));
    if (PQntuples(result) != 1)
        return error_set(err, STATUS_UNSUPPORTED, "the server does not identify itself");
    TRY(read_number(PQgetvalue(result, 0, 0), "system identifier", &lineage->system_identifier,
                    err));
    return read_version_and_segment_size(connection, lineage, err);
}

enum status
identity_of_directory(const char *data_directory, struct lineage *lineage, struct error *err)
{
    SCOPED(freep) char *path = path_join(data_directory, "global/pg_control");
    struct pg_control control;

    if (path == NULL)
        return error_no_memory(err);
    TRY(pg_control_read(path, &control, err));
    *lineage = (struct lineage){
        .system_identifier = control.system_identifier,
        .wal_segment_size = control.wal_segment_size,
        .major = (uint32_t) control.major,
    };
    return OK;
}

struct acceptance
{
    const struct lineage *lineage;
    bool present; /* somebody was first */
};

static enum status
not_yet_present(void *arg, const struct catalog *catalog, struct error *err)
{
    struct acceptance *acceptance = arg;
    const struct lineage *present = catalog_present_lineage(catalog);

    if (present == NULL || present->system_identifier != acceptance->lineage->system_identifier)
        return OK;
    acceptance->present = true;
    return error_set(err, STATUS_CONFLICT, "system identifier %llu is accepted already",
                     (unsigned long long) present->system_identifier);
}

enum status
identity_accept(struct repo *repo, const struct lineage *lineage, bool *added, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct acceptance acceptance = {.lineage = lineage};
    const struct catalog_entry entry = {.lineage = lineage};
    const struct catalog_check check = {not_yet_present, &acceptance};
    enum status status;

    TRY(catalog_load(repo, &catalog, err));
    status = catalog_append(repo, &catalog, &entry, check, err);
    if (status != OK && !acceptance.present)
        return status;
    *added = status == OK;
    /* Crash here: the log accepts it and archive-push does not yet; the next try publishes. */
    return lineage_publish(repo, lineage, err);
}
