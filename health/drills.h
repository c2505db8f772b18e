// SPDX-License-Identifier: PostgreSQL
/*
 * drills.h - what the log's drills prove of the present cluster.
 *
 * Drills of copies say nothing of the repository that is asked about, and the
 * good ones of a cluster that was left behind nothing of the present one.  A
 * drill of one backup says nothing of another: a backup whose last drill failed
 * counts until it passes one, or expires.
 */
#pragma once

#include "health/facts.h"
#include "repo/catalog.h"

/* Pure.  work is empty before; present is the catalog's present lineage. */
void health_drills_judge(const struct catalog *catalog, const struct lineage *present,
                         struct health_work *work);
