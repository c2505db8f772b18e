// SPDX-License-Identifier: PostgreSQL
/*
 * rebuild.h - a drill's first layers: the plan, the objects, and what became of them.
 */
#pragma once

#include "drill/trial.h"

/* LAYER_PLAN.  *sound: the drill can go on. */
NODISCARD enum status rebuild_plan(struct trial *trial, bool *sound, struct error *err);

/* LAYER_OBJECTS and LAYER_MANIFEST: the cluster in its place, ready to start.  REFUSED: no room. */
NODISCARD enum status rebuild_files(struct trial *trial, bool *sound, struct error *err);
