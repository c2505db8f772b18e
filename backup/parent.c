// SPDX-License-Identifier: PostgreSQL
#include "backup/parent.h"

#include "repo/manifest.h"

#include <stdlib.h>

/* Each file is healed once in so many days. */
#define HEAL_NIGHTS 30

/*
 * LSNs of the first segment mean no place in WAL: index builds mark pages with
 * them (GistBuildLSN and FirstNormalUnloggedLSN in src/include/access).
 */
#define LSN_FLOOR (UINT64_C(16) << 20)

/* As shipped; configure --with-segsize changes it, and pages then stay whole (see choose_way). */
#define SEGMENT_BLOCKS 131072

static bool
suits(const struct backup_parent_question *question, const struct backup *backup,
      const char **reason)
{
    if (backup->system_identifier != question->system_identifier)
        *reason = "the backups that there are belong to another cluster";
    else if (backup->data_checksums != question->data_checksums)
        *reason = "data checksums were switched on or off since the newest backup";
    else if (backup->major != question->major)
        *reason = "the newest backup is of another major version";
    else if (!pg_history_contains(question->history, backup->stop) ||
             !pg_history_contains(question->history, backup->start))
        *reason = "the server's timeline left the newest backup's before that backup ended";
    else
        return true;
    return false;
}

const struct backup *
backup_parent_choose(const struct backup_parent_question *question, const char **reason)
{
    const struct catalog *catalog = question->catalog;

    *reason = "there is no good backup yet";
    for (size_t index = catalog->backup_count; index-- > 0;)
    {
        const struct backup *backup = &catalog->backups[index];

        if (backup->damaged)
            continue;
        /* The newest decides: an older one has even less in common. */
        return suits(question, backup, reason) ? backup : NULL;
    }
    return NULL;
}

static enum status
note_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct backup_parent *parent = arg;

    if (file->type != MANIFEST_FILE)
        return OK;
    return path_index_add(parent->files, file->path, file->size_bytes, err);
}

static enum status
note_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct backup_parent *parent = arg;
    struct pack *grown = realloc(parent->packs, (parent->pack_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(err);
    parent->packs = grown;
    parent->packs[parent->pack_count++] = *pack;
    return OK;
}

static int64_t
night_of(time_us time)
{
    return time / (86400 * US_PER_SECOND);
}

enum status
backup_parent_open(struct backup_parent **parent, struct repo *repo, const struct backup *backup,
                   time_us now, struct error *err)
{
    SCOPED(backup_parent_freep) struct backup_parent *made = calloc(1, sizeof(*made));
    const struct manifest_handler handler = {.file = note_file, .pack = note_pack, .arg = made};

    if (made == NULL)
        return error_no_memory(err);
    made->backup = *backup;
    made->first_night = night_of(backup->started) + 1;
    made->last_night = night_of(now);
    TRY(path_index_create(&made->files, backup->file_count, err));
    TRY(manifest_read(repo, backup->id, &handler, err));
    *parent = made;
    made = NULL;
    return OK;
}

void
backup_parent_freep(struct backup_parent **parent)
{
    struct backup_parent *gone = *parent;

    if (gone == NULL)
        return;
    path_index_freep(&gone->files);
    pg_limit_blocks_freep(&gone->limits);
    pg_unsound_pages_freep(&gone->unsound);
    free(gone->packs);
    free(gone);
    *parent = NULL;
}

bool
backup_parent_has(const struct backup_parent *parent, const char *path, uint64_t *size_bytes)
{
    return path_index_find(parent->files, path, size_bytes);
}

bool
backup_parent_heals(const struct backup_parent *parent, const char *path)
{
    int64_t turn = (int64_t) (path_hash(path) % HEAL_NIGHTS);

    for (int64_t night = parent->first_night; night <= parent->last_night; night++)
    {
        if (night % HEAL_NIGHTS == turn)
            return true;
        if (night - parent->first_night >= HEAL_NIGHTS)
            return false;
    }
    return false;
}

bool
backup_parent_has_page(const struct backup_parent *parent, const struct pg_relation_path *relation,
                       uint64_t offset, const uint8_t *page)
{
    uint32_t block =
        pg_relation_first_block(relation, SEGMENT_BLOCKS) + (uint32_t) (offset / PG_PAGE_SIZE);
    pg_lsn lsn = pg_page_lsn(page);

    return pg_page_header_is_valid(page) && lsn >= LSN_FLOOR && lsn < parent->backup.start.lsn &&
           !pg_page_changes_silently(page) &&
           (parent->unsound == NULL || !pg_unsound_pages_has(parent->unsound, relation, block));
}

uint64_t
backup_parent_trusted(const struct backup_parent *parent, const struct pg_relation_path *relation)
{
    uint32_t first = pg_relation_first_block(relation, SEGMENT_BLOCKS);
    uint32_t limit;

    if (parent->unsound != NULL && pg_unsound_pages_all(parent->unsound, relation))
        return 0;
    if (parent->limits == NULL || !pg_limit_blocks_find(parent->limits, relation, &limit))
        return UINT64_MAX;
    return limit <= first ? 0 : (uint64_t) (limit - first) * PG_PAGE_SIZE;
}

/* Before the backup starts, what is early then is not known: a summary may still follow. */
bool
backup_parent_needs_whole(const struct backup_parent *parent,
                          const struct pg_relation_path *relation)
{
    uint32_t first = pg_relation_first_block(relation, SEGMENT_BLOCKS);
    uint32_t limit;

    return parent->limits_unordered && parent->limits != NULL &&
           pg_limit_blocks_find(parent->limits, relation, &limit) && first < limit &&
           limit - first < SEGMENT_BLOCKS;
}
