// SPDX-License-Identifier: PostgreSQL
/*
 * fast_start.h - a quicker start for the commands that PostgreSQL runs for each
 * WAL file.
 *
 * With file stores nothing speaks TLS, and OpenSSL's configuration file, which
 * is about that, need not be read.
 */
#pragma once

#include "config/config.h"

/* Before anything else uses OpenSSL. */
void fast_start(const struct config *config);
