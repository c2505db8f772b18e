// SPDX-License-Identifier: PostgreSQL
/*
 * pages.h - LAYER_PAGES: the checksums of all pages, by pg_checksums.
 *
 * The server is stopped for it and started again.
 */
#pragma once

#include "drill/trial.h"

/* *runs: the server is up again; if not, the layer says why. */
NODISCARD enum status pages_prove(struct trial *trial, bool *runs, struct error *err);
