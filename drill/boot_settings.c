// SPDX-License-Identifier: PostgreSQL
#include "drill/boot_settings.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define MIB (UINT64_C(1) << 20)

/* More does not help a server that reads everything once. */
#define BUFFERS_LEAST (16 * MIB)
#define BUFFERS_MOST  (4096 * MIB)

#define WAL_MOST (1024 * MIB)

#define PREPARED_LEAST 200

static const char *const common[] = {
    /* Programs and libraries of the original's host, and what works in the background. */
    "shared_preload_libraries=",
    "session_preload_libraries=",
    "local_preload_libraries=",
    "archive_mode=off",
    "archive_command=",
    "archive_library=",
    "primary_conninfo=",
    "primary_slot_name=",
    "synchronous_standby_names=",
    "max_logical_replication_workers=0",
    "autovacuum=off",

    /* What this host may not have. */
    "ssl=off",
    "bonjour=off",
    "huge_pages=off",
    "unix_socket_group=",
    "unix_socket_permissions=0700",
    "temp_tablespaces=",
    "default_tablespace=",

    /* A killed drill leaves no shared memory behind. */
    "dynamic_shared_memory_type=mmap",

    /* What would hide damage, or a crash. */
    "zero_damaged_pages=off",
    "ignore_checksum_failure=off",
    "ignore_invalid_pages=off",
    "ignore_system_indexes=off",
    "restart_after_crash=off",

    /* Nobody asks before it is promoted; with it, limits that were raised would pause recovery. */
    "hot_standby=off",

    /* What would end or bend the checks. */
    "default_transaction_read_only=off",
    "default_transaction_isolation=read committed",
    "session_replication_role=origin",
    "statement_timeout=0",
    "lock_timeout=0",
    "idle_in_transaction_session_timeout=0",
    "idle_session_timeout=0",
    "jit=off",

    "wal_keep_size=0",

    "log_statement=none",
    "log_min_duration_statement=-1",
    "cluster_name=redoubt-drill",
};

static const char *const since_17[] = {
    "event_triggers=off",
    "transaction_timeout=0",
    "summarize_wal=off",
    "sync_replication_slots=off",
};

#define SESSION_OPTIONS                                                                            \
    "-c session_preload_libraries= -c local_preload_libraries= -c statement_timeout=0"             \
    " -c lock_timeout=0 -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0"        \
    " -c default_transaction_read_only=off -c session_replication_role=origin"                     \
    " -c zero_damaged_pages=off -c ignore_checksum_failure=off"

const char *
boot_session_options(int major)
{
    return major < 17 ? SESSION_OPTIONS
                      : SESSION_OPTIONS " -c transaction_timeout=0 -c event_triggers=off";
}

static void
add(struct boot_settings *settings, const char *setting)
{
    assert(settings->count + 1 < BOOT_SETTINGS_MAX);
    settings->items[settings->count++] = setting;
}

static void
add_buffers(struct boot_settings *settings, uint64_t memory_bytes)
{
    uint64_t buffers = memory_bytes / 2;

    buffers = buffers < BUFFERS_LEAST ? BUFFERS_LEAST : buffers;
    buffers = buffers > BUFFERS_MOST ? BUFFERS_MOST : buffers;
    snprintf(settings->shared_buffers, sizeof(settings->shared_buffers),
             "shared_buffers=%" PRIu64 "MB", buffers / MIB);
    add(settings, settings->shared_buffers);
}

/* See WAL_AT_ONCE of room.c.  The server demands two segments at least. */
static void
add_wal_size(struct boot_settings *settings, uint32_t wal_segment_size)
{
    uint64_t most = UINT64_C(2) * wal_segment_size;

    snprintf(settings->max_wal_size, sizeof(settings->max_wal_size), "max_wal_size=%" PRIu64 "MB",
             (most < WAL_MOST ? WAL_MOST : most) / MIB);
    add(settings, settings->max_wal_size);
}

/* Replay has no room for more than these, whenever the original's limit was raised. */
static void
add_prepared_transactions(struct boot_settings *settings, int32_t max_prepared)
{
    snprintf(settings->max_prepared_transactions, sizeof(settings->max_prepared_transactions),
             "max_prepared_transactions=%" PRId32,
             max_prepared < PREPARED_LEAST ? PREPARED_LEAST : max_prepared);
    add(settings, settings->max_prepared_transactions);
}

void
boot_settings_make(struct boot_settings *settings, const struct boot_settings_options *options)
{
    *settings = (struct boot_settings){.count = 0};
    for (size_t index = 0; index < sizeof(common) / sizeof(common[0]); index++)
        add(settings, common[index]);
    if (options->major >= 17)
        for (size_t index = 0; index < sizeof(since_17) / sizeof(since_17[0]); index++)
            add(settings, since_17[index]);
    if (options->major >= 18)
        add(settings, "io_method=worker"); /* this host's kernel may not allow io_uring */
    add_buffers(settings, options->memory_bytes);
    add_wal_size(settings, options->wal_segment_size);
    add_prepared_transactions(settings, options->max_prepared);
}
