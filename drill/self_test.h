// SPDX-License-Identifier: PostgreSQL
/*
 * self_test.h - can the drill fail?  Five kinds of damage, each of which must be
 * found at exactly the layer that is there for it.
 *
 * Nothing is damaged that is anybody's: the repository is looked at through a view
 * that flips a bit or hides a name (repo/store_view.h), and the tables are in
 * databases of their own, made in the drill's private server.  Before them, the
 * same layers must find nothing wrong with what is not damaged.
 */
#pragma once

#include "drill/layer.h"

enum self_test_damage
{
    DAMAGE_NONE, /* what is sound must not be called damaged */
    DAMAGE_PACK,
    DAMAGE_WAL,
    DAMAGE_ROWS,
    DAMAGE_FOREIGN_KEY,
    DAMAGE_INDEX,
    DAMAGE_COUNT,
};

struct self_test_result
{
    bool done;
    uint32_t caught; /* bit n: the layer n was red */
    char found[256]; /* what the first of them said */
};

struct self_test
{
    struct self_test_result results[DAMAGE_COUNT];
};

/* "a flipped bit in a pack" */
const char *self_test_damage_name(enum self_test_damage damage);

/* The layers that must be red, as bits. */
uint32_t self_test_expected(enum self_test_damage damage);

/* Was it found at exactly the right place? */
bool self_test_is_right(const struct self_test *test, enum self_test_damage damage);
bool self_test_all_right(const struct self_test *test);

/* Their titles: "freshness; queries"; "nothing" for none. */
#define SELF_TEST_TEXT_SIZE 384
void self_test_layers(uint32_t layers, char text[SELF_TEST_TEXT_SIZE]);
