-- Run once, by the image's own script, as the superuser in the database `legacy`: a store in the shape of Okta's
-- reference sample, and an empty database for the ledger.

\set ON_ERROR_STOP on
\getenv reader_password READER_PASSWORD
\getenv ledger_password LEDGER_PASSWORD

CREATE TABLE users (
    username   TEXT PRIMARY KEY,
    password   TEXT NOT NULL,
    first_name TEXT,
    last_name  TEXT,
    phone      TEXT,
    enabled    BOOLEAN NOT NULL DEFAULT TRUE
);

-- Look-ups ignore case, and at a sign-in each millisecond counts.
CREATE UNIQUE INDEX users_lower_username ON users (lower(username));

-- The values are the examples of Spring Security's reference manual: the password of each is `password`.
INSERT INTO users (username, password, first_name, last_name, phone, enabled) VALUES
    ('ada@example.com', '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG',
     'Ada', 'Lovelace', '+1 555 0100', TRUE),
    ('grace@example.com', '{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=',
     'Grace', 'Hopper', '+1 555 0101', TRUE),
    ('alan@example.com', '{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc',
     'Alan', 'Turing', NULL, TRUE),
    ('edsger@example.com', '{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0',
     'Edsger', 'Dijkstra', NULL, TRUE),
    ('charles@example.com', '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG',
     'Charles', 'Babbage', NULL, FALSE);

-- keyferry only ever reads the store.
CREATE ROLE reader LOGIN PASSWORD :'reader_password';
GRANT SELECT ON users TO reader;

-- The ledger's tables are made by keyferry itself.
CREATE ROLE keyferry LOGIN PASSWORD :'ledger_password';
CREATE DATABASE keyferry_ledger OWNER keyferry;
