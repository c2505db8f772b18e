// SPDX-License-Identifier: PostgreSQL
/*
 * random.h - bytes from the kernel, good enough for keys.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>

NODISCARD enum status random_bytes(void *data, size_t size, struct error *err);
