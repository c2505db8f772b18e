// SPDX-License-Identifier: PostgreSQL
#include "drill/check_layer.h"

enum drill_layer
check_layer(enum check_kind kind)
{
    static const enum drill_layer layers[] = {
        [CHECK_EXISTS] = LAYER_TABLES,        [CHECK_ROWS] = LAYER_TABLES,
        [CHECK_FRESHNESS] = LAYER_FRESHNESS,  [CHECK_FOREIGN_KEY] = LAYER_FOREIGN_KEYS,
        [CHECK_COLLATION] = LAYER_COLLATIONS, [CHECK_QUERY] = LAYER_QUERIES,
        [CHECK_COMMAND] = LAYER_COMMAND,
    };

    return layers[kind];
}
