// SPDX-License-Identifier: PostgreSQL
/*
 * throttle.h - so many bytes a second and no more, for any number of streams
 * together.
 *
 * A bucket fills with what the rate gives, up to a tenth of a second of it;
 * bytes that pass are taken out, and who finds it empty waits.  Threads share
 * a throttle, and through it the rate.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct sink;
struct throttle;

/* Where its time comes from: the system, or a test. */
struct throttle_clock
{
    int64_t (*now_ms)(void *arg); /* only goes forward */
    void (*pause_ms)(void *arg, int64_t pause_ms);
    void *arg;
};

/* clock NULL: the system's.  The rate is not 0. */
NODISCARD enum status throttle_create(struct throttle **throttle, uint64_t bytes_per_second,
                                      const struct throttle_clock *clock, struct error *err);

/* Wait until so many bytes may pass.  CANCELLED when a signal asks the program to stop. */
NODISCARD enum status throttle_take(struct throttle *throttle, uint64_t bytes, struct error *err);
void throttle_freep(struct throttle **throttle);

/* A stage whose bytes pass unchanged, no faster than that. */
NODISCARD enum status sink_push_throttle(struct sink **head, struct throttle *throttle,
                                         struct error *err);
