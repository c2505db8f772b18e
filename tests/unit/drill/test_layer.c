// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/layer.h"

static void
each_layer_has_a_name_of_its_own_that_is_read_back(void **state)
{
    (void) state;
    struct error err = {0};

    for (unsigned index = 0; index < LAYER_COUNT; index++)
    {
        SCOPED(json_freep)
        json_t *object = json_pack("{s:s}", "layer", layer_name((enum drill_layer) index));
        enum drill_layer layer;

        assert_true(layer_title((enum drill_layer) index)[0] != '\0');
        assert_ok(layer_from_json(object, "layer", &layer, &err));
        assert_int_equal(layer, index);
    }
}

static void
an_unknown_layer_is_corrupt(void **state)
{
    (void) state;
    SCOPED(json_freep) json_t *object = json_pack("{s:s}", "layer", "moonshine");
    enum drill_layer layer;
    struct error err = {0};

    assert_status(layer_from_json(object, "layer", &layer, &err), STATUS_CORRUPT);
    assert_message("moonshine");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layer_has_a_name_of_its_own_that_is_read_back),
        cmocka_unit_test(an_unknown_layer_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
