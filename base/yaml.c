// SPDX-License-Identifier: PostgreSQL
#include "base/yaml.h"

#include "base/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct yaml_tree
{
    char *name;
    struct yaml_node *root;
};

/* A parse in progress. */
struct reading
{
    yaml_parser_t parser;
    struct yaml_tree *tree;
    struct bytes text;
    size_t node_count;
    struct error *err;
};

static enum status read_document(struct reading *reading);
static enum status read_node(struct reading *reading, yaml_event_t *first, unsigned depth,
                             struct yaml_node **node);

static void
free_node(struct yaml_node *node)
{
    /* As deep as YAML_DEPTH_MAX at most; siblings go in a loop. */
    while (node != NULL)
    {
        struct yaml_node *next = (struct yaml_node *) node->next;

        free_node((struct yaml_node *) node->first_child);
        free((char *) node->key);
        free((char *) node->text);
        free(node);
        node = next;
    }
}

static void
free_nodep(struct yaml_node **node)
{
    free_node(*node);
}

enum status
yaml_read(struct yaml_tree **tree, const char *path, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(YAML_SIZE_MAX);
    enum status status = file_read(path, &content, err);

    if (status == STATUS_NO_MEMORY)
        error_context(err, "could not read \"%s\"", path);
    TRY(status);
    return yaml_parse(tree, buffer_bytes(&content), path, err);
}

enum status
yaml_parse(struct yaml_tree **tree, struct bytes text, const char *name, struct error *err)
{
    SCOPED(yaml_freep) struct yaml_tree *made = calloc(1, sizeof(*made));
    struct reading reading = {.tree = made, .text = text, .err = err};
    enum status status;

    if (made == NULL || (made->name = strdup(name)) == NULL)
        return error_no_memory(err);
    if (text.size > YAML_SIZE_MAX)
        return error_set(err, STATUS_CONFIG, "%s: %zu bytes are more than the %d allowed", name,
                         text.size, YAML_SIZE_MAX);
    if (!yaml_parser_initialize(&reading.parser))
        return error_no_memory(err);
    yaml_parser_set_input_string(&reading.parser, text.size == 0 ? (const uint8_t *) "" : text.data,
                                 text.size);
    status = read_document(&reading);
    yaml_parser_delete(&reading.parser);
    TRY(status);
    *tree = made;
    made = NULL;
    return OK;
}

const struct yaml_node *
yaml_root(const struct yaml_tree *tree)
{
    return tree->root;
}

const char *
yaml_name(const struct yaml_tree *tree)
{
    return tree->name;
}

const struct yaml_node *
yaml_child(const struct yaml_node *mapping, const char *key)
{
    if (mapping->kind != NODE_MAPPING)
        return NULL;
    for (const struct yaml_node *child = mapping->first_child; child != NULL; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

const char *
yaml_kind_name(const struct yaml_node *node)
{
    static const char *const names[] = {
        [NODE_EMPTY] = "nothing",
        [NODE_TEXT] = "text",
        [NODE_MAPPING] = "a mapping",
        [NODE_LIST] = "a list",
    };

    return names[node->kind];
}

static enum status
error_at(const struct yaml_tree *tree, struct yaml_place place, struct error *err,
         const char *format, va_list args)
{
    char message[sizeof(err->message)];

    vsnprintf(message, sizeof(message), format, args);
    return error_set(err, STATUS_CONFIG, "%s:%zu:%zu: %s", tree->name, place.line, place.column,
                     message);
}

enum status
yaml_error(const struct yaml_node *node, struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_at(node->tree, node->place, err, format, args);
    va_end(args);
    return STATUS_CONFIG;
}

enum status
yaml_key_error(const struct yaml_node *node, struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_at(node->tree, node->key_place, err, format, args);
    va_end(args);
    return STATUS_CONFIG;
}

void
yaml_freep(struct yaml_tree **tree)
{
    if (*tree == NULL)
        return;
    free_node((*tree)->root);
    free((*tree)->name);
    free(*tree);
    *tree = NULL;
}

static struct yaml_place
place_of(yaml_mark_t mark)
{
    return (struct yaml_place){mark.line + 1, mark.column + 1};
}

static enum status PRINTF_LIKE(3, 4)
    refuse(struct reading *reading, yaml_mark_t mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_at(reading->tree, place_of(mark), reading->err, format, args);
    va_end(args);
    return STATUS_CONFIG;
}

/* libyaml knows only the byte at which the text stopped being text. */
static enum status
refuse_bytes(struct reading *reading)
{
    yaml_mark_t mark = {0};

    for (size_t index = 0; index < reading->parser.problem_offset && index < reading->text.size;
         index++)
    {
        mark.column++;
        if (reading->text.data[index] == '\n')
        {
            mark.line++;
            mark.column = 0;
        }
    }
    return refuse(reading, mark, "not YAML text: %s", reading->parser.problem);
}

static enum status
refuse_syntax(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;

    if (parser->error == YAML_MEMORY_ERROR)
        return error_no_memory(reading->err);
    if (parser->error == YAML_READER_ERROR)
        return refuse_bytes(reading);
    refuse(reading, parser->problem_mark, "could not parse YAML: %s", parser->problem);
    if (parser->problem_mark.index < reading->text.size &&
        reading->text.data[parser->problem_mark.index] == '\t')
        error_hint(reading->err, "YAML is indented by spaces; tabs are not allowed there.");
    else if (parser->context != NULL)
        error_detail(reading->err, "This was %s that began at line %zu.", parser->context,
                     parser->context_mark.line + 1);
    return STATUS_CONFIG;
}

static enum status
next_event(struct reading *reading, yaml_event_t *event)
{
    return yaml_parser_parse(&reading->parser, event) ? OK : refuse_syntax(reading);
}

/* An event type of libyaml's that carries nothing that we keep. */
static enum status
skip_event(struct reading *reading, yaml_event_type_t *type)
{
    SCOPED(yaml_event_delete) yaml_event_t event = {0};

    TRY(next_event(reading, &event));
    *type = event.type;
    return OK;
}

static enum status
empty_node(struct reading *reading, struct yaml_node **node)
{
    *node = calloc(1, sizeof(**node));
    if (*node == NULL)
        return error_no_memory(reading->err);
    (*node)->tree = reading->tree;
    (*node)->place = (struct yaml_place){1, 1};
    return OK;
}

static enum status
read_root(struct reading *reading)
{
    SCOPED(yaml_event_delete) yaml_event_t event = {0};

    TRY(next_event(reading, &event));
    return read_node(reading, &event, 0, &reading->tree->root);
}

static enum status
read_document(struct reading *reading)
{
    SCOPED(yaml_event_delete) yaml_event_t extra = {0};
    yaml_event_type_t type;

    TRY(skip_event(reading, &type)); /* the stream's start */
    TRY(skip_event(reading, &type)); /* the document's start, or the stream's end */
    if (type == YAML_STREAM_END_EVENT)
        return empty_node(reading, &reading->tree->root);
    TRY(read_root(reading));
    TRY(skip_event(reading, &type)); /* the document's end */
    TRY(next_event(reading, &extra));
    if (extra.type != YAML_STREAM_END_EVENT)
        return refuse(reading, extra.start_mark, "a second document begins: only one is allowed");
    return OK;
}

static enum status
copy_scalar(struct reading *reading, const yaml_event_t *event, char **text)
{
    const char *value = (const char *) event->data.scalar.value;

    if (memchr(value, '\0', event->data.scalar.length) != NULL)
        return refuse(reading, event->start_mark, "text contains a zero byte");
    *text = strdup(value);
    return *text == NULL ? error_no_memory(reading->err) : OK;
}

static enum status
read_scalar(struct reading *reading, const yaml_event_t *event, struct yaml_node *node)
{
    const char *value = (const char *) event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    char *text = NULL;

    if (plain && (value[0] == '\0' || strcmp(value, "~") == 0 || strcmp(value, "null") == 0))
        return OK;
    TRY(copy_scalar(reading, event, &text));
    node->kind = NODE_TEXT;
    node->text = text;
    return OK;
}

static enum status
read_key(struct reading *reading, const yaml_event_t *event, const struct yaml_node *mapping,
         char **key)
{
    const struct yaml_node *before;

    if (event->type == YAML_ALIAS_EVENT)
        return refuse(reading, event->start_mark, "aliases are not supported");
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(reading, event->start_mark, "a key must be text");
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL)
        return refuse(reading, event->start_mark, "anchors and tags are not supported");
    TRY(copy_scalar(reading, event, key));
    before = yaml_child(mapping, *key);
    if (before != NULL)
        return refuse(reading, event->start_mark, "key \"%s\" is there already, in line %zu", *key,
                      before->key_place.line);
    return OK;
}

/* The children of a mapping or a list, up to its end. */
static enum status
read_children(struct reading *reading, struct yaml_node *parent, unsigned depth)
{
    const struct yaml_node **tail = &parent->first_child;

    for (;;)
    {
        SCOPED(yaml_event_delete) yaml_event_t event = {0};
        SCOPED(yaml_event_delete) yaml_event_t value = {0};
        SCOPED(freep) char *key = NULL;
        yaml_mark_t key_mark;
        struct yaml_node *child = NULL;
        enum status status;

        TRY(next_event(reading, &event));
        if (event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT)
            return OK;
        key_mark = event.start_mark;
        if (parent->kind == NODE_MAPPING)
        {
            TRY(read_key(reading, &event, parent, &key));
            TRY(next_event(reading, &value));
        }
        status = read_node(reading, key == NULL ? &event : &value, depth + 1, &child);
        TRY(status);
        child->key = key;
        child->key_place = place_of(key_mark);
        key = NULL;
        *tail = child;
        tail = &child->next;
    }
}

static enum status
refuse_decoration(struct reading *reading, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;

    if (event->type == YAML_ALIAS_EVENT)
        return refuse(reading, event->start_mark, "aliases are not supported");
    if (event->type == YAML_SCALAR_EVENT)
    {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    }
    else if (event->type == YAML_MAPPING_START_EVENT)
    {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    else if (event->type == YAML_SEQUENCE_START_EVENT)
    {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    }
    if (anchor != NULL || tag != NULL)
        return refuse(reading, event->start_mark, "anchors and tags are not supported");
    return OK;
}

static enum status
read_node(struct reading *reading, yaml_event_t *first, unsigned depth, struct yaml_node **node)
{
    SCOPED(free_nodep) struct yaml_node *made = NULL;

    TRY(refuse_decoration(reading, first));
    if (depth > YAML_DEPTH_MAX)
        return refuse(reading, first->start_mark, "nested more than %d deep", YAML_DEPTH_MAX);
    if (++reading->node_count > YAML_NODES_MAX)
        return refuse(reading, first->start_mark, "more than %d values", YAML_NODES_MAX);
    TRY(empty_node(reading, &made));
    made->place = place_of(first->start_mark);
    if (first->type == YAML_SCALAR_EVENT)
        TRY(read_scalar(reading, first, made));
    else
    {
        made->kind = first->type == YAML_MAPPING_START_EVENT ? NODE_MAPPING : NODE_LIST;
        TRY(read_children(reading, made, depth));
    }
    *node = made;
    made = NULL;
    return OK;
}
