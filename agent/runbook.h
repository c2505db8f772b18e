// SPDX-License-Identifier: PostgreSQL
/*
 * runbook.h - the pages for bad days, and what each consists of.
 *
 * A page is runbooks/<name>.md, built into the program so that a host has it that has
 * nothing else any more: a title, then always the same five sections.  Its ```sh blocks are
 * what the reader runs, and what tests/runbooks executes; what they leave open,
 * as "{{table}}", agent/runbook_fill.h fills in.
 *
 * Pure; texts are borrowed from the page.
 */
#pragma once

#include "base/bytes.h"

struct runbook_page
{
    const char *name;
    const char *text;
};

/* By name; the last has none.  Made from runbooks/ by the build. */
extern const struct runbook_page runbook_pages[];

/* NULL when there is none. */
const struct runbook_page *runbook_find(const char *name);

/* The nearest name to a mistyped one, or NULL. */
const char *runbook_suggest(const char *name);

/* In the order of a page. */
enum runbook_section
{
    RUNBOOK_SYMPTOM,
    RUNBOOK_HOW_TO_BE_SURE,
    RUNBOOK_WHAT_TO_DO,
    RUNBOOK_HOW_TO_VERIFY,
    RUNBOOK_WHEN_TO_STOP,
    RUNBOOK_SECTIONS,
};

struct runbook
{
    struct bytes title;
    struct bytes sections[RUNBOOK_SECTIONS]; /* without their headings */
    const char *body;                        /* all that follows the title */
};

/* CORRUPT when a page has not exactly a title and these sections, each with something in it. */
NODISCARD enum status runbook_parse(const char *text, struct runbook *runbook, struct error *err);

/* The symptom in one line: its section's first paragraph. */
NODISCARD enum status runbook_symptom(const struct runbook *runbook, struct buffer *line,
                                      struct error *err);
