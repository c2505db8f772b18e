// SPDX-License-Identifier: PostgreSQL
/* Any bytes are parsed into a tree that can be walked, or refused. */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

static size_t
walk(const struct yaml_node *node)
{
    size_t length = node->text == NULL ? 0 : strlen(node->text);

    if (node->kind == NODE_TEXT && node->text == NULL)
        abort();
    for (const struct yaml_node *child = node->first_child; child != NULL; child = child->next)
    {
        if ((node->kind == NODE_MAPPING) != (child->key != NULL))
            abort();
        length += walk(child);
    }
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
    struct error err = {0};

    if (yaml_parse(&tree, (struct bytes){data, size}, "fuzz", &err) == OK &&
        walk(yaml_root(tree)) > size * 4)
        abort();
    return 0;
}
