// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of at most 63 bytes, doubled at worst by quotes, eight for each of at most 32 columns. */
#define QUERY_LIMIT ((size_t) 256 << 10)
#define PLAN_LIMIT  ((size_t) 1 << 20)

/* "about 1.5" of such parts of a million as percent */
#define PARTS_PER_PERCENT (FOREIGN_KEY_WHOLE / 100)

/*
 * The planner looks at the files' real size; what the catalog knows of a table
 * that was restored a minute ago is nothing.
 */
static enum status
estimate_rows(struct pg_connection *connection, const struct foreign_key *key, uint64_t *rows,
              struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    SCOPED(json_freep) json_t *plans = NULL;
    const json_t *plan;
    const char *text;

    TRY(foreign_key_append_estimate(key, &sql, err));
    TRY(buffer_text(&sql, &text, err));
    TRY(pg_query(connection, text, &result, err));
    TRY(json_parse(bytes_of(PQgetvalue(result, 0, 0)), PLAN_LIMIT, &plans, err));
    TRY(member_object(json_array_get(plans, 0), "Plan", &plan, err));
    return member_u64(plan, "Plan Rows", rows, err);
}

/* No estimate is asked for where nothing hangs on it. */
static enum status
choose_sample(const struct check_context *context, const struct foreign_key *key, uint32_t *sample,
              struct error *err)
{
    uint32_t wanted = context->request->config->sample_above_rows;
    uint64_t rows = 0;

    if (wanted > 0)
        TRY(estimate_rows(context->connection, key, &rows, err));
    *sample = foreign_key_sample(rows, wanted);
    return OK;
}

static enum status
append_columns(const struct foreign_key *key, struct buffer *names, struct error *err)
{
    for (size_t index = 0; index < key->column_count; index++)
        TRY(buffer_append_text(names, err, "%s%s", index == 0 ? "" : ", ",
                               key->columns[index].name));
    return OK;
}

static enum status
tell_orphans(const struct foreign_key *key, const char *count, const char *least,
             struct check_result *result, struct error *err)
{
    SCOPED(buffer_release) struct buffer names = BUFFER_INIT(QUERY_LIMIT);
    bool one = strcmp(count, "1") == 0;
    const char *columns;

    TRY(append_columns(key, &names, err));
    TRY(buffer_text(&names, &columns, err));
    check_result_found(result, "%s %s to nothing in %s.%s%s (%s) = (%s)", count,
                       one ? "row refers" : "rows refer", key->key_table.schema,
                       key->key_table.name, one ? ":" : ", such as", columns, least);
    return OK;
}

static enum status
find_orphans(const struct check_context *context, const struct foreign_key *key, uint32_t sample,
             struct check_result *result, struct error *err)
{
    SCOPED(buffer_release) struct buffer sql = BUFFER_INIT(QUERY_LIMIT);
    SCOPED(pg_result_freep) PGresult *rows = NULL;
    const char *count;
    const char *text;

    TRY(foreign_key_append_query(key, sample, &sql, err));
    TRY(buffer_text(&sql, &text, err));
    TRY(pg_query(context->connection, text, &rows, err));
    count = PQgetvalue(rows, 0, 0);
    check_result_judge(result, strcmp(count, "0") == 0);
    if (result->state == CHECK_FAILED)
        return tell_orphans(key, count, PQgetvalue(rows, 0, 1), result, err);
    check_result_found(result, "none");
    return OK;
}

enum status
check_foreign_key(const struct check_context *context, const struct check *check,
                  struct check_result *result, struct error *err)
{
    const struct foreign_key *key = check->foreign_key;
    uint32_t sample;

    check_result_expected(result, "no orphan");
    if (key->unjudged != NULL)
    {
        check_result_skip(result, key->unjudged);
        return OK;
    }
    TRY(choose_sample(context, key, &sample, err));
    if (sample < FOREIGN_KEY_WHOLE)
        check_result_expected(result, "no orphan in a sample of %" PRIu32 ".%04" PRIu32 "%%",
                              sample / PARTS_PER_PERCENT, sample % PARTS_PER_PERCENT);
    return find_orphans(context, key, sample, result, err);
}
