// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/group.h"

#include <stdlib.h>

struct pair
{
    struct chan *numbers;
    struct chan *echoes;
};

static enum status
echo(void *arg, struct error *err)
{
    struct pair *pair = arg;
    void *item;

    while (chan_receive(pair->numbers, &item))
        if (!chan_send(pair->echoes, item))
            return group_cancelled(err);
    chan_close(pair->echoes);
    return OK;
}

static enum status
burn(void *arg, struct error *err)
{
    (void) arg;
    return error_set(err, STATUS_IO, "the disk is on fire");
}

static enum status
wait_for_ever(void *arg, struct error *err)
{
    void *item;

    if (chan_receive(arg, &item))
        return OK;
    return group_cancelled(err);
}

static void
items_arrive_in_order_and_a_closed_channel_drains(void **state)
{
    (void) state;
    struct pair pair = {0};
    SCOPED(group_freep) struct group *group = NULL;
    struct error err = {0};
    static int items[500];
    void *item;

    assert_ok(group_create(&group, &err));
    assert_ok(chan_create(&pair.numbers, group, 3, NULL, &err));
    assert_ok(chan_create(&pair.echoes, group, 500, NULL, &err));
    assert_ok(group_start(group, echo, &pair, &err));
    for (int index = 0; index < 500; index++)
        assert_true(chan_send(pair.numbers, &items[index]));
    chan_close(pair.numbers);
    for (int index = 0; index < 500; index++)
    {
        assert_true(chan_receive(pair.echoes, &item));
        assert_ptr_equal(item, &items[index]);
    }
    assert_false(chan_receive(pair.echoes, &item));
    assert_ok(group_join(group, &err));
    group_freep(&group);
    chan_freep(&pair.numbers);
    chan_freep(&pair.echoes);
}

static void
the_first_failure_ends_those_who_wait_and_is_reported(void **state)
{
    (void) state;
    struct chan *never = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    assert_ok(chan_create(&never, group, 1, NULL, &err));
    for (int index = 0; index < 4; index++)
        assert_ok(group_start(group, wait_for_ever, never, &err));
    assert_ok(group_start(group, burn, NULL, &err));
    assert_status(group_join(group, &err), STATUS_IO);
    assert_string_equal(err.message, "the disk is on fire");
    assert_true(group_failed(group));
    assert_false(chan_send(never, &err));
    group_freep(&group);
    chan_freep(&never);
}

static int discarded;

static void
discard(void *item)
{
    discarded++;
    free(item);
}

static void
what_a_freed_channel_still_holds_is_discarded(void **state)
{
    (void) state;
    struct chan *chan = NULL;
    struct group *group = NULL;
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    assert_ok(chan_create(&chan, group, 3, discard, &err));
    assert_true(chan_send(chan, malloc(1)));
    assert_true(chan_send(chan, malloc(1)));
    group_freep(&group);
    chan_freep(&chan);
    assert_int_equal(discarded, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_arrive_in_order_and_a_closed_channel_drains),
        cmocka_unit_test(the_first_failure_ends_those_who_wait_and_is_reported),
        cmocka_unit_test(what_a_freed_channel_still_holds_is_discarded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
