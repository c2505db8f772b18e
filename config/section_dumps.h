// SPDX-License-Identifier: PostgreSQL
/*
 * section_dumps.h - the configuration's section "dumps": a list, each of it for a
 * database.
 */
#pragma once

#include "config/config.h"
#include "config/schema.h"

/* Of each dump. */
extern const struct schema_field config_dumps_fields[];

/* into: a struct config_dumps, empty.  A schema's custom field. */
NODISCARD enum status config_dumps_read(const struct yaml_node *section, void *into,
                                        struct error *err);

/* How a database is dumped that the section does not name. */
struct config_dump config_dumps_default(const char *database);

/* NULL: the section does not name it. */
const struct config_dump *config_dumps_find(const struct config_dumps *dumps, const char *database);

void config_dumps_release(struct config_dumps *dumps);
