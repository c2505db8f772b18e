// SPDX-License-Identifier: PostgreSQL
/*
 * fault.h - what an S3 service meant by a reply that is not a success.
 *
 * Pure.  fault_read takes a reply apart, fault_action says what a client should
 * do about it, and fault_status what a caller should be told once nothing more
 * can be done.  The rule for "not found" is strict: only a body that says
 * NoSuchKey counts.  A proxy's own 404 page, or a HEAD's bare 404 (which may be
 * a missing bucket as well), does not.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

/* Texts come from outside: cut to size, control characters replaced. */
struct fault
{
    int http_status; /* for an error inside a 200 reply, the status it should have had */
    char code[64];
    char message[256];
    char region[64]; /* where the bucket is, if the service said so */
    char endpoint[128];
};

enum fault_action
{
    FAULT_GIVE_UP,
    FAULT_RETRY,               /* later */
    FAULT_OTHER_REGION,        /* sign for fault.region */
    FAULT_CORRECT_CLOCK,       /* sign with the service's time */
    FAULT_REFRESH_CREDENTIALS, /* sign with newer ones */
};

/* Read an error body, which may be XML or anything else. */
void fault_read(struct fault *fault, int http_status, struct bytes body);

/*
 * A success whose body may hold an error: OK when the body is a whole XML
 * document, either the wanted element or an error, which found tells; else
 * TRANSIENT.
 */
NODISCARD enum status fault_in_success(struct fault *fault, struct bytes body, const char *wanted,
                                       bool *found, struct error *err);

/* skew is how far the service's clock is ahead of the one that signed. */
enum fault_action fault_action(const struct fault *fault, time_us skew);

enum status fault_status(const struct fault *fault);

/* A whole sentence that names the fix, or NULL. */
const char *fault_hint(const struct fault *fault);
