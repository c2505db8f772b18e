// SPDX-License-Identifier: PostgreSQL
/*
 * pack.h - the files of a directory as one tar archive.
 *
 * For pg_dump's directory format: files only, all in one directory.  The table of
 * contents, "toc.dat", comes first, so that it can be read without the rest.
 */
#pragma once

#include "base/error.h"
#include "base/progress.h"

struct sink;

/* The whole archive into a sink, which is not finished. */
NODISCARD enum status pack_directory(const char *directory, struct sink *sink,
                                     struct progress *progress, struct error *err);
