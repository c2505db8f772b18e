// SPDX-License-Identifier: PostgreSQL
#include "config/schema.h"

#include "base/similar.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum status refuse_unknown_keys(const struct schema_field *fields,
                                       const struct yaml_node *mapping, const char *what,
                                       struct error *err);
static enum status read_field(const struct schema_field *field, const struct yaml_node *node,
                              void *into, struct error *err);

enum status
schema_read(const struct schema_field *fields, const struct yaml_node *mapping, const char *what,
            void *into, struct error *err)
{
    if (mapping->kind != NODE_MAPPING && mapping->kind != NODE_EMPTY)
        return yaml_error(mapping, err, "%s must be a mapping, found %s", what,
                          yaml_kind_name(mapping));
    TRY(refuse_unknown_keys(fields, mapping, what, err));
    for (const struct schema_field *field = fields; field->name != NULL; field++)
    {
        const struct yaml_node *node = yaml_child(mapping, field->name);

        if (node != NULL)
            TRY(read_field(field, node, (uint8_t *) into + field->offset, err));
        else if (field->required)
            return yaml_error(mapping, err, "\"%s\" is missing from %s", field->name, what);
    }
    return OK;
}

static enum status
refuse_unknown_key(const struct schema_field *fields, const struct yaml_node *node,
                   const char *what, struct error *err)
{
    struct similar similar;

    similar_start(&similar, node->key);
    for (const struct schema_field *field = fields; field->name != NULL; field++)
    {
        if (strcmp(field->name, node->key) == 0)
            return OK;
        similar_offer(&similar, field->name);
    }
    yaml_key_error(node, err, "unknown key \"%s\" in %s", node->key, what);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"?", similar.best);
    return STATUS_CONFIG;
}

static enum status
refuse_unknown_keys(const struct schema_field *fields, const struct yaml_node *mapping,
                    const char *what, struct error *err)
{
    for (const struct yaml_node *node = mapping->first_child; node != NULL; node = node->next)
        TRY(refuse_unknown_key(fields, node, what, err));
    return OK;
}

static enum status
read_text(const struct schema_field *field, const struct yaml_node *node, const char **into,
          struct error *err)
{
    if (node->text[0] == '\0')
        return yaml_error(node, err, "\"%s\" must not be empty", field->name);
    if (field->type == SCHEMA_PATH && node->text[0] != '/')
        return yaml_error(node, err, "\"%s\" must be an absolute path, found \"%s\"", field->name,
                          node->text);
    if (field->check != NULL)
        TRY(field->check(node, err));
    *into = node->text;
    return OK;
}

static enum status
read_bool(const struct schema_field *field, const struct yaml_node *node, bool *into,
          struct error *err)
{
    if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0)
        return yaml_error(node, err, "\"%s\" must be true or false, found \"%s\"", field->name,
                          node->text);
    *into = node->text[0] == 't';
    return OK;
}

static enum status
read_choice(const struct schema_field *field, const struct yaml_node *node, unsigned *into,
            struct error *err)
{
    struct similar similar;
    char names[256] = "";
    size_t used = 0;

    similar_start(&similar, node->text);
    for (const struct schema_choice *choice = field->choices; choice->name != NULL; choice++)
    {
        if (strcmp(choice->name, node->text) == 0)
        {
            *into = choice->value;
            return OK;
        }
        similar_offer(&similar, choice->name);
        if (used < sizeof(names))
            used += (size_t) snprintf(names + used, sizeof(names) - used, "%s%s",
                                      used == 0 ? "" : ", ", choice->name);
    }
    yaml_error(node, err, "\"%s\" must be one of %s, found \"%s\"", field->name, names, node->text);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"?", similar.best);
    return STATUS_CONFIG;
}

static void
format_amount(enum schema_type type, uint64_t amount, char text[UNITS_TEXT_SIZE])
{
    if (type == SCHEMA_SIZE)
        units_write_size(amount, text);
    else if (type == SCHEMA_DURATION)
        units_write_duration((int64_t) amount, text);
    else
        snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64, amount);
}

static enum status
check_bounds(const struct schema_field *field, const struct yaml_node *node, uint64_t amount,
             struct error *err)
{
    char minimum[UNITS_TEXT_SIZE];
    char maximum[UNITS_TEXT_SIZE];

    if (amount >= field->minimum && (field->maximum == 0 || amount <= field->maximum))
        return OK;
    format_amount(field->type, field->minimum, minimum);
    format_amount(field->type, field->maximum, maximum);
    if (field->maximum == 0)
        return yaml_error(node, err, "\"%s\" must be at least %s, found \"%s\"", field->name,
                          minimum, node->text);
    return yaml_error(node, err, "\"%s\" must be between %s and %s, found \"%s\"", field->name,
                      minimum, maximum, node->text);
}

static enum status
read_integer(const struct schema_field *field, const struct yaml_node *node, uint32_t *into,
             struct error *err)
{
    size_t length = strlen(node->text);
    uint64_t number;

    /* Only digits: units_size would take "4kB". */
    if (strspn(node->text, "0123456789") != length || !units_size(node->text, &number))
        return yaml_error(node, err, "\"%s\" must be a whole number, found \"%s\"", field->name,
                          node->text);
    TRY(check_bounds(field, node, number, err));
    if (number > UINT32_MAX)
        return yaml_error(node, err, "\"%s\" is too large: \"%s\"", field->name, node->text);
    *into = (uint32_t) number;
    return OK;
}

static enum status
read_size(const struct schema_field *field, const struct yaml_node *node, uint64_t *into,
          struct error *err)
{
    uint64_t size_bytes;

    if (!units_size(node->text, &size_bytes))
    {
        yaml_error(node, err, "\"%s\" must be a size, found \"%s\"", field->name, node->text);
        error_hint(err, "Write a number and B, KiB, MiB, GiB or TiB, such as 256MiB.");
        return STATUS_CONFIG;
    }
    TRY(check_bounds(field, node, size_bytes, err));
    *into = size_bytes;
    return OK;
}

static enum status
read_duration(const struct schema_field *field, const struct yaml_node *node, int64_t *into,
              struct error *err)
{
    int64_t duration_ms;

    if (!units_duration(node->text, &duration_ms))
    {
        yaml_error(node, err, "\"%s\" must be a duration, found \"%s\"", field->name, node->text);
        error_hint(err, "Write a number and ms, s, min, h, d or w, such as 30s.");
        return STATUS_CONFIG;
    }
    TRY(check_bounds(field, node, (uint64_t) duration_ms, err));
    *into = duration_ms;
    return OK;
}

static enum status
read_scalar(const struct schema_field *field, const struct yaml_node *node, void *into,
            struct error *err)
{
    if (node->kind == NODE_EMPTY)
        return yaml_key_error(node, err, "\"%s\" has no value", field->name);
    if (node->kind != NODE_TEXT)
        return yaml_error(node, err, "\"%s\" must be a single value, found %s", field->name,
                          yaml_kind_name(node));
    switch (field->type)
    {
    case SCHEMA_BOOL:
        return read_bool(field, node, into, err);
    case SCHEMA_INTEGER:
        return read_integer(field, node, into, err);
    case SCHEMA_SIZE:
        return read_size(field, node, into, err);
    case SCHEMA_DURATION:
        return read_duration(field, node, into, err);
    case SCHEMA_CHOICE:
        return read_choice(field, node, into, err);
    default:
        return read_text(field, node, into, err);
    }
}

static enum status
read_field(const struct schema_field *field, const struct yaml_node *node, void *into,
           struct error *err)
{
    char what[80];

    if (field->type == SCHEMA_CUSTOM)
        return field->read(node, into, err);
    if (field->type != SCHEMA_SECTION)
        return read_scalar(field, node, into, err);
    snprintf(what, sizeof(what), "section \"%s\"", field->name);
    return schema_read(field->fields, node, what, into, err);
}

const char *
schema_value_name(const struct schema_field *field)
{
    static const char *const names[] = {
        [SCHEMA_TEXT] = "text",
        [SCHEMA_PATH] = "absolute path",
        [SCHEMA_BOOL] = "true or false",
        [SCHEMA_INTEGER] = "whole number",
        [SCHEMA_SIZE] = "size",
        [SCHEMA_DURATION] = "duration",
        [SCHEMA_CHOICE] = "one of several words",
        [SCHEMA_SECTION] = "mapping",
        [SCHEMA_CUSTOM] = "mapping",
    };

    return field->value != NULL ? field->value : names[field->type];
}

void
schema_format_bounds(const struct schema_field *field, char text[SCHEMA_TEXT_SIZE])
{
    char minimum[UNITS_TEXT_SIZE];
    char maximum[UNITS_TEXT_SIZE];

    format_amount(field->type, field->minimum, minimum);
    format_amount(field->type, field->maximum, maximum);
    text[0] = '\0';
    if (field->minimum > 0 && field->maximum > 0)
        snprintf(text, SCHEMA_TEXT_SIZE, " from %s to %s", minimum, maximum);
    else if (field->maximum > 0)
        snprintf(text, SCHEMA_TEXT_SIZE, " up to %s", maximum);
    else if (field->minimum > 0)
        snprintf(text, SCHEMA_TEXT_SIZE, " from %s", minimum);
}

const char *
schema_joint(const struct schema_field *field)
{
    return field->joint != NULL ? field->joint : ".";
}
