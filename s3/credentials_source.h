// SPDX-License-Identifier: PostgreSQL
/*
 * credentials_source.h - how credentials.c gets them from each source.
 *
 * Settings are complete: options, environment and defaults are merged.  A
 * fetch fills credentials, which are empty before, and is called by one thread
 * at a time.
 */
#pragma once

#include "s3/credentials.h"

#include "base/bytes.h"

enum credentials_setting
{
    SETTING_ACCESS_KEY_ID,
    SETTING_SECRET_ACCESS_KEY,
    SETTING_SESSION_TOKEN,
    SETTING_FILE,
    SETTING_PROFILE,
    SETTING_HOME,
    SETTING_INSTANCE_ENDPOINT,
    SETTING_CONTAINER_HOST,
    SETTING_CONTAINER_RELATIVE_URI,
    SETTING_CONTAINER_FULL_URI,
    SETTING_CONTAINER_TOKEN,
    SETTING_CONTAINER_TOKEN_FILE,
    SETTING_WEB_IDENTITY_TOKEN_FILE,
    SETTING_ROLE_ARN,
    SETTING_ROLE_SESSION_NAME,
    SETTING_STS_ENDPOINT,
    SETTING_REGION,
    SETTING_COUNT,
};

struct http_client;

struct credentials_settings
{
    char *values[SETTING_COUNT]; /* NULL when not set anywhere */
    struct http_client *link;    /* for link-local addresses: short time-outs */
    struct http_client *http;    /* for STS */
};

NODISCARD enum status credentials_file_fetch(const struct credentials_settings *settings,
                                             struct credentials *credentials, struct error *err);
NODISCARD enum status credentials_instance_fetch(const struct credentials_settings *settings,
                                                 struct credentials *credentials,
                                                 struct error *err);
NODISCARD enum status credentials_container_fetch(const struct credentials_settings *settings,
                                                  struct credentials *credentials,
                                                  struct error *err);
NODISCARD enum status credentials_web_identity_fetch(const struct credentials_settings *settings,
                                                     struct credentials *credentials,
                                                     struct error *err);

/* Take text over into *field; "" leaves it NULL. */
NODISCARD enum status credentials_set(char **field, struct bytes text, struct error *err);
