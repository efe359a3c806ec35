//! The tables, and how those of earlier versions become today's. `PRAGMA user_version` counts the steps that were made.

use rusqlite::{Connection, Transaction};

/// The tables, step by step; a step that was released never changes.
///
/// Times are text that sorts (RFC 3339, UTC, milliseconds). `open`: 1 while the episode goes on.
const STEPS: [&str; 1] = ["
CREATE TABLE episodes (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    start TEXT NOT NULL,
    end TEXT NOT NULL,
    t_start REAL NOT NULL,
    t_end REAL NOT NULL,
    open INTEGER NOT NULL,
    decisions INTEGER NOT NULL,
    best_score REAL NOT NULL,
    x0 REAL, y0 REAL, x1 REAL, y1 REAL,
    snapshot TEXT,
    clip TEXT
) STRICT;
CREATE INDEX episodes_by_start ON episodes (start);
"];

/// The version of the tables that this program knows.
pub(super) const KNOWN: u32 = STEPS.len() as u32;

/// The version of a file's tables; 0 of an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Makes the steps that are missing, all or none.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction: Transaction = connection.transaction()?;
    let done = version(&transaction)? as usize;
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", KNOWN)?;
    transaction.commit()
}
