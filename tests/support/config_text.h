// SPDX-License-Identifier: PostgreSQL
/*
 * config_text.h - configurations for tests of their sections.
 */
#pragma once

#include "config/config.h"

/* Without the sections that may be left out. */
#define CONFIG_TEXT_MINIMAL                                                                        \
    "cluster: shop\n"                                                                              \
    "repository: {store: file, path: /srv/backup}\n"                                               \
    "encryption: off\n"

/* What is good; the caller frees it. */
struct config *config_text_parse(const char *text);
