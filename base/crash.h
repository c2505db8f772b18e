// SPDX-License-Identifier: PostgreSQL
/*
 * crash.h - the places where a crash matters, so that tests can crash there.
 *
 * CRASH_POINT("archive-push: before the object exists") marks a step of durable
 * work.  A build with REDOUBT_CRASH_POINTS dies there by SIGKILL when the
 * environment's REDOUBT_CRASH_AT names it, and falls asleep there by SIGSTOP,
 * for as long as a test likes, when REDOUBT_STOP_AT does; a release build has
 * nothing there.  Every name has a test of the same name in tests/crash.
 */
#pragma once

#ifdef REDOUBT_CRASH_POINTS
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void) 0)
#endif
