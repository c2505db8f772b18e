// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "dump/contents.h"

#include <stdio.h>
#include <string.h>

/* The document owns its texts, so they are no literals. */
#define TABLE(its_schema, its_name)                                                                \
    {                                                                                              \
        .schema = (char[]){its_schema}, .name = (char[])                                           \
        {                                                                                          \
            its_name                                                                               \
        }                                                                                          \
    }

static struct dump_table tables[] = {
    TABLE("shop", "tasks"),       TABLE("shop", "task"),      TABLE("other", "tasks"),
    TABLE("shop", "activity_01"), TABLE("Mixed Case", "a.b"),
};

static const struct dump_document document = {.tables = tables,
                                              .table_count = sizeof(tables) / sizeof(tables[0])};

static const char list[] = ";\n"
                           "; Archive created at 2026-11-21 03:00:00 UTC\n"
                           ";\n"
                           "6; 2615 16386 SCHEMA - shop postgres\n"
                           "215; 1259 16392 TABLE shop tasks postgres\n"
                           "4021; 0 16392 TABLE DATA shop tasks postgres\n"
                           "4022; 0 16393 TABLE DATA shop task postgres\n"
                           "4023; 0 16394 TABLE DATA other tasks postgres\n"
                           "4024; 0 16395 TABLE DATA shop activity_01 shop owner\n"
                           "4025; 0 16396 TABLE DATA Mixed Case a.b postgres\n"
                           "4026; 0 0 SEQUENCE SET shop tasks_id_seq postgres\n"
                           "4027; 0 0 BLOBS - BLOBS \n"
                           "4028; 0 0 MATERIALIZED VIEW DATA shop sums postgres\n"
                           "4029; 2606 16400 CONSTRAINT shop tasks tasks_pkey postgres\n"
                           "4030; 2606 16401 FK CONSTRAINT shop tasks tasks_parent_fkey postgres\n"
                           "4031; 0 0 COMMENT shop CONSTRAINT tasks_parent_fkey ON tasks postgres\n"
                           "4032; 0 0 COMMENT shop TABLE tasks postgres\n";

static const char *
choose(const char *const *patterns, struct buffer *chosen)
{
    struct error err;
    const char *text;

    buffer_release(chosen);
    assert_ok(contents_choose(list, &document, patterns, chosen, &err));
    assert_ok(buffer_text(chosen, &text, &err));
    return text;
}

static void
rows_of_the_wanted_table_are_chosen_and_no_others(void **state)
{
    SCOPED(buffer_release) struct buffer chosen = BUFFER_INIT(CONTENTS_LIMIT);
    const char *text = choose((const char *const[]){"shop.tasks", NULL}, &chosen);

    (void) state;
    assert_non_null(strstr(text, "4021;"));
    for (int number = 4022; number <= 4025; number++)
    {
        char entry[8];

        snprintf(entry, sizeof(entry), "%d;", number);
        assert_null(strstr(text, entry));
    }
}

static void
definitions_are_chosen_without_what_needs_other_rows(void **state)
{
    SCOPED(buffer_release) struct buffer chosen = BUFFER_INIT(CONTENTS_LIMIT);
    const char *text = choose((const char *const[]){"shop.tasks", NULL}, &chosen);

    (void) state;
    assert_string_equal(text, "6; 2615 16386 SCHEMA - shop postgres\n"
                              "215; 1259 16392 TABLE shop tasks postgres\n"
                              "4021; 0 16392 TABLE DATA shop tasks postgres\n"
                              "4026; 0 0 SEQUENCE SET shop tasks_id_seq postgres\n"
                              "4029; 2606 16400 CONSTRAINT shop tasks tasks_pkey postgres\n"
                              "4032; 0 0 COMMENT shop TABLE tasks postgres\n");
}

static void
names_are_patterns_with_or_without_a_schema(void **state)
{
    SCOPED(buffer_release) struct buffer chosen = BUFFER_INIT(CONTENTS_LIMIT);
    const char *text = choose((const char *const[]){"activity_*", "Mixed Case.a.b", NULL}, &chosen);

    (void) state;
    assert_non_null(strstr(text, "4024;"));
    assert_non_null(strstr(text, "4025;"));
    assert_null(strstr(text, "4021;"));
    text = choose((const char *const[]){"tasks", NULL}, &chosen);
    assert_non_null(strstr(text, "4021;"));
    assert_non_null(strstr(text, "4023;"));
    assert_null(strstr(text, "4022;"));
    assert_true(contents_match("*.tasks", &tables[2]));
    assert_false(contents_match("Tasks", &tables[0]));
}

static void
a_last_line_without_an_end_is_taken_too(void **state)
{
    SCOPED(buffer_release) struct buffer chosen = BUFFER_INIT(CONTENTS_LIMIT);
    struct error err;

    (void) state;
    assert_ok(contents_choose("7; 1 2 TYPE shop t o", &document,
                              (const char *const[]){"tasks", NULL}, &chosen, &err));
    assert_int_equal(chosen.size, strlen("7; 1 2 TYPE shop t o"));
    assert_ok(contents_choose("8;\n9; 1\nx\n", &document, (const char *const[]){"tasks", NULL},
                              &chosen, &err));
    assert_int_equal(chosen.size, strlen("7; 1 2 TYPE shop t o"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_the_wanted_table_are_chosen_and_no_others),
        cmocka_unit_test(definitions_are_chosen_without_what_needs_other_rows),
        cmocka_unit_test(names_are_patterns_with_or_without_a_schema),
        cmocka_unit_test(a_last_line_without_an_end_is_taken_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
