// SPDX-License-Identifier: PostgreSQL
#include "stream/throttle.h"

#include "base/clock.h"
#include "base/stop.h"
#include "stream/sink.h"

#include <pthread.h>
#include <stdlib.h>

/* How much of the rate may come at once, after a pause. */
#define BURST_US 100000

/* A signal is noticed within this time. */
#define PAUSE_MAX_MS 200

struct throttle
{
    uint64_t bytes_per_second; /* these two do not change */
    struct throttle_clock clock;

    pthread_mutex_t lock; /* guards what follows */
    double paid_us;       /* the time at which what was taken has been paid for by the rate */
};

static int64_t
system_now(void *arg)
{
    (void) arg;
    return clock_monotonic_ms();
}

static void
system_pause(void *arg, int64_t pause_ms)
{
    (void) arg;
    clock_pause_ms(pause_ms);
}

enum status
throttle_create(struct throttle **throttle, uint64_t bytes_per_second,
                const struct throttle_clock *clock, struct error *err)
{
    struct throttle *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->bytes_per_second = bytes_per_second;
    made->clock = clock != NULL ? *clock : (struct throttle_clock){system_now, system_pause, NULL};
    pthread_mutex_init(&made->lock, NULL);
    *throttle = made;
    return OK;
}

void
throttle_freep(struct throttle **throttle)
{
    if (*throttle == NULL)
        return;
    pthread_mutex_destroy(&(*throttle)->lock);
    free(*throttle);
    *throttle = NULL;
}

/* Take the bytes out; returns the time from which on they may pass. */
static double
book(struct throttle *throttle, uint64_t bytes, double now_us)
{
    double paid_us;

    pthread_mutex_lock(&throttle->lock);
    if (throttle->paid_us < now_us - BURST_US)
        throttle->paid_us = now_us - BURST_US;
    throttle->paid_us += (double) bytes * 1e6 / (double) throttle->bytes_per_second;
    paid_us = throttle->paid_us;
    pthread_mutex_unlock(&throttle->lock);
    return paid_us;
}

enum status
throttle_take(struct throttle *throttle, uint64_t bytes, struct error *err)
{
    const struct throttle_clock *clock = &throttle->clock;
    double paid_us = book(throttle, bytes, (double) clock->now_ms(clock->arg) * 1000);

    for (;;)
    {
        double left_us = paid_us - (double) clock->now_ms(clock->arg) * 1000;

        TRY(stop_check(err));
        if (left_us <= 0)
            return OK;
        if (left_us > PAUSE_MAX_MS * 1000)
            left_us = PAUSE_MAX_MS * 1000;
        clock->pause_ms(clock->arg, (int64_t) (left_us + 999) / 1000);
    }
}

struct throttle_sink
{
    struct sink base;
    struct throttle *throttle;
};

static enum status
throttle_write(struct sink *self, struct bytes chunk, struct error *err)
{
    TRY(throttle_take(((struct throttle_sink *) self)->throttle, chunk.size, err));
    return sink_write(self->next, chunk, err);
}

static enum status
throttle_finish(struct sink *self, struct error *err)
{
    return sink_finish(self->next, err);
}

static void
throttle_free(struct sink *self)
{
    free(self);
}

static const struct sink_ops throttle_ops = {
    .name = "throttle",
    .write = throttle_write,
    .finish = throttle_finish,
    .free = throttle_free,
};

enum status
sink_push_throttle(struct sink **head, struct throttle *throttle, struct error *err)
{
    struct throttle_sink *stage = calloc(1, sizeof(*stage));

    if (stage == NULL)
        return error_no_memory(err);
    stage->base.ops = &throttle_ops;
    stage->throttle = throttle;
    sink_push(head, &stage->base);
    return OK;
}
