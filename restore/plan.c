// SPDX-License-Identifier: PostgreSQL
#include "restore/plan.h"

#include "base/log.h"
#include "restore/choice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status find_record(const struct catalog *catalog, const struct wal_chain *chain,
                               struct plan *plan, struct error *err);
static enum status prove_reach(struct wal_chain *chain, const struct pg_history *path,
                               struct plan *plan, struct error *err);
static enum status read_manifest(struct repo *repo, struct plan *plan, struct error *err);

void
plan_release(struct plan *plan)
{
    free(plan->packs);
    pg_tablespace_map_release(&plan->tablespaces);
    *plan = (struct plan){0};
}

static enum status
make(struct repo *repo, const struct plan_options *options, struct plan *plan, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    SCOPED(wal_chain_release) struct wal_chain chain = {0};
    struct choice_question question = {
        .catalog = &catalog,
        .chain = &chain,
        .target = &plan->asked,
        .backup_id = options->backup_id,
    };
    const struct backup *backup;
    const struct pg_history *path;
    uint64_t system_identifier;
    uint32_t segment_size;

    TRY(catalog_load(repo, &catalog, err));
    TRY(choice_cluster(&catalog, &plan->asked, options->backup_id, &system_identifier,
                       &segment_size, err));
    TRY(wal_chain_load(&chain, repo, &catalog, system_identifier, segment_size, err));
    TRY(find_record(&catalog, &chain, plan, err));
    question.found = plan->has_found ? &plan->found : NULL;
    TRY(choice_make(&question, &backup, &path, err));
    plan->backup = *backup;
    plan->timeline = path->timeline;
    TRY(wal_chain_keep(&chain, backup, err));
    TRY(prove_reach(&chain, path, plan, err));
    return read_manifest(repo, plan, err);
}

enum status
plan_make(struct repo *repo, const struct plan_options *options, struct plan *plan,
          struct error *err)
{
    SCOPED(plan_release) struct plan made = {.asked = options->target, .target = options->target};

    TRY(make(repo, options, &made, err));
    *plan = made;
    made.packs = NULL;
    made.tablespaces = (struct pg_tablespace_map){0};
    return OK;
}

/* Nothing before the end of the oldest usable backup can be restored to. */
static pg_lsn
oldest_stop(const struct catalog *catalog, uint64_t system_identifier)
{
    pg_lsn oldest = PG_LSN_NONE;

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct backup *backup = &catalog->backups[index];

        if (backup->system_identifier == system_identifier &&
            (oldest == PG_LSN_NONE || backup->stop.lsn < oldest))
            oldest = backup->stop.lsn;
    }
    return oldest;
}

static enum status
refuse_subtransaction(const struct target *target, const struct wal_found *found, struct error *err)
{
    error_set(err, STATUS_REFUSED,
              "transaction %" PRIu32 " is a subtransaction of transaction %" PRIu32, target->xid,
              found->parent_xid);
    error_detail(err, "Recovery can stop only where a whole transaction ends.");
    error_hint(err, "Use --target-xid %" PRIu32 ".", found->parent_xid);
    return STATUS_REFUSED;
}

static enum status
refuse_not_found(const struct target *target, pg_lsn oldest, struct error *err)
{
    char text[TARGET_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    target_describe(target, text);
    pg_lsn_format(oldest, lsn);
    error_set(err, STATUS_REFUSED, "%s is not in the archived WAL", text);
    error_detail(
        err, "All archived WAL from LSN %s on, where the oldest backup ended, was searched.", lsn);
    error_hint(err, target->kind == TARGET_XID
                        ? "A transaction that only read leaves no trace; the segment in which it "
                          "ended may not be archived yet."
                        : "Check the name; the segment that holds it may not be archived yet.");
    return STATUS_REFUSED;
}

/* An XID and a name say nothing of where they are: search for them. */
static enum status
find_record(const struct catalog *catalog, const struct wal_chain *chain, struct plan *plan,
            struct error *err)
{
    const struct target *target = &plan->asked;
    struct wal_wanted wanted = {
        .xid = target->kind == TARGET_XID ? target->xid : 0,
        .name = target->name,
        .oldest = oldest_stop(catalog, chain->system_identifier),
    };
    enum status status;

    if (target->kind != TARGET_XID && target->kind != TARGET_NAME)
        return OK;
    if (target->timeline == TARGET_TIMELINE_NUMBER)
        wanted.path = wal_chain_history(chain, target->timeline_number);
    status = wal_search_find(chain, &wanted, &plan->found, err);
    if (status == STATUS_NOT_FOUND)
        return refuse_not_found(target, wanted.oldest, err);
    TRY(status);
    if (plan->found.parent_xid != 0)
        return refuse_subtransaction(target, &plan->found, err);
    plan->has_found = true;
    return OK;
}

/* A damaged segment stops recovery as a missing one does; false: the backup itself needs it. */
static bool
cut_at_damage(const struct wal_chain *chain, const struct plan *plan, const struct wal_tail *tail,
              struct wal_reach *reach)
{
    pg_lsn begin = tail->damaged * chain->segment_size;

    if (tail->damaged <= reach->first || begin < plan->backup.stop.lsn)
        return false;
    reach->end = tail->damaged;
    reach->lsn = begin;
    reach->gap = true;
    reach->resumes = tail->damaged + 1;
    reach->ends_at_fork = false;
    return true;
}

/*
 * The tail of what a backup reaches, without what lies before its end.  Where WAL is
 * damaged it ends, and *damage, which is empty at first, says why.
 */
static enum status
look_at_tail(const struct wal_chain *chain, const struct pg_history *path, struct wal_reach *reach,
             struct plan *plan, struct wal_tail *tail, struct error *damage, struct error *err)
{
    enum status status = wal_search_tail(chain, path, reach, tail, err);

    while (status == STATUS_CORRUPT && cut_at_damage(chain, plan, tail, reach))
    {
        *damage = *err;
        status = wal_search_tail(chain, path, reach, tail, err);
    }
    TRY(status);
    plan->has_latest = tail->has_commit && tail->last_commit.position.lsn >= plan->backup.stop.lsn;
    if (plan->has_latest)
        plan->latest = tail->last_commit;
    return OK;
}

static void
detail_latest(const struct plan *plan, struct error *err)
{
    char time[TIME_TEXT_SIZE];
    char lsn[PG_LSN_TEXT_SIZE];

    time_format_postgres(plan->has_latest ? plan->latest.time : plan->backup.stopped, time);
    pg_lsn_format(plan->has_latest ? plan->latest.end : plan->backup.stop.lsn, lsn);
    /* Its own time is none to stop at: that takes a later transaction. */
    if (plan->has_latest && plan->asked.kind == TARGET_TIME)
        error_detail(err, "Any moment before %s (LSN %s), the last transaction, can be reached.",
                     time, lsn);
    else
        error_detail(err, "The latest reachable moment is %s (LSN %s), %s.", time, lsn,
                     plan->has_latest ? "the last transaction in the unbroken WAL"
                                      : "the end of the backup: no transaction ended after it");
}

/* Why the WAL ends where it does, as the reason that the target is not reached. */
static enum status
refuse_target(const struct wal_chain *chain, const struct pg_history *path,
              const struct wal_reach *reach, const struct plan *plan, const struct wal_tail *tail,
              struct error *err)
{
    char target[TARGET_TEXT_SIZE];
    char last[PG_LSN_TEXT_SIZE];

    wal_chain_describe_end(chain, path, reach, err);
    target_describe(&plan->asked, target);
    error_context(err, "%s cannot be reached", target);
    detail_latest(plan, err);
    pg_lsn_format(tail->last_record, last);
    if (reach->gap && tail->has_record && tail->last_record >= plan->backup.stop.lsn)
        error_hint(err,
                   "Archive what is missing if any server still has it in pg_wal. To restore all "
                   "that lies before the gap, use --target-lsn %s.",
                   last);
    else if (reach->gap)
        error_hint(err, "Archive what is missing if any server still has it in pg_wal, or restore "
                        "to the end of the backup with --target-immediate.");
    else if (plan->asked.kind == TARGET_TIME)
        error_hint(err, "PostgreSQL can stop at a time only when a later transaction is in the "
                        "archive. For all that there is, that transaction too, leave out "
                        "--target-time.");
    else
        error_hint(err, "For all that there is, restore without a target.");
    return STATUS_REFUSED;
}

/* Without the WAL up to its end a backup is no use at all. */
static enum status
check_consistency(const struct wal_chain *chain, const struct pg_history *path,
                  const struct wal_reach *reach, const struct plan *plan, struct error *err)
{
    if (reach->lsn >= plan->backup.stop.lsn)
        return OK;
    wal_chain_describe_end(chain, path, reach, err);
    error_context(err, "backup %s cannot become consistent", plan->backup.id);
    error_hint(err, "Archive what is missing if any server still has it in pg_wal, or name another "
                    "backup with --backup.");
    return STATUS_REFUSED;
}

/* PostgreSQL needs a record at or after the LSN, else it says that it never came there. */
static bool
lsn_in_reach(const struct plan *plan, const struct wal_reach *reach, const struct wal_tail *tail,
             uint32_t segment_size)
{
    pg_lsn lsn = plan->asked.lsn;

    if (lsn >= reach->lsn)
        return false;
    return lsn / segment_size + 1 < reach->end || reach->ends_at_fork ||
           (tail->has_record && tail->last_record >= lsn);
}

static bool
time_in_reach(const struct plan *plan)
{
    const struct target *target = &plan->asked;

    if (!plan->has_latest)
        return false;
    return target->exclusive ? plan->latest.time >= target->time : plan->latest.time > target->time;
}

static bool
target_in_reach(const struct plan *plan, const struct wal_reach *reach, const struct wal_tail *tail,
                uint32_t segment_size)
{
    switch (plan->asked.kind)
    {
    case TARGET_LATEST:
        /* A hole must never pass for the end. */
        return !reach->gap;
    case TARGET_IMMEDIATE:
        return true;
    case TARGET_TIME:
        return time_in_reach(plan);
    case TARGET_LSN:
        return lsn_in_reach(plan, reach, tail, segment_size);
    case TARGET_XID:
    case TARGET_NAME:
        return plan->found.end <= reach->lsn;
    }
    return false;
}

/* The last byte of WAL that recovery reads. */
static pg_lsn
last_needed(const struct plan *plan, const struct wal_reach *reach)
{
    switch (plan->asked.kind)
    {
    case TARGET_IMMEDIATE:
        return plan->backup.stop.lsn;
    case TARGET_LSN:
        return plan->asked.lsn + 1;
    case TARGET_XID:
    case TARGET_NAME:
        return plan->found.end;
    default:
        return reach->lsn;
    }
}

/*
 * What PostgreSQL is told.  It stops at the first restore point of a name, and
 * we mean the newest; at the end of the archive it must not go on where the
 * path has left a timeline.
 */
static void
settle_target(const struct wal_reach *reach, struct plan *plan)
{
    char lsn[PG_LSN_TEXT_SIZE];

    if (plan->asked.kind == TARGET_NAME)
    {
        plan->target.kind = TARGET_LSN;
        plan->target.lsn = plan->found.position.lsn;
    }
    if (plan->asked.kind == TARGET_LATEST && reach->ends_at_fork)
    {
        plan->target.kind = TARGET_LSN;
        plan->target.lsn = reach->lsn;
        plan->target.exclusive = true;
        pg_lsn_format(reach->lsn, lsn);
        log_warning("the archive ends at LSN %s, where timeline %" PRIu32
                    " began: its first segment is not archived yet",
                    lsn, plan->timeline);
    }
}

/* The WAL that the target needs does not open. */
static enum status
refuse_damage(const struct plan *plan, const struct error *damage, struct error *err)
{
    *err = *damage;
    detail_latest(plan, err);
    error_hint(err, "What lies before it can be restored: name a time or an LSN.");
    return STATUS_CORRUPT;
}

static enum status
prove_reach(struct wal_chain *chain, const struct pg_history *path, struct plan *plan,
            struct error *err)
{
    struct wal_reach reach = wal_chain_reach(chain, path, plan->backup.start.lsn);
    struct wal_tail tail = {0};
    struct error damage = {0};
    pg_lsn last;

    TRY(check_consistency(chain, path, &reach, plan, err));
    if (plan->asked.kind != TARGET_IMMEDIATE && !plan->has_found)
        TRY(look_at_tail(chain, path, &reach, plan, &tail, &damage, err));
    if (!target_in_reach(plan, &reach, &tail, chain->segment_size))
    {
        if (plan->has_found)
            TRY(look_at_tail(chain, path, &reach, plan, &tail, &damage, err));
        if (damage.message[0] != '\0')
            return refuse_damage(plan, &damage, err);
        return refuse_target(chain, path, &reach, plan, &tail, err);
    }
    if (damage.message[0] != '\0')
        log_warning("%s; the target lies before it", damage.message);
    last = last_needed(plan, &reach);
    plan->first_segment = reach.first;
    plan->segment_count = (last - 1) / chain->segment_size + 1 - reach.first;
    settle_target(&reach, plan);
    return OK;
}

/* The manifest, but for what only writing needs. */

static enum status
note_header(void *arg, const struct manifest_header *header, struct error *err)
{
    struct plan *plan = arg;

    if (header->system_identifier != plan->backup.system_identifier)
        return error_set(err, STATUS_CORRUPT, "it is of another cluster");
    plan->tablespaces.entries =
        calloc(header->tablespace_count + 1, sizeof(*plan->tablespaces.entries));
    if (plan->tablespaces.entries == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < header->tablespace_count; index++)
    {
        struct pg_tablespace *tablespace = &plan->tablespaces.entries[index];

        *tablespace = header->tablespaces[index];
        tablespace->location = strdup(header->tablespaces[index].location);
        if (tablespace->location == NULL)
            return error_no_memory(err);
        plan->tablespaces.count++;
    }
    return OK;
}

static enum status
note_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct plan *plan = arg;
    size_t count = plan->pack_count;

    /* The memory doubles whenever the count reaches a power of two. */
    if ((count & (count - 1)) == 0)
    {
        struct pack *grown = realloc(plan->packs, (count == 0 ? 1 : count * 2) * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        plan->packs = grown;
    }
    plan->packs[plan->pack_count++] = *pack;
    plan->fetch_bytes += pack->size_bytes;
    return OK;
}

static enum status
note_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct plan *plan = arg;

    (void) err;
    if (file->type == MANIFEST_DIRECTORY)
        plan->totals.directories++;
    else
        plan->totals.files++;
    plan->totals.bytes += file->size_bytes;
    return OK;
}

static enum status
read_manifest(struct repo *repo, struct plan *plan, struct error *err)
{
    struct manifest_handler handler = {
        .header = note_header,
        .pack = note_pack,
        .file = note_file,
        .arg = plan,
    };
    enum status status = manifest_read(repo, plan->backup.id, &handler, err);

    if (status == STATUS_NOT_FOUND)
        status = error_set(err, STATUS_CORRUPT, "it is missing");
    if (status != OK)
        error_context(err, "manifest of backup %s", plan->backup.id);
    return status;
}
