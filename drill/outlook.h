// SPDX-License-Identifier: PostgreSQL
/*
 * outlook.h - what a drill says of a real disaster: how long until the server
 * answers again (RTO), and how much of the newest data is lost (RPO).
 */
#pragma once

#include "drill/trial.h"

/*
 * Let the disaster be now, by the primary's clock when it answers within a few
 * seconds, else by ours.
 */
void outlook_begin(struct trial *trial);

/* The restored server runs: what the disaster would have cost. */
NODISCARD enum status outlook_conclude(struct trial *trial, struct error *err);
