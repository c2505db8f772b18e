// SPDX-License-Identifier: PostgreSQL
#include "s3/credentials.h"

#include "base/log.h"
#include "s3/credentials_source.h"
#include "s3/http.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_AHEAD (5 * 60 * US_PER_SECOND)

/* After a refresh that failed while the old credentials still serve. */
#define REFRESH_PAUSE (30 * US_PER_SECOND)

struct credentials_provider
{
    enum credentials_source source; /* these two do not change once open */
    struct credentials_settings settings;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t fetched;
    bool fetching;
    unsigned fetch_count;
    struct credentials current; /* empty before the first fetch */
    time_us not_before;         /* no further try to refresh until then */
    enum status last_status;    /* how the last fetch ended */
    struct error last_error;
};

static void
wipe(char **text)
{
    if (*text != NULL)
        OPENSSL_cleanse(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void
credentials_release(struct credentials *credentials)
{
    wipe(&credentials->access_key_id);
    wipe(&credentials->secret_access_key);
    wipe(&credentials->session_token);
    credentials->expires = TIME_NONE;
}

enum status
credentials_set(char **field, struct bytes text, struct error *err)
{
    wipe(field);
    if (text.size == 0)
        return OK;
    /* The value becomes a header's: nothing that could begin another one. */
    for (size_t index = 0; index < text.size; index++)
    {
        if (text.data[index] < ' ' || text.data[index] == 127)
            return error_set(err, STATUS_CONFIG, "a credential contains a control character");
    }
    *field = strndup((const char *) text.data, text.size);
    return *field == NULL ? error_no_memory(err) : OK;
}

static enum status
copy_text(char **to, const char *from, struct error *err)
{
    *to = from == NULL ? NULL : strdup(from);
    return from != NULL && *to == NULL ? error_no_memory(err) : OK;
}

static enum status
copy_credentials(struct credentials *to, const struct credentials *from, struct error *err)
{
    SCOPED(credentials_release) struct credentials copy = {.expires = from->expires};

    TRY(copy_text(&copy.access_key_id, from->access_key_id, err));
    TRY(copy_text(&copy.secret_access_key, from->secret_access_key, err));
    TRY(copy_text(&copy.session_token, from->session_token, err));
    *to = copy;
    copy = (struct credentials){0};
    return OK;
}

/* An option, else its variable, else its default. */
static enum status
choose_settings(struct credentials_settings *settings, const struct credentials_options *options,
                struct error *err)
{
    const struct
    {
        const char *option;
        const char *variable;
        const char *fallback;
    } choices[SETTING_COUNT] = {
        [SETTING_ACCESS_KEY_ID] = {options->access_key_id, "AWS_ACCESS_KEY_ID", NULL},
        [SETTING_SECRET_ACCESS_KEY] = {options->secret_access_key, "AWS_SECRET_ACCESS_KEY", NULL},
        [SETTING_SESSION_TOKEN] = {options->session_token, "AWS_SESSION_TOKEN", NULL},
        [SETTING_FILE] = {options->file, "AWS_SHARED_CREDENTIALS_FILE", NULL},
        [SETTING_PROFILE] = {options->profile, "AWS_PROFILE", "default"},
        [SETTING_HOME] = {NULL, "HOME", NULL},
        [SETTING_INSTANCE_ENDPOINT] = {options->instance_endpoint,
                                       "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                       "http://169.254.169.254"},
        [SETTING_CONTAINER_HOST] = {options->container_host, NULL, "http://169.254.170.2"},
        [SETTING_CONTAINER_RELATIVE_URI] = {options->container_relative_uri,
                                            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL},
        [SETTING_CONTAINER_FULL_URI] = {options->container_full_uri,
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL},
        [SETTING_CONTAINER_TOKEN] = {options->container_token, "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                     NULL},
        [SETTING_CONTAINER_TOKEN_FILE] = {options->container_token_file,
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL},
        [SETTING_WEB_IDENTITY_TOKEN_FILE] = {options->web_identity_token_file,
                                             "AWS_WEB_IDENTITY_TOKEN_FILE", NULL},
        [SETTING_ROLE_ARN] = {options->role_arn, "AWS_ROLE_ARN", NULL},
        [SETTING_ROLE_SESSION_NAME] = {options->role_session_name, "AWS_ROLE_SESSION_NAME",
                                       "redoubt"},
        [SETTING_STS_ENDPOINT] = {options->sts_endpoint, "AWS_ENDPOINT_URL_STS", NULL},
        [SETTING_REGION] = {options->region, "AWS_REGION", NULL},
    };
    bool from_options = options->source == CREDENTIALS_STATIC;

    for (size_t index = 0; index < SETTING_COUNT; index++)
    {
        const char *value = choices[index].option;

        if (value == NULL && choices[index].variable != NULL && !from_options)
            value = getenv(choices[index].variable);
        if (value == NULL || value[0] == '\0')
            value = choices[index].fallback;
        TRY(copy_text(&settings->values[index], value, err));
    }
    return OK;
}

static enum status
given_fetch(const struct credentials_settings *settings, struct credentials *credentials,
            struct error *err)
{
    char *const *values = settings->values;

    if (values[SETTING_ACCESS_KEY_ID] == NULL || values[SETTING_SECRET_ACCESS_KEY] == NULL)
    {
        error_set(err, STATUS_DENIED, "there are no credentials for the S3 store");
        error_hint(err, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of "
                        "the program, or choose another source of credentials.");
        return STATUS_DENIED;
    }
    TRY(credentials_set(&credentials->access_key_id, bytes_of(values[SETTING_ACCESS_KEY_ID]), err));
    TRY(credentials_set(&credentials->secret_access_key,
                        bytes_of(values[SETTING_SECRET_ACCESS_KEY]), err));
    if (values[SETTING_SESSION_TOKEN] == NULL)
        return OK;
    return credentials_set(&credentials->session_token, bytes_of(values[SETTING_SESSION_TOKEN]),
                           err);
}

static enum status
fetch_from_source(struct credentials_provider *provider, struct credentials *credentials,
                  struct error *err)
{
    switch (provider->source)
    {
    case CREDENTIALS_ENVIRONMENT:
    case CREDENTIALS_STATIC:
        return given_fetch(&provider->settings, credentials, err);
    case CREDENTIALS_FILE:
        return credentials_file_fetch(&provider->settings, credentials, err);
    case CREDENTIALS_INSTANCE:
        return credentials_instance_fetch(&provider->settings, credentials, err);
    case CREDENTIALS_CONTAINER:
        return credentials_container_fetch(&provider->settings, credentials, err);
    case CREDENTIALS_WEB_IDENTITY:
        return credentials_web_identity_fetch(&provider->settings, credentials, err);
    }
    return error_set(err, STATUS_CONFIG, "unknown source of credentials %d",
                     (int) provider->source);
}

static enum status
open_clients(struct credentials_settings *settings, const struct credentials_options *options,
             struct error *err)
{
    /* The answer comes from this host or the next: more patience would only hang. */
    const struct http_options near = {.connect_timeout_ms = 1000};
    const struct http_options far = {.connect_timeout_ms = 10000, .ca_file = options->ca_file};

    if (options->source == CREDENTIALS_INSTANCE || options->source == CREDENTIALS_CONTAINER)
        return http_open(&settings->link, &near, err);
    if (options->source == CREDENTIALS_WEB_IDENTITY)
        return http_open(&settings->http, &far, err);
    return OK;
}

enum status
credentials_open(struct credentials_provider **provider, const struct credentials_options *options,
                 struct error *err)
{
    SCOPED(credentials_freep) struct credentials_provider *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->fetched, NULL);
    made->source = options->source;
    made->not_before = TIME_NONE;
    made->current.expires = TIME_NONE;
    TRY(choose_settings(&made->settings, options, err));
    TRY(open_clients(&made->settings, options, err));
    *provider = made;
    made = NULL;
    return OK;
}

void
credentials_freep(struct credentials_provider **provider)
{
    if (*provider == NULL)
        return;
    for (size_t index = 0; index < SETTING_COUNT; index++)
        wipe(&(*provider)->settings.values[index]);
    http_freep(&(*provider)->settings.link);
    http_freep(&(*provider)->settings.http);
    credentials_release(&(*provider)->current);
    pthread_cond_destroy(&(*provider)->fetched);
    pthread_mutex_destroy(&(*provider)->lock);
    free(*provider);
    *provider = NULL;
}

static bool
is_valid(const struct credentials *credentials, time_us now)
{
    return credentials->access_key_id != NULL &&
           (credentials->expires == TIME_NONE || now < credentials->expires);
}

static bool
is_due(const struct credentials_provider *provider, time_us now)
{
    const struct credentials *current = &provider->current;

    if (!is_valid(current, now))
        return true;
    return current->expires != TIME_NONE && now >= current->expires - REFRESH_AHEAD &&
           (provider->not_before == TIME_NONE || now >= provider->not_before);
}

/* Call with the lock, which is given up meanwhile.  The outcome is kept for those who wait. */
static void
fetch(struct credentials_provider *provider)
{
    SCOPED(credentials_release) struct credentials fresh = {.expires = TIME_NONE};
    struct error error = {0};
    enum status status;

    provider->fetching = true;
    pthread_mutex_unlock(&provider->lock);
    status = fetch_from_source(provider, &fresh, &error);
    pthread_mutex_lock(&provider->lock);
    provider->fetching = false;
    provider->fetch_count++;
    provider->last_status = status;
    provider->last_error = error;
    provider->not_before = status == OK ? TIME_NONE : clock_now() + REFRESH_PAUSE;
    if (status == OK)
    {
        struct credentials old = provider->current;

        provider->current = fresh;
        fresh = old;
    }
    pthread_cond_broadcast(&provider->fetched);
}

/* Wait for the fetch under way, with the lock. */
static void
wait_for_fetch(struct credentials_provider *provider)
{
    unsigned before = provider->fetch_count;

    while (provider->fetching && provider->fetch_count == before)
        pthread_cond_wait(&provider->fetched, &provider->lock);
}

/* Call with the lock. */
static enum status
get_locked(struct credentials_provider *provider, struct credentials *credentials,
           struct error *err)
{
    if (is_due(provider, clock_now()))
    {
        bool ours = !provider->fetching;

        if (ours)
            fetch(provider);
        else if (!is_valid(&provider->current, clock_now()))
            wait_for_fetch(provider);
        if (!is_valid(&provider->current, clock_now()))
        {
            *err = provider->last_error;
            return provider->last_status != OK
                       ? provider->last_status
                       : error_set(err, STATUS_DENIED, "the credentials have expired");
        }
        if (ours && provider->last_status != OK)
        {
            log_warning("could not refresh the credentials of the S3 store, which expire soon: %s",
                        provider->last_error.message);
        }
    }
    return copy_credentials(credentials, &provider->current, err);
}

enum status
credentials_get(struct credentials_provider *provider, struct credentials *credentials,
                struct error *err)
{
    enum status status;

    pthread_mutex_lock(&provider->lock);
    status = get_locked(provider, credentials, err);
    pthread_mutex_unlock(&provider->lock);
    return status;
}

static bool
is_same(const struct credentials *left, const struct credentials *right)
{
    const char *left_token = left->session_token == NULL ? "" : left->session_token;
    const char *right_token = right->session_token == NULL ? "" : right->session_token;

    return left->access_key_id != NULL && right->access_key_id != NULL &&
           strcmp(left->access_key_id, right->access_key_id) == 0 &&
           strcmp(left_token, right_token) == 0;
}

enum status
credentials_renew(struct credentials_provider *provider, const struct credentials *expired,
                  struct error *err)
{
    enum status status = OK;

    if (provider->source == CREDENTIALS_STATIC || provider->source == CREDENTIALS_ENVIRONMENT)
        return error_set(err, STATUS_DENIED, "the credentials have expired");
    pthread_mutex_lock(&provider->lock);
    if (is_same(&provider->current, expired))
    {
        if (provider->fetching)
            wait_for_fetch(provider);
        else
            fetch(provider);
        status = provider->last_status;
        if (status != OK)
            *err = provider->last_error;
        else if (is_same(&provider->current, expired))
            status = error_set(err, STATUS_DENIED, "the credentials have expired");
    }
    pthread_mutex_unlock(&provider->lock);
    return status;
}
