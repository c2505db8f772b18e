// SPDX-License-Identifier: PostgreSQL
#include "backup/heal.h"

#include "backup/frame_visit.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "base/sorter.h"
#include "pg/page.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 1025

struct backup_heal
{
    enum backup_heal_rule rule;
    uint32_t files;
    struct sorter *pages;        /* path, zero, offset -> checksum of the masked page */
    struct frame_visits *visits; /* where the parent has them; made when matching begins */
    size_t sort_memory;

    bool has_next; /* the page that is next in the order of the parent's manifest */
    char path[PATH_SIZE];
    uint64_t offset;
    uint32_t crc;
    bool touched; /* one of the parent's extents holds a part of it */

    uint32_t lost;        /* pages that the parent has nothing of */
    char told[PATH_SIZE]; /* the file that the last warning named */

    struct backup_heal_result *result; /* while comparing */
};

enum status
backup_heal_create(struct backup_heal **heal, enum backup_heal_rule rule, size_t sort_memory,
                   struct error *err)
{
    SCOPED(backup_heal_freep) struct backup_heal *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->rule = rule;
    made->sort_memory = sort_memory;
    TRY(sorter_create(&made->pages, sort_memory, err));
    *heal = made;
    made = NULL;
    return OK;
}

void
backup_heal_freep(struct backup_heal **heal)
{
    if (*heal == NULL)
        return;
    sorter_freep(&(*heal)->pages);
    frame_visits_freep(&(*heal)->visits);
    free(*heal);
    *heal = NULL;
}

void
backup_heal_begin(struct backup_heal *heal)
{
    heal->files++;
}

/* False when the page cannot be compared. */
static bool
checksum(const struct backup_heal *heal, const uint8_t *page, uint32_t *crc)
{
    uint8_t masked[PG_PAGE_SIZE];

    *crc = 0;
    if (heal->rule == HEAL_READ)
        return true;
    memcpy(masked, page, PG_PAGE_SIZE);
    if (heal->rule == HEAL_MASKED && !pg_page_mask_heap_hints(masked))
        return false;
    *crc = crc32c_finish(crc32c_update(CRC32C_INIT, (struct bytes){masked, PG_PAGE_SIZE}));
    return true;
}

enum status
backup_heal_page(struct backup_heal *heal, const char *path, uint64_t offset, const uint8_t *page,
                 struct error *err)
{
    uint8_t key[PATH_SIZE + sizeof(uint64_t)];
    uint64_t big_endian = htobe64(offset);
    size_t size = strlen(path) + 1;
    uint32_t crc;

    if (!checksum(heal, page, &crc))
        return OK;
    memcpy(key, path, size);
    memcpy(key + size, &big_endian, sizeof(big_endian));
    return sorter_add(heal->pages, (struct bytes){key, size + sizeof(big_endian)},
                      (struct bytes){(const uint8_t *) &crc, sizeof(crc)}, err);
}

static enum status
next_page(struct backup_heal *heal, struct error *err)
{
    struct bytes key;
    struct bytes value;
    uint64_t big_endian;
    size_t size;

    heal->touched = false;
    TRY(sorter_next(heal->pages, &heal->has_next, &key, &value, err));
    if (!heal->has_next)
        return OK;
    size = strlen((const char *) key.data) + 1;
    memcpy(heal->path, key.data, size);
    memcpy(&big_endian, key.data + size, sizeof(big_endian));
    heal->offset = be64toh(big_endian);
    memcpy(&heal->crc, value.data, sizeof(heal->crc));
    return OK;
}

static enum status
begin_matching(struct backup_heal *heal, struct error *err)
{
    if (heal->visits != NULL)
        return OK;
    TRY(frame_visits_create(&heal->visits, heal->sort_memory, err));
    TRY(sorter_sort(heal->pages, err));
    return next_page(heal, err);
}

/* One line for each run of blocks of a file: there may be very many. */
static void
warn(struct backup_heal *heal, const char *path, uint64_t offset, const char *what)
{
    if (strcmp(heal->told, path) == 0)
        return;
    snprintf(heal->told, sizeof(heal->told), "%s", path);
    log_warning("\"%s\", from block %llu on: %s", path,
                (unsigned long long) (offset / PG_PAGE_SIZE), what);
}

/* No extent holds all of this page: one that two share is not compared; one that none has is lost.
 */
static enum status
pass_page(struct backup_heal *heal, bool touched, struct error *err)
{
    if (!touched && !heal->touched)
    {
        heal->lost++;
        warn(heal, heal->path, heal->offset, "the parent backup has nothing");
    }
    return next_page(heal, err);
}

static enum status
match_page(struct backup_heal *heal, const struct manifest_extent *extent, struct error *err)
{
    struct pack_piece page = {heal->path, *extent, heal->crc};

    page.extent.skip += (uint32_t) (heal->offset - extent->file_offset);
    page.extent.file_offset = heal->offset;
    page.extent.length = PG_PAGE_SIZE;
    TRY(frame_visits_add(heal->visits, &page, err));
    return next_page(heal, err);
}

enum status
backup_heal_match(struct backup_heal *heal, const char *path, const struct manifest_extent *extent,
                  struct error *err)
{
    uint64_t end = extent->file_offset + extent->length;

    TRY(begin_matching(heal, err));
    while (heal->has_next)
    {
        int order = strcmp(heal->path, path);
        uint64_t page_end = heal->offset + PG_PAGE_SIZE;

        if (order > 0)
            return OK;
        if (order == 0 && page_end > end)
        {
            heal->touched = heal->touched || end > heal->offset;
            return OK;
        }
        if (order == 0 && heal->offset >= extent->file_offset)
            TRY(match_page(heal, extent, err));
        else
            TRY(pass_page(heal, order == 0 && page_end > extent->file_offset, err));
    }
    return OK;
}

static void
note_wrong(struct backup_heal *heal, const struct pack_piece *piece, const char *what)
{
    heal->result->wrong++;
    warn(heal, piece->path, piece->extent.file_offset, what);
}

static enum status
compare(void *arg, const struct pack_piece *piece, struct bytes content, struct error *err)
{
    struct backup_heal *heal = arg;
    uint32_t crc = ~piece->note;

    (void) err;
    heal->result->compared++;
    if (!checksum(heal, content.data, &crc) || crc != piece->note)
        note_wrong(heal, piece, "the parent backup has something else");
    return OK;
}

static enum status
note_damage(void *arg, const struct pack_piece *piece, const struct error *why, struct error *err)
{
    struct backup_heal *heal = arg;

    (void) err;
    heal->result->compared++;
    note_wrong(heal, piece, why->message);
    return OK;
}

enum status
backup_heal_compare(struct backup_heal *heal, struct repo *repo, const struct pack *packs,
                    size_t pack_count, struct backup_heal_result *result, struct error *err)
{
    const struct frame_visitor visitor = {compare, note_damage, heal};

    TRY(begin_matching(heal, err));
    while (heal->has_next)
        TRY(pass_page(heal, false, err));
    *result = (struct backup_heal_result){heal->files, heal->lost, heal->lost};
    heal->result = result;
    return frame_visits_run(heal->visits, repo, packs, pack_count, &visitor, err);
}
