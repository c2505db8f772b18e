// SPDX-License-Identifier: PostgreSQL
/*
 * place.h - the directory that a drill restores into.
 *
 * It is ours alone: a file "redoubt-drill" marks it, which the drill that works
 * there holds locked.  Below it each drill has a directory named by its id; what
 * killed drills left, their servers with it, goes when the next one begins.  A
 * directory with other people's files in it is never taken.
 *
 *     <directory>/redoubt-drill
 *     <directory>/<id>/data           the restored cluster
 *     <directory>/<id>/tablespaces/   one for each
 *     <directory>/<id>/run/           the server's log and socket; if that is too long, in /tmp
 *     <directory>/<id>/kept           it is to stay
 */
#pragma once

#include "base/bytes.h"

struct place
{
    char *directory; /* these are owned; absolute, without symbolic links */
    char *own;       /* <directory>/<id> */
    char *data;
    char *tablespaces;
    char *run; /* elsewhere, where that path is too long for a socket */
    int lock;
};

#define PLACE_INIT ((struct place){.lock = -1})

/*
 * Make it and clear it.  REFUSED: another drill works there, it is somebody
 * else's, or has files of other people in it.
 */
NODISCARD enum status place_open(struct place *place, const char *directory, const char *id,
                                 struct error *err);

/* Remove all of this drill.  Its server must have ended. */
NODISCARD enum status place_clear(struct place *place, struct error *err);

/* Let it stay, until somebody removes it by hand, with the server's log wherever that was. */
NODISCARD enum status place_keep(struct place *place, struct error *err);

/* For SCOPED: unlocks it, and removes nothing. */
void place_release(struct place *place);
