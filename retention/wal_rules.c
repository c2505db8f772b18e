// SPDX-License-Identifier: PostgreSQL
#include "retention/wal_rules.h"

#include <stdlib.h>
#include <string.h>

void
wal_rules_release(struct wal_rules *rules)
{
    free(rules->items);
    *rules = (struct wal_rules){0};
}

void
wal_rules_release_spans(struct wal_spans *spans)
{
    free(spans->items);
    *spans = (struct wal_spans){0};
}

enum status
wal_rules_add(struct wal_rules *rules, const struct wal_rule *rule, struct error *err)
{
    struct wal_rule *grown = realloc(rules->items, (rules->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    rules->items = grown;
    rules->items[rules->count++] = *rule;
    return OK;
}

static enum status
add_run(struct wal_rules *rules, const struct wal_rule *template, struct wal_run run,
        struct error *err)
{
    struct wal_rule rule = *template;

    if (run.first > run.last)
        return OK;
    rule.first_timeline = run.timeline;
    rule.last_timeline = run.timeline;
    rule.first = run.first;
    rule.last = run.last;
    return wal_rules_add(rules, &rule, err);
}

enum status
wal_rules_add_path(struct wal_rules *rules, const struct wal_rule *template,
                   const struct pg_history *path, uint32_t segment_size, uint64_t first,
                   struct error *err)
{
    for (size_t index = 0; index < path->ancestor_count; index++)
    {
        const struct pg_history_entry *ancestor = &path->ancestors[index];
        uint64_t fork = ancestor->switch_lsn / segment_size;

        TRY(add_run(rules, template, (struct wal_run){ancestor->timeline, first, fork}, err));
        if (fork > first)
            first = fork;
    }
    return add_run(rules, template, (struct wal_run){path->timeline, first, WAL_RULE_NO_END}, err);
}

static bool
is_about(const struct wal_rule *rule, uint64_t system_identifier, pg_timeline timeline)
{
    return rule->system_identifier == system_identifier && rule->first_timeline <= timeline &&
           timeline <= rule->last_timeline;
}

const struct wal_rule *
wal_rules_find(const struct wal_rules *rules, uint64_t system_identifier,
               struct pg_wal_segment segment)
{
    for (size_t index = 0; index < rules->count; index++)
    {
        const struct wal_rule *rule = &rules->items[index];

        if (is_about(rule, system_identifier, segment.timeline) && rule->first <= segment.number &&
            segment.number <= rule->last)
            return rule;
    }
    return NULL;
}

/* The last segment, up to limit, before the next one that a rule keeps. */
static uint64_t
last_unkept(const struct wal_rules *rules, uint64_t system_identifier, struct pg_wal_segment from,
            uint64_t limit)
{
    uint64_t last = limit;

    for (size_t index = 0; index < rules->count; index++)
    {
        const struct wal_rule *rule = &rules->items[index];

        if (is_about(rule, system_identifier, from.timeline) && rule->first > from.number &&
            rule->first <= last)
            last = rule->first - 1;
    }
    return last;
}

static enum status
add_span(struct wal_spans *spans, const struct wal_span *span, struct error *err)
{
    struct wal_span *before = spans->count == 0 ? NULL : &spans->items[spans->count - 1];
    struct wal_span *grown;

    if (before != NULL && before->system_identifier == span->system_identifier &&
        before->run.timeline == span->run.timeline && before->run.last + 1 == span->run.first &&
        before->keep == span->keep && strcmp(before->reason, span->reason) == 0)
    {
        before->run.last = span->run.last;
        return OK;
    }
    grown = realloc(spans->items, (spans->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    spans->items = grown;
    spans->items[spans->count++] = *span;
    return OK;
}

enum status
wal_rules_cut(const struct wal_rules *rules, const struct wal_span *template, struct wal_run run,
              struct wal_spans *spans, struct error *err)
{
    for (uint64_t number = run.first; number <= run.last;)
    {
        struct pg_wal_segment segment = {run.timeline, number};
        const struct wal_rule *rule = wal_rules_find(rules, template->system_identifier, segment);
        struct wal_span span = *template;

        span.keep = rule != NULL;
        span.run = (struct wal_run){run.timeline, number, run.last};
        if (rule == NULL)
            span.run.last = last_unkept(rules, template->system_identifier, segment, run.last);
        else
        {
            memcpy(span.reason, rule->reason, sizeof(span.reason));
            if (rule->last < run.last)
                span.run.last = rule->last;
        }
        TRY(add_span(spans, &span, err));
        number = span.run.last + 1;
    }
    return OK;
}
