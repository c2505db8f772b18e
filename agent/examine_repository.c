// SPDX-License-Identifier: PostgreSQL
#include "agent/examination.h"
#include "config/repository.h"
#include "copy/copy_log.h"
#include "repo/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SKEW_WARNING_US (5 * US_PER_SECOND)
#define SKEW_FAILURE_US (15 * 60 * US_PER_SECOND) /* beyond it S3 refuses signatures */

static void check_key_file(struct examination *exam);
static void check_store(struct examination *exam);
static void check_lineage(struct examination *exam);
static void check_copies(struct examination *exam);

enum status
examine_repository(struct examination *exam, struct error *err)
{
    struct error failed;
    enum status status;

    check_key_file(exam);
    status = repository_open(exam->config, &exam->repo, &failed);
    if (status == STATUS_NO_MEMORY || status == STATUS_CANCELLED)
    {
        *err = failed;
        return status;
    }
    if (status != OK)
    {
        examination_error(exam, "repository", &failed);
        return OK;
    }
    check_store(exam);
    if (exam->identified)
        check_lineage(exam);
    if (!exam->repo->copy)
        check_copies(exam);
    return OK;
}

static void
check_key_file(struct examination *exam)
{
    const struct config_encryption *encryption = &exam->config->encryption;
    const char *path = encryption->key_file;
    struct stat info;

    if (encryption->mode == CONFIG_ENCRYPTION_OFF)
    {
        examination_warn(exam, "encryption",
                         "it is off: whoever can read the repository can read "
                         "the data");
        return;
    }
    if (path == NULL)
        path = encryption->passphrase_file;
    if (stat(path, &info) != 0)
    {
        examination_fail(exam, "key file", "could not find \"%s\": %s", path, strerror(errno));
        examination_fix(exam, "Restore it from the copy that you keep elsewhere.");
    }
    else if ((info.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) != 0)
    {
        examination_fail(exam, "key file", "\"%s\" has mode %04o: others can read or change it",
                         path, (unsigned) info.st_mode & 07777);
        examination_fix(exam, "chmod 0600 %s", path);
    }
    else
        examination_ok(exam, "key file", "\"%s\" is not for others", path);
}

/* Opening a repository reads no key yet: the newest must open. */
static void
check_key(struct examination *exam)
{
    SCOPED(secret_wipe) struct secret data_key = {{0}};
    struct seal_key_id id;
    struct error failed;

    if (exam->repo->keyring == NULL)
        return;
    if (keyring_active(exam->repo->keyring, &id, &data_key, &failed) == OK)
        examination_ok(exam, "key", "it opens the repository's data key");
    else
        examination_error(exam, "key", &failed);
}

static void
check_dialect(struct examination *exam)
{
    const char *location = exam->repo->store->location;

    if (exam->repo->conditional_create)
    {
        examination_ok(exam, "store", "%s never replaces an object, and two writers cannot collide",
                       location);
        return;
    }
    examination_warn(exam, "store",
                     "%s cannot create objects conditionally: this works with one writer only, as "
                     "single_writer promises",
                     location);
    examination_fix(exam, "Make sure that no other host writes here, or move to a store that "
                          "honours If-None-Match.");
}

static void
check_clock(struct examination *exam)
{
    struct error failed;
    time_us theirs;
    time_us skew;

    if (store_server_time(exam->repo->store, &theirs, &failed) != OK)
    {
        examination_error(exam, "clock", &failed);
        return;
    }
    skew = clock_now() - theirs;
    if (llabs(skew) <= SKEW_WARNING_US)
    {
        examination_ok(exam, "clock", "it agrees with the store's");
        return;
    }
    if (llabs(skew) > SKEW_FAILURE_US)
        examination_fail(exam, "clock", "it is %lld s %s the store's, which then refuses requests",
                         llabs(skew) / US_PER_SECOND, skew > 0 ? "ahead of" : "behind");
    else
        examination_warn(exam, "clock", "it is %lld s %s the store's", llabs(skew) / US_PER_SECOND,
                         skew > 0 ? "ahead of" : "behind");
    examination_fix(exam, "Let NTP set this machine's clock.");
}

/* What every command begins with; an object that only its writer can read shows here. */
static void
check_log(struct examination *exam)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct error failed;

    if (catalog_load(exam->repo, &catalog, &failed) == OK)
        examination_ok(exam, "log", "it can be read: %llu entries, %zu backups, %zu dumps",
                       (unsigned long long) catalog.last_number, catalog.backup_count,
                       catalog.dump_count);
    else
        examination_error(exam, "log", &failed);
}

static void
check_store(struct examination *exam)
{
    examination_ok(exam, "repository", "%s holds one", exam->repo->store->location);
    check_key(exam);
    check_log(exam);
    check_dialect(exam);
    check_clock(exam);
}

static void
check_lineage(struct examination *exam)
{
    const struct lineage *server = &exam->lineage;
    struct lineage accepted;
    struct error failed;
    enum status status = lineage_read(exam->repo, server->system_identifier, &accepted, &failed);

    if (status == STATUS_NOT_FOUND)
    {
        examination_fail(exam, "lineage",
                         "the repository has not accepted the cluster with system identifier %llu",
                         (unsigned long long) server->system_identifier);
        if (exam->repo->copy)
            examination_fix(exam, "\"redoubt copy --to %s\"", exam->config->chosen->name);
        else
            examination_fix(exam,
                            "\"redoubt lineage add\", if this is the cluster that belongs here.");
    }
    else if (status != OK)
        examination_error(exam, "lineage", &failed);
    else if (accepted.wal_segment_size != server->wal_segment_size)
    {
        examination_fail(exam, "lineage", "WAL segments have %u bytes, and %u when it was accepted",
                         server->wal_segment_size, accepted.wal_segment_size);
        examination_fix(exam,
                        "Set the segment size back by pg_resetwal, or start a new repository.");
    }
    else
    {
        examination_ok(exam, "lineage", "system identifier %llu is accepted",
                       (unsigned long long) server->system_identifier);
        exam->accepted = true;
    }
}

/* That a copy is behind is usual between two runs of copy, and no failure. */
static void
check_copy(struct examination *exam, const struct config_repository *where)
{
    SCOPED(repo_freep) struct repo *copy = NULL;
    struct error failed = {0};
    uint64_t last;
    enum status status =
        repository_open_copy(exam->config, where, REPOSITORY_HURRIED, exam->repo, &copy, &failed);

    if (status == OK)
        status = copy_log_compare(exam->repo, copy, &last, &failed);
    if (status == OK)
    {
        examination_ok(exam, "copy", "\"%s\": %s is one, with %llu entries of the log", where->name,
                       copy->store->location, (unsigned long long) last);
        return;
    }
    error_context(&failed, "\"%s\"", where->name);
    if (where->required)
        examination_error(exam, "copy", &failed);
    else
    {
        examination_warn(exam, "copy", "%s", failed.message);
        examination_fix(exam, "%s", failed.hint);
    }
}

static void
check_copies(struct examination *exam)
{
    for (size_t index = 0; index < exam->config->further.count; index++)
        check_copy(exam, &exam->config->further.items[index]);
}
