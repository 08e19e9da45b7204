#include "interface.h"

#include "log.h"
#include "statements.h" /* made from sql/ by the Makefile */

/* edited: files of sql/, with commas; cut where there are many. */
struct interface {
    int oldest, newest;
    char edited[512];
};

/* Columns: oldest integer, newest integer, edited text. */
static void read_interface(void *context, const struct db_row *row)
{
    struct interface *found = context;
    found->oldest = db_int(row, 0);
    found->newest = db_int(row, 1);
    if (!db_is_null(row, 2))
        db_text(row, 2, found->edited, sizeof found->edited);
}

static bool fits_us(const struct interface *found)
{
    static struct log_limit limit = {.seconds = 60}, edited_limit = {.seconds = 3600};
    if (found->edited[0] != '\0')
        log_event_limited(&edited_limit, LOG_WARNING, "schema_edited",
                          "files=\"%s\" hint=\"what was edited by hand is not what was tested; "
                          "make migrate puts it back\"",
                          found->edited);
    if (found->oldest <= INTERFACE_NEWEST && found->newest >= INTERFACE_OLDEST)
        return true;
    log_event_limited(&limit, LOG_ERROR, "schema_differs", "wanted=%d-%d found=%d-%d hint=\"%s\"",
                      INTERFACE_OLDEST, INTERFACE_NEWEST, found->oldest, found->newest,
                      found->oldest > INTERFACE_NEWEST
                          ? "the database is newer: update this program"
                          : "run make migrate for this database");
    return false;
}

enum db_status interface_ask(struct db *db, const char *role, int limit_ms, bool *fits)
{
    static const struct db_statement statement = {"schema_interface", SQL_SCHEMA_INTERFACE,
                                                  "oldest newest edited"};
    static struct log_limit limit = {.seconds = 60};
    struct interface found = {0};
    enum db_status status = db_run(db, &statement, NULL, 0, limit_ms, read_interface, &found);
    *fits = status == DB_OK && fits_us(&found);
    if (status == DB_BROKEN) /* not even that can be called */
        log_event_limited(&limit, LOG_ERROR, "schema_unreadable",
                          "wanted=%d-%d hint=\"was make migrate run for this database, and is the "
                          "role of DATABASE_URL %s?\"",
                          INTERFACE_OLDEST, INTERFACE_NEWEST, role);
    return status;
}
