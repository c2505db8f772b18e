// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/group.h"
#include "base/stop.h"
#include "stream/sink.h"
#include "stream/throttle.h"

#include <stdatomic.h>

#define RATE 1000000 /* bytes per second: a byte is a microsecond */

/* Time that passes only while somebody pauses. */
struct fake_clock
{
    _Atomic int64_t now_ms;
    _Atomic int64_t longest_pause_ms;
    bool stops; /* a signal comes during the first pause */
};

static int64_t
fake_now(void *arg)
{
    return ((struct fake_clock *) arg)->now_ms;
}

static void
fake_pause(void *arg, int64_t pause_ms)
{
    struct fake_clock *clock = arg;

    clock->now_ms += pause_ms;
    if (pause_ms > clock->longest_pause_ms)
        clock->longest_pause_ms = pause_ms;
    if (clock->stops)
        stop_request();
}

static struct throttle *
create(struct fake_clock *clock)
{
    const struct throttle_clock source = {fake_now, fake_pause, clock};
    struct throttle *throttle;
    struct error err = {0};

    assert_ok(throttle_create(&throttle, RATE, &source, &err));
    return throttle;
}

static void
bytes_take_the_time_that_the_rate_gives_them(void **state)
{
    struct fake_clock clock = {.now_ms = 5000};
    SCOPED(throttle_freep) struct throttle *throttle = create(&clock);
    struct error err = {0};

    (void) state;
    for (int index = 0; index < 1000; index++)
        assert_ok(throttle_take(throttle, RATE / 100, &err));

    /* Ten seconds' worth, of which a tenth of a second's came at once. */
    assert_between(clock.now_ms, 5000 + 9900, 5000 + 9910);
}

static void
a_pause_does_not_save_up_more_than_a_little(void **state)
{
    struct fake_clock clock = {.now_ms = 5000};
    SCOPED(throttle_freep) struct throttle *throttle = create(&clock);
    struct error err = {0};

    (void) state;
    clock.now_ms += 60000;
    assert_ok(throttle_take(throttle, RATE, &err));

    assert_between(clock.now_ms, 65000 + 900, 65000 + 910);
}

static void
one_large_piece_waits_in_small_pauses(void **state)
{
    struct fake_clock clock = {.now_ms = 0};
    SCOPED(throttle_freep) struct throttle *throttle = create(&clock);
    struct error err = {0};

    (void) state;
    assert_ok(throttle_take(throttle, 10 * RATE, &err));

    assert_true(clock.now_ms >= 9900);
    assert_true(clock.longest_pause_ms <= 200);
}

static void
a_stage_passes_bytes_on_unchanged_and_late(void **state)
{
    struct fake_clock clock = {.now_ms = 0};
    SCOPED(throttle_freep) struct throttle *throttle = create(&clock);
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(RATE);
    SCOPED(sink_freep) struct sink *sink = NULL;
    static uint8_t content[RATE];
    struct error err = {0};

    (void) state;
    memset(content, 7, sizeof(content));
    assert_ok(sink_open_buffer(&sink, &out, &err));
    assert_ok(sink_push_throttle(&sink, throttle, &err));
    assert_ok(sink_write(sink, (struct bytes){content, sizeof(content)}, &err));
    assert_ok(sink_finish(sink, &err));

    assert_true(bytes_equal(buffer_bytes(&out), (struct bytes){content, sizeof(content)}));
    assert_true(clock.now_ms >= 900);
}

struct taking
{
    struct throttle *throttle;
};

static enum status
take_much(void *arg, struct error *err)
{
    for (int index = 0; index < 100; index++)
        TRY(throttle_take(((struct taking *) arg)->throttle, RATE / 100, err));
    return OK;
}

static void
threads_share_the_rate_instead_of_having_one_each(void **state)
{
    struct fake_clock clock = {.now_ms = 0};
    SCOPED(throttle_freep) struct throttle *throttle = create(&clock);
    struct taking taking = {throttle};
    SCOPED(group_freep) struct group *group = NULL;
    struct error err = {0};

    (void) state;
    assert_ok(group_create(&group, &err));
    for (int index = 0; index < 4; index++)
        assert_ok(group_start(group, take_much, &taking, &err));
    assert_ok(group_join(group, &err));

    /* Each thread's pauses move the one clock, so that it can only be too late. */
    assert_true(clock.now_ms >= 3900);
}

/* The last test: a process that was asked to stop stays so. */
static void
a_signal_ends_the_wait(void **state)
{
    struct fake_clock clock = {.now_ms = 0, .stops = true};
    SCOPED(throttle_freep) struct throttle *throttle = create(&clock);
    struct error err = {0};

    (void) state;
    assert_status(throttle_take(throttle, UINT64_C(3600) * RATE, &err), STATUS_CANCELLED);
    assert_true(clock.now_ms < 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_take_the_time_that_the_rate_gives_them),
        cmocka_unit_test(a_pause_does_not_save_up_more_than_a_little),
        cmocka_unit_test(one_large_piece_waits_in_small_pauses),
        cmocka_unit_test(a_stage_passes_bytes_on_unchanged_and_late),
        cmocka_unit_test(threads_share_the_rate_instead_of_having_one_each),
        cmocka_unit_test(a_signal_ends_the_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
