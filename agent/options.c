// SPDX-License-Identifier: PostgreSQL
#include "agent/options.h"

#include "base/similar.h"
#include "base/units.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Where the parse is in argv. */
struct cursor
{
    int count;
    int next;
    char *const *words;
};

static enum status read_long(struct options *options, struct cursor *cursor, const char *word,
                             struct error *err);
static enum status read_letter(struct options *options, struct cursor *cursor, const char *word,
                               struct error *err);

enum status
options_parse(struct options *options, const struct option_spec *const *tables, int argc,
              char *const *argv, struct error *err)
{
    SCOPED(options_release) struct options made = {.tables = tables};
    struct cursor cursor = {.count = argc, .words = argv};
    bool only_arguments = false;

    /* No word gives more than one value or argument. */
    made.values = calloc((size_t) argc + 1, sizeof(*made.values));
    made.arguments = calloc((size_t) argc + 1, sizeof(*made.arguments));
    if (made.values == NULL || made.arguments == NULL)
        return error_no_memory(err);
    while (cursor.next < cursor.count)
    {
        const char *word = cursor.words[cursor.next++];

        if (only_arguments || word[0] != '-' || word[1] == '\0')
            made.arguments[made.argument_count++] = word;
        else if (strcmp(word, "--") == 0)
            only_arguments = true;
        else if (word[1] == '-')
            TRY(read_long(&made, &cursor, word + 2, err));
        else
            TRY(read_letter(&made, &cursor, word, err));
    }
    *options = made;
    made = (struct options){0};
    return OK;
}

void
options_release(struct options *options)
{
    free(options->values);
    free(options->arguments);
    *options = (struct options){0};
}

static const struct option_spec *
find_spec(const struct options *options, const char *name, size_t length)
{
    for (const struct option_spec *const *table = options->tables; *table != NULL; table++)
        for (const struct option_spec *spec = *table; spec->name != NULL; spec++)
            if (strlen(spec->name) == length && memcmp(spec->name, name, length) == 0)
                return spec;
    return NULL;
}

static const struct option_spec *
find_letter(const struct options *options, char letter)
{
    for (const struct option_spec *const *table = options->tables; *table != NULL; table++)
        for (const struct option_spec *spec = *table; spec->name != NULL; spec++)
            if (spec->letter == letter)
                return spec;
    return NULL;
}

static const struct option_value *
find_value(const struct options *options, const char *name, enum option_type type)
{
    const struct option_spec *spec = find_spec(options, name, strlen(name));

    assert(spec != NULL && spec->type == type);
    for (size_t index = 0; index < options->value_count; index++)
        if (options->values[index].spec == spec)
            return &options->values[index];
    return NULL;
}

bool
options_flag(const struct options *options, const char *name)
{
    return find_value(options, name, OPTION_FLAG) != NULL;
}

const char *
options_text(const struct options *options, const char *name)
{
    const struct option_value *value = find_value(options, name, OPTION_TEXT);

    return value == NULL ? NULL : value->text;
}

uint32_t
options_u32(const struct options *options, const char *name, uint32_t fallback)
{
    const struct option_value *value = find_value(options, name, OPTION_U32);

    return value == NULL ? fallback : value->number;
}

const char *
options_list(const struct options *options, const char *name, size_t index)
{
    const struct option_value *value = find_value(options, name, OPTION_LIST);
    const struct option_value *end = options->values + options->value_count;

    if (value == NULL)
        return NULL;
    for (const struct option_spec *spec = value->spec; value < end; value++)
        if (value->spec == spec && index-- == 0)
            return value->text;
    return NULL;
}

static enum status
refuse_unknown(const struct options *options, const char *name, struct error *err)
{
    struct similar similar;

    similar_start(&similar, name);
    for (const struct option_spec *const *table = options->tables; *table != NULL; table++)
        for (const struct option_spec *spec = *table; spec->name != NULL; spec++)
            similar_offer(&similar, spec->name);
    error_set(err, STATUS_CONFIG, "unknown option \"--%s\"", name);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"--%s\"?", similar.best);
    return STATUS_CONFIG;
}

static enum status
read_number(const struct option_spec *spec, const char *text, uint32_t *number, struct error *err)
{
    uint64_t wide;

    if (text[strspn(text, "0123456789")] != '\0' || !units_size(text, &wide) || wide > UINT32_MAX)
        return error_set(err, STATUS_CONFIG,
                         "option \"--%s\" needs a whole number below 2^32, found \"%s\"",
                         spec->name, text);
    *number = (uint32_t) wide;
    return OK;
}

static enum status
add_value(struct options *options, const struct option_spec *spec, const char *text,
          struct error *err)
{
    struct option_value value = {.spec = spec, .text = text};

    if (spec->type != OPTION_FLAG && text[0] == '\0')
        return error_set(err, STATUS_CONFIG, "option \"--%s\" has an empty value", spec->name);
    if (spec->type == OPTION_U32)
        TRY(read_number(spec, text, &value.number, err));
    if (spec->type == OPTION_TEXT || spec->type == OPTION_U32)
        if (find_value(options, spec->name, spec->type) != NULL)
            return error_set(err, STATUS_CONFIG, "option \"--%s\" is given twice", spec->name);
    options->values[options->value_count++] = value;
    return OK;
}

/* The value is the next word, unless that is plainly an option: then it was forgotten. */
static enum status
take_value(struct options *options, struct cursor *cursor, const struct option_spec *spec,
           struct error *err)
{
    if (cursor->next == cursor->count || strncmp(cursor->words[cursor->next], "--", 2) == 0)
        return error_set(err, STATUS_CONFIG, "option \"--%s\" needs a value: %s", spec->name,
                         spec->value);
    return add_value(options, spec, cursor->words[cursor->next++], err);
}

static enum status
read_long(struct options *options, struct cursor *cursor, const char *word, struct error *err)
{
    size_t length = strcspn(word, "=");
    const struct option_spec *spec = find_spec(options, word, length);

    if (spec == NULL)
    {
        char name[64] = "";

        strncat(name, word, length < sizeof(name) ? length : sizeof(name) - 1);
        return refuse_unknown(options, name, err);
    }
    if (spec->type == OPTION_FLAG && word[length] == '=')
        return error_set(err, STATUS_CONFIG, "option \"--%s\" takes no value", spec->name);
    if (spec->type == OPTION_FLAG)
        return add_value(options, spec, NULL, err);
    if (word[length] == '=')
        return add_value(options, spec, word + length + 1, err);
    return take_value(options, cursor, spec, err);
}

static enum status
read_letter(struct options *options, struct cursor *cursor, const char *word, struct error *err)
{
    const struct option_spec *spec = find_letter(options, word[1]);

    if (spec == NULL || (spec->type == OPTION_FLAG && word[2] != '\0'))
        return error_set(err, STATUS_CONFIG, "unknown option \"%s\"", word);
    if (spec->type == OPTION_FLAG)
        return add_value(options, spec, NULL, err);
    if (word[2] != '\0')
        return add_value(options, spec, word + 2, err);
    return take_value(options, cursor, spec, err);
}
