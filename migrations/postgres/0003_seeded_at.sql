-- Since when Okta has the user, for whoever is to be chased or has stood long enough.
ALTER TABLE users ADD COLUMN seeded_at BIGINT;
