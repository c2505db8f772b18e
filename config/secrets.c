// SPDX-License-Identifier: PostgreSQL
#include "config/secrets.h"

#include "base/file.h"
#include "config/config.h"

#include <stdlib.h>
#include <unistd.h>

static enum status
replace(struct config_secrets *secrets, const char *directory, const char **path, struct error *err)
{
    SCOPED(freep) char *credential = NULL;

    if (*path == NULL)
        return OK;
    credential = path_join(directory, path_name(*path));
    if (credential == NULL)
        return error_no_memory(err);
    if (access(credential, F_OK) != 0)
        return OK;
    secrets->paths[secrets->count++] = credential;
    *path = credential;
    credential = NULL;
    return OK;
}

enum status
config_secrets_find(struct config *config, struct error *err)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    struct config_secrets *found = &config->secrets;

    if (directory == NULL)
        return OK;
    /* Two for the key, and one for each repository. */
    found->paths = calloc(3 + config->further.count, sizeof(*found->paths));
    if (found->paths == NULL)
        return error_no_memory(err);
    TRY(replace(found, directory, &config->encryption.key_file, err));
    TRY(replace(found, directory, &config->encryption.passphrase_file, err));
    TRY(replace(found, directory, &config->repository.credentials_file, err));
    for (size_t index = 0; index < config->further.count; index++)
        TRY(replace(found, directory, &config->further.items[index].credentials_file, err));
    return OK;
}

void
config_secrets_release(struct config_secrets *secrets)
{
    for (size_t index = 0; index < secrets->count; index++)
        free(secrets->paths[index]);
    free(secrets->paths);
}
