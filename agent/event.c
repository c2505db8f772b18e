// SPDX-License-Identifier: PostgreSQL
#include "agent/event.h"

#include "base/units.h"
#include "repo/drill.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What an entry of one kind says, out of its member of the same name. */
typedef enum status (*reader)(const json_t *object, struct event *event, struct error *err);

static void
say(struct event *event, const char *text)
{
    snprintf(event->what, sizeof(event->what), "%s", text);
}

/* Behind what is there. */
static void PRINTF_LIKE(2, 3) say_more(struct event *event, const char *format, ...)
{
    size_t used = strlen(event->what);
    va_list arguments;

    if (used > 0)
        used += (size_t) snprintf(event->what + used, sizeof(event->what) - used, ", ");
    va_start(arguments, format);
    if (used < sizeof(event->what))
        vsnprintf(event->what + used, sizeof(event->what) - used, format, arguments);
    va_end(arguments);
}

/* "3 packs"; nothing for none. */
static void
say_count(struct event *event, size_t count, const char *one, const char *many)
{
    if (count > 0)
        say_more(event, "%zu %s", count, count == 1 ? one : many);
}

static enum status
read_times(const json_t *object, const char *end, struct event *event, struct error *err)
{
    time_us started;
    time_us finished;

    TRY(member_time(object, "started", &started, err));
    TRY(member_time(object, end, &finished, err));
    event->took_ms = (finished - started) / 1000;
    return OK;
}

static enum status
read_size(const json_t *object, const char *name, struct event *event, struct error *err)
{
    event->has_size = true;
    return member_u64(object, name, &event->size_bytes, err);
}

/* Of a flag that spoils it. */
static enum status
read_flaw(const json_t *object, const char *flaw, struct event *event, struct error *err)
{
    bool flawed;

    TRY(member_bool(object, flaw, &flawed, err));
    if (flawed)
        event->status = flaw;
    return OK;
}

static enum status
read_backup(const json_t *object, struct event *event, struct error *err)
{
    const char *id;
    const char *type;

    TRY(member_text(object, "id", &id, err));
    TRY(member_text(object, "type", &type, err));
    snprintf(event->what, sizeof(event->what), "%s, %s", id, type);
    TRY(read_flaw(object, "damaged", event, err));
    TRY(read_size(object, "new_bytes", event, err));
    return read_times(object, "stopped", event, err);
}

static enum status
read_dump(const json_t *object, struct event *event, struct error *err)
{
    const char *id;

    TRY(member_text(object, "id", &id, err));
    say(event, id);
    TRY(read_flaw(object, "suspicious", event, err));
    TRY(read_size(object, "stored_bytes", event, err));
    return read_times(object, "finished", event, err);
}

/* Whatever it came to: a verdict is a drill's purpose. */
static enum status
read_drill(const json_t *object, struct event *event, struct error *err)
{
    char rto[UNITS_TEXT_SIZE];
    struct drill drill;

    TRY(drill_from_json(object, &drill, err));
    say(event, drill.backup_id[0] == '\0' ? "no backup" : drill.backup_id);
    if (drill.repository[0] != '\0')
        say_more(event, "copy %s", drill.repository);
    if (drill.rto_ms != DRILL_UNKNOWN_MS)
    {
        units_format_duration(drill.rto_ms, rto);
        say_more(event, "RTO %s", rto);
    }
    say_count(event, drill.findings, "finding", "findings");
    event->status = drill_verdict_name(drill.verdict);
    return read_times(object, "finished", event, err);
}

static enum status
read_dump_failure(const json_t *object, struct event *event, struct error *err)
{
    const char *database;
    const char *name;

    TRY(member_text(object, "database", &database, err));
    TRY(member_text(object, "name", &name, err));
    TRY(member_text(object, "reason", &event->reason, err));
    snprintf(event->what, sizeof(event->what), "%s/%s", database, name);
    event->status = "failed";
    return read_times(object, "finished", event, err);
}

static enum status
read_verification(const json_t *object, struct event *event, struct error *err)
{
    uint64_t objects;
    uint64_t findings;

    TRY(member_u64(object, "objects", &objects, err));
    TRY(member_u64(object, "findings", &findings, err));
    say_count(event, objects, "object", "objects");
    say_count(event, findings, "finding", "findings");
    if (findings > 0)
        event->status = "findings";
    TRY(read_size(object, "bytes", event, err));
    return read_times(object, "finished", event, err);
}

/* Lists that an entry may have, and what they list. */
static const struct
{
    const char *member;
    const char *one;
    const char *many;
} lists[] = {
    {"backups", "backup", "backups"},
    {"dumps", "dump", "dumps"},
    {"packs", "pack", "packs"},
    {"wal", "range of WAL", "ranges of WAL"},
};

static enum status
read_lists(const json_t *object, struct event *event, struct error *err)
{
    for (size_t index = 0; index < sizeof(lists) / sizeof(lists[0]); index++)
    {
        const json_t *array;

        if (!member_exists(object, lists[index].member))
            continue;
        TRY(member_array(object, lists[index].member, &array, err));
        say_count(event, json_array_size(array), lists[index].one, lists[index].many);
    }
    if (member_exists(object, "verified_before"))
        say_count(event, 1, "record of what was verified", "");
    return OK;
}

static enum status
read_deletion(const json_t *object, struct event *event, struct error *err)
{
    uint64_t number;

    TRY(member_u64(object, "condemned", &number, err));
    snprintf(event->what, sizeof(event->what), "what entry %llu condemned",
             (unsigned long long) number);
    return OK;
}

/* A hold, or its end. */
static enum status
read_hold(const json_t *object, struct event *event, struct error *err)
{
    const char *id = "";

    TRY(member_text_optional(object, "backup", &id, err));
    TRY(member_text_optional(object, "dump", &id, err));
    TRY(member_text_optional(object, "reason", &event->reason, err));
    say(event, id);
    return OK;
}

static enum status
read_lineage(const json_t *object, struct event *event, struct error *err)
{
    uint64_t system_identifier;
    uint32_t major;

    TRY(member_u64(object, "system_identifier", &system_identifier, err));
    TRY(member_u32(object, "major", &major, err));
    snprintf(event->what, sizeof(event->what), "system identifier %llu, PostgreSQL %u",
             (unsigned long long) system_identifier, major);
    return OK;
}

static const struct
{
    const char *kind;
    reader read;
} kinds[] = {
    {"backup", read_backup},
    {"condemn", read_lists},
    {"delete", read_deletion},
    {"drill", read_drill},
    {"dump", read_dump},
    {"expire", read_lists},
    {"dump-failed", read_dump_failure},
    {"hold", read_hold},
    {"lineage", read_lineage},
    {"release", read_hold},
    {"verify", read_verification},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

const char *
event_kind(size_t index)
{
    return index < KIND_COUNT ? kinds[index].kind : NULL;
}

enum status
event_read(const json_t *members, struct event *event, struct error *err)
{
    const json_t *object;
    const char *kind;

    TRY(member_text(members, "kind", &kind, err));
    *event = (struct event){.kind = kind, .took_ms = -1, .status = "ok", .reason = ""};
    for (size_t index = 0; index < KIND_COUNT; index++)
        if (strcmp(kinds[index].kind, kind) == 0)
        {
            TRY(member_object(members, kind, &object, err));
            return kinds[index].read(object, event, err);
        }
    return OK; /* a checkpoint, or of a newer redoubt: that it happened is all we can say */
}
