// SPDX-License-Identifier: PostgreSQL
#include "backup/files.h"

#include "backup/heal.h"
#include "base/crc32c.h"
#include "pg/incremental_file.h"
#include "pg/label.h"

#include <stdlib.h>
#include <string.h>

#define PATH_SIZE   1025
#define LABEL_LIMIT 65536

enum way
{
    WAY_WHOLE,   /* all of it is stored */
    WAY_LABEL,   /* backup_label: stored without what would keep the server from starting */
    WAY_CHANGED, /* an incremental file: stored are the blocks it holds */
    WAY_PAGES,   /* a whole file of which new pages are stored */
    WAY_HEALED,  /* stored whole, and old pages are noted */
};

struct backup_files
{
    struct backup_files_options options;

    char path[PATH_SIZE]; /* of the present file, as it will be listed */
    struct backup_file file;
    struct pg_relation_path relation; /* where it is one */
    enum way way;
    uint32_t crc;    /* of what the server sent */
    uint64_t offset; /* in it */

    uint64_t trusted;   /* bytes from its beginning that may be inherited */
    uint64_t inherited; /* an inherited range begins here... */
    uint64_t reached;   /* ...and what is decided ends here */

    struct pg_incremental_file *changed;
    struct buffer label;
    uint8_t page[PG_PAGE_SIZE]; /* of WAY_PAGES and WAY_HEALED, while incomplete */
    size_t page_used;
};

enum status
backup_files_create(struct backup_files **files, const struct backup_files_options *options,
                    struct error *err)
{
    struct backup_files *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->options = *options;
    made->label = BUFFER_INIT(LABEL_LIMIT);
    *files = made;
    return OK;
}

void
backup_files_freep(struct backup_files **files)
{
    if (*files == NULL)
        return;
    pg_incremental_file_freep(&(*files)->changed);
    buffer_release(&(*files)->label);
    free(*files);
    *files = NULL;
}

/* The parent's range that was open is closed, and nothing up to offset is inherited. */
static enum status
close_range(struct backup_files *files, uint64_t offset, struct error *err)
{
    uint64_t begin = files->inherited;
    uint64_t end = files->reached;

    files->inherited = files->reached = offset;
    return begin == end ? OK
                        : backup_frames_inherit(files->options.frames, begin, end - begin, err);
}

/* What lies between what was decided and offset is the parent's, as far as it is trusted. */
static enum status
inherit_up_to(struct backup_files *files, uint64_t offset, struct error *err)
{
    uint64_t end = offset < files->trusted ? offset : files->trusted;

    if (end > files->reached)
        files->reached = end;
    return close_range(files, offset, err);
}

static enum status
take_header(void *arg, const struct pg_incremental_header *header, struct error *err)
{
    struct backup_files *files = arg;
    uint64_t kept = (uint64_t) header->truncation_block_length * PG_PAGE_SIZE;

    (void) err;
    if (files->trusted > kept)
        files->trusted = kept;
    return OK;
}

static enum status
take_changed(void *arg, uint64_t offset, struct bytes bytes, struct error *err)
{
    struct backup_files *files = arg;

    TRY(inherit_up_to(files, offset, err));
    files->inherited = files->reached = offset + bytes.size;
    return backup_frames_data(files->options.frames, offset, bytes, err);
}

static enum status
begin_changed(struct backup_files *files, const char *path, struct error *err)
{
    const struct pg_incremental_handler handler = {take_header, take_changed, files};

    if (files->options.parent == NULL)
        return error_set(err, STATUS_CORRUPT,
                         "the server sent \"%s\", and this is no incremental backup", path);
    if (backup_parent_needs_whole(files->options.parent, &files->relation) &&
        pg_limit_blocks_early(files->options.parent->limits, &files->relation))
        return error_set(err, STATUS_REFUSED,
                         "\"%s\" was truncated just now, and this server's incremental file of it "
                         "may lack blocks",
                         path);
    files->way = WAY_CHANGED;
    return files->changed == NULL ? pg_incremental_file_create(&files->changed, &handler, err) : OK;
}

/* Only main forks have pages of which the LSN tells all; maps change without. */
static enum way
choose_way(struct backup_files *files)
{
    const struct backup_parent *parent = files->options.parent;
    uint64_t parent_bytes;

    if (parent == NULL || files->relation.fork != PG_FORK_MAIN ||
        files->file.file.size_bytes % PG_PAGE_SIZE != 0 ||
        !backup_parent_has(parent, files->path, &parent_bytes))
        return WAY_WHOLE;
    parent_bytes -= parent_bytes % PG_PAGE_SIZE; /* it may have been copied while it grew */
    if (files->trusted > parent_bytes)
        files->trusted = parent_bytes;
    if (backup_parent_heals(parent, files->path))
        return WAY_HEALED;
    return parent->by_page_lsn ? WAY_PAGES : WAY_WHOLE;
}

static enum status
begin_content(struct backup_files *files, struct error *err)
{
    bool is_relation;

    files->trusted = 0;
    if (strcmp(files->path, "backup_label") == 0)
    {
        files->way = WAY_LABEL;
        files->label.size = 0;
        return OK;
    }
    is_relation = pg_relation_path_parse(files->path, &files->relation);
    if (is_relation && files->options.parent != NULL)
        files->trusted = backup_parent_trusted(files->options.parent, &files->relation);
    if (files->file.incremental)
        return begin_changed(files, files->file.file.path, err);
    if (is_relation)
        files->way = choose_way(files);
    if (files->way == WAY_HEALED)
        backup_heal_begin(files->options.heal);
    return OK;
}

enum status
backup_files_begin(struct backup_files *files, const struct manifest_file *file, struct error *err)
{
    uint64_t expected = file->size_bytes;

    if (strlen(file->path) >= PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", file->path);
    files->file = (struct backup_file){.file = *file};
    files->crc = CRC32C_INIT;
    files->offset = files->inherited = files->reached = 0;
    files->page_used = 0;
    files->way = WAY_WHOLE;
    files->file.incremental = pg_incremental_name(file->path);
    pg_incremental_plain_path(file->path, files->path);
    if (file->type == MANIFEST_FILE)
        TRY(begin_content(files, err));
    files->file.file.path = files->path;
    if (files->way == WAY_CHANGED || files->way == WAY_PAGES)
        expected = 0; /* little of it may be new: it shares frames */
    return backup_frames_begin(files->options.frames, files->path, expected, err);
}

/* An old page, which the parent has too; a page of zeros is a hole; others are new. */
static enum status
sort_page(struct backup_files *files, uint64_t offset, const uint8_t *page, struct error *err)
{
    const struct backup_parent *parent = files->options.parent;
    bool old =
        offset < files->trusted && backup_parent_has_page(parent, &files->relation, offset, page);

    if (files->way == WAY_HEALED)
        return old ? backup_heal_page(files->options.heal, files->path, offset, page, err) : OK;
    if (old)
    {
        files->reached = offset + PG_PAGE_SIZE;
        return OK;
    }
    TRY(close_range(files, offset + PG_PAGE_SIZE, err));
    if (pg_page_is_zero(page))
        return OK;
    return backup_frames_data(files->options.frames, offset, (struct bytes){page, PG_PAGE_SIZE},
                              err);
}

/* Hand whole pages on; what is left of a message waits for the next. */
static enum status
take_pages(struct backup_files *files, struct bytes bytes, struct error *err)
{
    uint64_t offset = files->offset - files->page_used;

    while (files->page_used + bytes.size >= PG_PAGE_SIZE)
    {
        const uint8_t *page = bytes.data;
        size_t missing = PG_PAGE_SIZE - files->page_used;

        if (files->page_used > 0)
        {
            memcpy(files->page + files->page_used, bytes.data, missing);
            files->page_used = 0;
            page = files->page;
        }
        TRY(sort_page(files, offset, page, err));
        offset += PG_PAGE_SIZE;
        bytes.data += missing;
        bytes.size -= missing;
    }
    memcpy(files->page + files->page_used, bytes.data, bytes.size);
    files->page_used += bytes.size;
    return OK;
}

enum status
backup_files_data(struct backup_files *files, struct bytes bytes, struct error *err)
{
    uint64_t offset = files->offset;

    files->crc = crc32c_update(files->crc, bytes);
    if (files->way == WAY_CHANGED)
        TRY(pg_incremental_file_feed(files->changed, bytes, err));
    else if (files->way == WAY_LABEL)
        TRY(buffer_append(&files->label, bytes, err));
    else if (files->way != WAY_WHOLE)
        TRY(take_pages(files, bytes, err));
    files->offset += bytes.size;
    if (files->way == WAY_WHOLE || files->way == WAY_HEALED)
        return backup_frames_data(files->options.frames, offset, bytes, err);
    return OK;
}

static enum status
end_changed(struct backup_files *files, struct error *err)
{
    uint64_t *size = &files->file.file.size_bytes;

    TRY(pg_incremental_file_finish(files->changed, size, err));
    return inherit_up_to(files, *size, err);
}

/* The server would refuse to start from a label that names an older backup. */
static enum status
end_label(struct backup_files *files, struct error *err)
{
    SCOPED(buffer_release) struct buffer plain = BUFFER_INIT(LABEL_LIMIT);

    TRY(pg_backup_label_strip_incremental(buffer_bytes(&files->label), &plain, err));
    files->file.file.size_bytes = plain.size;
    files->file.file.has_crc32c = true;
    files->file.file.crc32c = crc32c_finish(crc32c_update(CRC32C_INIT, buffer_bytes(&plain)));
    return backup_frames_data(files->options.frames, 0, buffer_bytes(&plain), err);
}

static enum status
end_content(struct backup_files *files, struct error *err)
{
    files->file.sent_bytes = files->offset;
    files->file.sent_crc32c = crc32c_finish(files->crc);
    switch (files->way)
    {
    case WAY_CHANGED:
        return end_changed(files, err);
    case WAY_LABEL:
        return end_label(files, err);
    case WAY_PAGES:
        return close_range(files, files->offset, err);
    default:
        files->file.file.has_crc32c = true;
        files->file.file.crc32c = files->file.sent_crc32c;
        return OK;
    }
}

enum status
backup_files_end(struct backup_files *files, struct error *err)
{
    if (files->file.file.type == MANIFEST_FILE)
    {
        enum status status = end_content(files, err);

        if (status != OK)
        {
            error_context(err, "\"%s\"", files->path);
            return status;
        }
    }
    return backup_frames_end(files->options.frames, &files->file, err);
}
