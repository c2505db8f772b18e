// SPDX-License-Identifier: PostgreSQL
#include "drill/layer.h"

#include <string.h>

struct layer_words
{
    const char *name;
    const char *title;
};

static const struct layer_words words[LAYER_COUNT] = {
    [LAYER_PLAN] = {"plan", "a backup, and WAL without a gap"},
    [LAYER_OBJECTS] = {"objects", "objects are authentic"},
    [LAYER_MANIFEST] = {"manifest", "every file is there"},
    [LAYER_START] = {"start", "the server is consistent"},
    [LAYER_REPLAY] = {"replay", "the target was reached"},
    [LAYER_PAGES] = {"pages", "page checksums"},
    [LAYER_AMCHECK] = {"amcheck", "tables and indexes agree"},
    [LAYER_COLLATIONS] = {"collations", "collation versions"},
    [LAYER_FOREIGN_KEYS] = {"foreign_keys", "foreign keys"},
    [LAYER_TABLES] = {"tables", "tables and their rows"},
    [LAYER_FRESHNESS] = {"freshness", "freshness"},
    [LAYER_QUERIES] = {"queries", "queries"},
    [LAYER_COMMAND] = {"command", "the application's command"},
};

const char *
layer_name(enum drill_layer layer)
{
    return words[layer].name;
}

const char *
layer_title(enum drill_layer layer)
{
    return words[layer].title;
}

enum status
layer_from_json(const json_t *object, const char *member, enum drill_layer *layer,
                struct error *err)
{
    const char *name;

    TRY(member_text(object, member, &name, err));
    for (unsigned index = 0; index < LAYER_COUNT; index++)
        if (strcmp(words[index].name, name) == 0)
        {
            *layer = (enum drill_layer) index;
            return OK;
        }
    return error_set(err, STATUS_CORRUPT, "member \"%s\": unknown layer \"%s\"", member, name);
}
