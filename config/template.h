// SPDX-License-Identifier: PostgreSQL
/*
 * template.h - the first configuration, with comments for whoever reads
 * it next.  Pure: what it writes, config_parse reads.
 */
#pragma once

#include "base/bytes.h"

struct config_template
{
    const char *cluster;
    const char *connection;     /* "" for libpq's defaults */
    const char *data_directory; /* NULL: not known */
    const char *repository_path;
    const char *key_file;
};

NODISCARD enum status config_template_write(const struct config_template *values,
                                            struct buffer *into, struct error *err);
