// SPDX-License-Identifier: PostgreSQL
/*
 * Are the tables that were recorded still there?
 *
 * Between two drills tables are dropped for good reasons, and a drill of an
 * earlier moment comes before some were made.  So it is said which are gone, and
 * judged only where the configuration promises that none goes.  Partitions come
 * and go by nature and are not looked for.
 */
#include "checks/check.h"

#include <inttypes.h>

#define NAMES_LIMIT 1024
#define NAMES_SHOWN 3

struct absence
{
    size_t count;
    struct buffer names; /* of the first ones */
};

static void
release_absence(struct absence *absence)
{
    buffer_release(&absence->names);
}

static enum status
add_absent(struct absence *absence, const struct checks_count *recorded, struct error *err)
{
    absence->count++;
    if (absence->count > NAMES_SHOWN)
        return OK;
    return buffer_append_text(&absence->names, err, "%s%s.%s", absence->count == 1 ? "" : ", ",
                              recorded->schema, recorded->table);
}

static enum status
find_absent(const struct checks_request *request, const struct pg_tables *tables,
            struct absence *absence, struct error *err)
{
    for (size_t index = 0; index < request->count_count; index++)
    {
        const struct checks_count *recorded = &request->counts[index];

        if (pg_tables_find(tables, recorded->schema, recorded->table) == NULL)
            TRY(add_absent(absence, recorded, err));
    }
    return OK;
}

/* Which are gone is said either way. */
static enum status
judge(const struct checks_request *request, struct absence *absence, struct check_result *result,
      struct error *err)
{
    const char *names;

    if (absence->count == 0)
    {
        check_result_found(result, "all %zu", request->count_count);
        check_result_judge(result, true);
        return OK;
    }
    TRY(buffer_text(&absence->names, &names, err));
    check_result_found(result, "%zu of %zu %s gone: %s%s", absence->count, request->count_count,
                       absence->count == 1 ? "is" : "are", names,
                       absence->count > NAMES_SHOWN ? " and others" : "");
    result->state = request->config->tables_present ? CHECK_FAILED : CHECK_SKIPPED;
    return OK;
}

enum status
check_recorded(const struct check_context *context, const struct check *check,
               struct check_result *result, struct error *err)
{
    SCOPED(pg_tables_release) struct pg_tables tables = {0};
    SCOPED(release_absence) struct absence absence = {.names = BUFFER_INIT(NAMES_LIMIT)};

    (void) check;
    check_result_expected(result, context->request->config->tables_present
                                      ? "all that were recorded"
                                      : "any: that none goes is not configured");
    TRY(pg_tables_read(context->connection, &(struct pg_tables_request){.all_kinds = true}, &tables,
                       err));
    TRY(find_absent(context->request, &tables, &absence, err));
    return judge(context->request, &absence, result, err);
}
