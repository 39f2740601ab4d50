-- The mail server and the mails that wait for it; requests for accounts whose address is not proven yet; links that set
-- a new password. Owners: mail, identity.

CREATE TABLE mail_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Where the server is and how it is spoken to: JSON.
    settings TEXT NOT NULL,
    -- The sealed password.
    secret_id TEXT,
    updated_at INTEGER NOT NULL,
    last_sent_at INTEGER,
    -- What went wrong last: JSON.
    last_failure TEXT
) STRICT;

-- Mails that wait. Whom they go to and what they say is sealed: they hold links that open accounts.
CREATE TABLE mail_outbox (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    secret_id TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    -- After this the mail is of no use to anybody.
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_outbox_by_time ON mail_outbox (next_at);

-- The link that proves the address of a request for an account; null: proven, or nobody asked for a proof.
ALTER TABLE sign_ups ADD COLUMN token_hash TEXT;
ALTER TABLE sign_ups ADD COLUMN token_expires_at INTEGER;
ALTER TABLE sign_ups ADD COLUMN verified_at INTEGER;
CREATE UNIQUE INDEX sign_ups_by_token ON sign_ups (token_hash);

-- Links that set a new password. The newest of a person is the one that counts.
CREATE TABLE password_resets (
    person_id TEXT PRIMARY KEY REFERENCES persons (id),
    token_hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
