// SPDX-License-Identifier: PostgreSQL
#include "drill/self_test.h"

#include <stdio.h>
#include <string.h>

struct damage_words
{
    const char *name;
    uint32_t expected;
};

#define ONLY(layer) (UINT32_C(1) << (layer))

static const struct damage_words words[DAMAGE_COUNT] = {
    [DAMAGE_NONE] = {"no damage", 0},
    [DAMAGE_PACK] = {"a flipped bit in a pack", ONLY(LAYER_OBJECTS)},
    [DAMAGE_WAL] = {"a missing WAL segment", ONLY(LAYER_PLAN)},
    [DAMAGE_ROWS] = {"a table short of rows", ONLY(LAYER_TABLES)},
    [DAMAGE_FOREIGN_KEY] = {"a broken foreign key", ONLY(LAYER_FOREIGN_KEYS)},
    [DAMAGE_INDEX] = {"an index that disagrees with its table", ONLY(LAYER_AMCHECK)},
};

const char *
self_test_damage_name(enum self_test_damage damage)
{
    return words[damage].name;
}

uint32_t
self_test_expected(enum self_test_damage damage)
{
    return words[damage].expected;
}

bool
self_test_is_right(const struct self_test *test, enum self_test_damage damage)
{
    const struct self_test_result *result = &test->results[damage];

    return result->done && result->caught == words[damage].expected;
}

bool
self_test_all_right(const struct self_test *test)
{
    for (enum self_test_damage damage = 0; damage < DAMAGE_COUNT; damage++)
        if (!self_test_is_right(test, damage))
            return false;
    return true;
}

void
self_test_layers(uint32_t layers, char text[SELF_TEST_TEXT_SIZE])
{
    size_t used = 0;

    snprintf(text, SELF_TEST_TEXT_SIZE, "nothing");
    for (enum drill_layer layer = 0; layer < LAYER_COUNT; layer++)
        if ((layers & ONLY(layer)) != 0 && used < SELF_TEST_TEXT_SIZE)
            used += (size_t) snprintf(text + used, SELF_TEST_TEXT_SIZE - used, "%s%s",
                                      used == 0 ? "" : "; ", layer_title(layer));
}
