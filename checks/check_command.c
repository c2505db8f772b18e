// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"

#include "base/child.h"
#include "pg/conninfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_SIZE 400

/* PGDATABASE; and what libpq would use without being told, for programs that do not use libpq. */
#define FURTHER_MAX 3

struct environment
{
    struct pg_program_conninfo program;
    char *further[FURTHER_MAX]; /* owned */
    size_t further_count;
    const char **variables; /* owned; borrows the above; ends with NULL */
    size_t count;
};

static void
release_environment(struct environment *environment)
{
    free(environment->variables);
    for (size_t index = 0; index < environment->further_count; index++)
        free(environment->further[index]);
    pg_program_conninfo_release(&environment->program);
}

static bool
has_variable(const struct environment *environment, const char *name)
{
    for (size_t index = 0; index < environment->count; index++)
        if (strncmp(environment->variables[index], name, strlen(name)) == 0 &&
            environment->variables[index][strlen(name)] == '=')
            return true;
    return false;
}

static enum status
add_variable(struct environment *environment, const char *name, const char *value,
             struct error *err)
{
    char **made = &environment->further[environment->further_count];

    if (asprintf(made, "%s=%s", name, value) < 0)
        return error_no_memory(err);
    environment->further_count++;
    environment->variables[environment->count++] = *made;
    return OK;
}

/* PGPORT and PGUSER, from libpq's own environment, or what it was built with. */
static enum status
add_defaults(struct environment *environment, struct error *err)
{
    PQconninfoOption *options = PQconndefaults();
    enum status status = OK;

    if (options == NULL)
        return error_no_memory(err);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    {
        bool wanted = strcmp(option->keyword, "port") == 0 || strcmp(option->keyword, "user") == 0;

        if (status == OK && wanted && option->val != NULL &&
            !has_variable(environment, option->envvar))
            status = add_variable(environment, option->envvar, option->val, err);
    }
    PQconninfoFree(options);
    return status;
}

/* Not the LC_ALL that is for PostgreSQL's own programs: this one is another's. */
static enum status
make_environment(const struct checks_request *request, struct environment *made, struct error *err)
{
    TRY(pg_conninfo_for_program(request->conninfo, request->database, &made->program, err));
    made->variables = calloc(made->program.count + FURTHER_MAX + 1, sizeof(*made->variables));
    if (made->variables == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < made->program.count; index++)
        if (strncmp(made->program.environment[index], "LC_ALL=", 7) != 0)
            made->variables[made->count++] = made->program.environment[index];
    TRY(add_variable(made, "PGDATABASE", request->database, err));
    if (has_variable(made, "PGSERVICE"))
        return OK;
    return add_defaults(made, err);
}

static enum status
run_program(const struct checks_request *request, const struct environment *environment,
            int *exit_code, char words[WORDS_SIZE], struct error *err)
{
    SCOPED(child_freep) struct child *child = NULL;
    const struct child_options options = {
        .arguments = request->config->command,
        .environment = environment->variables,
        .overhear = true,
    };
    enum status status;

    TRY(child_start(&child, &options, err));
    status = child_wait(child, request->config->limit_ms, exit_code, err);
    child_last_words(child, words, WORDS_SIZE);
    if (status != OK && words[0] != '\0')
        error_detail(err, "%s", words);
    return status;
}

enum status
check_command(const struct check_context *context, const struct check *check,
              struct check_result *result, struct error *err)
{
    SCOPED(release_environment) struct environment environment = {0};
    char words[WORDS_SIZE] = "";
    int exit_code;

    (void) check;
    check_result_expected(result, "exit code 0");
    if (context->request->without_command)
    {
        check_result_skip(result, "not asked for");
        return OK;
    }
    TRY(make_environment(context->request, &environment, err));
    TRY(run_program(context->request, &environment, &exit_code, words, err));
    if (exit_code == 0)
        check_result_found(result, "exit code 0");
    else
        check_result_found(result, "exit code %d%s%s", exit_code, words[0] == '\0' ? "" : ": ",
                           words);
    check_result_judge(result, exit_code == 0);
    return OK;
}
