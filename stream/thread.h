// SPDX-License-Identifier: PostgreSQL
/*
 * thread.h - a stage that lets the rest of its chain run in a thread of its
 * own.
 *
 * What is written is copied into blocks, a few of which are on their way at a
 * time; the stages below see them in order.  Their first failure is that of
 * the next write or of finish, which waits for them.
 */
#pragma once

#include "base/error.h"

struct sink;

NODISCARD enum status sink_push_thread(struct sink **head, struct error *err);
