// SPDX-License-Identifier: PostgreSQL
#include "drill/trial.h"

#include "base/stop.h"

#include <stdio.h>

struct trial_layer
trial_begin(struct trial *trial, enum drill_layer layer)
{
    return (struct trial_layer){
        .result = &trial->receipt->layers[layer],
        .started_ms = clock_monotonic_ms(),
    };
}

/* What programs and servers say has lines, and may have worse. */
static void
keep_words(const char *words, char *text, size_t size)
{
    snprintf(text, size, "%s", words);
    for (; *text != '\0'; text++)
        if ((unsigned char) *text < ' ')
            *text = ' ';
}

void
trial_end(struct trial_layer *layer, enum check_state state, const char *found)
{
    struct layer_result *result = layer->result;

    result->state = state;
    result->duration_ms = clock_monotonic_ms() - layer->started_ms;
    keep_words(found, result->found, sizeof(result->found));
    if (result->findings == 0 && (state == CHECK_FAILED || state == CHECK_BROKEN))
        result->findings = 1;
}

void
trial_end_by(struct trial_layer *layer, enum check_state state, const struct error *err)
{
    char found[sizeof(layer->result->found)];

    snprintf(found, sizeof(found), "%s%s%s", err->message, err->detail[0] == '\0' ? "" : ". ",
             err->detail);
    trial_end(layer, state, found);
}

void
trial_skip(struct trial *trial, enum drill_layer layer, const char *reason)
{
    struct layer_result *result = &trial->receipt->layers[layer];

    result->state = CHECK_SKIPPED;
    snprintf(result->found, sizeof(result->found), "%s", reason);
}

/* A server cancels statements at its own limits, too. */
bool
trial_is_stopped(enum status status)
{
    return (status == STATUS_CANCELLED && stop_requested()) || status == STATUS_NO_MEMORY;
}

bool
trial_is_over(enum status status)
{
    return trial_is_stopped(status) || status == STATUS_TRANSIENT || status == STATUS_DENIED ||
           status == STATUS_CONFIG;
}
