// SPDX-License-Identifier: PostgreSQL
/*
 * room.h - is there room on the disk for a restored cluster?
 */
#pragma once

#include "restore/plan.h"

/* The cluster's files, the WAL that recovery holds at once, and a margin; bytes. */
uint64_t room_needed(const struct plan *plan);

/* REFUSED, with both figures, when the file system of the directory has less. */
NODISCARD enum status room_check(const char *directory, uint64_t needed, struct error *err);
