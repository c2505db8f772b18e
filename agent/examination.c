// SPDX-License-Identifier: PostgreSQL
#include "agent/examination.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static struct finding *
add(struct examination *exam, const char *name, enum finding_state state)
{
    struct finding *finding = &exam->findings[exam->count];

    assert(exam->count < FINDINGS_MAX);
    exam->count++;
    finding->name = name;
    finding->state = state;
    finding->fix[0] = '\0';
    return finding;
}

#define ADD_FORMATTED(state)                                                                       \
    do                                                                                             \
    {                                                                                              \
        struct finding *finding = add(exam, name, (state));                                        \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        vsnprintf(finding->text, sizeof(finding->text), format, args);                             \
        va_end(args);                                                                              \
    } while (0)

void
examination_ok(struct examination *exam, const char *name, const char *format, ...)
{
    ADD_FORMATTED(FINDING_OK);
}

void
examination_warn(struct examination *exam, const char *name, const char *format, ...)
{
    ADD_FORMATTED(FINDING_WARNING);
}

void
examination_fail(struct examination *exam, const char *name, const char *format, ...)
{
    ADD_FORMATTED(FINDING_FAILURE);
}

void
examination_error(struct examination *exam, const char *name, const struct error *err)
{
    struct finding *finding = add(exam, name, FINDING_FAILURE);

    snprintf(finding->text, sizeof(finding->text), "%s%s%s", err->message,
             err->detail[0] == '\0' ? "" : ". ", err->detail);
    snprintf(finding->fix, sizeof(finding->fix), "%s", err->hint);
}

void
examination_fix(struct examination *exam, const char *format, ...)
{
    struct finding *finding = &exam->findings[exam->count - 1];
    va_list args;

    va_start(args, format);
    vsnprintf(finding->fix, sizeof(finding->fix), format, args);
    va_end(args);
}

size_t
examination_count(const struct examination *exam, enum finding_state state)
{
    size_t count = 0;

    for (size_t index = 0; index < exam->count; index++)
        count += exam->findings[index].state == state;
    return count;
}

const char *
finding_state_name(enum finding_state state)
{
    static const char *const names[] = {
        [FINDING_OK] = "ok",
        [FINDING_WARNING] = "warning",
        [FINDING_FAILURE] = "failure",
    };

    return names[state];
}
