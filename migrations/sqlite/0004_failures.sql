-- Failed sign-ins by user and by address, as keyed hashes, summed over all replicas: in millionths of what is let
-- through, as of `at`; a level runs empty with time.
CREATE TABLE failures (
    key   TEXT NOT NULL PRIMARY KEY,
    level INTEGER NOT NULL,
    at    INTEGER NOT NULL
);

CREATE INDEX failures_at ON failures (at);
