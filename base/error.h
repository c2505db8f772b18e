// SPDX-License-Identifier: PostgreSQL
/*
 * error.h - how a function says that it failed, and why.
 *
 * A function that can fail returns an enum status and takes a struct error
 * last.  The status tells the caller what it may do; the text tells the
 * operator what happened.  Nobody logs what they return: whoever stops an error
 * from travelling on logs it, once.
 *
 * Messages follow PostgreSQL's style: "could not open file \"%s\": %s", lower
 * case and no full stop; details and hints are whole sentences.
 *
 * struct error is plain data.  It can report running out of memory and can be
 * copied through a channel.  An error belongs to one thread at a time.
 */
#pragma once

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))

enum status
{
    OK = 0,
    STATUS_NOT_FOUND,   /* asked and answered: it is not there */
    STATUS_CONFLICT,    /* it exists already, or somebody else won */
    STATUS_CORRUPT,     /* it is there and is not what it should be */
    STATUS_TRANSIENT,   /* may work when tried again: network, overload */
    STATUS_DENIED,      /* credentials or permissions */
    STATUS_CANCELLED,   /* a signal, or another thread's failure */
    STATUS_NO_MEMORY,   /* an allocation failed or a buffer met its limit */
    STATUS_IO,          /* the operating system failed us */
    STATUS_CONFIG,      /* the configuration or an argument is wrong */
    STATUS_REFUSED,     /* doing it would be wrong: other cluster, target out of reach */
    STATUS_UNSUPPORTED, /* the other side cannot do it */
};

struct error
{
    char message[1024];
    char detail[768];
    char hint[512];
};

/* Return from this function unless the call succeeded. */
#define TRY(call)                                                                                  \
    do                                                                                             \
    {                                                                                              \
        enum status try_status_ = (call);                                                          \
        if (try_status_ != OK)                                                                     \
            return try_status_;                                                                    \
    } while (0)

/* Run func on the variable's address when it leaves its scope, which may be its only use. */
#define SCOPED(func) __attribute__((cleanup(func), unused))

/* Start a new message, forgetting detail and hint; returns status. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/*
 * The same with ": <errno's text>" appended, and the status that errno stands
 * for: ENOENT and ENOTDIR are NOT_FOUND, EEXIST is CONFLICT, EACCES, EPERM and
 * EROFS are DENIED, ENOMEM is NO_MEMORY, all others are IO.
 */
enum status error_errno(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* "out of memory", as STATUS_NO_MEMORY. */
enum status error_no_memory(struct error *err);

/* Put "<text>: " before the message: what only this layer knows. */
void error_context(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

void error_detail(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
void error_hint(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The status in one or two words, for JSON and tests: "not found". */
const char *status_name(enum status status);
