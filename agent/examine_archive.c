// SPDX-License-Identifier: PostgreSQL
#include "agent/examination.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "pg/segment.h"
#include "pg/wal_page.h"
#include "repo/wal.h"
#include "stream/sink.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_TRIP_LIMIT_S 60
#define READY_MANY         8 /* files that wait, before we call it a lag */

/* What the archiver has come to. */
struct archiver
{
    bool failing; /* its last try failed */
    char failed_wal[PG_WAL_FILE_NAME_SIZE];
    char failed_time[64];
    char archived_wal[PG_WAL_FILE_NAME_SIZE];
    bool has_ready;
    int64_t ready; /* files that wait; only with has_ready */
    char oldest[PG_WAL_FILE_NAME_SIZE];
};

static enum status round_trip(struct examination *exam, struct error *err);
static enum status examine_archiver(struct examination *exam, struct error *err);
static enum status read_archiver(struct examination *exam, struct archiver *archiver,
                                 struct error *err);
static void judge_archiver(struct examination *exam, const struct archiver *archiver);

/*
 * The round trip comes first: the segment that it ends wakes an archiver that has
 * failed before, which takes the oldest file first.  What it still cannot do then is
 * no memory of an outage that is over.
 */
enum status
examine_archive(struct examination *exam, struct error *err)
{
    if (exam->connection == NULL || !exam->has_settings)
        return OK;
    TRY(round_trip(exam, err));
    return strcmp(exam->settings.archive_mode, "off") == 0 ? OK : examine_archiver(exam, err);
}

static enum status
examine_archiver(struct examination *exam, struct error *err)
{
    struct archiver archiver = {0};
    enum status status = read_archiver(exam, &archiver, err);

    if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
        return status;
    if (status == OK)
        judge_archiver(exam, &archiver);
    else
        examination_error(exam, "archiving", err);
    return OK;
}

static void
copy_field(char *into, size_t size, const PGresult *result, int column)
{
    snprintf(into, size, "%s", PQgetvalue(result, 0, column));
}

/* Needs pg_monitor; without it we do not know. */
static void
read_ready(struct examination *exam, struct archiver *archiver)
{
    SCOPED(pg_result_freep) PGresult *result = NULL;
    struct error denied;

    if (pg_query(exam->connection,
                 "SELECT count(*), coalesce(regexp_replace(min(name), '\\.ready$', ''), '')"
                 " FROM pg_catalog.pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
                 &result, &denied) != OK)
        return;
    archiver->has_ready = true;
    archiver->ready = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    copy_field(archiver->oldest, sizeof(archiver->oldest), result, 1);
}

static enum status
read_archiver(struct examination *exam, struct archiver *archiver, struct error *err)
{
    static const char query[] =
        "SELECT coalesce(last_failed_time > last_archived_time"
        "  OR last_archived_time IS NULL AND last_failed_time IS NOT NULL, false),"
        " coalesce(last_failed_wal, ''), coalesce(last_failed_time::text, ''),"
        " coalesce(last_archived_wal, '') FROM pg_catalog.pg_stat_archiver";
    SCOPED(pg_result_freep) PGresult *result = NULL;

    TRY(pg_query(exam->connection, query, &result, err));
    archiver->failing = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    copy_field(archiver->failed_wal, sizeof(archiver->failed_wal), result, 1);
    copy_field(archiver->failed_time, sizeof(archiver->failed_time), result, 2);
    copy_field(archiver->archived_wal, sizeof(archiver->archived_wal), result, 3);
    read_ready(exam, archiver);
    return OK;
}

/* Compare the server's file with the archive's. */
static enum status
compare_file(struct examination *exam, const char *name, bool *equal, struct error *err)
{
    SCOPED(freep) char *directory = path_join(exam->config->postgres.data_directory, "pg_wal");
    SCOPED(freep) char *path = directory == NULL ? NULL : path_join(directory, name);
    SCOPED(fd_closep) int fd = -1;
    const struct wal_file file = {exam->lineage.system_identifier, name};

    if (path == NULL)
        return error_no_memory(err);
    TRY(fd_open(&fd, path, O_RDONLY, 0, err));
    return wal_compare(exam->repo, &file, fd, path, equal, err);
}

/* Why a file does not get into the archive, as far as can be seen from here. */
static void
explain_stuck(struct examination *exam, const char *name)
{
    struct error failed;
    bool equal = false;
    enum status status;

    if (!exam->archives_to_us)
    {
        examination_fix(exam, "Correct the settings above.");
        return;
    }
    if (exam->repo == NULL || !exam->accepted)
    {
        examination_fix(exam, "Correct what is said about the repository and the lineage above.");
        return;
    }
    if (exam->config->postgres.data_directory == NULL)
    {
        examination_fix(exam, "The server's log has the reason.");
        return;
    }
    status = compare_file(exam, name, &equal, &failed);
    if (status == OK && !equal)
        examination_fix(exam,
                        "The archive has \"%s\" already, with other content: two servers archive "
                        "the same timeline. Find out which one is right, and stop the other.",
                        name);
    else if (status == OK)
        examination_fix(exam, "The archive has it: the next try will succeed.");
    else if (status == STATUS_NOT_FOUND)
        examination_fix(exam,
                        "The repository can be reached from here and does not have it. The "
                        "server's log has the command's message: does the server's user have the "
                        "same rights and environment?");
    else
        examination_fix(exam, "%s", failed.message);
}

static void
judge_archiver(struct examination *exam, const struct archiver *archiver)
{
    char waiting[64] = "";

    if (archiver->has_ready)
        snprintf(waiting, sizeof(waiting), ", %lld %s", (long long) archiver->ready,
                 archiver->ready == 1 ? "file waits" : "files wait");
    if (archiver->failing)
    {
        examination_fail(exam, "archiving", "\"%s\" is stuck: its last try failed at %s%s",
                         archiver->failed_wal, archiver->failed_time, waiting);
        explain_stuck(exam, archiver->failed_wal);
        return;
    }
    if (archiver->has_ready && archiver->ready > READY_MANY)
    {
        /* A command that is not found, or killed, ends the archiver before it can count. */
        examination_fail(exam, "archiving",
                         "it lags%s, the oldest is \"%s\", and no failure was "
                         "counted",
                         waiting, archiver->oldest);
        examination_fix(exam, "Either it is slow, or archive_command cannot be run at all: look "
                              "for \"archive command\" in the server's log.");
        return;
    }
    if (archiver->archived_wal[0] == '\0')
        examination_ok(exam, "archiving", "nothing was archived yet%s", waiting);
    else
        examination_ok(exam, "archiving", "the last was \"%s\"%s", archiver->archived_wal, waiting);
}

/* A destination that keeps a segment's first bytes and counts the others. */
struct beginning
{
    struct sink base;
    uint8_t *bytes; /* PG_WAL_LONG_HEADER_SIZE of them, the caller's */
    uint64_t *size_bytes;
};

static enum status
beginning_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct beginning *sink = (struct beginning *) self;
    uint64_t at = *sink->size_bytes;

    (void) err;
    for (size_t index = 0; index < chunk.size && at + index < PG_WAL_LONG_HEADER_SIZE; index++)
        sink->bytes[at + index] = chunk.data[index];
    *sink->size_bytes += chunk.size;
    return OK;
}

static enum status
beginning_finish(struct sink *self, struct error *err)
{
    (void) self;
    (void) err;
    return OK;
}

static void
beginning_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops beginning_ops = {
    .name = "beginning",
    .write = beginning_write,
    .finish = beginning_finish,
    .free = beginning_free,
};

/* Read an archived segment, all of it, and see that it is the one it should be. */
static enum status
read_back(struct examination *exam, const char *name, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct beginning *beginning = calloc(1, sizeof(*beginning));
    const struct wal_file file = {exam->lineage.system_identifier, name};
    uint8_t bytes[PG_WAL_LONG_HEADER_SIZE] = {0};
    uint64_t size_bytes = 0;
    struct pg_wal_header header;
    struct pg_wal_segment segment;

    if (beginning == NULL)
        return error_no_memory(err);
    *beginning = (struct beginning){{.ops = &beginning_ops}, bytes, &size_bytes};
    sink = &beginning->base;
    TRY(wal_read(exam->repo, &file, &sink, err));
    TRY(pg_wal_header_parse((struct bytes){bytes, sizeof(bytes)}, &header, err));
    TRY(pg_wal_segment_parse(name, exam->lineage.wal_segment_size, &segment, err));
    if (size_bytes != exam->lineage.wal_segment_size ||
        header.system_identifier != exam->lineage.system_identifier ||
        header.page_address != pg_wal_segment_start(segment, exam->lineage.wal_segment_size))
        return error_set(err, STATUS_CORRUPT, "what was read back is not segment \"%s\"", name);
    return OK;
}

/* Let the server end a segment that holds at least one record; its name. */
static enum status
end_segment(struct examination *exam, char name[PG_WAL_SEGMENT_NAME_SIZE], struct error *err)
{
    char lsn[32];

    TRY(pg_query_text(exam->connection,
                      "SELECT pg_catalog.pg_create_restore_point('redoubt doctor')", lsn,
                      sizeof(lsn), err));
    return pg_query_text(exam->connection,
                         "SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_switch_wal())", name,
                         PG_WAL_SEGMENT_NAME_SIZE, err);
}

/*
 * Has the server's archiver had success with it?  An object of that name alone
 * would prove nothing: it may be another server's.
 */
static bool
is_archived(const struct archiver *archiver, const char *name)
{
    /* Both begin with the timeline, which does not change under us. */
    return strncmp(archiver->archived_wal, name, PG_WAL_SEGMENT_NAME_SIZE - 1) >= 0;
}

/* NOT_FOUND: the archiver did not take it in time. */
static enum status
wait_for_segment(struct examination *exam, const char *name, int64_t limit_ms, struct error *err)
{
    int64_t until = clock_monotonic_ms() + limit_ms;
    int64_t pause_ms = 20;
    struct archiver archiver = {0};

    for (;;)
    {
        TRY(read_archiver(exam, &archiver, err));
        if (is_archived(&archiver, name))
            return OK;
        if (clock_monotonic_ms() >= until)
            return error_set(err, STATUS_NOT_FOUND, "segment \"%s\" is not archived", name);
        TRY(stop_check(err));
        clock_pause_ms(pause_ms);
        pause_ms = pause_ms * 2 > 500 ? 500 : pause_ms * 2;
    }
}

/* The archive's file against the server's own, where that can be seen and is still there. */
static enum status
compare_with_server(struct examination *exam, const char *name, struct error *err)
{
    struct error unseen;
    bool equal;

    if (exam->config->postgres.data_directory == NULL ||
        compare_file(exam, name, &equal, &unseen) != OK || equal)
        return OK;
    return error_set(err, STATUS_CORRUPT, "segment \"%s\" has other content in the archive", name);
}

/* Why the round trip is not to be tried; NULL: it is. */
static const char *
obstacle(const struct examination *exam)
{
    if (!exam->archives_to_us)
        return "the server does not archive into this repository";
    if (exam->repo == NULL)
        return "the repository does not open";
    if (!exam->accepted)
        return "the repository has not accepted this cluster";
    if (!exam->may_switch)
        return "the role may not switch WAL segments";
    return NULL;
}

static void
report_missing(struct examination *exam, const char *name, uint32_t limit_s)
{
    struct archiver archiver = {0};
    struct error failed;

    examination_fail(exam, "WAL round trip", "segment \"%s\" was not archived within %u s", name,
                     limit_s);
    if (read_archiver(exam, &archiver, &failed) == OK && archiver.failing)
        explain_stuck(exam, archiver.failed_wal);
    else
        examination_fix(exam, "Look for \"archive command\" in the server's log: a command that "
                              "cannot be run at all is reported only there.");
}

static enum status
round_trip(struct examination *exam, struct error *err)
{
    uint32_t limit_s = options_u32(&exam->invocation->options, "timeout", ROUND_TRIP_LIMIT_S);
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    int64_t begin_ms = clock_monotonic_ms();
    enum status status;

    if (exam->standby)
    {
        examination_ok(exam, "WAL round trip", "skipped: a standby cannot end a WAL segment");
        return OK;
    }
    if (obstacle(exam) != NULL)
    {
        examination_warn(exam, "WAL round trip", "not tried: %s", obstacle(exam));
        examination_fix(exam, "Correct what is said above.");
        return OK;
    }
    status = end_segment(exam, name, err);
    if (status == OK)
        status = wait_for_segment(exam, name, (int64_t) limit_s * 1000, err);
    if (status == STATUS_NOT_FOUND)
    {
        report_missing(exam, name, limit_s);
        return OK;
    }
    if (status == OK)
        status = read_back(exam, name, err);
    if (status == OK)
        status = compare_with_server(exam, name, err);
    if (status == OK)
        examination_ok(exam, "WAL round trip",
                       "segment \"%s\" was archived and read back in %.1f s", name,
                       (double) (clock_monotonic_ms() - begin_ms) / 1000);
    else if (status == STATUS_CANCELLED || status == STATUS_NO_MEMORY)
        return status;
    else
        examination_error(exam, "WAL round trip", err);
    return OK;
}
