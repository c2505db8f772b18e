// SPDX-License-Identifier: PostgreSQL
/*
 * receipt_facts.h - what a receipt says, as words for people: the same on the
 * terminal, in Markdown and in HTML.
 *
 * Values are plain text that nobody has escaped.  Pure.
 */
#pragma once

#include "base/units.h"
#include "drill/receipt.h"

#define RECEIPT_VALUE_SIZE    768
#define RECEIPT_HEADLINE_SIZE 768
#define RECEIPT_FACTS_MAX     9 /* of a section */

enum receipt_section
{
    SECTION_SUBJECT, /* what was restored */
    SECTION_RTO,     /* how long that took */
    SECTION_RPO,     /* what would have been lost */
    SECTION_COUNT,
};

struct receipt_fact
{
    const char *label; /* "Backup" */
    char value[RECEIPT_VALUE_SIZE];
};

struct receipt_facts
{
    struct receipt_fact items[SECTION_COUNT][RECEIPT_FACTS_MAX];
    size_t counts[SECTION_COUNT];
};

void receipt_facts_gather(const struct receipt *receipt, struct receipt_facts *facts);

/* "What was restored" */
const char *receipt_section_title(enum receipt_section section);

/* The verdict in one sentence, with what failed first. */
void receipt_headline(const struct receipt *receipt, char text[RECEIPT_HEADLINE_SIZE]);

/* "PASSED", "FAILED", "BROKEN" */
const char *receipt_verdict_mark(enum drill_verdict verdict);

/* "ok", "FAILED", "BROKEN", "skipped" */
const char *receipt_state_mark(enum check_state state);

/* Did it fail, or could it not be run? */
bool receipt_state_is_red(enum check_state state);

/* "12 checks, 1 failed, 2 skipped" */
void receipt_count_checks(const struct receipt *receipt, char text[RECEIPT_VALUE_SIZE]);

/* "not known" for what is negative. */
void receipt_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE]);
