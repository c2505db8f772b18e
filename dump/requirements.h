// SPDX-License-Identifier: PostgreSQL
/*
 * requirements.h - what a dump needs of the server that it is loaded into.
 */
#pragma once

#include "dump/document.h"
#include "pg/connection.h"

/*
 * REFUSED, with all of their names: roles that the server lacks, unless none are
 * needed because owners and privileges are left out; extensions that are not
 * installed there.
 */
NODISCARD enum status requirements_check(struct pg_connection *connection,
                                         const struct dump_document *document, bool no_owner,
                                         struct error *err);
