// SPDX-License-Identifier: PostgreSQL
#include "agent/self_test_report.h"

#include "agent/report.h"

#include <stdio.h>

static const struct table_column columns[] = {
    {"STATE", false},    {"DAMAGE", false}, {"EXPECTED AT", false},
    {"FOUND AT", false}, {"FOUND", false},  {NULL, false},
};

enum status
self_test_report_print(const struct self_test *test, struct error *err)
{
    SCOPED(table_release) struct table table = TABLE_INIT(columns);

    for (enum self_test_damage damage = 0; damage < DAMAGE_COUNT; damage++)
    {
        const struct self_test_result *result = &test->results[damage];
        char expected[SELF_TEST_TEXT_SIZE];
        char caught[SELF_TEST_TEXT_SIZE];

        self_test_layers(self_test_expected(damage), expected);
        self_test_layers(result->caught, caught);
        TRY(table_add(&table,
                      (const char *const[]){self_test_is_right(test, damage) ? "ok" : "WRONG",
                                            self_test_damage_name(damage), expected,
                                            result->done ? caught : "not tried", result->found},
                      err));
    }
    table_print(&table);
    if (self_test_all_right(test))
        puts("All five kinds of damage were found where they should be.");
    return OK;
}

/* ["plan"] */
static json_t *
layers_to_json(uint32_t layers)
{
    json_t *array = json_array();

    for (enum drill_layer layer = 0; array != NULL && layer < LAYER_COUNT; layer++)
        if ((layers >> layer & 1) != 0)
            json_array_append_new(array, json_string(layer_name(layer)));
    return array;
}

json_t *
self_test_report_json(const struct self_test *test)
{
    json_t *damages = json_array();

    for (enum self_test_damage damage = 0; damages != NULL && damage < DAMAGE_COUNT; damage++)
    {
        const struct self_test_result *result = &test->results[damage];

        if (json_array_append_new(damages, json_pack("{s:s, s:o, s:o, s:b, s:o}", "damage",
                                                     self_test_damage_name(damage), "expected",
                                                     layers_to_json(self_test_expected(damage)),
                                                     "caught", layers_to_json(result->caught), "ok",
                                                     self_test_is_right(test, damage), "found",
                                                     json_text(result->found))) != 0)
        {
            json_decref(damages);
            return NULL;
        }
    }
    return damages == NULL
               ? NULL
               : json_pack("{s:b, s:o}", "ok", self_test_all_right(test), "damages", damages);
}

enum status
self_test_report_conclude(const struct self_test *test, struct error *err)
{
    enum self_test_damage damage = 0;
    char caught[SELF_TEST_TEXT_SIZE];

    while (damage < DAMAGE_COUNT && self_test_is_right(test, damage))
        damage++;
    if (damage == DAMAGE_COUNT)
        return OK;
    self_test_layers(test->results[damage].caught, caught);
    error_set(err, STATUS_CORRUPT, "the drill cannot be trusted: with %s, what was red is %s",
              self_test_damage_name(damage), caught);
    return STATUS_CORRUPT;
}
