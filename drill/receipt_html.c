// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt_facts.h"

#include <ctype.h>
#include <stdio.h>

/* Colours are of our own, and readable on both grounds.  Narrow screens get rows as blocks. */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1a1d21;--dim:#5b6470;--line:#d8dde3;"
    "--card:#f5f7f9;--passed:#0f7b3f;--failed:#b3261e;--broken:#8a5300}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e6e9ec;--dim:#9aa4af;"
    "--line:#333a42;--card:#1d2226;--passed:#5bd08b;--failed:#ff8a80;--broken:#ffb951}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:64rem;padding:1.5rem 1rem 3rem;background:var(--bg);"
    "color:var(--fg);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 .5rem}\n"
    "h2{font-size:1.15rem;margin:2rem 0 .5rem}\n"
    "header{border-left:.5rem solid var(--mark);padding-left:1rem}\n"
    ".passed{--mark:var(--passed)}.failed{--mark:var(--failed)}.broken{--mark:var(--broken)}"
    ".skipped{--mark:var(--dim)}\n"
    ".mark{color:var(--mark);font-weight:700;white-space:nowrap}\n"
    ".figures{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.25rem 0 0;padding:0;"
    "list-style:none}\n"
    ".figures li{flex:1 1 9rem;padding:.6rem .9rem;background:var(--card);border-radius:.5rem;"
    "font-size:1.3rem;font-weight:600}\n"
    ".figures span{display:block;color:var(--dim);font-size:.8rem;font-weight:400}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}\n"
    "th{color:var(--dim);font-weight:500}thead th{white-space:nowrap}\n"
    ".facts th{width:9rem}\n"
    ".time{text-align:right;white-space:nowrap;padding-right:1.2rem}\n"
    "footer,.note{color:var(--dim);font-size:.85rem}footer{margin-top:2rem}\n"
    "@media(max-width:40rem){.rows thead{display:none}.rows tr{display:flex;flex-wrap:wrap;"
    "padding:.5rem 0;border-bottom:1px solid var(--line)}.rows td{flex:0 0 100%;border:0;"
    "padding:.1rem 0;order:2}.rows td.mark{flex:1 1 auto;order:0}.rows td.time{flex:0 0 auto;"
    "order:1}.rows td:empty{display:none}.rows td[data-of]::before{"
    "content:attr(data-of) \": \";color:var(--dim)}.facts th{width:6rem}}\n"
    "@media print{body{max-width:none;padding:0;font-size:10pt}.figures li{"
    "border:1px solid var(--line)}tr,header,.figures{break-inside:avoid}}\n";

/* Text, wherever it came from, as nothing but text; for attributes too. */
static enum status
put(struct buffer *into, const char *text, struct error *err)
{
    for (; *text != '\0'; text++)
    {
        char byte = iscntrl((unsigned char) *text) ? ' ' : *text;

        switch (byte)
        {
        case '<':
            TRY(buffer_append(into, BYTES("&lt;"), err));
            break;
        case '>':
            TRY(buffer_append(into, BYTES("&gt;"), err));
            break;
        case '&':
            TRY(buffer_append(into, BYTES("&amp;"), err));
            break;
        case '"':
            TRY(buffer_append(into, BYTES("&quot;"), err));
            break;
        case '\'':
            TRY(buffer_append(into, BYTES("&#39;"), err));
            break;
        default:
            TRY(buffer_append(into, (struct bytes){(const uint8_t *) &byte, 1}, err));
        }
    }
    return OK;
}

/* Markup of ours, a text of anybody's, and markup of ours. */
static enum status
put_in(struct buffer *into, const char *before, const char *text, const char *after,
       struct error *err)
{
    TRY(buffer_append(into, bytes_of(before), err));
    TRY(put(into, text, err));
    return buffer_append(into, bytes_of(after), err);
}

static enum status
put_head(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    const char *mark = receipt_verdict_mark(receipt->drill.verdict);
    char headline[RECEIPT_HEADLINE_SIZE];

    receipt_headline(receipt, headline);
    TRY(buffer_append_text(
        into, err,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<title>%s: restore drill of ",
        mark));
    TRY(put_in(into, "", receipt->cluster, "</title>\n<style>\n", err));
    TRY(buffer_append(into, bytes_of(style), err));
    TRY(buffer_append_text(into, err,
                           "</style>\n</head>\n<body>\n<header class=\"%s\">\n"
                           "<div class=\"mark\">%s</div>\n<h1>Restore drill of ",
                           drill_verdict_name(receipt->drill.verdict), mark));
    TRY(put_in(into, "", receipt->cluster, "</h1>\n<p>", err));
    return put_in(into, "", headline, "</p>\n</header>\n", err);
}

static enum status
put_figures(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    char rto[UNITS_TEXT_SIZE];
    char rpo[UNITS_TEXT_SIZE];
    char predicted[UNITS_TEXT_SIZE];

    receipt_duration(receipt->drill.rto_ms, rto);
    receipt_duration(receipt->drill.rpo_ms, rpo);
    receipt_duration(receipt->predicted_rto_ms, predicted);
    return buffer_append_text(into, err,
                              "<ul class=\"figures\">\n<li><span>RTO, measured</span>%s</li>\n"
                              "<li><span>RTO, predicted</span>%s</li>\n"
                              "<li><span>RPO</span>%s</li>\n"
                              "<li><span>Findings</span>%u</li>\n</ul>\n",
                              rto, predicted, rpo, receipt->drill.findings);
}

static enum status
put_facts(struct buffer *into, const struct receipt_facts *facts, enum receipt_section section,
          struct error *err)
{
    TRY(buffer_append_text(into, err, "<h2>%s</h2>\n<table class=\"facts\">\n<tbody>\n",
                           receipt_section_title(section)));
    for (size_t index = 0; index < facts->counts[section]; index++)
    {
        const struct receipt_fact *fact = &facts->items[section][index];

        TRY(put_in(into, "<tr><th scope=\"row\">", fact->label, "</th>", err));
        TRY(put_in(into, "<td>", fact->value, "</td></tr>\n", err));
    }
    return buffer_append(into, BYTES("</tbody>\n</table>\n"), err);
}

/* The first cells of a row, which say how it went. */
static enum status
begin_row(struct buffer *into, enum check_state state, struct error *err)
{
    return buffer_append_text(into, err, "<tr class=\"%s\"><td class=\"mark\">%s</td>",
                              check_state_name(state), receipt_state_mark(state));
}

static enum status
put_layer(struct buffer *into, const struct layer_result *layer, enum drill_layer place,
          struct error *err)
{
    char took[UNITS_TEXT_SIZE] = "";

    if (layer->state != CHECK_SKIPPED)
        receipt_duration(layer->duration_ms, took);
    TRY(begin_row(into, layer->state, err));
    TRY(put_in(into, "<td>", layer_title(place), "</td>", err));
    TRY(put_in(into, "<td class=\"time\">", took, "</td>", err));
    return put_in(into, "<td>", layer->found, "</td></tr>\n", err);
}

static enum status
put_layers(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    TRY(buffer_append_text(into, err,
                           "<h2>Layers</h2>\n<table class=\"rows\">\n<thead><tr><th>State</th>"
                           "<th>Layer</th><th class=\"time\">Time</th><th>Found</th></tr></thead>\n"
                           "<tbody>\n"));
    for (unsigned index = 0; index < LAYER_COUNT; index++)
        TRY(put_layer(into, &receipt->layers[index], (enum drill_layer) index, err));
    return buffer_append(into, BYTES("</tbody>\n</table>\n"), err);
}

static enum status
put_check(struct buffer *into, const struct receipt_check *check, struct error *err)
{
    char took[UNITS_TEXT_SIZE];

    receipt_duration(check->result.duration_ms, took);
    TRY(begin_row(into, check->result.state, err));
    TRY(put_in(into, "<td>", check->result.name, "</td>", err));
    TRY(put_in(into, "<td data-of=\"in\">", check->database, "</td>", err));
    TRY(put_in(into, "<td data-of=\"expected\">", check->result.expected, "</td>", err));
    TRY(put_in(into, "<td data-of=\"found\">", check->result.found, "</td>", err));
    return put_in(into, "<td class=\"time\">", took, "</td></tr>\n", err);
}

/* What failed comes first. */
static enum status
put_checks(struct buffer *into, const struct receipt *receipt, struct error *err)
{
    char counted[RECEIPT_VALUE_SIZE];

    receipt_count_checks(receipt, counted);
    TRY(buffer_append_text(into, err, "<h2>Checks</h2>\n<p class=\"note\">%s</p>\n", counted));
    if (receipt->check_count == 0)
        return OK;
    TRY(buffer_append_text(into, err,
                           "<table class=\"rows\">\n<thead><tr><th>State</th><th>Check</th>"
                           "<th>Database</th><th>Expected</th><th>Found</th>"
                           "<th class=\"time\">Time</th></tr></thead>\n<tbody>\n"));
    for (int green = 0; green < 2; green++)
        for (size_t index = 0; index < receipt->check_count; index++)
            if (receipt_state_is_red(receipt->checks[index].result.state) != green)
                TRY(put_check(into, &receipt->checks[index], err));
    return buffer_append(into, BYTES("</tbody>\n</table>\n"), err);
}

enum status
receipt_html(const struct receipt *receipt, struct buffer *text, struct error *err)
{
    struct receipt_facts facts;

    receipt_facts_gather(receipt, &facts);
    TRY(put_head(text, receipt, err));
    TRY(put_figures(text, receipt, err));
    for (unsigned section = 0; section < SECTION_COUNT; section++)
        TRY(put_facts(text, &facts, (enum receipt_section) section, err));
    TRY(put_layers(text, receipt, err));
    TRY(put_checks(text, receipt, err));
    return buffer_append_text(text, err,
                              "<footer>The receipt that counts is the repository's, "
                              "drills/%s.json: this page was made of it, and nothing protects the "
                              "page.</footer>\n</body>\n</html>\n",
                              receipt->drill.id);
}
