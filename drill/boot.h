// SPDX-License-Identifier: PostgreSQL
/*
 * boot.h - the restored cluster's server: started, followed to the target, stopped
 * and started again, on a socket of its own and deaf to all the world.
 *
 * It is promoted at its target, so that extensions can be installed.  What could
 * act is switched off: libraries that are loaded at start, archiving, subscriptions,
 * event triggers, autovacuum; and what would hide damage, too.
 */
#pragma once

#include "drill/trial.h"

/* LAYER_START and LAYER_REPLAY.  *sound: it runs, and has trial->conninfo. */
NODISCARD enum status boot_to_target(struct trial *trial, bool *sound, struct error *err);

/*
 * Stop it, cleanly, for what needs it to be stopped; and start it again, as a
 * server of its own.  REFUSED: it does not come up, and the error has the end of its
 * log; IO: because the disk is full.
 */
void boot_stop(struct trial *trial);
NODISCARD enum status boot_again(struct trial *trial, struct error *err);

/* Event triggers must not fire; PostgreSQL 15 and 16 have no setting for it. */
NODISCARD enum status boot_disarm(struct trial *trial, struct error *err);
