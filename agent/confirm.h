// SPDX-License-Identifier: PostgreSQL
/*
 * confirm.h - asking the operator before what cannot be undone.
 *
 * The answer is a name, not a letter: nobody types that out of habit.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>

/* Can be asked?  REFUSED, with the hint to give --yes: nobody is at a terminal. */
NODISCARD enum status confirm_possible(bool yes, struct error *err);

/* Ask for name on the terminal, unless yes.  CANCELLED: the answer was another one. */
NODISCARD enum status confirm_name(bool yes, const char *question, const char *name,
                                   struct error *err);
