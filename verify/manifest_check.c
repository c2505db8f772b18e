// SPDX-License-Identifier: PostgreSQL
#include "verify/manifest_check.h"

#include "base/sorter.h"
#include "repo/manifest.h"
#include "stream/sink.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SORTER_MEMORY ((size_t) 8 * 1024 * 1024)

struct manifest_job
{
    struct crew_job base;
    struct verify_context *context;
    struct needs *needs;
    struct listed_backup *backup;
    char key[STORE_KEY_MAX + 1];

    /* Frames by the index of their pack, whose id comes last; NULL: not of interest. */
    struct sorter *frames;
    bool sorted;
    bool more; /* these are read ahead */
    struct frame_need need;
    uint64_t length; /* of the extents in that frame */

    struct manifest_totals totals;
    uint32_t pack_count;
    uint64_t stored_bytes;
    uint64_t packed_bytes;
};

/* A sorter's key, big-endian, and its value. */
struct frame_key
{
    uint32_t pack;
    uint32_t offset;
    uint32_t number;
    uint32_t size;
};

struct frame_use
{
    uint32_t content;
    uint32_t length;
};

static enum status
mismatch(struct manifest_job *job, const char *what, uint64_t found, uint64_t expected,
         struct error *err)
{
    struct error reason;
    const struct verify_finding finding = {VERIFY_DAMAGE, "mismatch", job->key, reason.message, ""};

    if (found == expected)
        return OK;
    error_set(&reason, STATUS_CORRUPT,
              "it has %s %" PRIu64 ", and the log says %" PRIu64 " of this backup", what, found,
              expected);
    atomic_store(&job->backup->failed, true);
    return context_find(job->context, &finding, err);
}

static enum status
check_header(void *arg, const struct manifest_header *header, struct error *err)
{
    struct manifest_job *job = arg;
    const struct backup *backup = job->backup->backup;

    if (backup == NULL)
        return OK;
    TRY(mismatch(job, "system identifier", header->system_identifier, backup->system_identifier,
                 err));
    return mismatch(job, "major version", header->major, backup->major, err);
}

static enum status
count_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct manifest_job *job = arg;

    (void) err;
    if (file->type == MANIFEST_FILE)
        job->totals.files++;
    job->totals.bytes += file->size_bytes;
    return OK;
}

static enum status
take_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct manifest_job *job = arg;
    const struct frame_place *place = &extent->frame;
    struct frame_key key = {htobe32(place->pack), htobe32(place->offset), htobe32(place->number),
                            htobe32(place->size)};
    struct frame_use use = {extent->skip + extent->length, extent->length};

    (void) file;
    job->totals.extents++;
    if (job->frames == NULL)
        return OK;
    return sorter_add(job->frames, (struct bytes){(uint8_t *) &key, sizeof(key)},
                      (struct bytes){(uint8_t *) &use, sizeof(use)}, err);
}

/* The next frame, with all extents in it as one need. */
static enum status
look_ahead(struct manifest_job *job, struct error *err)
{
    struct bytes key;
    struct bytes value;
    struct frame_key frame;
    struct frame_use use;

    TRY(sorter_next(job->frames, &job->more, &key, &value, err));
    if (!job->more)
        return OK;
    memcpy(&frame, key.data, sizeof(frame));
    memcpy(&use, value.data, sizeof(use));
    job->need = (struct frame_need){
        .place = {.pack = be32toh(frame.pack),
                  .offset = be32toh(frame.offset),
                  .number = be32toh(frame.number),
                  .size = be32toh(frame.size)},
        .content = use.content,
        .backup = job->backup->index,
        .backups = 1,
    };
    job->length = use.length;
    return OK;
}

/* Pass on the needs of the pack with this index, as one for each frame. */
static enum status
pass_frames(struct manifest_job *job, const struct pack *pack, uint32_t index, uint64_t *live,
            struct error *err)
{
    struct frame_need need = {.place = {.size = 0}};

    *live = 0;
    while (job->more && job->need.place.pack <= index)
    {
        bool same = memcmp(&need.place, &job->need.place, sizeof(need.place)) == 0;

        if (!same && need.place.size != 0)
            TRY(needs_add_frame(job->needs, pack->id, &need, err));
        if (!same)
            need = job->need;
        if (job->need.content > need.content)
            need.content = job->need.content;
        *live += job->length;
        TRY(look_ahead(job, err));
    }
    return need.place.size == 0 ? OK : needs_add_frame(job->needs, pack->id, &need, err);
}

/* Packs come behind all extents, in the order of their indexes. */
static enum status
take_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct manifest_job *job = arg;
    uint32_t index = job->pack_count++;
    uint64_t live;

    job->stored_bytes += pack->size_bytes;
    job->packed_bytes += pack->content_bytes;
    TRY(needs_add_user(job->needs, pack, job->backup->index, err));
    if (job->frames == NULL)
        return OK;
    if (!job->sorted)
    {
        TRY(sorter_sort(job->frames, err));
        TRY(look_ahead(job, err));
        job->sorted = true;
    }
    TRY(pass_frames(job, pack, index, &live, err));
    if (live == pack->live_bytes)
        return OK;
    return error_set(err, STATUS_CORRUPT,
                     "extents use %" PRIu64 " bytes of its pack %u, and it says %" PRIu64, live,
                     index, pack->live_bytes);
}

static enum status
read_manifest(struct manifest_job *job, struct error *err)
{
    const struct manifest_handler handler = {.header = check_header,
                                             .file = count_file,
                                             .extent = take_extent,
                                             .pack = take_pack,
                                             .arg = job,
                                             .backup_id = job->backup->id};
    SCOPED(sink_freep) struct sink *sink = NULL;

    if (job->backup->manifest_due)
        TRY(sorter_create(&job->frames, SORTER_MEMORY, err));
    TRY(sink_open_manifest(&sink, &handler, err));
    return context_read_object(job->context, job->key, OBJECT_COMPRESSED, &sink, err);
}

/* Zero: whoever committed it did not count that. */
static enum status
compare(struct manifest_job *job, const char *what, uint64_t found, uint64_t expected,
        struct error *err)
{
    return expected == 0 ? OK : mismatch(job, what, found, expected, err);
}

static enum status
compare_with_catalog(struct manifest_job *job, struct error *err)
{
    const struct backup *backup = job->backup->backup;

    if (backup == NULL)
        return OK;
    TRY(compare(job, "files", job->totals.files, backup->file_count, err));
    TRY(compare(job, "bytes of files", job->totals.bytes, backup->logical_bytes, err));
    TRY(compare(job, "extents", job->totals.extents, backup->extent_count, err));
    TRY(compare(job, "packs", job->pack_count, backup->pack_count, err));
    TRY(compare(job, "bytes of packs", job->stored_bytes, backup->stored_bytes, err));
    return compare(job, "bytes in packs", job->packed_bytes, backup->packed_bytes, err);
}

static enum status
run(struct crew_job *base, struct crew_member *member, struct error *err)
{
    struct manifest_job *job = (struct manifest_job *) base;
    struct error reason = {0};
    enum status status = read_manifest(job, &reason);
    bool good;

    (void) member;
    TRY(context_judge(job->context, job->key, status, &reason, &good, err));
    if (good)
        return compare_with_catalog(job, err);
    atomic_store(&job->backup->failed, true);
    atomic_store(&job->backup->unread, true);
    return OK;
}

static void
free_job(struct crew_job *base)
{
    sorter_freep(&((struct manifest_job *) base)->frames);
    free(base);
}

enum status
manifest_check_send(struct crew *crew, struct verify_context *context, struct needs *needs,
                    struct listed_backup *backup, struct error *err)
{
    struct manifest_job *job;
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(context->repo, backup->id, "manifest", key, err));
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return error_no_memory(err);
    job->base.run = run;
    job->base.free = free_job;
    job->context = context;
    job->needs = needs;
    job->backup = backup;
    memcpy(job->key, key, sizeof(key));
    return crew_send(crew, &job->base, err);
}
