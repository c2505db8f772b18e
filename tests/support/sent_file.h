// SPDX-License-Identifier: PostgreSQL
/*
 * sent_file.h - a relation's file as a server sends it, and what a backup
 * stores of it.
 *
 * Make the content page by page, store it, look at the map.  The parent starts at
 * SENT_FILE_START and has the file SENT_FILE_HEAP of SENT_FILE_PAGES pages; what
 * else it has, and what may not be inherited, tests add to it.
 */
#pragma once

#include "backup/files.h"
#include "tests/support/backup_build.h"

#define SENT_FILE_START UINT64_C(0x20000000)
#define SENT_FILE_HEAP  "base/5/16384"
#define SENT_FILE_PAGES 16       /* at most, of a file */
#define SENT_FILE_WHOLE SIZE_MAX /* all of it comes in one message */

struct sent_file
{
    struct backup_build build;
    struct backup_parent parent; /* at first by page LSNs, and nothing is healed */
    struct backup_heal *heal;
    struct buffer sent;

    /* What was stored of it. */
    struct backup_file file;
    char kinds[SENT_FILE_PAGES * PG_PAGE_SIZE]; /* of each byte: N new, I inherited, . a hole */
    char map[SENT_FILE_PAGES + 1];              /* of each page the same, ? when its bytes differ */
    uint8_t content[SENT_FILE_PAGES * PG_PAGE_SIZE];
};

/* As cmocka calls them: *state is a struct sent_file. */
int sent_file_setup(void **state);
int sent_file_teardown(void **state);

/* The parent has a file more, or none but this. */
void sent_file_parent_has(struct sent_file *sent, const char *path, uint64_t size_bytes);
void sent_file_parent_has_only(struct sent_file *sent, const char *path, uint64_t size_bytes);

/* Content: bytes; pages, o an old one, n a new one, z of zeros. */
void sent_file_append(struct sent_file *sent, const void *data, size_t size);
void sent_file_append_pages(struct sent_file *sent, const char *kinds);

/* An incremental file of blocks, a hexadecimal digit each; each byte is its block's number and 1.
 */
void sent_file_append_incremental(struct sent_file *sent, uint32_t truncation, const char *blocks);

/* Hand it over, in messages of step bytes. */
enum status sent_file_send(const struct sent_file *sent, struct backup_files *files,
                           const char *path, size_t step, struct error *err);

/* A run of it alone, full or over the parent. */
enum status sent_file_store(struct sent_file *sent, bool full, const char *path, size_t step,
                            struct error *err);
