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
};

/*
 * For each session: over what is set for databases and roles, which outweighs the
 * server's settings and would hinder or end what is done there.
 */
#define BOOT_SESSION_OPTIONS                                                                       \
    "-c session_preload_libraries= -c local_preload_libraries= -c statement_timeout=0"             \
    " -c lock_timeout=0 -c default_transaction_read_only=off"

struct boot_settings_options
{
    int major; /* decides what settings there are */
    uint32_t wal_segment_size;
    uint64_t memory_bytes; /* for all of the server */
};

/* They borrow from the struct itself: it must stay where it is. */
void boot_settings_make(struct boot_settings *settings,
                        const struct boot_settings_options *options);
