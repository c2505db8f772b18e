// SPDX-License-Identifier: PostgreSQL
/*
 * schema.h - reading a YAML mapping into a struct, by a table.
 *
 * Each field names a key, what its value must be, and where in the struct it
 * goes.  A key that is in no field, a value of another kind, one out of bounds
 * and a required key that is missing are errors with file, line and column; a
 * key that is absent leaves what the struct held, which is the default.
 *
 * Texts are borrowed from the tree: it must live as long as the struct.
 *
 * The same tables make the keys of redoubt.yaml(5): each field says what it is for.
 */
#pragma once

#include "base/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schema_type
{
    SCHEMA_TEXT,     /* const char * */
    SCHEMA_PATH,     /* const char *, absolute */
    SCHEMA_BOOL,     /* bool */
    SCHEMA_INTEGER,  /* uint32_t, within minimum and maximum */
    SCHEMA_SIZE,     /* uint64_t bytes, within minimum and maximum */
    SCHEMA_DURATION, /* int64_t milliseconds, within minimum and maximum */
    SCHEMA_CHOICE,   /* unsigned, one of choices */
    SCHEMA_SECTION,  /* a struct, by fields of its own */
    SCHEMA_CUSTOM,   /* whatever read makes of the node */
};

/* A word and the enum value it stands for; the last has no name. */
struct schema_choice
{
    const char *name;
    unsigned value;
};

/* The last of a table has no name. */
struct schema_field
{
    const char *name;
    enum schema_type type;
    size_t offset;
    bool required;
    uint64_t minimum;
    uint64_t maximum; /* 0: none */
    const struct schema_choice *choices;
    const struct schema_field *fields; /* of a section; and those by which a custom field reads */

    /* A text's own rule, after the type's; NULL for none.  Uses yaml_error. */
    enum status (*check)(const struct yaml_node *node, struct error *err);

    /* For SCHEMA_CUSTOM; into points at offset. */
    enum status (*read)(const struct yaml_node *node, void *into, struct error *err);

    const char *help;      /* sentences */
    const char *otherwise; /* what holds without the key, as people write it; NULL: help says it */
    const char *value;     /* what a custom value is: "list of names"; NULL: a mapping */
    const char *joint;     /* between its name and those of fields: "[]."; NULL: "." */
};

/* A row for a member of struct section, called as the member is or by a key of its own. */
#define FIELD(section, member, type_of_value, ...)                                                 \
    FIELD_AS(#member, section, member, type_of_value, __VA_ARGS__)
#define FIELD_AS(key, section, member, type_of_value, ...)                                         \
    {                                                                                              \
        .name = key, .type = type_of_value, .offset = offsetof(struct section, member),            \
        __VA_ARGS__                                                                                \
    }
#define FIELD_END                                                                                  \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* what is how messages call the mapping: "section \"repository\"". */
NODISCARD enum status schema_read(const struct schema_field *fields,
                                  const struct yaml_node *mapping, const char *what, void *into,
                                  struct error *err);

#define SCHEMA_TEXT_SIZE 80

/* For the manual: what kind of value it takes, " from 1 to 64" or nothing, and its joint. */
const char *schema_value_name(const struct schema_field *field);
void schema_format_bounds(const struct schema_field *field, char text[SCHEMA_TEXT_SIZE]);
const char *schema_joint(const struct schema_field *field);
