// SPDX-License-Identifier: PostgreSQL
#include "drill/receipt_facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOT_KNOWN "not known"

static void PRINTF_LIKE(4, 5) add(struct receipt_facts *facts, enum receipt_section section,
                                  const char *label, const char *format, ...)
{
    struct receipt_fact *fact = &facts->items[section][facts->counts[section]++];
    va_list arguments;

    fact->label = label;
    va_start(arguments, format);
    vsnprintf(fact->value, sizeof(fact->value), format, arguments);
    va_end(arguments);
}

/* "2026-11-21 02:12:34 UTC", with microseconds where there are any. */
static void
format_time(time_us time, char text[TIME_TEXT_SIZE])
{
    char *end;

    if (time == TIME_NONE)
    {
        snprintf(text, TIME_TEXT_SIZE, NOT_KNOWN);
        return;
    }
    time_format(time, text);
    *strchr(text, 'T') = ' ';
    end = strchr(text, 'Z');
    snprintf(end, (size_t) (text + TIME_TEXT_SIZE - end), " UTC");
}

static time_us
to_the_second(time_us time)
{
    return time == TIME_NONE ? TIME_NONE : time / US_PER_SECOND * US_PER_SECOND;
}

void
receipt_duration(int64_t duration_ms, char text[UNITS_TEXT_SIZE])
{
    if (duration_ms < 0)
        snprintf(text, UNITS_TEXT_SIZE, NOT_KNOWN);
    else
        units_format_duration(duration_ms, text);
}

/* A place, a moment, and why there: as far as they are known. */
static void
add_reached(const struct receipt *receipt, struct receipt_facts *facts)
{
    const char *reason = receipt->reached_reason;
    char time[TIME_TEXT_SIZE];
    char moment[TIME_TEXT_SIZE + 32] = "";
    char lsn[PG_LSN_TEXT_SIZE];

    if (receipt->reached_lsn == PG_LSN_NONE)
    {
        add(facts, SECTION_SUBJECT, "Reached", "%s", reason[0] != '\0' ? reason : NOT_KNOWN);
        return;
    }
    pg_lsn_format(receipt->reached_lsn, lsn);
    format_time(receipt->reached_time, time);
    if (receipt->reached_time != TIME_NONE)
        snprintf(moment, sizeof(moment), "; last transaction at %s", time);
    add(facts, SECTION_SUBJECT, "Reached", "LSN %s on timeline %" PRIu32 "%s%s%s", lsn,
        receipt->timeline, moment, reason[0] != '\0' ? "; " : "", reason);
}

static void
gather_subject(const struct receipt *receipt, struct receipt_facts *facts)
{
    const struct drill *drill = &receipt->drill;
    char started[TIME_TEXT_SIZE];
    char took[UNITS_TEXT_SIZE];

    format_time(to_the_second(drill->started), started);
    receipt_duration((drill->finished - drill->started) / 1000, took);
    if (receipt->self_test)
        add(facts, SECTION_SUBJECT, "Self-test", "of a copy that was damaged on purpose");
    add(facts, SECTION_SUBJECT, "Cluster", "%s", receipt->cluster);
    add(facts, SECTION_SUBJECT, "Backup", "%s",
        drill->backup_id[0] != '\0' ? drill->backup_id : "none: the drill did not come to one");
    if (drill->repository[0] != '\0')
        add(facts, SECTION_SUBJECT, "Repository", "the copy %s", drill->repository);
    add(facts, SECTION_SUBJECT, "Target", "%s",
        drill->target[0] != '\0' ? drill->target : NOT_KNOWN);
    add_reached(receipt, facts);
    add(facts, SECTION_SUBJECT, "Server", "%s",
        receipt->server[0] != '\0' ? receipt->server : "it never answered");
    add(facts, SECTION_SUBJECT, "Host", "%s, %s", receipt->host, receipt->program);
    add(facts, SECTION_SUBJECT, "Drill", "%s, at %s, took %s", drill->id, started, took);
}

/* A duration, and what it is of, if it is known. */
static void
add_duration(struct receipt_facts *facts, const char *label, int64_t duration_ms, const char *what)
{
    char text[UNITS_TEXT_SIZE];

    receipt_duration(duration_ms, text);
    add(facts, SECTION_RTO, label, "%s%s", text, duration_ms < 0 ? "" : what);
}

/* No store is so fast that a double could not hold it; a receipt may say anything. */
static uint64_t
per_second(const struct receipt_phase *phase)
{
    double rate =
        (double) phase->bytes * 1000 / (double) (phase->duration_ms > 0 ? phase->duration_ms : 1);

    return rate < (double) INT64_MAX ? (uint64_t) rate : INT64_MAX;
}

/* "34.2s, 1.2 GiB of packs, 36.1 MiB/s" */
static void
add_phase(struct receipt_facts *facts, const char *label, const struct receipt_phase *phase,
          const char *what)
{
    char took[UNITS_TEXT_SIZE];
    char bytes[UNITS_TEXT_SIZE];
    char rate[UNITS_TEXT_SIZE];

    if (phase->bytes == 0)
    {
        add(facts, SECTION_RTO, label, "no %s", what);
        return;
    }
    receipt_duration(phase->duration_ms, took);
    units_format_size(phase->bytes, bytes);
    units_format_size(per_second(phase), rate);
    add(facts, SECTION_RTO, label, "%s, %s of %s, %s/s", took, bytes, what, rate);
}

static void
gather_rto(const struct receipt *receipt, struct receipt_facts *facts)
{
    char bytes[UNITS_TEXT_SIZE];

    units_format_size(receipt->restored_bytes, bytes);
    add_duration(facts, "RTO", receipt->drill.rto_ms, ", from nothing to a server that answers");
    add_phase(facts, "Fetch", &receipt->fetch, "packs");
    add(facts, SECTION_RTO, "Restored", "%s of files", bytes);
    add_phase(facts, "Replay", &receipt->replay, "WAL");
    add_duration(facts, "Consistent", receipt->start_ms, " after the server's start");
    add_duration(facts, "Checks", receipt->checks_ms, ", which no recovery has to wait for");
    add_duration(facts, "Predicted RTO", receipt->predicted_rto_ms,
                 ", of the newest backup to the newest moment on this host");
}

static void
add_primary_lsn(const struct receipt *receipt, struct receipt_facts *facts)
{
    char lsn[PG_LSN_TEXT_SIZE];
    char bytes[UNITS_TEXT_SIZE];

    if (receipt->primary_lsn == PG_LSN_NONE)
        return;
    pg_lsn_format(receipt->primary_lsn, lsn);
    if (receipt->reached_lsn == PG_LSN_NONE || receipt->primary_lsn < receipt->reached_lsn)
    {
        add(facts, SECTION_RPO, "Primary", "at LSN %s then", lsn);
        return;
    }
    units_format_size(receipt->primary_lsn - receipt->reached_lsn, bytes);
    add(facts, SECTION_RPO, "Primary", "at LSN %s then: %s of WAL beyond what was reached", lsn,
        bytes);
}

static void
gather_rpo(const struct receipt *receipt, struct receipt_facts *facts)
{
    static const char *const sources[] = {
        [RPO_NONE] = "nothing: only a drill that reaches the newest moment measures it",
        [RPO_COMMIT] = "the last commit that was restored; where nobody writes, it is long ago",
        [RPO_CANARY] = "the newest row of redoubt.canary",
    };
    char text[TIME_TEXT_SIZE];

    receipt_duration(receipt->drill.rpo_ms, text);
    add(facts, SECTION_RPO, "RPO", "%s", text);
    add(facts, SECTION_RPO, "Measured by", "%s", sources[receipt->rpo_source]);
    if (receipt->rpo_source == RPO_NONE)
        return;
    format_time(receipt->newest, text);
    add(facts, SECTION_RPO, "Newest data", "%s", text);
    format_time(receipt->disaster, text);
    add(facts, SECTION_RPO, "Disaster", "taken to be at %s, by %s", text,
        receipt->disaster_by_primary ? "the primary's clock" : "the clock of the drill's host");
    add_primary_lsn(receipt, facts);
}

void
receipt_facts_gather(const struct receipt *receipt, struct receipt_facts *facts)
{
    memset(facts->counts, 0, sizeof(facts->counts));
    gather_subject(receipt, facts);
    gather_rto(receipt, facts);
    gather_rpo(receipt, facts);
}

const char *
receipt_section_title(enum receipt_section section)
{
    static const char *const titles[] = {
        [SECTION_SUBJECT] = "What was restored",
        [SECTION_RTO] = "How long it took",
        [SECTION_RPO] = "What would have been lost",
    };

    return titles[section];
}

bool
receipt_state_is_red(enum check_state state)
{
    return state == CHECK_FAILED || state == CHECK_BROKEN;
}

static const struct layer_result *
first_red(const struct receipt *receipt, enum drill_layer *layer)
{
    for (unsigned index = 0; index < LAYER_COUNT; index++)
        if (receipt_state_is_red(receipt->layers[index].state))
        {
            *layer = (enum drill_layer) index;
            return &receipt->layers[index];
        }
    return NULL;
}

void
receipt_headline(const struct receipt *receipt, char text[RECEIPT_HEADLINE_SIZE])
{
    enum drill_layer layer;
    const struct layer_result *red = first_red(receipt, &layer);

    if (receipt->drill.verdict == DRILL_PASSED)
        snprintf(text, RECEIPT_HEADLINE_SIZE,
                 "The cluster was restored, and is what it should be.");
    else if (red == NULL)
        snprintf(text, RECEIPT_HEADLINE_SIZE, "The drill did not come to its end.");
    else if (red->state == CHECK_BROKEN)
        snprintf(text, RECEIPT_HEADLINE_SIZE, "\"%s\" could not be looked at: %s",
                 layer_title(layer), red->found);
    else
        snprintf(text, RECEIPT_HEADLINE_SIZE, "It failed at \"%s\": %s", layer_title(layer),
                 red->found);
}

const char *
receipt_verdict_mark(enum drill_verdict verdict)
{
    static const char *const marks[] = {
        [DRILL_BROKEN] = "BROKEN",
        [DRILL_PASSED] = "PASSED",
        [DRILL_FAILED] = "FAILED",
    };

    return marks[verdict];
}

const char *
receipt_state_mark(enum check_state state)
{
    static const char *const marks[] = {
        [CHECK_BROKEN] = "BROKEN",
        [CHECK_PASSED] = "ok",
        [CHECK_FAILED] = "FAILED",
        [CHECK_SKIPPED] = "skipped",
    };

    return marks[state];
}

void
receipt_count_checks(const struct receipt *receipt, char text[RECEIPT_VALUE_SIZE])
{
    size_t red = 0;
    size_t skipped = 0;
    int used;

    for (size_t index = 0; index < receipt->check_count; index++)
    {
        red += receipt_state_is_red(receipt->checks[index].result.state);
        skipped += receipt->checks[index].result.state == CHECK_SKIPPED;
    }
    used = snprintf(text, RECEIPT_VALUE_SIZE, "%zu %s, %zu failed", receipt->check_count,
                    receipt->check_count == 1 ? "check" : "checks", red);
    if (skipped > 0)
        snprintf(text + used, RECEIPT_VALUE_SIZE - (size_t) used, ", %zu skipped", skipped);
}
