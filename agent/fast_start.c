// SPDX-License-Identifier: PostgreSQL
#include "agent/fast_start.h"

#include <openssl/crypto.h>

static bool
needs_tls(const struct config *config)
{
    bool needs = config->repository.store != CONFIG_STORE_FILE;

    for (size_t index = 0; index < config->further.count; index++)
        needs |= config->further.items[index].store != CONFIG_STORE_FILE;
    return needs;
}

void
fast_start(const struct config *config)
{
    if (!needs_tls(config))
        (void) OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
}
