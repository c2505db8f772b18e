// SPDX-License-Identifier: PostgreSQL
#include "agent/restore_report.h"

#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
first_segment(const struct plan *plan, char name[PG_WAL_SEGMENT_NAME_SIZE])
{
    pg_wal_segment_name(pg_wal_segment_of(plan->backup.start, plan->backup.wal_segment_size),
                        plan->backup.wal_segment_size, name);
}

static void
print_found(const struct plan *plan)
{
    static const char *const kinds[] = {
        [PG_WAL_EVENT_NONE] = "found",
        [PG_WAL_EVENT_COMMIT] = "commit",
        [PG_WAL_EVENT_ABORT] = "rollback",
        [PG_WAL_EVENT_RESTORE_POINT] = "restore point",
    };
    char time[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    time_format_postgres(plan->found.time, time);
    pg_lsn_format(plan->found.position.lsn, lsn);
    printf("              its %s is at LSN %s, %s\n", kinds[plan->found.kind], lsn, time);
}

static void
print_tablespaces(const struct restore_report *report)
{
    const struct pg_tablespace_map *originals = &report->plan->tablespaces;
    const struct pg_tablespace_map *places = &report->layout->tablespaces;

    for (size_t index = 0; index < places->count; index++)
    {
        printf("  tablespace  %" PRIu32 " into \"%s\"\n", places->entries[index].oid,
               places->entries[index].location);
        if (strcmp(originals->entries[index].location, places->entries[index].location) != 0)
            printf("              was in \"%s\"\n", originals->entries[index].location);
    }
}

void
restore_report_plan(const struct restore_report *report)
{
    const struct plan *plan = report->plan;
    char target[TARGET_TEXT_SIZE];
    char time[TIME_TEXT_SIZE];
    char bytes[UNITS_TEXT_SIZE];
    char fetch[UNITS_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];
    char first[PG_WAL_SEGMENT_NAME_SIZE];

    target_describe(&plan->asked, target);
    time_format_postgres(plan->backup.stopped, time);
    units_format_size(plan->totals.bytes, bytes);
    units_format_size(plan->fetch_bytes, fetch);
    pg_lsn_format(plan->backup.stop.lsn, lsn);
    first_segment(plan, first);
    printf("Restore of cluster \"%s\" to %s, on timeline %" PRIu32 ".\n", report->cluster, target,
           plan->timeline);
    if (plan->has_found)
        print_found(plan);
    printf("  backup      %s, ended %s, LSN %s%s\n", plan->backup.id, time, lsn,
           plan->backup.damaged ? ", DAMAGED" : "");
    printf("  data        %" PRIu64 " files, %s; %s to fetch, in %zu %s\n", plan->totals.files,
           bytes, fetch, plan->pack_count, plan->pack_count == 1 ? "pack" : "packs");
    printf("  WAL         %" PRIu64 " %s from %s on\n", plan->segment_count,
           plan->segment_count == 1 ? "segment" : "segments", first);
    printf("  into        \"%s\"\n", report->layout->into);
    print_tablespaces(report);
    if (plan->has_latest)
    {
        time_format_postgres(plan->latest.time, time);
        printf("  archive     its last transaction is of %s\n", time);
    }
    fflush(stdout);
}

static void
print_started(const struct restore_report *report)
{
    const struct start_result *started = report->started;
    char lsn[PG_LSN_TEXT_SIZE];
    char time[TIME_TEXT_SIZE];

    /* Without a role that it lets in, the server says nothing of its LSN. */
    if (started->lsn != PG_LSN_NONE)
    {
        pg_lsn_format(started->lsn, lsn);
        printf("The server replayed WAL to LSN %s", lsn);
        if (started->time != TIME_NONE)
        {
            time_format_postgres(started->time, time);
            printf("; the last transaction is of %s", time);
        }
        printf(".\n");
    }
    if (started->reason[0] != '\0')
        printf("It says: %s\n", started->reason);
    printf("It is %s now; its log is \"%s\".\n\n", start_state_name(started->state),
           started->server.log);
}

static void
print_how_to_look(const struct restore_report *report)
{
    const struct server_address *address = &report->started->address;
    const char *role = report->started->role;

    printf("Look at it:\n  psql -h %s -p %u -U %s -d DATABASE\n", address->host, address->port,
           role[0] == '\0' ? "ROLE" : role);
}

static void
print_how_to_start(const struct restore_report *report)
{
    const char *slash = report->programs == NULL ? "" : "/";
    const char *programs = report->programs == NULL ? "" : report->programs;

    printf("Start it:\n  %s%spg_ctl -D '%s' -l '%s.log' start\n", programs, slash,
           report->layout->into, report->layout->into);
    if (!report->take_over)
        printf("Where the original runs on this host, give it another port: -o '-p PORT'\n");
}

/* The role that looks at it may not do this. */
static void
print_how_to_open(const struct restore_report *report)
{
    puts("At the target it pauses, open for reading only. To open it for writing there:");
    if (report->started != NULL && report->superuser[0] != '\0')
        printf("  psql -h %s -p %u -U '%s' -d template1 -c 'select pg_wal_replay_resume()'\n",
               report->started->address.host, report->started->address.port, report->superuser);
    else
        puts("  select pg_wal_replay_resume();   -- as a superuser");
    puts("If it is the wrong moment, restore again into another directory.");
}

/* What recovery does, or has done, at the target. */
static void
print_how_to_go_on(const struct restore_report *report)
{
    const struct target *target = &report->plan->target;
    bool promoted = report->started != NULL && report->started->state == START_PROMOTED;

    if (promoted || target->action == TARGET_PROMOTE)
        printf("%s is open for writing%s.\n", promoted ? "It" : "At the target it",
               promoted ? "" : " then");
    else if (target->action == TARGET_PAUSE)
        print_how_to_open(report);
    else
        printf("At the target it shuts down.\n");
}

static void
print_safety(const struct restore_report *report)
{
    const struct restore_result *restored = report->restored;

    if (report->take_over)
        printf("\nIt takes over: it archives, and its standbys and slots are as the backup's "
               "configuration says. Make sure that the original never runs again.\n");
    else
        printf("\nIt is a copy: it does not archive, follows no server, and its subscriptions "
               "rest. To replace the original with it, restore with --take-over.\n");
    if (restored->configuration != NULL)
        printf("The original's configuration is in \"%s\", not in effect.\n",
               restored->configuration);
    if (restored->minimal_configuration)
        printf("The backup had configuration files missing; minimal ones were written.\n");
    if (restored->names_directory != NULL)
        printf("\nCAUTION: \"%s\" is set in the restored postgresql.conf and may lead to the "
               "original's files. Edit it before you start.\n",
               restored->names_directory);
}

void
restore_report_done(const struct restore_report *report)
{
    printf("\nRestored backup %s into \"%s\".\n\n", report->plan->backup.id, report->layout->into);
    if (report->started != NULL)
        print_started(report);
    if (report->started != NULL && report->started->state != START_SHUT_DOWN)
        print_how_to_look(report);
    else
        print_how_to_start(report);
    print_how_to_go_on(report);
    print_safety(report);
}

static json_t *
json_time(time_us time)
{
    char text[TIME_TEXT_SIZE];

    if (time == TIME_NONE)
        return json_null();
    time_format(time, text);
    return json_string(text);
}

static json_t *
json_lsn(pg_lsn lsn)
{
    char text[PG_LSN_TEXT_SIZE];

    if (lsn == PG_LSN_NONE)
        return json_null();
    pg_lsn_format(lsn, text);
    return json_string(text);
}

/* The value under its kind's name: a program finds "time" where there is one. */
static json_t *
target_json(const struct plan *plan)
{
    const struct target *target = &plan->asked;
    json_t *object =
        json_pack("{s:s, s:b, s:s, s:I}", "kind", target_kind_name(target->kind), "exclusive",
                  target->exclusive, "action", target_action_name(target->action), "timeline",
                  (json_int_t) plan->timeline);
    const char *kind = target_kind_name(target->kind);

    if (target->kind == TARGET_TIME)
        json_object_set_new(object, kind, json_time(target->time));
    if (target->kind == TARGET_LSN)
        json_object_set_new(object, kind, json_lsn(target->lsn));
    if (target->kind == TARGET_XID)
        json_object_set_new(object, kind, json_integer(target->xid));
    if (target->kind == TARGET_NAME)
        json_object_set_new(object, kind, json_string(target->name));
    return object;
}

static json_t *
tablespaces_json(const struct restore_report *report)
{
    const struct pg_tablespace_map *originals = &report->plan->tablespaces;
    const struct pg_tablespace_map *places = &report->layout->tablespaces;
    json_t *array = json_array();

    for (size_t index = 0; index < places->count; index++)
        json_array_append_new(array, json_pack("{s:I, s:s, s:s}", "oid",
                                               (json_int_t) places->entries[index].oid, "original",
                                               originals->entries[index].location, "location",
                                               places->entries[index].location));
    return array;
}

static json_t *
moment_json(const struct wal_found *moment)
{
    return json_pack("{s:o, s:o, s:I}", "time", json_time(moment->time), "lsn",
                     json_lsn(moment->position.lsn), "xid", (json_int_t) moment->xid);
}

static json_t *
started_json(const struct start_result *started)
{
    return json_pack("{s:s, s:o, s:o, s:s, s:s, s:I, s:s}", "state",
                     start_state_name(started->state), "lsn", json_lsn(started->lsn), "time",
                     json_time(started->time), "reason", started->reason, "host",
                     started->address.host, "port", (json_int_t) started->address.port, "log",
                     started->server.log);
}

/* Where the backup stands: recovery starts at start, and is consistent at stop. */
static void
add_backup(json_t *object, const struct backup *backup)
{
    json_object_set_new(object, "backup", json_string(backup->id));
    json_object_set_new(object, "backup_stopped", json_time(backup->stopped));
    json_object_set_new(object, "backup_start_lsn", json_lsn(backup->start.lsn));
    json_object_set_new(object, "backup_stop_lsn", json_lsn(backup->stop.lsn));
    json_object_set_new(object, "damaged", json_boolean(backup->damaged));
}

static void
add_amounts(json_t *object, const struct plan *plan)
{
    char first[PG_WAL_SEGMENT_NAME_SIZE];

    first_segment(plan, first);
    json_object_set_new(object, "files", json_u64(plan->totals.files));
    json_object_set_new(object, "directories", json_u64(plan->totals.directories));
    json_object_set_new(object, "bytes", json_u64(plan->totals.bytes));
    json_object_set_new(object, "fetch_bytes", json_u64(plan->fetch_bytes));
    json_object_set_new(object, "packs", json_integer((json_int_t) plan->pack_count));
    json_object_set_new(object, "wal_segments", json_u64(plan->segment_count));
    json_object_set_new(object, "first_wal_segment", json_string(first));
}

json_t *
restore_report_json(const struct restore_report *report)
{
    const struct plan *plan = report->plan;
    json_t *object =
        json_pack("{s:s, s:s, s:b, s:b}", "cluster", report->cluster, "into", report->layout->into,
                  "take_over", report->take_over, "restored", report->restored != NULL);

    if (object == NULL)
        return NULL;
    add_backup(object, &plan->backup);
    json_object_set_new(object, "target", target_json(plan));
    if (plan->has_found)
        json_object_set_new(object, "found", moment_json(&plan->found));
    if (plan->has_latest)
        json_object_set_new(object, "last_transaction", moment_json(&plan->latest));
    add_amounts(object, plan);
    json_object_set_new(object, "tablespaces", tablespaces_json(report));
    if (report->started != NULL)
        json_object_set_new(object, "started", started_json(report->started));
    return object;
}
