-- Applications and what people let them do. Owner: oauth.
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret_hash TEXT,
    redirect_uris TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    scopes TEXT NOT NULL,
    service_account TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX oauth_clients_by_organisation ON oauth_clients (organisation_id, id);

-- One row for everything that came of one permission: removing it ends every token of it.
CREATE TABLE oauth_grants (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    grant_type TEXT NOT NULL,
    scopes TEXT NOT NULL,
    resources TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_grants_by_person ON oauth_grants (person_id, organisation_id);
CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_by_end ON oauth_grants (expires_at);

-- Used ones stay until they would have ended, so that a second use is noticed.
CREATE TABLE oauth_refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX oauth_refresh_tokens_by_grant ON oauth_refresh_tokens (grant_id);
CREATE INDEX oauth_refresh_tokens_by_end ON oauth_refresh_tokens (expires_at);

CREATE TABLE oauth_codes (
    code_hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    scopes TEXT NOT NULL,
    resources TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    -- What was made of it: a second use ends that.
    grant_id TEXT
) STRICT;
CREATE INDEX oauth_codes_by_person ON oauth_codes (person_id, organisation_id);
CREATE INDEX oauth_codes_by_end ON oauth_codes (expires_at);

CREATE TABLE oauth_device_codes (
    device_hash TEXT PRIMARY KEY,
    user_hash TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    scopes TEXT NOT NULL,
    resources TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    interval_seconds INTEGER NOT NULL,
    polled_at INTEGER,
    state TEXT NOT NULL,
    person_id TEXT REFERENCES persons (id)
) STRICT;
CREATE INDEX oauth_device_codes_by_client ON oauth_device_codes (client_id);
CREATE INDEX oauth_device_codes_by_person ON oauth_device_codes (person_id, organisation_id);

-- When the key that signs access tokens was changed: the one of generation 0 needs no row.
CREATE TABLE oauth_signing_keys (
    generation INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT;

-- Logins at an OpenID provider under way. What must not be known beside the browser is derived from a secret
-- that only its cookie holds. Owner: federation.
CREATE TABLE oidc_flows (
    state_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    next TEXT NOT NULL,
    test_id TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_flows_by_end ON oidc_flows (expires_at);
