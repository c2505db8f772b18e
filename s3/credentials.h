// SPDX-License-Identifier: PostgreSQL
/*
 * credentials.h - whose name requests are signed with, kept fresh.
 *
 * A provider gets credentials from one source and keeps them.  It asks again
 * from five minutes before they expire; while that fails, the old ones serve
 * as long as they are valid.  Any number of threads may ask: one fetches, and
 * the others wait only if there is nothing valid to use meanwhile.
 *
 * Secrets are never logged and never part of an error, and are overwritten
 * before their memory is released.
 */
#pragma once

#include "base/clock.h"
#include "base/error.h"

enum credentials_source
{
    CREDENTIALS_ENVIRONMENT, /* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN */
    CREDENTIALS_STATIC,      /* the fields below */
    CREDENTIALS_FILE,        /* the shared credentials file */
    CREDENTIALS_INSTANCE,    /* EC2's metadata service, version 2 */
    CREDENTIALS_CONTAINER,   /* the endpoint ECS and EKS offer to a container */
    CREDENTIALS_WEB_IDENTITY /* a token file, exchanged at STS */
};

/*
 * A field that is NULL is taken from the environment, where Amazon's own tools
 * have a variable for it, and else has their default.  Texts are copied.
 */
struct credentials_options
{
    enum credentials_source source;
    const char *access_key_id; /* static */
    const char *secret_access_key;
    const char *session_token;
    const char *file;              /* file: AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials */
    const char *profile;           /* AWS_PROFILE, "default" */
    const char *instance_endpoint; /* AWS_EC2_METADATA_SERVICE_ENDPOINT, http://169.254.169.254 */
    const char *container_host;    /* http://169.254.170.2, for a relative URI */
    const char *container_relative_uri;  /* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI */
    const char *container_full_uri;      /* AWS_CONTAINER_CREDENTIALS_FULL_URI */
    const char *container_token;         /* AWS_CONTAINER_AUTHORIZATION_TOKEN */
    const char *container_token_file;    /* AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE */
    const char *web_identity_token_file; /* AWS_WEB_IDENTITY_TOKEN_FILE */
    const char *role_arn;                /* AWS_ROLE_ARN */
    const char *role_session_name;       /* AWS_ROLE_SESSION_NAME, "redoubt" */
    const char *sts_endpoint; /* AWS_ENDPOINT_URL_STS, https://sts.<region>.amazonaws.com */
    const char *region;       /* for that */
    const char *ca_file;
};

struct credentials
{
    char *access_key_id;
    char *secret_access_key;
    char *session_token; /* NULL for long-lived keys */
    time_us expires;     /* TIME_NONE: never */
};

struct credentials_provider;

NODISCARD enum status credentials_open(struct credentials_provider **provider,
                                       const struct credentials_options *options,
                                       struct error *err);

/* A copy for one request, to be released. */
NODISCARD enum status credentials_get(struct credentials_provider *provider,
                                      struct credentials *credentials, struct error *err);

/* The service says that these have expired: fetch newer ones unless somebody did. */
NODISCARD enum status credentials_renew(struct credentials_provider *provider,
                                        const struct credentials *expired, struct error *err);

/* For SCOPED: overwritten, then freed. */
void credentials_release(struct credentials *credentials);

/* For SCOPED.  NULL is allowed. */
void credentials_freep(struct credentials_provider **provider);
