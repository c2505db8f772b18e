// SPDX-License-Identifier: PostgreSQL
/*
 * check_layer.h - the layer of a drill that a check of a database belongs to.
 */
#pragma once

#include "drill/layer.h"

enum drill_layer check_layer(enum check_kind kind);
