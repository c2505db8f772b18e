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
    results->items[results->count] = (struct check_result){.found = "was not run"};
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
    bool has_bounds = table->has_minimum || table->has_maximum || table->change_percent > 0;

    TRY(add_check(plan, &(struct check){.run = check_exists, .table = table}, err));
    check_result_name(newest_result(plan), "table %s", table->name);
    if (has_bounds)
    {
        TRY(add_check(plan, &(struct check){.run = check_rows, .table = table}, err));
        check_result_name(newest_result(plan), "rows of %s", table->name);
    }
    if (table->fresh_column == NULL)
        return OK;
    TRY(add_check(plan, &(struct check){.run = check_freshness, .table = table}, err));
    check_result_name(newest_result(plan), "newest %s of %s", table->fresh_column, table->name);
    return OK;
}

static enum status
plan_foreign_keys(struct check_plan *plan, struct pg_connection *connection, struct error *err)
{
    TRY(foreign_keys_read(connection, &plan->foreign_keys, err));
    if (plan->foreign_keys.count == 0)
    {
        TRY(add_check(plan, &(struct check){.run = NULL}, err));
        check_result_name(newest_result(plan), "foreign keys");
        check_result_skip(newest_result(plan), "the database has none");
    }
    for (size_t index = 0; index < plan->foreign_keys.count; index++)
    {
        const struct foreign_key *key = &plan->foreign_keys.items[index];

        TRY(add_check(plan, &(struct check){.run = check_foreign_key, .foreign_key = key}, err));
        check_result_name(newest_result(plan), "foreign key %s of %s.%s", key->name,
                          key->table.schema, key->table.name);
    }
    return OK;
}

static enum status
plan_collations(struct check_plan *plan, struct error *err)
{
    TRY(add_check(plan, &(struct check){.run = check_database_collation}, err));
    check_result_name(newest_result(plan), "collation version of the database");
    TRY(add_check(plan, &(struct check){.run = check_collations}, err));
    check_result_name(newest_result(plan), "collation versions");
    return OK;
}

static enum status
plan_queries(struct check_plan *plan, const struct checks_config *config, struct error *err)
{
    for (size_t index = 0; index < config->query_count; index++)
    {
        const struct checks_query *query = &config->queries[index];

        TRY(add_check(plan, &(struct check){.run = check_query, .query = query}, err));
        check_result_name(newest_result(plan), "query %s", query->name);
    }
    return OK;
}

enum status
check_plan_make(const struct checks_config *config, struct pg_connection *connection,
                struct check_plan *plan, struct error *err)
{
    for (size_t index = 0; index < config->table_count; index++)
        TRY(plan_table(plan, &config->tables[index], err));
    if (config->foreign_keys)
        TRY(plan_foreign_keys(plan, connection, err));
    if (config->collations)
        TRY(plan_collations(plan, err));
    TRY(plan_queries(plan, config, err));
    if (config->command == NULL)
        return OK;
    TRY(add_check(plan, &(struct check){.run = check_command}, err));
    check_result_name(newest_result(plan), "command %s", config->command[0]);
    return OK;
}

void
check_plan_release(struct check_plan *plan)
{
    free(plan->checks);
    foreign_keys_release(&plan->foreign_keys);
}
