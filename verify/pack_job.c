// SPDX-License-Identifier: PostgreSQL
#include "verify/pack_job.h"

#include "base/log.h"
#include "repo/pack_scan.h"
#include "stream/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pack_job
{
    struct crew_job base;
    struct pack_check *check;
    struct pack_needs needs; /* owned */
    struct frame_table frames;
    struct seal_key_id key_id;
    uint64_t size_bytes;
    bool scanned; /* its header was read: the key id is known */
    bool lost;    /* from some byte on it could not be read */
    bool bad;     /* something was found */
    char key[STORE_KEY_MAX + 1];
};

/* Everyone who uses the pack is concerned. */
static void
fail_users(struct pack_job *job)
{
    const struct pack_needs *needs = &job->needs;

    job->bad = true;
    for (size_t index = 0; index < needs->user_count; index++)
        atomic_store(&job->check->backups->items[needs->users[index].backup]->failed, true);
}

static enum status
find(struct pack_job *job, const char *kind, const char *text, struct error *err)
{
    const struct verify_finding finding = {
        VERIFY_DAMAGE, kind, job->key, text,
        "Files in it cannot be restored whole from here. Copy it from another repository if there "
        "is one, and take a full backup now."};

    fail_users(job);
    return context_find(job->check->context, &finding, err);
}

/* Scanning */

static enum status
take_header(void *arg, const struct pack *pack, struct error *err)
{
    struct pack_job *job = arg;

    (void) err;
    job->key_id = pack->key_id;
    job->scanned = true;
    return OK;
}

static enum status
take_frame(void *arg, const struct frame_place *place, struct bytes content, struct error *err)
{
    struct pack_job *job = arg;

    return frame_table_add(&job->frames, place->size, (uint32_t) content.size, false, err);
}

/* Who needs the frame; if nobody is known to, who needs the pack. */
static void
name_users(struct pack_job *job, const struct frame_place *place,
           char names[BACKUP_LIST_NAMES_SIZE])
{
    const struct pack_needs *needs = &job->needs;

    for (size_t index = 0; place != NULL && index < needs->frame_count; index++)
    {
        const struct frame_need *need = &needs->frames[index];

        if (need->place.offset != place->offset)
            continue;
        backup_list_name(job->check->backups, need->backup, need->backups, names);
        return;
    }
    if (needs->user_count == 0)
        snprintf(names, BACKUP_LIST_NAMES_SIZE, "a backup without a manifest");
    else
        backup_list_name(job->check->backups, needs->users[0].backup, needs->user_count, names);
}

static enum status
take_damage(void *arg, const struct frame_place *place, const struct error *reason,
            struct error *err)
{
    struct pack_job *job = arg;
    char names[BACKUP_LIST_NAMES_SIZE];
    struct error text;

    name_users(job, place, names);
    error_set(&text, STATUS_CORRUPT, "%s; %s needs it", reason->message, names);
    TRY(find(job, "damaged", text.message, err));
    TRY(affected_add(job->check->affected, job->needs.id,
                     place == NULL ? (uint32_t) job->frames.count : place->number, place == NULL,
                     err));
    if (place != NULL)
        return frame_table_add(&job->frames, place->size, 0, true, err);
    job->lost = true;
    return OK;
}

static enum status
scan(struct pack_job *job, struct pack_reader *reader, struct error *err)
{
    const struct pack_scan_handler handler = {take_header, take_frame, take_damage, job};
    SCOPED(sink_freep) struct sink *sink = NULL;

    TRY(sink_open_pack_scan(&sink, reader, job->needs.id, &handler, err));
    return context_read(job->check->context, job->key, &sink, err);
}

/* Comparing */

/* What a manifest says of the pack as a whole. */
static enum status
match_user(struct pack_job *job, const struct pack_user *user, struct error *err)
{
    char names[BACKUP_LIST_NAMES_SIZE];
    struct error text;
    uint64_t content = frame_table_content(&job->frames);

    backup_list_name(job->check->backups, user->backup, 1, names);
    if (user->size_bytes != job->size_bytes)
    {
        error_set(&text, STATUS_CORRUPT,
                  "it has %" PRIu64 " bytes, and the manifest of %s says %" PRIu64, job->size_bytes,
                  names, user->size_bytes);
        return find(job, "mismatch", text.message, err);
    }
    if (job->scanned && memcmp(&user->key_id, &job->key_id, sizeof(job->key_id)) != 0)
    {
        error_set(&text, STATUS_CORRUPT, "it names another data key than the manifest of %s",
                  names);
        return find(job, "mismatch", text.message, err);
    }
    /* Damaged frames do not tell how much they hold. */
    if (!job->bad && job->frames.count > 0 && user->content_bytes != content)
    {
        error_set(&text, STATUS_CORRUPT,
                  "its frames hold %" PRIu64 " bytes, and the manifest of %s says %" PRIu64,
                  content, names, user->content_bytes);
        return find(job, "mismatch", text.message, err);
    }
    return OK;
}

static enum status
match_frame(struct pack_job *job, const struct frame_need *need, struct error *err)
{
    char names[BACKUP_LIST_NAMES_SIZE];
    struct error text = {0};
    struct error reason;
    bool damaged;

    /* What could not be read is no other frame than the one that is wanted. */
    if (job->lost && need->place.number >= job->frames.count)
        return OK;
    if (frame_table_match(&job->frames, need, &damaged, &reason) == OK)
        return OK;
    backup_list_name(job->check->backups, need->backup, need->backups, names);
    error_set(&text, STATUS_CORRUPT, "%s, by %s", reason.message, names);
    return find(job, "mismatch", text.message, err);
}

static enum status
match(struct pack_job *job, struct error *err)
{
    /* A pack that was cut has another size, and that is no news then. */
    for (size_t index = 0; index < job->needs.user_count && !job->lost; index++)
        TRY(match_user(job, &job->needs.users[index], err));
    for (size_t index = 0; index < job->needs.frame_count; index++)
        TRY(match_frame(job, &job->needs.frames[index], err));
    return OK;
}

/* The job */

static enum status
read_and_match(struct pack_job *job, struct crew_member *member, struct error *err)
{
    struct verify_context *context = member->context;
    struct verified_record record = {.name = context_name(context, job->key),
                                     .size_bytes = job->size_bytes,
                                     .at = context->started,
                                     .frames = &job->frames};
    struct error reason = {0};
    enum status status = scan(job, member->reader, &reason);

    if (status == OK)
        TRY(match(job, err));
    else
        fail_users(job);
    /* What was found of it is told already. */
    if (status != OK || !job->bad)
        TRY(context_judge(context, job->key, status, &reason, NULL, err));
    if (job->bad)
        return OK;
    log_debug("verified \"%s\"", job->key);
    return verified_note(context->verified, &record, err);
}

static enum status
run(struct crew_job *base, struct crew_member *member, struct error *err)
{
    return read_and_match((struct pack_job *) base, member, err);
}

static void
free_job(struct crew_job *base)
{
    struct pack_job *job = (struct pack_job *) base;

    needs_release(&job->needs);
    frame_table_release(&job->frames);
    free(job);
}

static void
free_unsent(struct pack_job **job)
{
    if (*job != NULL)
        free_job(&(*job)->base);
}

/* Its frames are remembered: what is new is held against them, and nothing is read. */
static enum status
match_remembered(struct pack_job *job, const struct inventory_item *item, struct error *err)
{
    struct verify_context *context = job->check->context;
    struct verified_record record = {.name = item->name,
                                     .size_bytes = item->size_bytes,
                                     .at = item->verified,
                                     .frames = item->frames};
    enum status status;

    /* Borrowed for the comparison. */
    if (item->frames != NULL)
        job->frames = *item->frames;
    status = match(job, err);
    job->frames = (struct frame_table){0};
    TRY(status);
    return job->bad ? OK : context_carry(context, &record, err);
}

enum status
pack_job_send(struct crew *crew, struct pack_check *check, const struct inventory_item *item,
              struct pack_needs *needs, struct error *err)
{
    SCOPED(free_unsent) struct pack_job *job = calloc(1, sizeof(*job));
    struct crew_job *sent;

    if (job == NULL)
        return error_no_memory(err);
    job->base.run = run;
    job->base.free = free_job;
    job->check = check;
    job->size_bytes = item->size_bytes;
    job->needs = *needs;
    *needs = (struct pack_needs){0};
    TRY(pack_key(check->context->repo, job->needs.id, job->key, err));
    if (!item->due && (item->frames != NULL || job->needs.frame_count == 0))
        return match_remembered(job, item, err);
    sent = &job->base;
    job = NULL;
    return crew_send(crew, sent, err);
}
