// SPDX-License-Identifier: PostgreSQL
#include "drill/amcheck.h"

#include "base/log.h"
#include "drill/databases.h"
#include "drill/program.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* pg_amcheck.c: "corruption detected". */
#define EXIT_FOUND 2

/* More of them say nothing new, and fill the receipt. */
#define NOTED_MAX 100

bool
amcheck_next(struct bytes *report, struct amcheck_finding *finding)
{
    struct bytes line;

    *finding = (struct amcheck_finding){0};
    while (line_next(report, &line))
    {
        struct bytes rest = *report;

        if (line.size == 0 || line.data[0] == ' ' || line.data[line.size - 1] != ':')
            continue;
        finding->where = (struct bytes){line.data, line.size - 1};
        if (line_next(&rest, &line) && line.size > 0 && line.data[0] == ' ')
        {
            line_take_blanks(&line);
            finding->what = line;
        }
        return true;
    }
    return false;
}

/* The database, which its report has before the schema: "shop.public.orders". */
static void
read_database(struct bytes where, char *database, size_t size)
{
    const char *begin = memchr(where.data, '"', where.size);
    size_t left = begin == NULL ? 0 : where.size - (size_t) ((const uint8_t *) begin - where.data);
    const char *end = left == 0 ? NULL : memchr(begin, '.', left);

    database[0] = '\0';
    if (end != NULL)
        snprintf(database, size, "%.*s", (int) (end - begin - 1), begin + 1);
}

static enum status
note_finding(struct trial *trial, const struct amcheck_finding *finding, struct error *err)
{
    struct check_result result = {.state = CHECK_FAILED};
    char database[64];

    read_database(finding->where, database, sizeof(database));
    snprintf(result.name, sizeof(result.name), "%.*s", (int) finding->where.size,
             (const char *) finding->where.data);
    snprintf(result.expected, sizeof(result.expected), "is sound");
    snprintf(result.found, sizeof(result.found), "%.*s", (int) finding->what.size,
             (const char *) finding->what.data);
    return receipt_add_check(trial->receipt, LAYER_AMCHECK, database, &result, err);
}

static enum status
note_findings(struct trial *trial, const struct program *program, struct trial_layer *layer,
              struct error *err)
{
    struct bytes report = bytes_of(program->output);
    struct amcheck_finding finding;
    char found[sizeof(layer->result->found)] = "pg_amcheck found corruption";
    uint32_t count = 0;

    while (amcheck_next(&report, &finding))
    {
        if (count++ == 0)
            snprintf(found, sizeof(found), "%.*s: %.*s", (int) finding.where.size,
                     (const char *) finding.where.data, (int) finding.what.size,
                     (const char *) finding.what.data);
        if (count <= NOTED_MAX)
            TRY(note_finding(trial, &finding, err));
    }
    layer->result->findings = count;
    trial_end(layer, CHECK_FAILED, found);
    return OK;
}

/* Indexes that pg_amcheck passes over: it knows B-trees, and only valid ones. */
struct unseen
{
    const char *conninfo;
    uint64_t count;
};

static enum status
count_unseen(void *arg, const char *database, struct error *err)
{
    static const char query[] =
        "select count(*) from pg_catalog.pg_index i"
        " join pg_catalog.pg_class c on c.oid = i.indexrelid"
        " join pg_catalog.pg_am a on a.oid = c.relam"
        " where c.relkind = 'i' and c.relpersistence <> 't'"
        " and not (a.amname = 'btree' and i.indisvalid and i.indisready and i.indislive)";
    struct unseen *unseen = arg;
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(freep) char *conninfo = NULL;
    char count[32];

    TRY(pg_conninfo_with_database(unseen->conninfo, database, &conninfo, err));
    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    TRY(pg_query_text(connection, query, count, sizeof(count), err));
    unseen->count += strtoull(count, NULL, 10);
    return OK;
}

/* What agrees, and how much nobody looked at. */
static enum status
note_agreement(const struct trial *trial, const char *database, struct trial_layer *layer,
               struct error *err)
{
    struct unseen unseen = {.conninfo = trial->conninfo};
    char found[sizeof(layer->result->found)] = "tables and B-tree indexes agree";
    size_t length = strlen(found);

    if (database != NULL)
        TRY(count_unseen(&unseen, database, err));
    else
        TRY(databases_each(trial->conninfo, count_unseen, &unseen, err));
    if (unseen.count > 0)
        snprintf(found + length, sizeof(found) - length,
                 "; %" PRIu64 " other index%s (GIN, GiST, BRIN, hash and the like, or invalid) "
                 "cannot be checked",
                 unseen.count, unseen.count == 1 ? "" : "es");
    trial_end(layer, CHECK_PASSED, found);
    return OK;
}

/* database NULL: all of them were looked at. */
static enum status
judge(struct trial *trial, const struct program *program, const char *database,
      struct trial_layer *layer, struct error *err)
{
    char found[sizeof(layer->result->found)];

    if (program->exit_code == EXIT_FOUND)
        return note_findings(trial, program, layer, err);
    if (program->exit_code == 0)
        return note_agreement(trial, database, layer, err);
    snprintf(found, sizeof(found), "pg_amcheck ended with exit code %d: %s", program->exit_code,
             program->words);
    trial_end(layer, CHECK_BROKEN, found);
    return OK;
}

/* database NULL: all of them. */
static enum status
look(struct trial *trial, const char *database, struct trial_layer *layer, struct error *err)
{
    SCOPED(program_release) struct program program = {0};
    struct error reason = {0};
    char jobs[32];
    const char *arguments[16] = {"--no-password", "--install-missing", "--heapallindexed", jobs};
    const struct program_call call = {trial->programs, "pg_amcheck", arguments, trial->conninfo};
    size_t count = 4;
    enum status status;

    snprintf(jobs, sizeof(jobs), "--jobs=%u", (unsigned) trial->options->workers);
    if (trial->plan.backup.major >= 17)
        arguments[count++] = "--checkunique";
    arguments[count++] = database == NULL ? "--all" : "--database";
    if (database != NULL)
        arguments[count++] = database;
    status = program_run(&program, &call, &reason);
    if (trial_is_stopped(status))
    {
        *err = reason;
        return status;
    }
    if (status == OK)
        return judge(trial, &program, database, layer, err);
    trial_end_by(layer, CHECK_BROKEN, &reason);
    return OK;
}

enum status
amcheck_prove(struct trial *trial, struct error *err)
{
    struct trial_layer layer = trial_begin(trial, LAYER_AMCHECK);

    log_info("looking through all tables and indexes");
    return look(trial, NULL, &layer, err);
}

enum status
amcheck_database(struct trial *trial, const char *database, struct trial_layer *layer,
                 struct error *err)
{
    return look(trial, database, layer, err);
}
