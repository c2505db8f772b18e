// SPDX-License-Identifier: PostgreSQL
/*
 * The protocol of dumps, expiry and deletion, in all orders up to a number of
 * preemptions, as test_expiry.c has it for backups.
 *
 * There is no grace, and the dumps that are made are dated ten days back, so that
 * their runs count as dead as soon as they have begun: nothing but the protocol
 * protects them.  After every object that is put or removed, each dump in the
 * catalog has its three objects, none of them condemned; and a document that is
 * there and not condemned has its data beside it.  In the end nothing is left that
 * the catalog does not have.
 *
 * That the tests can fail is tested too.
 */
#include "tests/support/assert.h"

#include "repo/object_name.h"
#include "retention/policy.h"
#include "tests/support/dump_build.h"
#include "tests/support/expiry_play.h"

#include <stdio.h>
#include <stdlib.h>

/* The catalog's at first, of which the newest stays. */
#define DUMPS_FIRST 2

enum care
{
    CAREFUL,
    UNCHECKED, /* a dump commits without looking */
    FORGETFUL, /* it looks at a catalog that it has just loaded anew */
};

struct scene
{
    struct store *content;
    time_us now;
    enum care care;
    struct catalog catalog; /* of the checks */
};

static void
set_scene(struct scene *scene, uint64_t log_entries)
{
    struct repo repo;
    struct error err = {0};

    *scene = (struct scene){.now = clock_now()};
    assert_ok(store_open_memory(&scene->content, &err));
    repo = expiry_play_repo(scene->content);
    for (int number = 0; number < DUMPS_FIRST; number++)
    {
        const struct dump dump = dump_build("shop", scene->now - (20 - number) * US_PER_DAY);

        dump_build_commit(&repo, &scene->catalog, &dump);
    }
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
    (void) repo;
    catalog_release(&((struct scene *) arg)->catalog);
}

/* Actors */

static enum status
check_commit(void *arg, const struct catalog *catalog, struct error *err)
{
    return catalog_check_dump(catalog, arg, err);
}

static enum status
put(struct repo *repo, const struct dump *dump, const char *extension, struct error *err)
{
    char id[DUMP_ID_SIZE];
    char key[STORE_KEY_MAX + 1];

    dump_id(dump, id);
    TRY(dump_key(repo, id, extension, key, err));
    return store_put(repo->store, key, BYTES("x"), err);
}

static enum status
dump_database(const struct scene *scene, const char *database, struct repo *repo, struct error *err)
{
    SCOPED(catalog_release) struct catalog catalog = {0};
    struct dump dump = dump_build(database, scene->now - 10 * US_PER_DAY);
    const struct catalog_entry entry = {.dump = &dump};
    struct catalog_check check = {check_commit, &dump};

    TRY(catalog_load(repo, &catalog, err));
    TRY(put(repo, &dump, DUMP_EXTENSION_GLOBALS, err));
    TRY(put(repo, &dump, dump_extension(&dump), err));
    TRY(put(repo, &dump, DUMP_EXTENSION_DOCUMENT, err));
    if (scene->care == UNCHECKED)
        check.holds = NULL;
    if (scene->care == FORGETFUL)
    {
        catalog_release(&catalog);
        TRY(catalog_load(repo, &catalog, err));
    }
    return catalog_append(repo, &catalog, &entry, check, err);
}

static enum status
dump_shop(void *arg, struct repo *repo, struct error *err)
{
    return dump_database(arg, "shop", repo, err);
}

static enum status
dump_other(void *arg, struct repo *repo, struct error *err)
{
    return dump_database(arg, "other", repo, err);
}

/* Checks */

static enum status
check_dump(const struct scene *scene, struct repo *repo, const struct dump *dump, struct error *err)
{
    const char *const extensions[] = {DUMP_EXTENSION_GLOBALS, dump_extension(dump),
                                      DUMP_EXTENSION_DOCUMENT};
    char id[DUMP_ID_SIZE];
    uint64_t size_bytes;

    dump_id(dump, id);
    for (size_t index = 0; index < sizeof(extensions) / sizeof(extensions[0]); index++)
    {
        char key[STORE_KEY_MAX + 1];

        TRY(dump_key(repo, id, extensions[index], key, err));
        if (store_size(repo->store, key, &size_bytes, err) != OK)
            return error_set(err, STATUS_CORRUPT, "%s is gone, and the dump is in the catalog",
                             key);
    }
    return catalog_check_dump(&scene->catalog, dump, err);
}

struct documents
{
    const struct scene *scene;
    struct repo *repo;
};

/* Who was overtaken in its sleep may write one yet: that goes with what is condemned. */
static enum status
check_document(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const struct documents *documents = arg;
    char other[STORE_KEY_MAX + 1];
    struct object_name name;

    TRY(object_name_read(documents->repo, key, &name, err));
    if (name.kind != OBJECT_KIND_DUMP_DOCUMENT ||
        catalog_condemned_dump(&documents->scene->catalog, name.dump))
        return OK;
    TRY(dump_key(documents->repo, name.dump, "dump.zst", other, err));
    if (store_size(documents->repo->store, other, &size_bytes, err) == OK)
        return OK;
    return error_set(err, STATUS_CORRUPT, "%s describes what is not there", key);
}

static bool
inspect(void *arg, struct repo *repo, const char *key, bool removed, struct error *err)
{
    struct scene *scene = arg;
    struct documents documents = {scene, repo};

    if (!removed && strstr(key, "/log/") == NULL)
        return true;
    if (catalog_load(repo, &scene->catalog, err) != OK)
        return false;
    for (size_t index = 0; index < scene->catalog.dump_count; index++)
        if (check_dump(scene, repo, &scene->catalog.dumps[index], err) != OK)
            return false;
    return scene->care != CAREFUL ||
           store_list(repo->store, "shop/dumps/", "", check_document, &documents, err) == OK;
}

static enum status
check_needed(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    const struct scene *scene = arg;

    (void) size_bytes;
    for (size_t index = 0; index < scene->catalog.dump_count; index++)
    {
        char id[DUMP_ID_SIZE];

        dump_id(&scene->catalog.dumps[index], id);
        if (strstr(key, id) != NULL)
            return OK;
    }
    return error_set(err, STATUS_CORRUPT, "%s is left over", key);
}

static bool
nothing_is_left_over(void *arg, struct repo *repo, const struct turns_play *play, struct error *err)
{
    return expiry_play_ended_well(play, err) && expiry_play_expire(arg, repo, err) == OK &&
           inspect(arg, repo, "/log/", false, err) &&
           store_list(repo->store, "shop/dumps/", "", check_needed, arg, err) == OK;
}

/* Plays */

static const struct turns_actor dumper = {.name = "dumper", .act = dump_shop};
static const struct turns_actor other_dumper = {.name = "other dumper", .act = dump_other};
static const struct turns_actor expirer = {.name = "expirer", .act = expiry_play_expire};
static const struct turns_actor other_expirer = {.name = "other expirer",
                                                 .act = expiry_play_expire};
static const struct turns_actor passer_by = {.name = "passer-by", .act = expiry_play_pass_by};

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
a_dump_and_an_expirer_never_lose_data(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 3);
    expiry_play_cast(&play, dumper);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_safe(&play, scene.content);
}

static void
two_dumps_and_an_expirer_never_lose_data(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 2);
    expiry_play_cast(&play, dumper);
    expiry_play_cast(&play, other_dumper);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_safe(&play, scene.content);
}

static void
a_dump_and_two_expirers_never_lose_data(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    play = play_of(&scene, 2);
    expiry_play_cast(&play, dumper);
    expiry_play_cast(&play, expirer);
    expiry_play_cast(&play, other_expirer);
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
        expiry_play_cast(&play, dumper);
        expiry_play_cast(&play, expirer);
        expiry_play_cast(&play, passer_by);
        expiry_play_assert_safe(&play, scene.content);
    }
}

static void
without_its_check_a_dump_is_lost(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    set_scene(&scene, 0);
    scene.care = UNCHECKED;
    play = play_of(&scene, 2);
    expiry_play_cast(&play, dumper);
    expiry_play_cast(&play, expirer);
    expiry_play_assert_unsafe(&play, scene.content, "is gone, and the dump is in the catalog");
}

static void
without_the_memory_of_condemnations_a_dump_is_lost(void **state)
{
    SCOPED(clear_scene) struct scene scene = {0};
    struct turns_play play;

    (void) state;
    /* The expirer's three entries are the last before the checkpoint, which the third writes. */
    set_scene(&scene, CATALOG_CHECKPOINT - 4);
    scene.care = FORGETFUL;
    play = play_of(&scene, 2);
    expiry_play_cast(&play, dumper);
    expiry_play_cast(&play, expirer);
    expiry_play_cast(&play, passer_by);
    expiry_play_assert_unsafe(&play, scene.content, "is gone, and the dump is in the catalog");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_and_an_expirer_never_lose_data),
        cmocka_unit_test(two_dumps_and_an_expirer_never_lose_data),
        cmocka_unit_test(a_dump_and_two_expirers_never_lose_data),
        cmocka_unit_test(a_checkpoint_in_the_middle_changes_nothing),
        cmocka_unit_test(without_its_check_a_dump_is_lost),
        cmocka_unit_test(without_the_memory_of_condemnations_a_dump_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
