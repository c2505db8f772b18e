// SPDX-License-Identifier: PostgreSQL
#include "agent/drill_report.h"

#include "agent/report.h"
#include "base/file.h"
#include "drill/receipt_facts.h"

#include <stdio.h>
#include <string.h>

/* Some hundred thousand checks. */
#define TEXT_LIMIT ((size_t) 256 << 20)

/* What checks found may be of the application's data. */
#define FILE_MODE 0640

static const struct table_column layer_columns[] = {
    {"STATE", false}, {"LAYER", false}, {"TIME", true}, {"FOUND", false}, {NULL, false},
};

static const struct table_column check_columns[] = {
    {"STATE", false},    {"DATABASE", false}, {"CHECK", false},
    {"EXPECTED", false}, {"FOUND", false},    {NULL, false},
};

static void
print_head(const struct receipt *receipt)
{
    char headline[RECEIPT_HEADLINE_SIZE];

    receipt_headline(receipt, headline);
    printf("%s: %s\n", receipt_verdict_mark(receipt->drill.verdict), headline);
}

static void
print_facts(const struct receipt *receipt)
{
    struct receipt_facts facts;

    receipt_facts_gather(receipt, &facts);
    for (unsigned section = 0; section < SECTION_COUNT; section++)
    {
        printf("\n%s\n", receipt_section_title((enum receipt_section) section));
        for (size_t index = 0; index < facts.counts[section]; index++)
            printf("  %-14s %s\n", facts.items[section][index].label,
                   facts.items[section][index].value);
    }
    putchar('\n');
}

static enum status
print_layers(const struct receipt *receipt, struct error *err)
{
    SCOPED(table_release) struct table table = TABLE_INIT(layer_columns);

    for (unsigned index = 0; index < LAYER_COUNT; index++)
    {
        const struct layer_result *layer = &receipt->layers[index];
        char took[UNITS_TEXT_SIZE] = "";

        if (layer->state != CHECK_SKIPPED)
            receipt_duration(layer->duration_ms, took);
        TRY(table_add(&table,
                      (const char *const[]){receipt_state_mark(layer->state),
                                            layer_title((enum drill_layer) index), took,
                                            layer->found},
                      err));
    }
    table_print(&table);
    return OK;
}

static enum status
print_checks(const struct receipt *receipt, struct error *err)
{
    SCOPED(table_release) struct table table = TABLE_INIT(check_columns);
    char counted[RECEIPT_VALUE_SIZE];

    for (size_t index = 0; index < receipt->check_count; index++)
    {
        const struct receipt_check *check = &receipt->checks[index];

        if (!receipt_state_is_red(check->result.state))
            continue;
        TRY(table_add(&table,
                      (const char *const[]){receipt_state_mark(check->result.state),
                                            check->database, check->result.name,
                                            check->result.expected, check->result.found},
                      err));
    }
    receipt_count_checks(receipt, counted);
    printf("\n%s\n", counted);
    table_print(&table);
    return OK;
}

enum status
drill_report_print(const struct receipt *receipt, struct error *err)
{
    print_head(receipt);
    print_facts(receipt);
    TRY(print_layers(receipt, err));
    return print_checks(receipt, err);
}

static enum status
write_json(const struct receipt *receipt, struct buffer *text, struct error *err)
{
    SCOPED(json_freep) json_t *object = receipt_to_json(receipt);

    if (object == NULL)
        return error_no_memory(err);
    TRY(json_append(object, text, err));
    return buffer_append(text, BYTES("\n"), err);
}

static const struct
{
    const char *ending;
    enum status (*write)(const struct receipt *receipt, struct buffer *text, struct error *err);
} forms[] = {
    {".md", receipt_markdown},
    {".html", receipt_html},
    {".json", write_json},
};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

/* FORM_COUNT when none has such an ending. */
static size_t
find_form(const char *path)
{
    const char *ending = strrchr(path_name(path), '.');
    size_t form = 0;

    while (form < FORM_COUNT && (ending == NULL || strcmp(forms[form].ending, ending) != 0))
        form++;
    return form;
}

enum status
drill_report_check_path(const char *path, struct error *err)
{
    if (find_form(path) < FORM_COUNT)
        return OK;
    error_set(err, STATUS_CONFIG, "cannot tell the form of a receipt from the name \"%s\"", path);
    error_hint(err, "Let it end in \".md\", \".html\" or \".json\".");
    return STATUS_CONFIG;
}

enum status
drill_report_write(const struct receipt *receipt, const char *path, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(TEXT_LIMIT);

    TRY(drill_report_check_path(path, err));
    TRY(forms[find_form(path)].write(receipt, &text, err));
    return file_replace(path, FILE_MODE, buffer_bytes(&text), err);
}

enum status
drill_report_load(struct repo *repo, const char *id, struct receipt *receipt, struct error *err)
{
    enum status status = receipt_load(repo, id, receipt, err);

    if (status != STATUS_NOT_FOUND)
        return status;
    error_set(err, STATUS_NOT_FOUND, "there is no receipt of a drill \"%s\"", id);
    error_hint(err, "\"redoubt drill --history\" shows the drills there are.");
    return STATUS_NOT_FOUND;
}
