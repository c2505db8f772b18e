// SPDX-License-Identifier: PostgreSQL
/*
 * section_checks.h - the configuration's section "checks": one mapping, or a list
 * of them, each for a database.
 */
#pragma once

#include "checks/checks.h"
#include "config/schema.h"

struct config;

/* Each for the database that it names. */
struct config_checks
{
    struct checks_config *items; /* owned */
    size_t count;
};

extern const struct schema_field config_checks_fields[];

/* into: a struct config_checks, empty.  A schema's custom field. */
NODISCARD enum status config_checks_read(const struct yaml_node *section, void *into,
                                         struct error *err);

/* Those of a database: the ones that name it, else the ones that name none; NULL: there are none.
 */
const struct checks_config *config_checks_for(const struct config *config, const char *database);

void config_checks_release(struct config_checks *checks);
