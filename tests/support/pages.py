# SPDX-License-Identifier: PostgreSQL
"""What may differ between two copies of a page that no WAL record tells apart.

Where a cluster has neither checksums nor wal_log_hints, PostgreSQL changes bits of a page
without a record and without a new LSN, because anybody can find them out again.  This
follows the mask functions of src/backend/access (heap_mask, btree_mask, gist_mask,
hash_mask, brin_mask, and bufmask.c), which say it for pages that recovery made, and
masks less: only what is changed by MarkBufferDirtyHint.

PD_ALL_VISIBLE is not among it.  It is set without an LSN too, but nobody finds it out
again: while the visibility map has its bit, a page that lost the flag makes the next
change of the page forget the map, and index-only scans return what was deleted.
"""

import struct

BLOCK = 8192

_FLAGS, _LOWER, _SPECIAL, _PRUNE_XID, _LINES = 10, 12, 16, 20, 24
_HAS_FREE_LINES, _PAGE_FULL = 1, 2
_INFOMASK_HINTS = 0x0F00
_XMIN_FROZEN = 0x0300
_NORMAL = 1
_INDEX_IDS = {0xFF80: "hash", 0xFF81: "gist", 0xFF82: "spgist"}
_BTREE_CYCLE_MAX = 0xFF7F
_BRIN_PAGES = range(0xF091, 0xF094)


def is_zero(page):
    return not any(page)


def lsn(page):
    """The LSN of the last record that changed the page."""
    high, low = struct.unpack_from("<II", page)
    return high << 32 | low


def kind(page):
    """What sort of page it is, by its special space, as pageinspect's users tell them apart."""
    special, = struct.unpack_from("<H", page, _SPECIAL)
    last, = struct.unpack_from("<H", page, BLOCK - 2)
    if special == BLOCK:
        return "heap"
    if special == BLOCK - 16:
        return _INDEX_IDS.get(last, "btree" if last <= _BTREE_CYCLE_MAX else "other")
    if special == BLOCK - 8 and last in _BRIN_PAGES:
        return "brin"
    if special == BLOCK - 8:
        return _INDEX_IDS.get(last, "other")
    return "other"


def without_hints(page):
    """The page with every bit cleared that changes without WAL."""
    if is_zero(page):
        return page
    page = bytearray(page)
    _clear(page, _FLAGS, _HAS_FREE_LINES | _PAGE_FULL)
    if mask := _MASKS.get(kind(page)):
        mask(page)
    return bytes(page)


def _mask_heap(page):
    struct.pack_into("<I", page, _PRUNE_XID, 0)
    for at, line in _lines(page):
        offset, state, size = line & 0x7FFF, line >> 15 & 3, line >> 17
        if state == _NORMAL and size >= 23 and offset + size <= BLOCK:
            infomask, = struct.unpack_from("<H", page, offset + 20)
            # Both bits of xmin together mean frozen, which is logged and is no hint.
            frozen = infomask & _XMIN_FROZEN == _XMIN_FROZEN
            _clear(page, offset + 20, _INFOMASK_HINTS & ~(_XMIN_FROZEN if frozen else 0))


def _mask_index(page, flags_at, garbage, cycle_at=None):
    # Only the state of a line pointer changes to "dead"; where its tuple is remains.
    for at, line in _lines(page):
        struct.pack_into("<I", page, at, line & ~(3 << 15))
    _clear(page, flags_at, garbage)
    if cycle_at is not None:
        struct.pack_into("<H", page, cycle_at, 0)


def _mask_btree(page):
    _mask_index(page, BLOCK - 4, 1 << 6, BLOCK - 2)  # BTP_HAS_GARBAGE, btpo_cycleid


def _mask_gist(page):
    _mask_index(page, BLOCK - 4, 1 << 4)  # F_HAS_GARBAGE


def _mask_hash(page):
    _mask_index(page, BLOCK - 4, 1 << 7)  # LH_PAGE_HAS_DEAD_TUPLES


def _mask_brin(page):
    _clear(page, BLOCK - 4, 1)  # BRIN_EVACUATE_PAGE


_MASKS = {"heap": _mask_heap, "btree": _mask_btree, "gist": _mask_gist, "hash": _mask_hash,
          "brin": _mask_brin}


def _lines(page):
    lower, = struct.unpack_from("<H", page, _LOWER)
    for at in range(_LINES, min(lower, BLOCK) - 3, 4):
        yield at, struct.unpack_from("<I", page, at)[0]


def _clear(page, at, bits):
    value, = struct.unpack_from("<H", page, at)
    struct.pack_into("<H", page, at, value & ~bits)
