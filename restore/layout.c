// SPDX-License-Identifier: PostgreSQL
#include "restore/layout.h"

#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLESPACES "pg_tblspc/"

void
layout_release(struct layout *layout)
{
    free(layout->into);
    pg_tablespace_map_release(&layout->tablespaces);
    *layout = (struct layout){0};
}

enum status
layout_parse_remap(const char *text, struct layout_remap *remap, struct error *err)
{
    char *end;
    unsigned long oid;

    errno = 0;
    oid = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0 || oid == 0 || oid > UINT32_MAX ||
        *end != '=' || end[1] != '/')
    {
        error_set(err, STATUS_CONFIG, "invalid tablespace \"%s\"", text);
        error_hint(err, "Write the tablespace's OID, \"=\" and an absolute directory: "
                        "16385=/srv/fast.");
        return STATUS_CONFIG;
    }
    *remap = (struct layout_remap){(uint32_t) oid, end + 1};
    return OK;
}

static enum status
make_absolute(const char *path, char **absolute, struct error *err)
{
    SCOPED(freep) char *here = NULL;

    if (path[0] == '\0')
        return error_set(err, STATUS_CONFIG, "the directory to restore into has no name");
    if (path[0] == '/')
        *absolute = strdup(path);
    else
    {
        here = getcwd(NULL, 0);
        if (here == NULL)
            return error_errno(err, "could not find the current directory");
        *absolute = path_join(here, path);
    }
    if (*absolute == NULL)
        return error_no_memory(err);
    for (size_t size = strlen(*absolute); size > 1 && (*absolute)[size - 1] == '/'; size--)
        (*absolute)[size - 1] = '\0';
    return OK;
}

/* Absent, or a directory with nothing in it. */
static enum status
check_free(const char *path, bool *is_free, struct error *err)
{
    enum status status = directory_is_empty(path, is_free, err);

    if (status == STATUS_NOT_FOUND && access(path, F_OK) != 0 && errno == ENOENT)
    {
        *is_free = true;
        return OK;
    }
    return status;
}

static enum status
check_into(const char *into, struct error *err)
{
    bool is_free;

    TRY(check_free(into, &is_free, err));
    if (is_free)
        return OK;
    error_set(err, STATUS_REFUSED, "directory \"%s\" is not empty", into);
    error_hint(err, "Restore into a new directory. To replace a cluster, stop it and move its "
                    "directory away first; delete it only when the restored one is right.");
    return STATUS_REFUSED;
}

static enum status
check_tablespace(const struct pg_tablespace *tablespace, const char *into, struct error *err)
{
    size_t size = strlen(into);
    bool is_free;

    if (strncmp(tablespace->location, into, size) == 0 &&
        (tablespace->location[size] == '/' || tablespace->location[size] == '\0'))
        return error_set(err, STATUS_REFUSED,
                         "directory \"%s\" of tablespace %" PRIu32
                         " lies in the directory to restore into",
                         tablespace->location, tablespace->oid);
    TRY(check_free(tablespace->location, &is_free, err));
    if (is_free)
        return OK;
    error_set(err, STATUS_REFUSED, "directory \"%s\" of tablespace %" PRIu32 " is not empty",
              tablespace->location, tablespace->oid);
    error_hint(err, "Put the tablespace elsewhere with --tablespace %" PRIu32 "=DIRECTORY.",
               tablespace->oid);
    return STATUS_REFUSED;
}

static const struct layout_remap *
find_remap(const struct layout_options *options, uint32_t oid)
{
    for (size_t index = 0; index < options->remap_count; index++)
        if (options->remaps[index].oid == oid)
            return &options->remaps[index];
    return NULL;
}

static bool
has_tablespace(const struct pg_tablespace_map *map, uint32_t oid)
{
    for (size_t index = 0; index < map->count; index++)
        if (map->entries[index].oid == oid)
            return true;
    return false;
}

static enum status
check_remaps(const struct layout_options *options, const struct pg_tablespace_map *originals,
             struct error *err)
{
    for (size_t index = 0; index < options->remap_count; index++)
    {
        const struct layout_remap *remap = &options->remaps[index];

        if (!has_tablespace(originals, remap->oid))
        {
            error_set(err, STATUS_REFUSED, "the backup has no tablespace %" PRIu32, remap->oid);
            error_hint(err, "\"redoubt restore --dry-run\" shows its tablespaces.");
            return STATUS_REFUSED;
        }
        if (strpbrk(remap->location, "\n\r") != NULL)
            return error_set(err, STATUS_CONFIG,
                             "directory of tablespace %" PRIu32 " has a line break in its name",
                             remap->oid);
        if (find_remap(options, remap->oid) != remap)
            return error_set(err, STATUS_CONFIG, "tablespace %" PRIu32 " is given twice",
                             remap->oid);
    }
    return OK;
}

static enum status
place_tablespaces(const struct layout_options *options, const struct pg_tablespace_map *originals,
                  struct layout *layout, struct error *err)
{
    struct pg_tablespace_map *map = &layout->tablespaces;

    map->entries = calloc(originals->count + 1, sizeof(*map->entries));
    if (map->entries == NULL)
        return error_no_memory(err);
    for (size_t index = 0; index < originals->count; index++)
    {
        const struct pg_tablespace *original = &originals->entries[index];
        const struct layout_remap *remap = find_remap(options, original->oid);
        char *location = strdup(remap == NULL ? original->location : remap->location);

        if (location == NULL)
            return error_no_memory(err);
        map->entries[map->count++] = (struct pg_tablespace){original->oid, location};
        layout->remapped |= strcmp(location, original->location) != 0;
    }
    return OK;
}

/* Two tablespaces in one directory would share their database directories. */
static enum status
check_distinct(const struct pg_tablespace_map *map, size_t last, struct error *err)
{
    for (size_t index = 0; index < last; index++)
        if (strcmp(map->entries[index].location, map->entries[last].location) == 0)
            return error_set(err, STATUS_REFUSED,
                             "tablespaces %" PRIu32 " and %" PRIu32 " would both be in \"%s\"",
                             map->entries[index].oid, map->entries[last].oid,
                             map->entries[last].location);
    return OK;
}

enum status
layout_plan(const struct layout_options *options, const struct pg_tablespace_map *originals,
            struct layout *layout, struct error *err)
{
    SCOPED(layout_release) struct layout made = {0};

    TRY(make_absolute(options->into, &made.into, err));
    TRY(check_remaps(options, originals, err));
    TRY(check_into(made.into, err));
    TRY(place_tablespaces(options, originals, &made, err));
    for (size_t index = 0; index < made.tablespaces.count; index++)
    {
        TRY(check_tablespace(&made.tablespaces.entries[index], made.into, err));
        TRY(check_distinct(&made.tablespaces, index, err));
    }
    *layout = made;
    made = (struct layout){0};
    return OK;
}

/* A directory of mode 0700, which the server demands. */
static enum status
create_private(const char *path, struct error *err)
{
    TRY(directory_create(path, 0700, err));
    if (chmod(path, 0700) != 0)
        return error_errno(err, "could not change the mode of \"%s\"", path);
    return OK;
}

static enum status
create_below(const struct layout *layout, const char *name, struct error *err)
{
    SCOPED(freep) char *path = path_join(layout->into, name);

    return path == NULL ? error_no_memory(err) : create_private(path, err);
}

static enum status
link_tablespace(const struct layout *layout, const struct pg_tablespace *tablespace,
                struct error *err)
{
    SCOPED(freep) char *link = NULL;

    TRY(create_private(tablespace->location, err));
    if (asprintf(&link, "%s/" TABLESPACES "%" PRIu32, layout->into, tablespace->oid) < 0)
        return error_no_memory(err);
    if (symlink(tablespace->location, link) != 0)
        return error_errno(err, "could not create symbolic link \"%s\"", link);
    return OK;
}

enum status
layout_create(const struct layout *layout, struct error *err)
{
    static const char *const directories[] = {"pg_tblspc", "pg_wal", "pg_wal/archive_status",
                                              "pg_replslot"};

    /* Somebody may have used them since the plan was made. */
    TRY(check_into(layout->into, err));
    for (size_t index = 0; index < layout->tablespaces.count; index++)
        TRY(check_tablespace(&layout->tablespaces.entries[index], layout->into, err));
    TRY(create_private(layout->into, err));
    for (size_t index = 0; index < sizeof(directories) / sizeof(directories[0]); index++)
        TRY(create_below(layout, directories[index], err));
    for (size_t index = 0; index < layout->tablespaces.count; index++)
        TRY(link_tablespace(layout, &layout->tablespaces.entries[index], err));
    return OK;
}

/* Files that would make the copy act as the server it was taken from. */
static bool
must_not_act(const char *path)
{
    static const char *const names[] = {
        "recovery.signal", "standby.signal",  "postmaster.pid",
        "postmaster.opts", "backup_manifest", "current_logfiles",
    };

    for (size_t index = 0; index < sizeof(names) / sizeof(names[0]); index++)
        if (strcmp(path, names[index]) == 0)
            return true;
    return false;
}

static bool
is_below(const char *path, const char *directory)
{
    return strncmp(path, directory, strlen(directory)) == 0;
}

/* An entry below pg_tblspc: its tablespace must be one that has a place. */
static enum status
place_in_tablespace(const struct layout *layout, const char *path, const char **place,
                    struct error *err)
{
    const char *digits = path + strlen(TABLESPACES);
    char *end;
    unsigned long oid;

    errno = 0;
    oid = strtoul(digits, &end, 10);
    if (digits[0] < '1' || digits[0] > '9' || errno != 0 || oid > UINT32_MAX ||
        (*end != '/' && *end != '\0') || !has_tablespace(&layout->tablespaces, (uint32_t) oid))
        return error_set(err, STATUS_CORRUPT, "\"%s\" is in no tablespace of the backup", path);
    /* Its directory was made with the link. */
    *place = *end == '\0' ? NULL : path;
    return OK;
}

enum status
layout_place(const struct layout *layout, const struct manifest_file *file, const char **place,
             struct error *err)
{
    *place = file->path;
    if (strcmp(file->path, LAYOUT_CONTROL) == 0)
        *place = LAYOUT_CONTROL_ASIDE;
    else if (must_not_act(file->path) || is_below(file->path, "pg_replslot/"))
        *place = NULL;
    else if (is_below(file->path, "pg_wal/") && file->type != MANIFEST_DIRECTORY)
        *place = NULL;
    else if (is_below(file->path, TABLESPACES))
        return place_in_tablespace(layout, file->path, place, err);
    return OK;
}
