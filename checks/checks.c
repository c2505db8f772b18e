// SPDX-License-Identifier: PostgreSQL
#include "checks/checks.h"

#include "base/group.h"
#include "base/log.h"
#include "base/stop.h"
#include "checks/check_plan.h"
#include "checks/check_session.h"
#include "checks/record.h"
#include "pg/conninfo.h"

#include <stdatomic.h>

const struct checks_config checks_default = {
    .foreign_keys = true,
    .sample_above_rows = CHECKS_SAMPLE_ABOVE,
    .collations = true,
    .limit_ms = CHECKS_LIMIT_MS,
};

struct crew
{
    const struct checks_request *request;
    const char *conninfo; /* with the database */
    const struct check_plan *plan;
    size_t count; /* of the checks that go side by side */
    atomic_size_t next;
};

static enum status run_plan(struct crew *crew, struct pg_connection **connection,
                            struct error *err);
static bool run_next(struct crew *crew, struct pg_connection **connection);
static void run_check(const struct crew *crew, size_t index, struct pg_connection **connection);
static void count_results(struct check_results *results);

enum status
checks_run(const struct checks_request *request, struct check_results *results, struct error *err)
{
    SCOPED(freep) char *conninfo = NULL;
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(check_plan_release) struct check_plan plan = {.results = results};
    struct crew crew = {.request = request, .plan = &plan};
    enum status status;

    TRY(pg_conninfo_with_database(request->conninfo, request->database, &conninfo, err));
    crew.conninfo = conninfo;
    TRY(check_session_open(request, conninfo, &connection, err));
    TRY(check_plan_make(request, connection, &plan, err));
    status = run_plan(&crew, &connection, err);
    log_progress_end();
    count_results(results);
    if (status != OK || !request->record)
        return status;
    if (connection == NULL)
        TRY(check_session_open(request, conninfo, &connection, err));
    return record_counts(&plan, connection, err);
}

/* A further worker.  One that the server has no room for leaves the work to the others. */
static enum status
help(void *arg, struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    struct crew *crew = arg;
    bool more = true;

    while (more && (connection != NULL ||
                    check_session_open(crew->request, crew->conninfo, &connection, err) == OK))
        more = run_next(crew, &connection);
    return OK;
}

static enum status
run_side_by_side(struct crew *crew, struct pg_connection **connection, struct error *err)
{
    SCOPED(group_freep) struct group *group = NULL;
    size_t workers = crew->request->workers < crew->count ? crew->request->workers : crew->count;

    TRY(group_create(&group, err));
    for (size_t worker = 1; worker < workers; worker++)
        TRY(group_start(group, help, crew, err));
    while (run_next(crew, connection))
        continue;
    return group_join(group, err);
}

/* A command may write, which no other check is to see: it comes last, and alone. */
static enum status
run_plan(struct crew *crew, struct pg_connection **connection, struct error *err)
{
    size_t total = crew->plan->results->count;

    crew->count = crew->request->config->command == NULL ? total : total - 1;
    TRY(run_side_by_side(crew, connection, err));
    if (crew->count < total && !stop_requested())
        run_check(crew, crew->count, connection);
    return stop_check(err);
}

/* Take a check and run it; false when there are no more. */
static bool
run_next(struct crew *crew, struct pg_connection **connection)
{
    size_t index = atomic_fetch_add(&crew->next, 1);

    if (index >= crew->count || stop_requested())
        return false;
    run_check(crew, index, connection);
    return true;
}

static void
break_result(struct check_result *result, const struct error *err)
{
    check_result_found(result, "%s%s%s", err->message, err->detail[0] == '\0' ? "" : ": ",
                       err->detail);
    result->state = CHECK_BROKEN;
}

/* A connection that something went wrong with is given up, whatever state it was left in. */
static void
run_check(const struct crew *crew, size_t index, struct pg_connection **connection)
{
    const struct check *check = &crew->plan->checks[index];
    struct check_result *result = &crew->plan->results->items[index];
    int64_t started = clock_monotonic_ms();
    struct error err = {0};
    enum status status = OK;

    if (check->run == NULL)
        return; /* was judged when it was planned */
    log_progress("check %zu of %zu: %s", index + 1, crew->plan->results->count, result->name);
    if (*connection == NULL)
        status = check_session_open(crew->request, crew->conninfo, connection, &err);
    if (status == OK)
    {
        const struct check_context context = {crew->request, *connection};

        status = check->run(&context, check, result, &err);
    }
    result->duration_ms = clock_monotonic_ms() - started;
    if (status == OK)
        return;
    break_result(result, &err);
    pg_connection_freep(connection);
}

static void
count_results(struct check_results *results)
{
    for (size_t index = 0; index < results->count; index++)
    {
        enum check_state state = results->items[index].state;

        results->failed += state == CHECK_FAILED || state == CHECK_BROKEN;
        results->skipped += state == CHECK_SKIPPED;
    }
}
