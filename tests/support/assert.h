// SPDX-License-Identifier: PostgreSQL
/*
 * assert.h - cmocka with what every test needs.  Include it first.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"

/* The call, which must take &err last, succeeds; else the message is shown. */
#define assert_ok(call)                                                                            \
    do                                                                                             \
    {                                                                                              \
        enum status assert_status_ = (call);                                                       \
        if (assert_status_ != OK)                                                                  \
            fail_msg("%s: %s: %s", #call, status_name(assert_status_), err.message);               \
    } while (0)

#define assert_status(call, wanted)                                                                \
    do                                                                                             \
    {                                                                                              \
        enum status assert_status_ = (call);                                                       \
        if (assert_status_ != (wanted))                                                            \
            fail_msg("%s: got %s, want %s: %s", #call, status_name(assert_status_),                \
                     status_name(wanted), assert_status_ == OK ? "" : err.message);                \
    } while (0)

/* The error's message contains this text. */
#define assert_message(text)                                                                       \
    do                                                                                             \
    {                                                                                              \
        if (strstr(err.message, (text)) == NULL)                                                   \
            fail_msg("message \"%s\" does not contain \"%s\"", err.message, (text));               \
    } while (0)

/* low <= value <= high, as signed numbers.  (cmocka 2 deprecates its own assert_in_range, cmocka 1
 * has no other.) */
#define assert_between(value, low, high)                                                           \
    do                                                                                             \
    {                                                                                              \
        long long assert_value_ = (value), assert_low_ = (low), assert_high_ = (high);             \
        if (assert_value_ < assert_low_ || assert_value_ > assert_high_)                           \
            fail_msg("%s is %lld, not between %lld and %lld", #value, assert_value_, assert_low_,  \
                     assert_high_);                                                                \
    } while (0)

/* A directory of the test's own, removed with everything in it by test_directory_remove. */
char *test_directory_create(void);
void test_directory_remove(char *path);
