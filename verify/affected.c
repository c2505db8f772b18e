// SPDX-License-Identifier: PostgreSQL
#include "verify/affected.h"

#include "repo/manifest.h"
#include "stream/sink.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With more damage than that, a list of files would help nobody. */
#define FRAMES_MAX ((size_t) 65536)

#define NAMES_SIZE 400

struct damaged_frame
{
    uint8_t id[PACK_ID_SIZE];
    uint32_t number;
    bool and_behind; /* all that follow too */
};

struct affected
{
    pthread_mutex_t lock; /* guards what follows, until it is told */
    struct damaged_frame *frames;
    size_t count;
};

/* A pack of a manifest, by its index, and its damaged frames. */
struct affected_pack
{
    uint32_t index;
    const struct damaged_frame *frames;
    size_t count;
};

/* Two readings of one manifest: for its packs, and then for its files. */
struct reading
{
    const struct affected *affected;
    struct affected_pack *packs;
    size_t pack_count;
    uint32_t next_index;
    bool counted; /* the present file */
    uint64_t files;
    char names[NAMES_SIZE]; /* of the first of them */
    uint64_t named;
};

enum status
affected_create(struct affected **affected, struct error *err)
{
    struct affected *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    *affected = made;
    return OK;
}

void
affected_freep(struct affected **affected)
{
    if (*affected == NULL)
        return;
    free((*affected)->frames);
    pthread_mutex_destroy(&(*affected)->lock);
    free(*affected);
    *affected = NULL;
}

/* Call with the lock. */
static enum status
add(struct affected *affected, const struct damaged_frame *frame, struct error *err)
{
    struct damaged_frame *grown;

    if (affected->count == FRAMES_MAX)
        return OK;
    grown = realloc(affected->frames, (affected->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    affected->frames = grown;
    affected->frames[affected->count++] = *frame;
    return OK;
}

enum status
affected_add(struct affected *affected, const uint8_t id[PACK_ID_SIZE], uint32_t number,
             bool and_behind, struct error *err)
{
    struct damaged_frame frame = {.number = number, .and_behind = and_behind};
    enum status status;

    memcpy(frame.id, id, PACK_ID_SIZE);
    pthread_mutex_lock(&affected->lock);
    status = add(affected, &frame, err);
    pthread_mutex_unlock(&affected->lock);
    return status;
}

static int
compare_ids(const void *left, const void *right)
{
    const struct damaged_frame *one = left;
    const struct damaged_frame *other = right;

    return memcmp(one->id, other->id, PACK_ID_SIZE);
}

static enum status
take_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct reading *reading = arg;
    const struct affected *affected = reading->affected;
    struct damaged_frame wanted = {.number = 0};
    struct affected_pack found = {.index = reading->next_index++};
    const struct damaged_frame *end = affected->frames + affected->count;
    struct affected_pack *grown;

    memcpy(wanted.id, pack->id, PACK_ID_SIZE);
    found.frames = bsearch(&wanted, affected->frames, affected->count, sizeof(wanted), compare_ids);
    if (found.frames == NULL)
        return OK;
    while (found.frames > affected->frames && compare_ids(found.frames - 1, &wanted) == 0)
        found.frames--;
    while (found.frames + found.count < end &&
           compare_ids(found.frames + found.count, &wanted) == 0)
        found.count++;
    grown = realloc(reading->packs, (reading->pack_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    reading->packs = grown;
    reading->packs[reading->pack_count++] = found;
    return OK;
}

static enum status
take_file(void *arg, const struct manifest_file *file, struct error *err)
{
    (void) file;
    (void) err;
    ((struct reading *) arg)->counted = false;
    return OK;
}

static int
compare_indexes(const void *left, const void *right)
{
    const struct affected_pack *one = left;
    const struct affected_pack *other = right;

    return (one->index > other->index) - (one->index < other->index);
}

static bool
is_damaged(const struct reading *reading, const struct frame_place *place)
{
    const struct affected_pack wanted = {.index = place->pack};
    const struct affected_pack *pack =
        bsearch(&wanted, reading->packs, reading->pack_count, sizeof(wanted), compare_indexes);

    for (size_t index = 0; pack != NULL && index < pack->count; index++)
        if (pack->frames[index].number == place->number ||
            (pack->frames[index].and_behind && pack->frames[index].number < place->number))
            return true;
    return false;
}

/* A path may hold any byte; what is told is text. */
static void
add_name(struct reading *reading, const char *path)
{
    size_t used = strlen(reading->names);
    int size =
        snprintf(reading->names + used, NAMES_SIZE - used, "%s%s", used == 0 ? "" : ", ", path);

    if (used + (size_t) size >= NAMES_SIZE)
    {
        reading->names[used] = '\0';
        return;
    }
    reading->named++;
    for (char *at = reading->names + used; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static enum status
take_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct reading *reading = arg;

    (void) err;
    if (reading->counted || !is_damaged(reading, &extent->frame))
        return OK;
    reading->counted = true;
    reading->files++;
    /* A list with gaps would mislead. */
    if (reading->named + 1 == reading->files)
        add_name(reading, file->path);
    return OK;
}

static enum status
read_manifest(struct verify_context *context, const char *backup_id,
              struct manifest_handler handler, struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    handler.backup_id = backup_id;
    TRY(backup_key(context->repo, backup_id, "manifest", key, err));
    TRY(sink_open_manifest(&sink, &handler, err));
    return context_read_object(context, key, OBJECT_COMPRESSED, &sink, err);
}

static enum status
read_twice(struct verify_context *context, struct reading *reading, const char *backup_id,
           struct error *err)
{
    const struct manifest_handler packs = {.pack = take_pack, .arg = reading};
    const struct manifest_handler files = {
        .file = take_file, .extent = take_extent, .arg = reading};

    TRY(read_manifest(context, backup_id, packs, err));
    if (reading->pack_count == 0)
        return OK;
    return read_manifest(context, backup_id, files, err);
}

static enum status
tell(struct verify_context *context, const struct reading *reading, const char *backup_id,
     struct error *err)
{
    struct error text;
    const struct verify_finding finding = {VERIFY_INFORMATION, "affected", backup_id, text.message,
                                           ""};
    char more[48] = "";

    if (reading->files == 0)
        return OK;
    if (reading->named < reading->files)
        snprintf(more, sizeof(more), " and %" PRIu64 " more", reading->files - reading->named);
    error_set(&text, STATUS_CORRUPT, "%" PRIu64 " %s in what is damaged: %s%s", reading->files,
              reading->files == 1 ? "file lies" : "files lie", reading->names, more);
    return context_find(context, &finding, err);
}

static void
release_reading(struct reading *reading)
{
    free(reading->packs);
}

enum status
affected_tell(struct affected *affected, struct verify_context *context,
              const struct backup_list *backups, struct error *err)
{
    if (affected->count == 0)
        return OK;
    qsort(affected->frames, affected->count, sizeof(*affected->frames), compare_ids);
    for (size_t index = 0; index < backups->count; index++)
    {
        const struct listed_backup *backup = backups->items[index];
        SCOPED(release_reading) struct reading reading = {.affected = affected};
        struct error reason = {0};
        enum status status;

        if (!atomic_load(&backup->failed) || atomic_load(&backup->unread))
            continue;
        status = read_twice(context, &reading, backup->id, &reason);
        if (context_is_fatal(status))
        {
            *err = reason;
            return status;
        }
        /* It was read a moment ago, and what is wrong with it was told then. */
        if (status == OK)
            TRY(tell(context, &reading, backup->id, err));
    }
    return OK;
}
