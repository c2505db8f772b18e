# SPDX-License-Identifier: PostgreSQL
"""A file system of a few megabytes, for stories in which the disk is full.

An ordinary user may mount a tmpfs in a mount namespace of its own.  This process goes into
one, once, so that all that it starts from then on sees the same.
"""

import contextlib
import ctypes
import os

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000

_libc = ctypes.CDLL(None, use_errno=True)
_entered = False


@contextlib.contextmanager
def mounted(path, size):
    """Mount a tmpfs of this size, such as "64m", on a new directory."""
    _enter()
    path.mkdir()
    _check(_libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={size}".encode()))
    try:
        yield path
    finally:
        _check(_libc.umount2(os.fsencode(path), 2))  # MNT_DETACH: what still runs there ends later


def _enter():
    global _entered
    if _entered:
        return
    user, group = os.getuid(), os.getgid()
    _check(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"),
                       ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    _entered = True


def _check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
