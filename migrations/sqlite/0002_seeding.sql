-- What an import that survives anything needs to know of each user. SQLite cannot change a CHECK, so the table is
-- made anew and filled from the old one. With row ids this time: keys are as good as random, and rows that are found by
-- way of a slim index cost a third less writing than rows that stand in it.

CREATE TABLE users_with_seeding (
    source            TEXT NOT NULL,
    user_key          TEXT NOT NULL,
    login_key         TEXT,
    route             TEXT NOT NULL CHECK (route IN ('hash', 'hook', 'none')),
    state             TEXT NOT NULL
        CHECK (state IN ('planned', 'sending', 'seeded', 'rejected', 'skipped', 'verified', 'confirmed')),
    scheme            TEXT,
    first_decision_at INTEGER,
    last_decision_at  INTEGER,
    verified          INTEGER NOT NULL DEFAULT 0,
    rejected          INTEGER NOT NULL DEFAULT 0,
    last_reason       TEXT,
    updated_at        INTEGER NOT NULL,
    -- Okta's own id, which tells nothing about the person.
    okta_id           TEXT,
    -- Keyed hash of the login that is sent to Okta, the same for every source.
    okta_login_key    TEXT,
    -- As Okta's user list last said.
    okta_status       TEXT,
    okta_last_login   INTEGER,
    -- Keyed digests of what Okta was sent, to see later whether the row has changed.
    profile_mark      INTEGER,
    credential_mark   INTEGER,
    -- While the effect of a call is not known: when the first such call began, by Okta's clock, and how many.
    attempt_at        INTEGER,
    attempts          INTEGER NOT NULL DEFAULT 0,
    -- The pass that planned the user last.
    pass              INTEGER,
    -- 1 where the user was in Okta before this ledger came.
    existed           INTEGER NOT NULL DEFAULT 0,
    confirmed_at      INTEGER,
    reset_step        TEXT CHECK (reset_step IN ('started', 'done')),
    cleaned_at        INTEGER,
    roll_back_step    TEXT CHECK (roll_back_step IN ('started')),
    PRIMARY KEY (source, user_key)
);

INSERT INTO users_with_seeding (source, user_key, login_key, route, state, scheme, first_decision_at,
    last_decision_at, verified, rejected, last_reason, updated_at, attempt_at, attempts)
SELECT source, user_key, login_key, route, state, scheme, first_decision_at, last_decision_at, verified, rejected,
    last_reason, updated_at, CASE WHEN state = 'sending' THEN updated_at END,
    CASE WHEN state = 'sending' THEN 1 ELSE 0 END
FROM users;

-- Its index goes with it: nothing asks by a source's own login.
DROP TABLE users;
ALTER TABLE users_with_seeding RENAME TO users;

CREATE INDEX users_okta_id ON users (okta_id) WHERE okta_id IS NOT NULL;
CREATE INDEX users_okta_login ON users (okta_login_key) WHERE okta_login_key IS NOT NULL;
CREATE INDEX users_open ON users (source, user_key) WHERE attempt_at IS NOT NULL;
CREATE INDEX users_roll_back ON users (source, user_key) WHERE roll_back_step IS NOT NULL;
