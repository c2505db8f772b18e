// SPDX-License-Identifier: PostgreSQL
/*
 * The protocol of backups, expiry and deletion (docs/decisions/, "condemned
 * before deleted"), in all orders up to a number of preemptions.
 *
 * The actors are the real thing: expire_run, and commits with the check that
 * backups use.  There is no grace and every run that is at work counts as dead,
 * so that nothing but the protocol protects anybody.  After every object that
 * is put or removed:
 *
 *  - all that a backup in the catalog needs is there: manifest, packs, WAL;
 *  - nothing that it needs is condemned.
 *
 * And in the end, after one more run, nothing is left that no backup needs.
 *
 * That the tests can fail is tested too: take the check, the conditional
 * creation or the memory of condemnations away, and an order is found that
 * loses data.
 */
#include "tests/support/assert.h"

#include "repo/object.h"
#include "repo/wal.h"
#include "retention/policy.h"
#include "tests/support/expiry_play.h"
#include "tests/support/stub_backup.h"

#include <stdio.h>
#include <stdlib.h>

/* The catalog's at first, and those that actors take. */
#define BACKUPS_FIRST 3
#define BACKUPS_MAX   (BACKUPS_FIRST + 2)

enum care
{
    CAREFUL,
    UNCHECKED, /* a backup commits without looking */
    FORGETFUL, /* it looks at a catalog that it has just loaded anew */
};

struct scene
{
    struct store *content;
    time_us now;
    enum care care;

    struct catalog catalog; /* of the checks */
    struct stub_backup backups[BACKUPS_MAX];
    size_t backup_count;
};

/* Each has a pack of its own, and shares the first of the one before it. */
static void
put_backup(struct scene *scene, struct repo *repo)
{
    size_t number = scene->backup_count++;
    struct stub_backup *backup = &scene->backups[number];
    time_us started = scene->now - (time_us) (BACKUPS_FIRST - number) * US_PER_DAY;
    struct error err = {0};

    *backup = stub_backup_make(started, (unsigned) number, 2 * number);
    assert_ok(stub_backup_add_pack(repo, backup, started, &err));
    if (number > 0)
        stub_backup_share(backup, backup - 1, 0);
    assert_ok(stub_backup_write(repo, backup, &err));
    assert_ok(stub_backup_commit(repo, &scene->catalog, backup, true, &err));
}

/* A cluster, three backups and their WAL; and entries that mean nothing, up to a number. */
static void
set_scene(struct scene *scene, uint64_t log_entries)
{
    struct repo repo;
    struct error err = {0};

    *scene = (struct scene){.now = clock_now()};
    assert_ok(store_open_memory(&scene->content, &err));
    repo = expiry_play_repo(scene->content);
    assert_ok(stub_accept_cluster(&repo, &scene->catalog, &err));
    assert_ok(stub_archive_segments(&repo, 0, 2 * BACKUPS_MAX, &err));
    for (size_t number = 0; number < BACKUPS_FIRST; number++)
        put_backup(scene, &repo);
    expiry_play_fill_log(&repo, &scene->catalog, log_entries);
}

static void
clear_scene(struct scene *scene)
{
    store_freep(&scene->content);
    catalog_release(&scene->catalog);
}

static void
begin(void *arg, struct repo *repo)
{
    struct scene *scene = arg;

    (void) repo;
    catalog_release(&scene->catalog);
    scene->backup_count = BACKUPS_FIRST;
}

/* Actors */

/* A backup that shares what the oldest in the catalog has, which is about to expire. */
static enum status
back_up(struct scene *scene, size_t number, struct repo *repo, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct stub_backup *backup = &scene->backups[number];
    const struct stub_backup *parent = scene->backups;
    time_us started = scene->now - (time_us) number * US_PER_SECOND;

    TRY(catalog_load(repo, &catalog, err));
    while (parent < scene->backups + BACKUPS_FIRST &&
           catalog_find_backup(&catalog, parent->backup.id) == NULL)
        parent++;
    *backup = stub_backup_make(started, (unsigned) number, 2 * number);
    scene->backup_count = BACKUPS_MAX;
    TRY(stub_backup_add_pack(repo, backup, started, err));
    stub_backup_share(backup, parent, 0);
    TRY(stub_backup_write(repo, backup, err));
    if (scene->care == FORGETFUL)
    {
        catalog_release(&catalog);
        TRY(catalog_load(repo, &catalog, err));
    }
    return stub_backup_commit(repo, &catalog, backup, scene->care != UNCHECKED, err);
}

static enum status
back_up_one(void *arg, struct repo *repo, struct error *err)
{
    return back_up(arg, BACKUPS_FIRST, repo, err);
}

static enum status
back_up_another(void *arg, struct repo *repo, struct error *err)
{
    return back_up(arg, BACKUPS_FIRST + 1, repo, err);
}

static enum status
check_in_catalog(void *arg, const struct catalog *catalog, struct error *err)
{
    return catalog_find_backup(catalog, arg) != NULL
               ? OK
               : error_set(err, STATUS_REFUSED, "it has expired");
}

static enum status
hold_the_oldest(void *arg, struct repo *repo, struct error *err)
{
    const struct scene *scene = arg;
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct hold hold = {.until = HOLD_FOR_EVER};
    const struct catalog_entry entry = {.hold = &hold};

    memcpy(hold.id, scene->backups[0].backup.id, BACKUP_ID_SIZE);
    TRY(catalog_load(repo, &catalog, err));
    return catalog_append(repo, &catalog, &entry, (struct catalog_check){check_in_catalog, hold.id},
                          err);
}

/* The server was promoted: a history file, then WAL of the new timeline. */
static enum status
archive_a_new_timeline(void *arg, struct repo *repo, struct error *err)
{
    const struct wal_file history = {STUB_SYSTEM_IDENTIFIER, "00000002.history"};
    char key[STORE_KEY_MAX + 1];

    (void) arg;
    TRY(wal_key(repo, &history, key, err));
    TRY(object_put(repo, key, OBJECT_COMPRESSED, BYTES("1\t0/500100\tpromoted\n"), err));
    TRY(stub_archive(repo, "000000020000000000000005", err));
    return stub_archive(repo, "000000020000000000000006", err);
}

/* Checks */

static const struct stub_backup *
find_stub(const struct scene *scene, const char *id)
{
    for (size_t number = 0; number < scene->backup_count; number++)
        if (strcmp(scene->backups[number].backup.id, id) == 0)
            return &scene->backups[number];
    return NULL;
}

static void
wal_key_of(const struct stub_backup *backup, char key[STORE_KEY_MAX + 1])
{
    snprintf(key, STORE_KEY_MAX + 1, "shop/wal/42/00000001/00000000/0000000100000000%08X",
             (unsigned) (backup->backup.start.lsn / STUB_SEGMENT_SIZE));
}

static enum status
check_there(struct repo *repo, const char *key, struct error *err)
{
    uint64_t size_bytes;

    if (store_size(repo->store, key, &size_bytes, err) == OK)
        return OK;
    return error_set(err, STATUS_CORRUPT, "%s is gone, and a backup in the catalog needs it", key);
}

static enum status
check_backup(const struct scene *scene, struct repo *repo, const char *id, struct error *err)
{
    const struct stub_backup *stub = find_stub(scene, id);
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(repo, id, "manifest", key, err));
    TRY(check_there(repo, key, err));
    wal_key_of(stub, key);
    TRY(check_there(repo, key, err));
    for (size_t index = 0; index < stub->pack_count; index++)
    {
        TRY(pack_key(repo, stub->packs[index].id, key, err));
        TRY(check_there(repo, key, err));
    }
    return catalog_check_backup(&scene->catalog, &stub->backup, stub->packs, stub->pack_count, err);
}

/* New objects but the log's harm nobody, so only those and what is removed are a reason to look. */
static bool
inspect(void *arg, struct repo *repo, const char *key, bool removed, struct error *err)
{
    struct scene *scene = arg;

    if (removed && strstr(key, "/wal/42/00000002/") != NULL)
    {
        error_set(err, STATUS_CORRUPT, "%s was just archived, and is gone", key);
        return false;
    }
    if (!removed && strstr(key, "/log/") == NULL)
        return true;
    if (catalog_load(repo, &scene->catalog, err) != OK)
        return false;
    for (size_t index = 0; index < scene->catalog.backup_count; index++)
        if (check_backup(scene, repo, scene->catalog.backups[index].id, err) != OK)
            return false;
    return true;
}

struct leftovers
{
    const struct scene *scene;
    struct repo *repo;
};

static bool
is_needed(const struct leftovers *leftovers, const char *key)
{
    const struct catalog *catalog = &leftovers->scene->catalog;
    char own[STORE_KEY_MAX + 1];
    struct error err = {0};

    for (size_t index = 0; index < catalog->backup_count; index++)
    {
        const struct stub_backup *stub = find_stub(leftovers->scene, catalog->backups[index].id);

        if (strstr(key, stub->backup.id) != NULL)
            return true;
        for (size_t pack = 0; pack < stub->pack_count; pack++)
            if (pack_key(leftovers->repo, stub->packs[pack].id, own, &err) == OK &&
                strcmp(own, key) == 0)
                return true;
    }
    return false;
}

static enum status
check_needed(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) size_bytes;
    return is_needed(arg, key) ? OK : error_set(err, STATUS_CORRUPT, "%s is left over", key);
}

static bool
nothing_is_left_over(void *arg, struct repo *repo, const struct turns_play *play, struct error *err)
{
    struct scene *scene = arg;
    struct leftovers leftovers = {scene, repo};

    if (!expiry_play_ended_well(play, err) || expiry_play_expire(scene, repo, err) != OK ||
        !inspect(scene, repo, "/log/", false, err))
        return false;
    return store_list(repo->store, "shop/packs/", "", check_needed, &leftovers, err) == OK &&
           store_list(repo->store, "shop/backups/", "", check_needed, &leftovers, err) == OK;
}

/* Who was told that a backup is held can rely on it. */
static bool
a_hold_that_was_granted_lasts(void *arg, struct repo *repo, const struct turns_play *play,
                              struct error *err)
{
    const struct scene *scene = arg;

    if (!nothing_is_left_over(arg, repo, play, err))
        return false;
    if (play->actors[0].status == OK &&
        catalog_find_backup(&scene->catalog, scene->backups[0].backup.id) == NULL)
    {
        error_set(err, STATUS_CORRUPT, "a held backup has expired");
        return false;
    }
    return true;
}

/* Plays */

static const struct turns_actor backup = {.name = "backup", .act = back_up_one};
static const struct turns_actor other_backup = {.name = "other backup", .act = back_up_another};
static const struct turns_actor expirer = {.name = "expirer", .act = expiry_play_expire};
static const struct turns_actor other_expirer = {.name = "other expirer",
                                                 .act = expiry_play_expire};
static const struct turns_actor promoter = {.name = "promoter", .act = archive_a_new_timeline};
static const struct turns_actor passer_by = {.name = "passer-by", .act = expiry_play_pass_by};
static const struct turns_actor holder = {.name = "holder", .act = hold_the_oldest};

static struct turns_play
play_of(struct scene *scene, unsigned preemptions)
{
    struct turns_play play = expiry_play_of(preemptions, scene);

    play.begin = begin;
    play.inspect = inspect;
    play.end = nothing_is_left_over;
    return play;
}

static void
a_backup_and_an_expirer_never_lose_data(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 3);
    expiry_play_cast(&play, backup);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_safe(&play, scene.content);
}

static void
two_backups_and_an_expirer_never_lose_data(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 2);
    expiry_play_cast(&play, backup);
    expiry_play_cast(&play, other_backup);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_safe(&play, scene.content);
}

static void
a_backup_and_two_expirers_never_lose_data(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 2);
    expiry_play_cast(&play, backup);
    expiry_play_cast(&play, expirer);
    expiry_play_cast(&play, other_expirer);
    expiry_play_assert_safe(&play, scene.content);
}

static void
a_hold_is_either_refused_or_lasts(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 3);
    play.end = a_hold_that_was_granted_lasts;
    expiry_play_cast(&play, holder);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_safe(&play, scene.content);
}

static void
a_new_timeline_loses_no_wal(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 3);
    expiry_play_cast(&play, promoter);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_safe(&play, scene.content);
}

/* Checkpoints drop what was deleted; who read it before must still know. */
static void
a_checkpoint_in_the_middle_changes_nothing(void **state)
{
    (void) state;
    for (uint64_t entries = CATALOG_CHECKPOINT - 4; entries < CATALOG_CHECKPOINT; entries++)
    {
        SCOPED(clear_scene) struct scene scene = {0};
        struct turns_play play;

        set_scene(&scene, entries);
        play = play_of(&scene, 1);
        expiry_play_cast(&play, backup);
        expiry_play_cast(&play, expirer);
        expiry_play_cast(&play, passer_by);
        expiry_play_assert_safe(&play, scene.content);
    }
}

static void
without_its_check_a_backup_is_lost(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    scene.care = UNCHECKED;
    play = play_of(&scene, 2);
    expiry_play_cast(&play, backup);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_unsafe(&play, scene.content,
                              "is gone, and a backup in the catalog needs it");
}

static void
without_conditional_creation_a_backup_is_lost(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 2);
    play.overwrite = true;
    expiry_play_cast(&play, backup);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_unsafe(&play, scene.content, "is not there");
}

static void
without_the_memory_of_condemnations_a_backup_is_lost(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    /* The expirer's three entries are the last before the checkpoint, which the third writes. */
    set_scene(&scene, CATALOG_CHECKPOINT - 4);
    scene.care = FORGETFUL;
    play = play_of(&scene, 2);
    expiry_play_cast(&play, backup);
    expiry_play_cast(&play, expirer);
    expiry_play_cast(&play, passer_by);
    expiry_play_assert_unsafe(&play, scene.content,
                              "is gone, and a backup in the catalog needs it");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_and_an_expirer_never_lose_data),
        cmocka_unit_test(two_backups_and_an_expirer_never_lose_data),
        cmocka_unit_test(a_backup_and_two_expirers_never_lose_data),
        cmocka_unit_test(a_hold_is_either_refused_or_lasts),
        cmocka_unit_test(a_new_timeline_loses_no_wal),
        cmocka_unit_test(a_checkpoint_in_the_middle_changes_nothing),
        cmocka_unit_test(without_its_check_a_backup_is_lost),
        cmocka_unit_test(without_conditional_creation_a_backup_is_lost),
        cmocka_unit_test(without_the_memory_of_condemnations_a_backup_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
