// SPDX-License-Identifier: PostgreSQL
/*
 * Whose the files are.  What root creates only root can read, and the owner of
 * the directory would be locked out of his own repository by one command.
 */
#include "base/file.h"
#include "repo/store_file.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define USER_NAME_SIZE 64

/* The number as sudo and chown take it, for a user without a name. */
static void
name_user(uid_t user, char name[USER_NAME_SIZE])
{
    char texts[4096];
    struct passwd entry;
    struct passwd *found = NULL;

    if (getpwuid_r(user, &entry, texts, sizeof(texts), &found) == 0 && found != NULL)
        snprintf(name, USER_NAME_SIZE, "%s", found->pw_name);
    else
        snprintf(name, USER_NAME_SIZE, "#%u", (unsigned) user);
}

static enum status
refuse_writer(const struct file_store *store, const char *directory, uid_t owner, struct error *err)
{
    char name[USER_NAME_SIZE];

    name_user(owner, name);
    error_set(err, STATUS_REFUSED, "\"%s%s%s\" belongs to user \"%s\", and this is \"root\"",
              store->base.location, directory[0] == '\0' ? "" : "/", directory, name);
    error_hint(err, "Run it as that user: sudo -u '%s' redoubt ...", name);
    return STATUS_REFUSED;
}

/*
 * Other users than root may share a directory by its group or by ACLs, which
 * say who reads what they write; root comes in without being asked.
 */
enum status
store_file_check_writer(struct file_store *store, const char *key, struct error *err)
{
    SCOPED(freep) char *path = strdup(key);
    struct stat info;

    if (path == NULL)
        return error_no_memory(err);
    if (store->user != 0)
        return OK;
    if (fstat(store->root, &info) == 0 && info.st_uid != 0)
        return refuse_writer(store, "", info.st_uid, err);
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
    {
        *slash = '\0';
        if (fstatat(store->root, path, &info, 0) == 0 && info.st_uid != 0)
            return refuse_writer(store, path, info.st_uid, err);
        *slash = '/';
    }
    return OK;
}

/* The last on the way to key that can be looked at: it, or a directory that does not let us in. */
static bool
find_obstacle(const struct file_store *store, const char *key, struct stat *info)
{
    SCOPED(freep) char *path = strdup(key);
    bool found = false;

    for (char *end = path; end != NULL && *end != '\0';)
    {
        end += 1 + strcspn(end + 1, "/");

        char kept = *end;

        *end = '\0';
        if (fstatat(store->root, path, info, 0) != 0)
            return found;
        found = true;
        *end = kept;
    }
    return found;
}

static void
hint_own(const char *root, struct error *err)
{
    error_hint(err, "Its mode keeps out its owner: chmod -R u+rwX '%s'", root);
}

static void
hint_stranger(uid_t owner, struct error *err)
{
    char name[USER_NAME_SIZE];

    name_user(owner, name);
    error_hint(err, "It belongs to user \"%s\". Run this as that user: sudo -u '%s' redoubt ...",
               name, name);
}

void
store_file_hint_denied(const struct file_store *store, const char *key, struct error *err)
{
    char owner[USER_NAME_SIZE];
    char us[USER_NAME_SIZE];
    struct stat obstacle;
    struct stat root;

    if (fstat(store->root, &root) != 0 || !find_obstacle(store, key, &obstacle))
        return;
    name_user(obstacle.st_uid, owner);
    name_user(store->user, us);
    if (obstacle.st_uid == store->user)
        hint_own(store->base.location, err);
    else if (root.st_uid == store->user)
        error_hint(err, "It belongs to user \"%s\". Give it back, as root: chown -R '%s' '%s'",
                   owner, us, store->base.location);
    else
        hint_stranger(obstacle.st_uid, err);
}

void
store_file_hint_closed(const char *root, uid_t user, struct error *err)
{
    struct stat info;

    if (stat(root, &info) != 0)
        return;
    if (info.st_uid == user)
        hint_own(root, err);
    else
        hint_stranger(info.st_uid, err);
}
