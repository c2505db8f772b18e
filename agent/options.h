// SPDX-License-Identifier: PostgreSQL
/*
 * options.h - the command line, by tables.
 *
 * Long options as "--name value" or "--name=value", letters as "-c value" or
 * "-cvalue", in any order with the arguments; "--" ends them.  Names are not
 * abbreviated: a script would break with the next option.  Errors are
 * STATUS_CONFIG and name the nearest known option.
 *
 * Values are borrowed from argv.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type
{
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_U32,
    OPTION_LIST, /* a text that may be given several times */
};

/* The last of a table has no name. */
struct option_spec
{
    const char *name; /* without the dashes */
    char letter;      /* 0 for none */
    enum option_type type;
    const char *value; /* what help calls it: "FILE"; NULL for flags */
    const char *help;  /* a phrase, lower case, no full stop */
};

struct option_value
{
    const struct option_spec *spec;
    const char *text;
    uint32_t number;
};

struct options
{
    const struct option_spec *const *tables; /* ends with NULL */
    struct option_value *values;
    size_t value_count;
    const char **arguments;
    size_t argument_count;
};

/* argv begins with the first option or argument, not with the program. */
NODISCARD enum status options_parse(struct options *options,
                                    const struct option_spec *const *tables, int argc,
                                    char *const *argv, struct error *err);

/* For SCOPED; zeroed options are allowed. */
void options_release(struct options *options);

/* Asking for a name that is in no table is a mistake of ours and asserts. */
bool options_flag(const struct options *options, const char *name);
const char *options_text(const struct options *options, const char *name); /* NULL: not given */
uint32_t options_u32(const struct options *options, const char *name, uint32_t fallback);

/* The index-th value of a list, NULL after the last. */
const char *options_list(const struct options *options, const char *name, size_t index);
