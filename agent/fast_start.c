// SPDX-License-Identifier: PostgreSQL
#include "agent/fast_start.h"

#include <openssl/crypto.h>

void
fast_start(const struct config *config)
{
    if (config->repository.store == CONFIG_STORE_FILE)
        (void) OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
}
