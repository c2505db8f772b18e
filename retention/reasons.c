// SPDX-License-Identifier: PostgreSQL
#include "retention/reasons.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
reasons_add(struct reasons *reasons, const char *format, ...)
{
    char text[REASON_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (size_t index = 0; index < reasons->count; index++)
        if (strcmp(reasons->texts[index], text) == 0)
            return;
    assert(reasons->count < REASONS_MAX);
    memcpy(reasons->texts[reasons->count++], text, sizeof(text));
}
