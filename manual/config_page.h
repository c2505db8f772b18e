// SPDX-License-Identifier: PostgreSQL
/*
 * config_page.h - the keys of the configuration, for redoubt.yaml(5), of the
 * tables that it is read by (config/schema.h).
 *
 * A key stands there with all that it is in: "checks.tables[].rows.min".  What the
 * section before, or the key before, has in the same way is not told again; the
 * text says so.
 */
#pragma once

#include <stdio.h>

struct schema_field;

/* Single keys first, and then section by section. */
void config_page_keys(FILE *out, const struct schema_field *fields);
