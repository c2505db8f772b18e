// SPDX-License-Identifier: PostgreSQL
#include "backup/configuration.h"

#include "backup/identity.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "repo/backup.h"
#include "repo/object.h"

#include <stdio.h>
#include <string.h>

#define FILE_LIMIT  ((size_t) 1 << 20)
#define TOTAL_LIMIT ((size_t) 16 << 20)

struct collection
{
    json_t *files;
    const char *directory;
};

/* Add a file's path and content; one that cannot be read is told, not fatal. */
static enum status
add_file(json_t *files, const char *path, struct error *err)
{
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(FILE_LIMIT);
    struct error reason = {0};
    const char *text;
    json_t *file;

    if (file_read(path, &content, &reason) != OK)
    {
        log_warning("the backup has no copy of a configuration file: %s", reason.message);
        return OK;
    }
    TRY(buffer_text(&content, &text, err));
    file = json_pack("{s:s, s:s}", "path", path, "content", text);
    if (file == NULL)
    {
        log_warning("the backup has no copy of \"%s\": it is not UTF-8", path);
        return OK;
    }
    return json_array_append_new(files, file) == 0 ? OK : error_no_memory(err);
}

static enum status
add_fragment(void *arg, const char *name, struct error *err)
{
    struct collection *collection = arg;
    SCOPED(freep) char *path = NULL;
    size_t size = strlen(name);

    if (size <= 5 || strcmp(name + size - 5, ".conf") != 0)
        return OK;
    path = path_join(collection->directory, name);
    if (path == NULL)
        return error_no_memory(err);
    return add_file(collection->files, path, err);
}

/* conf.d beside postgresql.conf, as Debian includes it. */
static enum status
add_fragments(json_t *files, const char *config_file, struct error *err)
{
    SCOPED(freep) char *directory = path_directory(config_file);
    SCOPED(freep) char *fragments = directory == NULL ? NULL : path_join(directory, "conf.d");
    struct collection collection = {files, fragments};
    enum status status;

    if (fragments == NULL)
        return error_no_memory(err);
    status = directory_each(fragments, add_fragment, &collection, err);
    return status == STATUS_NOT_FOUND || status == STATUS_DENIED ? OK : status;
}

/* Is the path below the directory? */
static bool
is_below(const char *path, const char *directory)
{
    size_t size = strlen(directory);

    return strncmp(path, directory, size) == 0 && path[size] == '/';
}

/* Does this host have the server's data directory?  Else its paths mean other files here. */
static bool
server_is_here(struct pg_connection *connection, const char *data_directory)
{
    struct lineage server;
    struct lineage directory;
    struct error err;

    return identity_of_directory(data_directory, &directory, &err) == OK &&
           identity_of_replication(connection, &server, &err) == OK &&
           server.system_identifier == directory.system_identifier;
}

static enum status
collect(json_t *files, struct pg_connection *connection, const char *data_directory,
        struct error *err)
{
    static const char *const settings[] = {"config_file", "hba_file", "ident_file"};

    for (size_t index = 0; index < 3; index++)
    {
        struct error reason = {0};
        char command[64];
        char path[4096];

        snprintf(command, sizeof(command), "SHOW %s", settings[index]);
        if (pg_query_text(connection, command, path, sizeof(path), &reason) != OK)
        {
            log_debug("could not ask for %s: %s", settings[index], reason.message);
            return OK;
        }
        if (path[0] == '\0' || is_below(path, data_directory))
            continue;
        TRY(add_file(files, path, err));
        if (index == 0)
            TRY(add_fragments(files, path, err));
    }
    return OK;
}

enum status
backup_configuration_store(struct repo *repo, struct pg_connection *connection,
                           const char *data_directory, const char *backup_id, struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(TOTAL_LIMIT);
    SCOPED(json_freep) json_t *object = NULL;
    json_t *files = json_array();
    char key[STORE_KEY_MAX + 1];

    object = json_pack("{s:o}", "files", files);
    if (object == NULL)
        return error_no_memory(err);
    if (data_directory == NULL || !server_is_here(connection, data_directory))
        return OK;
    TRY(collect(files, connection, data_directory, err));
    if (json_array_size(files) == 0)
        return OK;
    TRY(json_append(object, &text, err));
    TRY(backup_key(repo, backup_id, "configuration", key, err));
    return object_put(repo, key, OBJECT_COMPRESSED, buffer_bytes(&text), err);
}
