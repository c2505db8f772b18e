// SPDX-License-Identifier: PostgreSQL
/*
 * pack_check.h - the packs: there, whole, every frame authentic, and with all
 * that manifests want of them.
 *
 * A pack that is due is read once, whole.  Of one that was verified lately its
 * frames are remembered, and new manifests are held against them.
 */
#pragma once

#include "verify/affected.h"
#include "verify/backup_list.h"
#include "verify/crew.h"
#include "verify/inventory.h"
#include "verify/needs.h"

struct pack_check
{
    struct verify_context *context;
    struct backup_list *backups;
    struct needs *needs; /* sorted */
    struct inventory *inventory;
    struct affected *affected; /* learns what is damaged */
    bool all_manifests;        /* none is missing: what none names is left over */
};

/* Check all packs that are needed, and tell how many are not. */
NODISCARD enum status pack_check_run(struct pack_check *check, struct error *err);
