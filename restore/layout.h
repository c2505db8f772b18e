// SPDX-License-Identifier: PostgreSQL
/*
 * layout.h - where in the file system a restored cluster goes.
 *
 * A layout is planned first, which only looks: the data directory and those of
 * the tablespaces must be absent or empty.  Then it is created, and the files
 * of the manifest are written below the data directory; tablespaces are
 * reached through their symbolic links.
 */
#pragma once

#include "pg/label.h"
#include "repo/manifest.h"

struct layout
{
    char *into;                           /* owned; absolute */
    struct pg_tablespace_map tablespaces; /* owned; where they go now */
    bool remapped;                        /* does one of them go to a new place? */
};

struct layout_remap
{
    uint32_t oid;
    const char *location; /* borrowed */
};

/* "16385=/srv/fast", the value of --tablespace. */
NODISCARD enum status layout_parse_remap(const char *text, struct layout_remap *remap,
                                         struct error *err);

struct layout_options
{
    const char *into;
    const struct layout_remap *remaps;
    size_t remap_count;
};

/* REFUSED when a directory is in use; the error says which and how to go elsewhere. */
NODISCARD enum status layout_plan(const struct layout_options *options,
                                  const struct pg_tablespace_map *originals, struct layout *layout,
                                  struct error *err);

/* Make the directories, and the links in pg_tblspc. */
NODISCARD enum status layout_create(const struct layout *layout, struct error *err);

/* For SCOPED on a zeroed or planned layout. */
void layout_release(struct layout *layout);

/* Until everything else is durable, pg_control has a name that the server does not know. */
#define LAYOUT_CONTROL       "global/pg_control"
#define LAYOUT_CONTROL_ASIDE "global/pg_control.redoubt"

/*
 * The path, relative to the data directory, at which an entry of the manifest
 * is written; NULL when it must not be: what would act on a server that is not
 * this one, and what a restored cluster makes anew.  CORRUPT: a tablespace that
 * the backup does not have.
 */
NODISCARD enum status layout_place(const struct layout *layout, const struct manifest_file *file,
                                   const char **place, struct error *err);
