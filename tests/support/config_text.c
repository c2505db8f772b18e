// SPDX-License-Identifier: PostgreSQL
#include "tests/support/config_text.h"

#include "tests/support/assert.h"

struct config *
config_text_parse(const char *text)
{
    struct config *config = NULL;
    struct error err = {0};

    assert_ok(config_parse(bytes_of(text), "f", &config, &err));
    return config;
}
