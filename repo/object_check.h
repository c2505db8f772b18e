// SPDX-License-Identifier: PostgreSQL
/*
 * object_check.h - objects that carry a digest, held against it as they are
 * read.
 *
 * The seal proves that an object is what somebody with the key stored.  The
 * digest, which archive-push compares new files with, proves moreover that the
 * content is what was digested then.
 */
#pragma once

#include "repo/object.h"

/*
 * As object_push_open_stages for a compressed object.  The sink's finish is
 * CORRUPT when the object carries no digest, or content that has another one.
 */
NODISCARD enum status object_check_push_stages(struct repo *repo, const char *key,
                                               struct sink **sink, struct error *err);
