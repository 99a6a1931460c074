-- What an import that survives anything needs to know of each user.

ALTER TABLE users
    -- Okta's own id, which tells nothing about the person.
    ADD COLUMN okta_id         TEXT,
    -- Keyed hash of the login that is sent to Okta, the same for every source.
    ADD COLUMN okta_login_key  TEXT,
    -- As Okta's user list last said.
    ADD COLUMN okta_status     TEXT,
    ADD COLUMN okta_last_login BIGINT,
    -- Keyed digests of what Okta was sent, to see later whether the row has changed.
    ADD COLUMN profile_mark    BIGINT,
    ADD COLUMN credential_mark BIGINT,
    -- While the effect of a call is not known: when the first such call began, by Okta's clock, and how many.
    ADD COLUMN attempt_at      BIGINT,
    ADD COLUMN attempts        BIGINT NOT NULL DEFAULT 0,
    -- The pass that planned the user last.
    ADD COLUMN pass            BIGINT,
    -- 1 where the user was in Okta before this ledger came.
    ADD COLUMN existed         BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN confirmed_at    BIGINT,
    ADD COLUMN reset_step      TEXT CHECK (reset_step IN ('started', 'done')),
    ADD COLUMN cleaned_at      BIGINT,
    ADD COLUMN roll_back_step  TEXT CHECK (roll_back_step IN ('started')),
    DROP CONSTRAINT users_state_check,
    ADD CONSTRAINT users_state_check
        CHECK (state IN ('planned', 'sending', 'seeded', 'rejected', 'skipped', 'verified', 'confirmed'));

UPDATE users SET attempt_at = updated_at, attempts = 1 WHERE state = 'sending';

-- Nothing asks by a source's own login.
DROP INDEX users_login;

CREATE INDEX users_okta_id ON users (okta_id) WHERE okta_id IS NOT NULL;
CREATE INDEX users_okta_login ON users (okta_login_key) WHERE okta_login_key IS NOT NULL;
CREATE INDEX users_open ON users (source, user_key) WHERE attempt_at IS NOT NULL;
CREATE INDEX users_roll_back ON users (source, user_key) WHERE roll_back_step IS NOT NULL;
