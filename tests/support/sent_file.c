// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/sent_file.h"

#include "backup/heal.h"
#include "tests/support/manifest_picture.h"
#include "tests/support/page_build.h"

#include <stdlib.h>

#define MAGIC UINT32_C(0xd3ae1f0d)

void
sent_file_parent_has(struct sent_file *sent, const char *path, uint64_t size_bytes)
{
    struct error err = {0};

    assert_ok(path_index_add(sent->parent.files, path, size_bytes, &err));
}

void
sent_file_parent_has_only(struct sent_file *sent, const char *path, uint64_t size_bytes)
{
    struct error err = {0};

    path_index_freep(&sent->parent.files);
    assert_ok(path_index_create(&sent->parent.files, 100, &err));
    sent_file_parent_has(sent, path, size_bytes);
}

int
sent_file_setup(void **state)
{
    struct sent_file *sent = calloc(1, sizeof(*sent));
    struct error err = {0};

    backup_build_open(&sent->build);
    sent->sent = BUFFER_INIT((SENT_FILE_PAGES + 1) * PG_PAGE_SIZE);
    /* No night between the two: nothing is healed. */
    sent->parent = (struct backup_parent){
        .backup = {.start = {1, SENT_FILE_START}}, .by_page_lsn = true, .first_night = 1};
    assert_ok(path_index_create(&sent->parent.files, 100, &err));
    assert_ok(backup_heal_create(&sent->heal, HEAL_EXACT, 65536, &err));
    sent_file_parent_has(sent, SENT_FILE_HEAP, SENT_FILE_PAGES * PG_PAGE_SIZE);
    *state = sent;
    return 0;
}

int
sent_file_teardown(void **state)
{
    struct sent_file *sent = *state;

    path_index_freep(&sent->parent.files);
    pg_limit_blocks_freep(&sent->parent.limits);
    pg_unsound_pages_freep(&sent->parent.unsound);
    backup_heal_freep(&sent->heal);
    backup_build_close(&sent->build);
    buffer_release(&sent->sent);
    free(sent);
    return 0;
}

/* What the server sends. */

void
sent_file_append(struct sent_file *sent, const void *data, size_t size)
{
    struct error err = {0};

    assert_ok(buffer_append(&sent->sent, (struct bytes){data, size}, &err));
}

static void
append_u32(struct sent_file *sent, uint32_t value)
{
    sent_file_append(sent, &value, sizeof(value));
}

/* o: an old page, n: a new one, z: of zeros. */
void
sent_file_append_pages(struct sent_file *sent, const char *kinds)
{
    for (size_t index = 0; kinds[index] != '\0'; index++)
    {
        uint8_t page[PG_PAGE_SIZE] = {0};

        if (kinds[index] != 'z')
            page_build_heap(page, kinds[index] == 'o' ? SENT_FILE_START - 8 : SENT_FILE_START + 8,
                            (uint8_t) index);
        sent_file_append(sent, page, sizeof(page));
    }
}

/* An incremental file of blocks whose bytes follow from their numbers. */
void
sent_file_append_incremental(struct sent_file *sent, uint32_t truncation, const char *blocks)
{
    uint32_t count = (uint32_t) strlen(blocks);
    uint8_t page[PG_PAGE_SIZE] = {0};

    append_u32(sent, MAGIC);
    append_u32(sent, count);
    append_u32(sent, truncation);
    for (const char *block = blocks; *block != '\0'; block++)
        append_u32(sent, (uint32_t) hex_digit(*block));
    if (count > 0)
        sent_file_append(sent, page, PG_PAGE_SIZE - sent->sent.size);
    for (const char *block = blocks; *block != '\0'; block++)
    {
        memset(page, hex_digit(*block) + 1, sizeof(page));
        sent_file_append(sent, page, sizeof(page));
    }
}

/* How it is stored. */

enum status
sent_file_send(const struct sent_file *sent, struct backup_files *files, const char *path,
               size_t step, struct error *err)
{
    const struct manifest_file file = {
        .path = path, .mode = 0600, .mtime = 1795227154, .size_bytes = sent->sent.size};
    struct bytes left = buffer_bytes(&sent->sent);

    TRY(backup_files_begin(files, &file, err));
    while (left.size > 0)
    {
        size_t size = left.size < step ? left.size : step;

        TRY(backup_files_data(files, (struct bytes){left.data, size}, err));
        left.data += size;
        left.size -= size;
    }
    return backup_files_end(files, err);
}

static void
take_range(struct sent_file *sent, struct manifest_picture *packs, const struct backup_range *range)
{
    const struct manifest_extent extent = {range->offset, (uint32_t) range->length, range->skip,
                                           range->frame};

    assert_true(range->length > 0);
    assert_true(range->offset + range->length <= sent->file.file.size_bytes);
    memset(sent->kinds + range->offset, range->inherited ? 'I' : 'N', range->length);
    if (!range->inherited)
        manifest_picture_fetch(packs, &extent, sent->content + range->offset);
}

static void
draw_map(struct sent_file *sent)
{
    memset(sent->map, 0, sizeof(sent->map));
    for (uint64_t at = 0; at < sent->file.file.size_bytes; at++)
    {
        char *page = &sent->map[at / PG_PAGE_SIZE];

        if (at % PG_PAGE_SIZE == 0)
            *page = sent->kinds[at];
        else if (*page != sent->kinds[at])
            *page = '?';
    }
}

/* The records of the run, which is over then.  Ranges ascend. */
static void
take_records(struct sent_file *sent)
{
    struct backup_records *records = backup_frames_records(sent->build.frames);
    SCOPED(manifest_picture_release) struct manifest_picture packs = {0};
    struct backup_record record;
    struct error err = {0};
    uint64_t reached = 0;
    bool more;

    backup_build_end(&sent->build);
    manifest_picture_of_packs(&packs, sent->build.repo, sent->build.written,
                              sent->build.written_count);
    assert_ok(backup_records_next(records, &record, &more, &err));
    assert_true(more && record.is_file);
    sent->file = record.file;
    memset(sent->kinds, '.', sizeof(sent->kinds));
    memset(sent->content, 0, sizeof(sent->content));
    for (;;)
    {
        assert_ok(backup_records_next(records, &record, &more, &err));
        if (!more)
            break;
        assert_true(!record.is_file && record.range.offset >= reached);
        reached = record.range.offset + record.range.length;
        take_range(sent, &packs, &record.range);
    }
    draw_map(sent);
    backup_build_drop(&sent->build);
}

enum status
sent_file_store(struct sent_file *sent, bool full, const char *path, size_t step, struct error *err)
{
    SCOPED(backup_files_freep) struct backup_files *files = NULL;
    struct backup_files_options options = {.heal = sent->heal};
    enum status status;

    backup_build_begin(&sent->build);
    options.frames = sent->build.frames;
    options.parent = full ? NULL : &sent->parent;
    status = backup_files_create(&files, &options, err);
    if (status == OK)
        status = sent_file_send(sent, files, path, step, err);
    if (status == OK)
        take_records(sent);
    else
        backup_build_drop(&sent->build);
    return status;
}
