// SPDX-License-Identifier: PostgreSQL
/*
 * check_session.h - a connection to the database that is checked, in which nothing
 * is written, nothing is hidden, and nothing goes on for ever.
 */
#pragma once

#include "checks/checks.h"
#include "pg/connection.h"

/* conninfo names the database already. */
NODISCARD enum status check_session_open(const struct checks_request *request, const char *conninfo,
                                         struct pg_connection **connection, struct error *err);
