// SPDX-License-Identifier: PostgreSQL
/*
 * yaml.h - a YAML file as a tree that knows where everything stood.
 *
 * The subset that a configuration needs: one document of mappings, lists and
 * texts.  Anchors, aliases, tags, several documents and keys named twice are
 * refused, and so is what is too large or too deep.  Errors are STATUS_CONFIG
 * and begin with "<file>:<line>:<column>: ".  Every value is text until somebody
 * asks for more, so a password of 0123 stays one.
 *
 * A tree is read-only once parsed and may be shared by threads.
 */
#pragma once

#include "base/bytes.h"

#define YAML_SIZE_MAX  (256 * 1024)
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 10000

struct yaml_tree;

enum node_kind
{
    NODE_EMPTY,   /* "key:" with nothing behind it, or ~, or null */
    NODE_TEXT,    /* a scalar of at least one character, or quoted */
    NODE_MAPPING, /* its children have keys */
    NODE_LIST,
};

/* Where something stands, counted from 1. */
struct yaml_place
{
    size_t line;
    size_t column;
};

struct yaml_node
{
    const struct yaml_tree *tree;
    enum node_kind kind;
    struct yaml_place place;
    const char *key; /* in a mapping; else NULL */
    struct yaml_place key_place;
    const char *text;             /* of a NODE_TEXT; else NULL */
    const struct yaml_node *next; /* the same parent's next child */
    const struct yaml_node *first_child;
};

/* name is what errors call the text. */
NODISCARD enum status yaml_parse(struct yaml_tree **tree, struct bytes text, const char *name,
                                 struct error *err);

/* Parse a file; one that cannot be read gives file_read's status. */
NODISCARD enum status yaml_read(struct yaml_tree **tree, const char *path, struct error *err);

/* Never NULL; NODE_EMPTY at 1:1 for a text without content.  Borrowed, as every node is. */
const struct yaml_node *yaml_root(const struct yaml_tree *tree);

/* What yaml_parse was told, or the path that yaml_read read. */
const char *yaml_name(const struct yaml_tree *tree);

/* The mapping's child of this name, or NULL; NULL for anything but a mapping. */
const struct yaml_node *yaml_child(const struct yaml_node *mapping, const char *key);

/* What the node is, for messages: "a list". */
const char *yaml_kind_name(const struct yaml_node *node);

/* Set an error about the node's value, or its key; both return STATUS_CONFIG. */
enum status yaml_error(const struct yaml_node *node, struct error *err, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum status yaml_key_error(const struct yaml_node *node, struct error *err, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* For SCOPED.  NULL is allowed. */
void yaml_freep(struct yaml_tree **tree);
