// SPDX-License-Identifier: PostgreSQL
/* Any bytes are a complete configuration, or refused with a place. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(config_freep) struct config *config = NULL;
    struct error err = {0};
    enum status status = config_parse((struct bytes){data, size}, "fuzz", &config, &err);

    if (status == OK && (config->cluster == NULL || config->workers == 0))
        abort();
    if (status != OK && (status != STATUS_CONFIG || strncmp(err.message, "fuzz:", 5) != 0))
        abort();
    return 0;
}
