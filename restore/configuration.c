// SPDX-License-Identifier: PostgreSQL
#include "restore/configuration.h"

#include "base/file.h"
#include "base/json.h"
#include "pg/line.h"
#include "repo/backup.h"
#include "repo/object.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONFIGURATION_LIMIT   ((size_t) 64 << 20)
#define POSTGRESQL_CONF_LIMIT ((size_t) 4 << 20)

/* "/etc/postgresql/15/main/pg_hba.conf" goes to "<directory>/etc/postgresql/...". */
static enum status
write_captured(const char *directory, const char *path, const char *content, struct error *err)
{
    SCOPED(freep) char *target = NULL;
    SCOPED(freep) char *parent = NULL;
    SCOPED(fd_closep) int fd = -1;

    while (*path == '/')
        path++;
    if (!path_is_contained(path))
        return error_set(err, STATUS_CORRUPT, "a captured file has the path \"%s\"", path);
    target = path_join(directory, path);
    if (target == NULL)
        return error_no_memory(err);
    parent = path_directory(target);
    if (parent == NULL)
        return error_no_memory(err);
    TRY(directory_create(parent, 0700, err));
    TRY(fd_open(&fd, target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, err));
    return fd_write(fd, bytes_of(content), target, err);
}

static enum status
write_all(const char *directory, const json_t *files, struct error *err)
{
    TRY(directory_create(directory, 0700, err));
    for (size_t index = 0; index < json_array_size(files); index++)
    {
        const json_t *file = json_array_get(files, index);
        const char *path;
        const char *content;

        TRY(member_text(file, "path", &path, err));
        TRY(member_text(file, "content", &content, err));
        TRY(write_captured(directory, path, content, err));
    }
    return OK;
}

static enum status
read_captured(struct repo *repo, const char *backup_id, json_t **captured, const json_t **files,
              struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(CONFIGURATION_LIMIT);
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(repo, backup_id, "configuration", key, err));
    TRY(object_get(repo, key, OBJECT_COMPRESSED, &text, err));
    TRY(json_parse(buffer_bytes(&text), CONFIGURATION_LIMIT, captured, err));
    return member_array(*captured, "files", files, err);
}

enum status
configuration_restore(struct repo *repo, const char *backup_id, const char *into, char **directory,
                      struct error *err)
{
    SCOPED(json_freep) json_t *captured = NULL;
    SCOPED(freep) char *made = NULL;
    const json_t *files;
    enum status status = read_captured(repo, backup_id, &captured, &files, err);

    if (status == STATUS_NOT_FOUND)
        return OK;
    if (status != OK)
    {
        error_context(err, "captured configuration of backup %s", backup_id);
        return status;
    }
    if (json_array_size(files) == 0)
        return OK;
    if (asprintf(&made, "%s.configuration", into) < 0)
        return error_no_memory(err);
    TRY(write_all(made, files, err));
    *directory = made;
    made = NULL;
    return OK;
}

/* "data_directory = ...", a comment or blanks before it excepted. */
static bool
sets(struct bytes line, const char *setting)
{
    size_t size = strlen(setting);

    line_take_blanks(&line);
    return line.size > size && strncasecmp((const char *) line.data, setting, size) == 0 &&
           (line.data[size] == ' ' || line.data[size] == '\t' || line.data[size] == '=');
}

enum status
configuration_find_leads(const char *into, const char **setting, struct error *err)
{
    static const char *const settings[] = {"data_directory", "hba_file", "ident_file",
                                           "external_pid_file"};
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(POSTGRESQL_CONF_LIMIT);
    SCOPED(freep) char *path = path_join(into, "postgresql.conf");
    struct bytes left;
    struct bytes line;

    *setting = NULL;
    if (path == NULL)
        return error_no_memory(err);
    TRY(file_read(path, &content, err));
    left = buffer_bytes(&content);
    while (*setting == NULL && line_next(&left, &line))
        for (size_t index = 0; index < sizeof(settings) / sizeof(settings[0]); index++)
            if (*setting == NULL && sets(line, settings[index]))
                *setting = settings[index];
    return OK;
}
