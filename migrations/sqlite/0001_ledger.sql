-- The ledger, first layout. Times are milliseconds since 1970-01-01 UTC. No column may ever hold a password, a
-- stored hash, a plain login or a plain id: people are known by keyed hashes, in hex.

-- Key of the hashes, marks of the writers.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Where each user of each source stands.
CREATE TABLE users (
    source            TEXT NOT NULL,
    user_key          TEXT NOT NULL,
    login_key         TEXT,
    route             TEXT NOT NULL CHECK (route IN ('hash', 'hook')),
    state             TEXT NOT NULL
        CHECK (state IN ('planned', 'sending', 'seeded', 'rejected', 'verified', 'confirmed')),
    scheme            TEXT,
    first_decision_at INTEGER,
    last_decision_at  INTEGER,
    verified          INTEGER NOT NULL DEFAULT 0,
    rejected          INTEGER NOT NULL DEFAULT 0,
    last_reason       TEXT,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (source, user_key)
) WITHOUT ROWID;

CREATE INDEX users_login ON users (login_key);

-- What happened, in the order in which it was written. Rows are only ever added.
CREATE TABLE events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    source   TEXT,
    user_key TEXT,
    kind     TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    reason   TEXT,
    scheme   TEXT,
    micros   INTEGER
);

CREATE INDEX events_at ON events (at);
