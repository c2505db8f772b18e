// SPDX-License-Identifier: PostgreSQL
#include "checks/check_plan.h"

#include <stdlib.h>

/* What is never run stays broken. */
static enum status
add_check(struct check_plan *plan, const struct check *check, struct error *err)
{
    struct check_results *results = plan->results;

    if (results->count == plan->capacity)
    {
        size_t capacity = plan->capacity * 2 + 16;
        struct check_result *items = realloc(results->items, capacity * sizeof(*items));
        struct check *checks = realloc(plan->checks, capacity * sizeof(*checks));

        if (items != NULL)
            results->items = items;
        if (checks != NULL)
            plan->checks = checks;
        if (items == NULL || checks == NULL)
            return error_no_memory(err);
        plan->capacity = capacity;
    }
    results->items[results->count] =
        (struct check_result){.kind = check->kind, .found = "was not run"};
    plan->checks[results->count++] = *check;
    return OK;
}

static struct check_result *
newest_result(struct check_plan *plan)
{
    return &plan->results->items[plan->results->count - 1];
}

static enum status
plan_table(struct check_plan *plan, const struct checks_table *table, struct error *err)
{
    const struct check exists = {.kind = CHECK_EXISTS, .run = check_exists, .table = table};
    const struct check rows = {.kind = CHECK_ROWS, .run = check_rows, .table = table};
    const struct check fresh = {.kind = CHECK_FRESHNESS, .run = check_freshness, .table = table};
    bool has_bounds = table->has_minimum || table->has_maximum || table->change_percent > 0;

    TRY(add_check(plan, &exists, err));
    check_result_name(newest_result(plan), "table %s", table->name);
    if (has_bounds)
    {
        TRY(add_check(plan, &rows, err));
        check_result_name(newest_result(plan), "rows of %s", table->name);
    }
    if (table->fresh_column == NULL)
        return OK;
    TRY(add_check(plan, &fresh, err));
    check_result_name(newest_result(plan), "newest %s of %s", table->fresh_column, table->name);
    return OK;
}

static enum status
plan_recorded(struct check_plan *plan, struct error *err)
{
    const struct check check = {.kind = CHECK_EXISTS, .run = check_recorded};

    TRY(add_check(plan, &check, err));
    check_result_name(newest_result(plan), "recorded tables");
    return OK;
}

static enum status
plan_foreign_keys(struct check_plan *plan, struct pg_connection *connection, struct error *err)
{
    struct check check = {.kind = CHECK_FOREIGN_KEY};

    TRY(foreign_keys_read(connection, &plan->foreign_keys, err));
    if (plan->foreign_keys.count == 0)
    {
        TRY(add_check(plan, &check, err));
        check_result_name(newest_result(plan), "foreign keys");
        check_result_skip(newest_result(plan), "the database has none");
    }
    check.run = check_foreign_key;
    for (size_t index = 0; index < plan->foreign_keys.count; index++)
    {
        const struct foreign_key *key = &plan->foreign_keys.items[index];

        check.foreign_key = key;
        TRY(add_check(plan, &check, err));
        check_result_name(newest_result(plan), "foreign key %s of %s.%s", key->name,
                          key->table.schema, key->table.name);
    }
    return OK;
}

static enum status
plan_collations(struct check_plan *plan, struct error *err)
{
    const struct check whole = {.kind = CHECK_COLLATION, .run = check_database_collation};
    const struct check each = {.kind = CHECK_COLLATION, .run = check_collations};

    TRY(add_check(plan, &whole, err));
    check_result_name(newest_result(plan), "collation version of the database");
    TRY(add_check(plan, &each, err));
    check_result_name(newest_result(plan), "collation versions");
    return OK;
}

static enum status
plan_queries(struct check_plan *plan, const struct checks_config *config, struct error *err)
{
    struct check check = {.kind = CHECK_QUERY, .run = check_query};

    for (size_t index = 0; index < config->query_count; index++)
    {
        check.query = &config->queries[index];
        TRY(add_check(plan, &check, err));
        check_result_name(newest_result(plan), "query %s", check.query->name);
    }
    return OK;
}

static enum status
plan_command(struct check_plan *plan, const struct checks_config *config, struct error *err)
{
    const struct check check = {.kind = CHECK_COMMAND, .run = check_command};

    TRY(add_check(plan, &check, err));
    check_result_name(newest_result(plan), "command %s", config->command[0]);
    return OK;
}

enum status
check_plan_make(const struct checks_request *request, struct pg_connection *connection,
                struct check_plan *plan, struct error *err)
{
    const struct checks_config *config = request->config;

    for (size_t index = 0; index < config->table_count; index++)
        TRY(plan_table(plan, &config->tables[index], err));
    if (request->count_count > 0)
        TRY(plan_recorded(plan, err));
    if (config->foreign_keys)
        TRY(plan_foreign_keys(plan, connection, err));
    if (config->collations)
        TRY(plan_collations(plan, err));
    TRY(plan_queries(plan, config, err));
    return config->command == NULL ? OK : plan_command(plan, config, err);
}

void
check_plan_release(struct check_plan *plan)
{
    free(plan->checks);
    foreign_keys_release(&plan->foreign_keys);
}
