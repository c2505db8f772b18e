// SPDX-License-Identifier: PostgreSQL
/*
 * gzip.h - compression stages that everybody's zcat reads (RFC 1952).
 *
 * One stream becomes one gzip member.  A reader takes exactly one: bytes behind
 * it, an end in its middle, or a sum that does not match, are CORRUPT.
 */
#pragma once

#include "base/error.h"

struct sink;

NODISCARD enum status sink_push_gzip(struct sink **head, struct error *err);
NODISCARD enum status sink_push_gunzip(struct sink **head, struct error *err);
