-- Second factors, people of directories and identity providers, security settings, invitations and sign-up.
-- Owner: identity.

-- Authenticator apps (RFC 6238). The secret is sealed; `last_step` is the newest step whose code was used.
CREATE TABLE totp_factors (
    person_id TEXT PRIMARY KEY REFERENCES persons (id),
    secret_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Passkeys (WebAuthn). `public_key` is the COSE key as the authenticator gave it.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id),
    name TEXT NOT NULL,
    credential_id BLOB NOT NULL UNIQUE,
    rp_id TEXT NOT NULL,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    transports TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_by_person ON passkeys (person_id);

CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES persons (id),
    code_hash TEXT NOT NULL,
    PRIMARY KEY (person_id, code_hash)
) STRICT;

-- Who a directory or an identity provider says somebody is. `is_owner`: the source made the account.
CREATE TABLE external_identities (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES persons (id),
    is_owner INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (source, subject)
) STRICT;
CREATE INDEX external_identities_by_person ON external_identities (person_id);

-- The directory or provider that gave the membership and may take it away; null: given by hand.
ALTER TABLE memberships ADD COLUMN source TEXT;

-- With what a session was opened (null: a password or a passkey of the node's own), and when its person
-- last proved who they are; null: when the session was made.
ALTER TABLE sessions ADD COLUMN source TEXT;
ALTER TABLE sessions ADD COLUMN logged_in_at INTEGER;

CREATE TABLE security_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    password_length_min INTEGER NOT NULL,
    second_factor TEXT NOT NULL,
    session_idle_minutes INTEGER NOT NULL,
    session_max_hours INTEGER NOT NULL
) STRICT;
INSERT INTO security_settings VALUES (1, 10, 'optional', 720, 168);

CREATE TABLE sign_up_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    mode TEXT NOT NULL,
    allowed_domains TEXT NOT NULL,
    blocked_domains TEXT NOT NULL
) STRICT;
INSERT INTO sign_up_settings VALUES (1, 'off', '[]', '[]');

-- Requests for an account that wait for a platform administrator.
CREATE TABLE sign_ups (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    organisation TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    email TEXT,
    role TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES persons (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX invitations_by_organisation ON invitations (organisation_id, id);
