// SPDX-License-Identifier: PostgreSQL
#include "copy/copy_wanted.h"

static bool
wal_is_condemned(const struct catalog *catalog, const struct object_name *name)
{
    const struct lineage *lineage = catalog_find_lineage(catalog, name->system_identifier);
    uint64_t per_log;
    uint64_t number;

    if (lineage == NULL || name->wal.kind == PG_WAL_FILE_HISTORY)
        return false;
    per_log = (UINT64_C(1) << 32) / lineage->wal_segment_size;
    number = name->wal.log * per_log + name->wal.log_segment;
    return catalog_condemned_wal(catalog, name->system_identifier,
                                 (struct wal_run){name->wal.timeline, number, number});
}

bool
copy_wanted(const struct catalog *catalog, const struct object_name *name)
{
    switch (name->kind)
    {
    case OBJECT_KIND_NONE:
        return false;
    case OBJECT_KIND_PACK:
        return !catalog_condemned_pack(catalog, name->pack);
    case OBJECT_KIND_WAL:
        return !wal_is_condemned(catalog, name);
    case OBJECT_KIND_LINEAGE:
    case OBJECT_KIND_DRILL:
        return true;
    case OBJECT_KIND_MANIFEST:
    case OBJECT_KIND_BACKUP:
    case OBJECT_KIND_BACKUP_WAL:
        return !catalog_condemned_backup(catalog, name->backup);
    case OBJECT_KIND_DUMP:
    case OBJECT_KIND_DUMP_GLOBALS:
    case OBJECT_KIND_DUMP_DOCUMENT:
        return !catalog_condemned_dump(catalog, name->dump);
    }
    return false;
}
