// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "config/config.h"
#include "config/section_canary.h"
#include "config/section_drill.h"
#include "config/section_dumps.h"
#include "config/section_policy.h"
#include "config/section_repository.h"
#include "config/section_retention.h"
#include "manual/config_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 128

static char *
keys_page(void)
{
    char *roff = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&roff, &size);

    assert_non_null(out);
    config_page_keys(out, config_fields);
    assert_int_equal(fclose(out), 0);
    return roff;
}

/* Calls visit for each key of the tables, with the path that the page should have. */
static void
each_key(const struct schema_field *fields, const char *prefix,
         void (*visit)(const struct schema_field *field, const char *path, const void *arg),
         const void *arg)
{
    for (const struct schema_field *field = fields; field->name != NULL; field++)
    {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%s%s", prefix, field->name);
        visit(field, path, arg);
        if (field->fields == NULL)
            continue;
        snprintf(path, sizeof(path), "%s%s%s", prefix, field->name, schema_joint(field));
        each_key(field->fields, path, visit, arg);
    }
}

static void
assert_described(const struct schema_field *field, const char *path, const void *arg)
{
    (void) arg;
    size_t length = field->help == NULL ? 0 : strlen(field->help);

    if (length == 0 || strchr(".:", field->help[length - 1]) == NULL)
        fail_msg("%s: help is not sentences: \"%s\"", path, length == 0 ? "" : field->help);
    if (field->type == SCHEMA_CUSTOM && field->fields == NULL && field->value == NULL)
        fail_msg("%s: nothing says what value it takes", path);
    if (field->required && field->otherwise != NULL)
        fail_msg("%s: is required, and has something else", path);
}

static void
every_key_describes_itself(void **state)
{
    (void) state;

    each_key(config_fields, "", assert_described, NULL);
}

/* A copy has the keys of the repository, and each limit those of the first. */
static bool
is_told_elsewhere(const char *path)
{
    if (strncmp(path, "repositories.", 13) == 0)
        return strstr(path, ".required") == NULL;
    return strncmp(path, "policy.", 7) == 0 && strchr(path + 7, '.') != NULL &&
           strncmp(path, "policy.backup.", 14) != 0;
}

static void
assert_on_page(const struct schema_field *field, const char *path, const void *arg)
{
    char tag[PATH_SIZE + 16];

    (void) field;
    snprintf(tag, sizeof(tag), "\n\\fB%s\\fR: ", path);
    /* Sections have headings. */
    if (strchr(path, '.') == NULL && field->fields != NULL)
        snprintf(tag, sizeof(tag), "The section \\(dq%s\\(dq\"\n", path);
    if (is_told_elsewhere(path))
        assert_null(strstr(arg, tag));
    else if (strstr(arg, tag) == NULL)
        fail_msg("%s is not on the page", path);
}

static void
the_page_has_every_key_of_the_tables_once(void **state)
{
    (void) state;
    SCOPED(freep) char *page = keys_page();

    each_key(config_fields, "", assert_on_page, page);
}

static void
a_key_is_told_with_its_value_bounds_and_default(void **state)
{
    (void) state;
    SCOPED(freep) char *page = keys_page();

    assert_non_null(strstr(page, "\\fBcluster\\fR: \\fItext\\fR; required\n"));
    assert_non_null(strstr(page, "\\fBworkers\\fR: \\fIwhole number\\fR from 1 to 64; otherwise "
                                 "one for each processor\n"));
    assert_non_null(strstr(page, "\\fBrepository.store\\fR: \\fBfile\\fR or \\fBs3\\fR; required"));
    assert_non_null(strstr(page, "\\fBchecks.tables[].rows.change\\fR: \\fIpercentage from"));
}

/* A mapping of the configuration: what to write around its keys. */
struct place
{
    const struct schema_field *fields;
    const char *before;
    const char *after;
};

/* Keys that must be there for others to be looked at. */
static const char *
required_value(const char *key)
{
    static const char *const values[][2] = {
        {"cluster", "a"},  {"encryption", "off"}, {"repository", "{store: file, path: /a}"},
        {"store", "file"}, {"database", "a"},     {"name", "a"},
        {"sql", "a"},      {"column", "a"},       {"within", "1d"},
        {"warn", "1d"},
    };

    for (size_t index = 0; index < sizeof(values) / sizeof(values[0]); index++)
        if (strcmp(values[index][0], key) == 0)
            return values[index][1];
    fail_msg("a value for \"%s\" is missing here", key);
    return NULL;
}

static bool
is_key_of(const char *key, const struct schema_field *fields)
{
    for (; fields->name != NULL; fields++)
        if (strcmp(fields->name, key) == 0)
            return true;
    return false;
}

/* A configuration with the key at the place, and what else must be there. */
static char *
configuration_with(const struct place *place, const char *key, const char *value)
{
    char *yaml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&yaml, &size);

    assert_non_null(out);
    fprintf(out, "%s%s: %s", place->before, key, value);
    for (const struct schema_field *field = place->fields; field->name != NULL; field++)
        if (field->required && strcmp(field->name, key) != 0)
            fprintf(out, ", %s: %s", field->name, required_value(field->name));
    fputs(place->after, out);
    assert_int_equal(fclose(out), 0);
    return yaml;
}

static bool
is_unknown_at(const struct place *place, const char *key)
{
    SCOPED(freep) char *yaml = configuration_with(place, key, "x");
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};
    char refusal[PATH_SIZE];

    snprintf(refusal, sizeof(refusal), "unknown key \"%s\"", key);
    return config_parse(bytes_of(yaml), "test", &config, &err) != OK &&
           strstr(err.message, refusal) != NULL;
}

/* The keys of all tables, each tried at the place. */
static void
assert_knows_its_own(const struct place *place, const struct schema_field *words)
{
    for (; words->name != NULL; words++)
    {
        if (is_unknown_at(place, words->name) == is_key_of(words->name, place->fields))
            fail_msg("\"%s\" in \"%s...%s\"", words->name, place->before, place->after);
        if (words->fields != NULL)
            assert_knows_its_own(place, words->fields);
    }
}

static void assert_places_know_their_own(const struct place *place);

/* The place that the field's keys are in. */
static void
descend(const struct place *place, const struct schema_field *field)
{
    const char *joint = schema_joint(field);
    const char *open = strcmp(joint, "[].") == 0 ? "[{" : strcmp(joint, ".") == 0 ? "{" : "{a: {";
    const char *close = strcmp(joint, "[].") == 0 ? "}]" : strcmp(joint, ".") == 0 ? "}" : "}}";
    SCOPED(freep) char *around = configuration_with(place, field->name, "@");
    char *at = strchr(around, '@');
    SCOPED(freep) char *before = NULL;
    SCOPED(freep) char *after = NULL;

    *at = '\0';
    assert_true(asprintf(&before, "%s%s", around, open) > 0);
    assert_true(asprintf(&after, "%s%s", close, at + 1) > 0);
    assert_places_know_their_own(&(struct place){field->fields, before, after});
}

static void
assert_places_know_their_own(const struct place *place)
{
    assert_true(is_unknown_at(place, "oops"));
    assert_knows_its_own(place, config_fields);
    for (const struct schema_field *field = place->fields; field->name != NULL; field++)
        if (field->fields != NULL)
            descend(place, field);
}

static void
each_section_takes_the_keys_of_its_table_and_no_other(void **state)
{
    (void) state;

    assert_places_know_their_own(&(struct place){config_fields, "{", "}"});
}

/* A key's default, if it is a value rather than words about one. */
static const char *
default_of(const struct schema_field *field)
{
    const struct schema_choice *choice = field->choices;

    if (field->otherwise == NULL || field->type == SCHEMA_TEXT || field->type == SCHEMA_PATH)
        return NULL;
    if (field->type == SCHEMA_BOOL || strspn(field->otherwise, "0123456789") > 0)
        return field->otherwise;
    while (choice != NULL && choice->name != NULL && strcmp(choice->name, field->otherwise) != 0)
        choice++;
    return choice == NULL ? NULL : choice->name;
}

/* A configuration with the defaults of all keys, or with none of them. */
static struct config *
configuration(bool with_defaults)
{
    const struct
    {
        const char *begin;
        const struct schema_field *fields;
        const char *indent;
    } parts[] = {
        {"cluster: shop\nencryption: off\n", config_fields, ""},
        {"repository:\n  store: s3\n  bucket: one\n  region: r\n", config_repository_fields, "  "},
        {"repositories:\n  copy:\n    store: s3\n    bucket: two\n    region: r\n",
         config_repository_further_fields, "    "},
        {"retention:\n  timezone: UTC\n", config_retention_fields, "  "},
        {"policy:\n", config_policy_fields, "  "},
        {"drill:\n", config_drill_fields, "  "},
        {"canary:\n", config_canary_fields, "  "},
        {"dumps:\n  - database: shop\n", config_dumps_fields, "    "},
        {"checks:\n  database: shop\n", config_checks_fields, "  "},
    };
    struct error err = {0};
    struct config *config = NULL;
    SCOPED(freep) char *yaml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&yaml, &size);

    assert_non_null(out);
    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
    {
        fputs(parts[part].begin, out);
        for (const struct schema_field *field = parts[part].fields; field->name != NULL; field++)
            if (with_defaults && default_of(field) != NULL)
                fprintf(out, "%s%s: %s\n", parts[part].indent, field->name, default_of(field));
    }
    assert_int_equal(fclose(out), 0);
    assert_ok(config_parse(bytes_of(yaml), "test", &config, &err));
    return config;
}

static void
assert_same_repository(const struct config_repository *one, const struct config_repository *other)
{
    assert_int_equal(one->addressing, other->addressing);
    assert_int_equal(one->credentials, other->credentials);
    assert_int_equal(one->single_writer, other->single_writer);
    assert_int_equal(one->required, other->required);
    assert_int_equal(one->retry_limit_ms, other->retry_limit_ms);
}

static void
assert_same_checks(const struct checks_config *one, const struct checks_config *other)
{
    assert_int_equal(one->tables_present, other->tables_present);
    assert_int_equal(one->foreign_keys, other->foreign_keys);
    assert_int_equal(one->sample_above_rows, other->sample_above_rows);
    assert_int_equal(one->collations, other->collations);
    assert_int_equal(one->limit_ms, other->limit_ms);
}

static void
what_the_page_calls_a_default_is_what_holds_without_the_key(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *told = configuration(true);
    SCOPED(config_freep) struct config *silent = configuration(false);

    assert_int_equal(told->compression_level, silent->compression_level);
    assert_int_equal(told->memory_bytes, silent->memory_bytes);
    assert_same_repository(&told->repository, &silent->repository);
    assert_same_repository(told->further.items, silent->further.items);
    told->retention.zone = silent->retention.zone;
    assert_memory_equal(&told->retention, &silent->retention, sizeof(told->retention));
    assert_memory_equal(&told->policy, &silent->policy, sizeof(told->policy));
    assert_int_equal(told->canary.keep, silent->canary.keep);
    assert_memory_equal(&told->drill, &silent->drill, sizeof(told->drill));
    assert_int_equal(told->dumps.items[0].compression, silent->dumps.items[0].compression);
    assert_int_equal(told->dumps.items[0].jobs, silent->dumps.items[0].jobs);
    assert_same_checks(told->checks.items, silent->checks.items);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_describes_itself),
        cmocka_unit_test(the_page_has_every_key_of_the_tables_once),
        cmocka_unit_test(each_section_takes_the_keys_of_its_table_and_no_other),
        cmocka_unit_test(a_key_is_told_with_its_value_bounds_and_default),
        cmocka_unit_test(what_the_page_calls_a_default_is_what_holds_without_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
