// SPDX-License-Identifier: PostgreSQL
/*
 * version.h - the PostgreSQL major versions that this program knows.
 */
#pragma once

enum
{
    PG_MAJOR_OLDEST = 15,
    PG_MAJOR_NEWEST = 19,
};
