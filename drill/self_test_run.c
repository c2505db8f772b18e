// SPDX-License-Identifier: PostgreSQL
#include "drill/self_test_run.h"

#include "base/file.h"
#include "base/log.h"
#include "drill/amcheck.h"
#include "drill/inspect.h"
#include "drill/leftover.h"
#include "drill/rebuild.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "repo/pack.h"
#include "repo/store_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_LIMIT_MS INT64_C(600000)
#define ROWS_LEAST     5000

static void
note_caught(struct self_test *test, enum self_test_damage damage, const struct layer_result *layers)
{
    struct self_test_result *result = &test->results[damage];

    result->done = true;
    for (size_t layer = 0; layer < LAYER_COUNT; layer++)
    {
        if (layers[layer].state != CHECK_FAILED && layers[layer].state != CHECK_BROKEN)
            continue;
        if (result->caught == 0)
            snprintf(result->found, sizeof(result->found), "%.255s", layers[layer].found);
        result->caught |= UINT32_C(1) << layer;
    }
}

/* A drill within the drill: over the same repository, seen otherwise, into a corner of its place.
 */
struct inner
{
    struct receipt receipt;
    struct place place; /* its texts are owned */
    struct store *view;
    struct repo repo;
    struct trial trial;
};

static void
close_inner(struct inner *inner)
{
    restore_result_release(&inner->trial.restored);
    layout_release(&inner->trial.layout);
    plan_release(&inner->trial.plan);
    place_release(&inner->place);
    store_freep(&inner->view);
    receipt_release(&inner->receipt);
}

static enum status
open_inner(struct inner *inner, const struct trial *outer, const struct store_view_options *seen,
           struct error *err)
{
    receipt_init(&inner->receipt);
    inner->place.directory = strdup(outer->place->directory);
    inner->place.own = path_join(outer->place->own, "damaged");
    if (inner->place.directory == NULL || inner->place.own == NULL)
        return error_no_memory(err);
    inner->place.data = path_join(inner->place.own, "data");
    inner->place.tablespaces = path_join(inner->place.own, "tablespaces");
    if (inner->place.data == NULL || inner->place.tablespaces == NULL)
        return error_no_memory(err);
    TRY(store_open_view(&inner->view, outer->repo->store, seen, err));
    inner->repo = *outer->repo;
    inner->repo.store = inner->view;
    inner->trial = (struct trial){
        .options = outer->options,
        .receipt = &inner->receipt,
        .place = &inner->place,
        .repo = &inner->repo,
    };
    return OK;
}

/* The layers up to a restored cluster, of the very backup that the drill itself restores. */
static enum status
rebuild_damaged(struct trial *outer, const struct store_view_options *seen,
                enum self_test_damage damage, struct self_test *test, struct error *err)
{
    SCOPED(close_inner) struct inner inner = {.place = PLACE_INIT};
    struct drill_options options = *outer->options;
    bool sound;

    log_info("self-test: %s", self_test_damage_name(damage));
    TRY(open_inner(&inner, outer, seen, err));
    options.target.backup_id = outer->plan.backup.id;
    inner.trial.options = &options;
    TRY(rebuild_plan(&inner.trial, &sound, err));
    if (sound)
        TRY(rebuild_files(&inner.trial, &sound, err));
    note_caught(test, damage, inner.receipt.layers);
    return leftover_remove(inner.place.own, err);
}

/* The file of the segment without which the backup does not become consistent. */
static void
name_last_segment(const struct backup *backup, char name[PG_WAL_SEGMENT_NAME_SIZE])
{
    pg_wal_segment_name(pg_wal_segment_before(backup->stop, backup->wal_segment_size),
                        backup->wal_segment_size, name);
}

enum status
self_test_repository(struct trial *trial, struct self_test *test, struct error *err)
{
    char key[STORE_KEY_MAX + 1];
    char name[PG_WAL_SEGMENT_NAME_SIZE];
    const struct store_view_options flipped = {.flipped = key};
    const struct store_view_options hidden = {.hidden = name};

    if (trial->plan.pack_count == 0)
        return error_set(err, STATUS_REFUSED, "backup %s has no pack to damage",
                         trial->plan.backup.id);
    TRY(pack_key(trial->repo, trial->plan.packs[0].id, key, err));
    TRY(rebuild_damaged(trial, &flipped, DAMAGE_PACK, test, err));
    name_last_segment(&trial->plan.backup, name);
    return rebuild_damaged(trial, &hidden, DAMAGE_WAL, test, err);
}

/* Databases to damage: each has the same tables. */

static const char *const make_tables[] = {
    "create table public.customer (id int primary key, name text not null)",
    "create table public.orders (id int primary key,"
    " customer int not null references public.customer, note text not null)",
    "insert into public.customer select i, 'customer ' || i"
    " from pg_catalog.generate_series(1, 500) i",
    "insert into public.orders select i, 1 + i % 500, pg_catalog.md5(i::text)"
    " from pg_catalog.generate_series(1, 5000) i",
    "create index orders_note on public.orders (note)",
    NULL,
};

static const char *const damage_rows[] = {
    "delete from public.orders where id > 2500",
    NULL,
};

/* Triggers of foreign keys do not fire for a replica. */
static const char *const damage_foreign_key[] = {
    "set session_replication_role = replica",
    "update public.orders set customer = 999999 where id = 17",
    NULL,
};

/* What is inserted while an index is not ready, it does not get. */
static const char *const damage_index[] = {
    "set allow_system_table_mods = on",
    "update pg_catalog.pg_index set indisready = false"
    " where indexrelid = 'public.orders_note'::regclass",
    "insert into public.orders values (5001, 1, 'not in the index')",
    "update pg_catalog.pg_index set indisready = true"
    " where indexrelid = 'public.orders_note'::regclass",
    NULL,
};

static const char *const no_damage[] = {NULL};

static const char *const *const damages[DAMAGE_COUNT] = {
    [DAMAGE_NONE] = no_damage,
    [DAMAGE_ROWS] = damage_rows,
    [DAMAGE_FOREIGN_KEY] = damage_foreign_key,
    [DAMAGE_INDEX] = damage_index,
};

static enum status
run_all(struct pg_connection *connection, const char *const *commands, struct error *err)
{
    for (; *commands != NULL; commands++)
    {
        SCOPED(pg_result_freep) PGresult *result = NULL;

        TRY(pg_query(connection, *commands, &result, err));
    }
    return OK;
}

/* A new database with the tables and their damage; nobody is connected to it afterwards. */
static enum status
make_database(struct trial *trial, const char *database, enum self_test_damage damage,
              struct error *err)
{
    SCOPED(pg_connection_freep) struct pg_connection *server = NULL;
    SCOPED(pg_connection_freep) struct pg_connection *connection = NULL;
    SCOPED(pg_result_freep) PGresult *result = NULL;
    SCOPED(freep) char *conninfo = NULL;
    char command[256];

    TRY(pg_connection_open(&server, trial->conninfo, PG_CONNECTION_SQL, err));
    snprintf(command, sizeof(command), "create database %s template template0", database);
    TRY(pg_query(server, command, &result, err));
    TRY(pg_conninfo_with_database(trial->conninfo, database, &conninfo, err));
    TRY(pg_connection_open(&connection, conninfo, PG_CONNECTION_SQL, err));
    TRY(run_all(connection, make_tables, err));
    return run_all(connection, damages[damage], err);
}

static enum status
run_checks(struct trial *trial, const char *database, struct inspect_tally *tally,
           struct error *err)
{
    SCOPED(check_results_release) struct check_results results = {0};
    struct checks_table tables[] = {{.name = "public.orders",
                                     .has_minimum = true,
                                     .minimum = ROWS_LEAST,
                                     .change_percent = 10}};
    const struct checks_count recorded = {"public", "orders", ROWS_LEAST, true};
    const struct checks_config config = {
        .tables = tables,
        .table_count = 1,
        .tables_present = true,
        .foreign_keys = true,
        .collations = true,
        .limit_ms = CHECK_LIMIT_MS,
    };
    const struct checks_request request = {
        .conninfo = trial->conninfo,
        .database = database,
        .config = &config,
        .counts = &recorded,
        .count_count = 1,
        .reference = clock_now(),
        .workers = 1,
    };

    TRY(checks_run(&request, &results, err));
    inspect_add(tally, "", &results);
    inspect_conclude(tally);
    return OK;
}

/* The layers that look into databases, over one. */
static enum status
look_at_database(struct trial *trial, enum self_test_damage damage, struct self_test *test,
                 struct error *err)
{
    SCOPED(receipt_release) struct receipt receipt;
    struct inspect_tally tally;
    struct trial inner = *trial; /* borrows all but the receipt, and is not released */
    struct trial_layer layer;
    char database[64];

    receipt_init(&receipt);
    inner.receipt = &receipt;
    inspect_start(&tally);
    layer = trial_begin(&inner, LAYER_AMCHECK);
    snprintf(database, sizeof(database), "redoubt_self_test_%d", (int) damage);
    log_info("self-test: %s", self_test_damage_name(damage));
    TRY(make_database(&inner, database, damage, err));
    TRY(amcheck_database(&inner, database, &layer, err));
    TRY(run_checks(&inner, database, &tally, err));
    tally.layers[LAYER_AMCHECK] = receipt.layers[LAYER_AMCHECK];
    note_caught(test, damage, tally.layers);
    return OK;
}

enum status
self_test_databases(struct trial *trial, struct self_test *test, struct error *err)
{
    for (enum self_test_damage damage = 0; damage < DAMAGE_COUNT; damage++)
        if (damages[damage] != NULL)
            TRY(look_at_database(trial, damage, test, err));
    return OK;
}
