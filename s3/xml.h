// SPDX-License-Identifier: PostgreSQL
/*
 * xml.h - the small XML documents of S3 and STS, as a list of leaves.
 *
 * The whole document is checked before xml_each succeeds, so a reply that was
 * cut off is never taken for a short one.  Document types, and with them
 * entities, are refused; depth and text are bounded.
 */
#pragma once

#include "base/bytes.h"

/*
 * Call visit at the end of every element with its path, such as
 * "ListBucketResult/Contents/Key" (without namespaces), and the text directly
 * in it.  CORRUPT when the document is not well-formed; else the visitor's
 * failure.  White space before the document is allowed: S3 sends some to keep
 * a connection alive.
 */
NODISCARD enum status xml_each(struct bytes document,
                               enum status (*visit)(void *arg, const char *path, const char *text,
                                                    struct error *err),
                               void *arg, struct error *err);
