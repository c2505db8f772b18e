// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt_facts.h"

#include <ctype.h>
#include <string.h>

/* Would Markdown take this byte for markup?  An underscore within a word is one. */
static bool
is_markup(const char *text, size_t at)
{
    if (text[at] != '_')
        return strchr("\\`*[]<>|~&", text[at]) != NULL;
    return at == 0 || !isalnum((unsigned char) text[at - 1]) ||
           !isalnum((unsigned char) text[at + 1]);
}

/* As it stands in a cell of a table. */
static enum status
put(struct buffer *into, const char *text, struct error *err)
{
    for (size_t at = 0; text[at] != '\0'; at++)
    {
        char byte = iscntrl((unsigned char) text[at]) ? ' ' : text[at];

        if (is_markup(text, at))
            TRY(buffer_append(into, BYTES("\\"), err));
        TRY(buffer_append(into, (struct bytes){(const uint8_t *) &byte, 1}, err));
    }
    return OK;
}

/* "| one | two |": cells, and NULL behind the last. */
static enum status
put_row(struct buffer *into, const char *const *cells, struct error *err)
{
    for (; *cells != NULL; cells++)
    {
        TRY(buffer_append(into, BYTES("| "), err));
        TRY(put(into, *cells, err));
        TRY(buffer_append(into, BYTES(" "), err));
    }
    return buffer_append(into, BYTES("|\n"), err);
}

static enum status
put_facts(struct buffer *into, const struct receipt_facts *facts, enum receipt_section section,
          struct error *err)
{
    TRY(buffer_append_text(into, err, "\n## %s\n\n| | |\n|---|---|\n",
                           receipt_section_title(section)));
    for (size_t index = 0; index < facts->counts[section]; index++)
    {
        const struct receipt_fact *fact = &facts->items[section][index];

        TRY(put_row(into, (const char *const[]){fact->label, fact->value, NULL}, err));
    }
    return OK;
}

static enum status
put_layers(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    TRY(buffer_append_text(
        into, err, "\n## Layers\n\n| State | Layer | Time | Found |\n|---|---|---:|---|\n"));
    for (unsigned index = 0; index < LAYER_COUNT; index++)
    {
        const struct layer_result *layer = &receipt->layers[index];
        char took[UNITS_TEXT_SIZE] = "";

        if (layer->state != CHECK_SKIPPED)
            receipt_duration(layer->duration_ms, took);
        TRY(put_row(into,
                    (const char *const[]){receipt_state_mark(layer->state),
                                          layer_title((enum drill_layer) index), took, layer->found,
                                          NULL},
                    err));
    }
    return OK;
}

static enum status
put_check(struct buffer *into, const struct receipt_check *check, struct error *err)
{
    char took[UNITS_TEXT_SIZE];

    receipt_duration(check->result.duration_ms, took);
    return put_row(into,
                   (const char *const[]){receipt_state_mark(check->result.state), check->database,
                                         check->result.name, check->result.expected,
                                         check->result.found, took, NULL},
                   err);
}

/* What failed comes first. */
static enum status
put_checks(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    char counted[RECEIPT_VALUE_SIZE];

    receipt_count_checks(receipt, counted);
    TRY(buffer_append_text(into, err, "\n## Checks\n\n%s.\n", counted));
    if (receipt->check_count == 0)
        return OK;
    TRY(buffer_append_text(into, err,
                           "\n| State | Database | Check | Expected | Found | Time |\n"
                           "|---|---|---|---|---|---:|\n"));
    for (int green = 0; green < 2; green++)
        for (size_t index = 0; index < receipt->check_count; index++)
            if (receipt_state_is_red(receipt->checks[index].result.state) != green)
                TRY(put_check(into, &receipt->checks[index], err));
    return OK;
}

static enum status
put_head(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    char headline[RECEIPT_HEADLINE_SIZE];

    receipt_headline(receipt, headline);
    TRY(buffer_append_text(into, err, "# %s: restore drill of ",
                           receipt_verdict_mark(receipt->drill.verdict)));
    TRY(put(into, receipt->cluster, err));
    TRY(buffer_append(into, BYTES("\n\n"), err));
    TRY(put(into, headline, err));
    return buffer_append(into, BYTES("\n"), err);
}

enum status
receipt_markdown(const struct receipt *receipt, struct buffer *text, struct error *err)
{
    struct receipt_facts facts;

    receipt_facts_gather(receipt, &facts);
    TRY(put_head(text, receipt, err));
    for (unsigned section = 0; section < SECTION_COUNT; section++)
        TRY(put_facts(text, &facts, (enum receipt_section) section, err));
    TRY(put_layers(text, receipt, err));
    TRY(put_checks(text, receipt, err));
    return buffer_append_text(text, err,
                              "\nThe receipt that counts is the repository's, drills/%s.json: this "
                              "page was made of it, and nothing protects the page.\n",
                              receipt->drill.id);
}
