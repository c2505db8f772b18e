// SPDX-License-Identifier: PostgreSQL
#include "manual/config_page.h"

#include "config/schema.h"
#include "manual/roff.h"

#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 128

static void write_keys(FILE *out, const struct schema_field *fields,
                       const struct schema_field *known, const char *prefix);

static bool
is_section(const struct schema_field *field)
{
    return field->fields != NULL;
}

static void
write_choices(FILE *out, const struct schema_choice *choice)
{
    for (bool first = true; choice->name != NULL; choice++, first = false)
    {
        fputs(first ? "" : choice[1].name == NULL ? " or " : ", ", out);
        roff_text(out, ROFF_BOLD, choice->name);
    }
}

/* "whole number from 1 to 64": what may stand behind the key. */
static void
write_value(FILE *out, const struct schema_field *field)
{
    char bounds[SCHEMA_TEXT_SIZE];

    if (field->choices != NULL)
        write_choices(out, field->choices);
    else
        roff_text(out, ROFF_ITALIC, schema_value_name(field));
    schema_format_bounds(field, bounds);
    roff_text(out, ROFF_ROMAN, bounds);
    if (field->required)
        fputs("; required", out);
    else if (field->otherwise != NULL)
    {
        fputs("; otherwise ", out);
        roff_text(out, ROFF_ROMAN, field->otherwise);
    }
    fputc('\n', out);
}

static void
write_key(FILE *out, const struct schema_field *field, const char *path)
{
    fputs(".TP\n", out);
    roff_text(out, ROFF_BOLD, path);
    fputs(": ", out);
    write_value(out, field);
    roff_prose_of_label(out, field->help);
}

/* Is it another table's too? */
static bool
is_known(const struct schema_field *field, const struct schema_field *known)
{
    for (; known != NULL && known->name != NULL; known++)
        if (strcmp(known->name, field->name) == 0 && strcmp(known->help, field->help) == 0)
            return true;
    return false;
}

static void
write_keys(FILE *out, const struct schema_field *fields, const struct schema_field *known,
           const char *prefix)
{
    const struct schema_field *told = NULL;

    for (const struct schema_field *field = fields; field->name != NULL; field++)
    {
        char path[PATH_SIZE];

        if (is_known(field, known))
            continue;
        snprintf(path, sizeof(path), "%s%s", prefix, field->name);
        write_key(out, field, path);
        if (!is_section(field) || field->fields == told)
            continue;
        told = field->fields;
        snprintf(path, sizeof(path), "%s%s%s", prefix, field->name, schema_joint(field));
        write_keys(out, field->fields, NULL, path);
    }
}

static void
write_section(FILE *out, const struct schema_field *section, const struct schema_field *known)
{
    char prefix[PATH_SIZE];

    snprintf(prefix, sizeof(prefix), "The section \"%s\"", section->name);
    roff_subsection(out, prefix);
    fputs(section->required ? "Required. " : "", out);
    roff_prose(out, section->help);
    snprintf(prefix, sizeof(prefix), "%s%s", section->name, schema_joint(section));
    write_keys(out, section->fields, known, prefix);
}

void
config_page_keys(FILE *out, const struct schema_field *fields)
{
    const struct schema_field *before = NULL;

    for (const struct schema_field *field = fields; field->name != NULL; field++)
        if (!is_section(field))
            write_key(out, field, field->name);
    for (const struct schema_field *field = fields; field->name != NULL; field++)
    {
        if (!is_section(field))
            continue;
        write_section(out, field, before);
        before = field->fields;
    }
}
