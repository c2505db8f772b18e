// SPDX-License-Identifier: PostgreSQL
#include "verify/history_check.h"

static enum status
find(struct verify_context *context, const struct wal_chain *chain, pg_timeline timeline,
     const char *kind, const char *text, struct error *err)
{
    char name[PG_WAL_FILE_NAME_SIZE];
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {VERIFY_DAMAGE, kind, key, text, ""};

    pg_wal_history_name(timeline, name);
    TRY(repo_key(context->repo, key, err, "wal/%llu/%08X/%s",
                 (unsigned long long) chain->system_identifier, timeline, name));
    return context_find(context, &finding, err);
}

/* The one that others come from needs none to be followed. */
static bool
is_oldest(const struct verify_context *context, const struct wal_chain *chain, pg_timeline timeline)
{
    for (size_t index = 0; index < chain->archived.count; index++)
        if (chain->archived.items[index].timeline < timeline)
            return false;
    for (size_t index = 0; index < context->catalog->backup_count; index++)
    {
        const struct backup *backup = &context->catalog->backups[index];

        if (backup->system_identifier == chain->system_identifier &&
            backup->start.timeline < timeline)
            return false;
    }
    return true;
}

static enum status
check_presence(struct verify_context *context, const struct wal_chain *chain, struct error *err)
{
    pg_timeline last = 0;

    for (size_t index = 0; index < chain->archived.count; index++)
    {
        pg_timeline timeline = chain->archived.items[index].timeline;
        struct error text;

        if (timeline == last)
            continue;
        last = timeline;
        if (wal_chain_history(chain, timeline) != NULL || is_oldest(context, chain, timeline))
            continue;
        error_set(&text, STATUS_CORRUPT,
                  "timeline %u has WAL, and its history file is missing: no recovery can follow it",
                  timeline);
        TRY(find(context, chain, timeline, "missing", text.message, err));
    }
    return OK;
}

/* A timeline's path begins with the whole path of the one that it left last. */
static enum status
check_parent(struct verify_context *context, const struct wal_chain *chain,
             const struct pg_history *history, struct error *err)
{
    size_t older = history->ancestor_count - 1;
    const struct pg_history *parent = wal_chain_history(chain, history->ancestors[older].timeline);
    struct error text;
    bool same;

    /* Without a file nothing is known of the parent, and of the first nothing is to know. */
    if (parent == NULL || parent->timeline == 1)
        return OK;
    same = parent->ancestor_count == older;
    for (size_t index = 0; same && index < older; index++)
        same = parent->ancestors[index].timeline == history->ancestors[index].timeline &&
               parent->ancestors[index].switch_lsn == history->ancestors[index].switch_lsn;
    if (same)
        return OK;
    error_set(&text, STATUS_CORRUPT,
              "it tells another story of timeline %u than that one's own history file",
              parent->timeline);
    return find(context, chain, history->timeline, "mismatch", text.message, err);
}

enum status
history_check_run(struct verify_context *context, const struct wal_chain *chain, struct error *err)
{
    TRY(check_presence(context, chain, err));
    for (size_t index = 0; index < chain->history_count; index++)
        if (chain->histories[index].ancestor_count > 0)
            TRY(check_parent(context, chain, &chain->histories[index], err));
    return OK;
}
