// SPDX-License-Identifier: PostgreSQL
/*
 * runbook_facts.h - what the program can find out by itself for a runbook.
 *
 * From the configuration, the data directory, the server and the repository, each as far
 * as it still answers: a page is read when they do not.  What failed becomes a
 * doubt, and its keys stay open.
 */
#pragma once

#include "agent/runbook_fill.h"

#define RUNBOOK_DOUBTS_MAX 3

struct runbook_facts
{
    struct runbook_values values;
    struct error doubts[RUNBOOK_DOUBTS_MAX]; /* why something is not known */
    size_t doubt_count;
};

/* The configuration need not be there.  Fails only without memory, or when stopped. */
NODISCARD enum status runbook_facts_gather(const char *config_path, struct runbook_facts *facts,
                                           struct error *err);

/* For SCOPED on an initialised struct. */
void runbook_facts_release(struct runbook_facts *facts);
