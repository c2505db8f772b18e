// SPDX-License-Identifier: PostgreSQL
/*
 * boot_settings.h - what a drill's server is told, over all that the restored
 * configuration says.
 */
#pragma once

#include "base/bytes.h"

#define BOOT_SETTINGS_MAX 64

struct boot_settings
{
    const char *items[BOOT_SETTINGS_MAX]; /* "name=value"; ends with NULL */
    size_t count;
    char shared_buffers[64];
    char max_wal_size[64];
    char max_prepared_transactions[64];
};

/*
 * For each session of a superuser: over what is set for databases and roles, which
 * outweighs the server's settings, and would hide damage or hinder what is done there.
 */
const char *boot_session_options(int major);

struct boot_settings_options
{
    int major; /* decides what settings there are */
    uint32_t wal_segment_size;
    uint64_t memory_bytes; /* for all of the server */
    int32_t max_prepared;  /* prepared transactions of the original when the backup was taken */
};

/* They borrow from the struct itself: it must stay where it is. */
void boot_settings_make(struct boot_settings *settings,
                        const struct boot_settings_options *options);
