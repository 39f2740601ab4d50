-- Identity providers that people log in with: SAML 2.0 and OpenID Connect. Owner: federation.
CREATE TABLE identity_providers (
    id TEXT PRIMARY KEY,
    -- saml or oidc
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    -- What only its kind has: JSON.
    settings TEXT NOT NULL,
    -- Which attributes or claims are what: JSON.
    attributes TEXT NOT NULL,
    -- Which group gives which role where: a JSON array, the first that fits an organisation counts there.
    group_map TEXT NOT NULL,
    -- What somebody gets whom no group gives anything: JSON.
    default_grant TEXT,
    -- The sealed secret of an OpenID client.
    secret_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The node's own keys towards a SAML provider: one, or two while keys change.
CREATE TABLE saml_keys (
    id TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES identity_providers (id),
    -- The sealed private key.
    secret_id TEXT NOT NULL,
    certificate BLOB NOT NULL,
    not_after INTEGER NOT NULL,
    -- Whether it signs; the other one only opens.
    active INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX saml_keys_by_provider ON saml_keys (provider_id);

-- SAML logins under way. Both halves are kept as hashes: one travels through the provider as RelayState,
-- the other stays in the browser that began.
CREATE TABLE saml_flows (
    state_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    next TEXT NOT NULL,
    test_id TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX saml_flows_by_end ON saml_flows (expires_at);

-- Ids of SAML messages that were taken, until they would be refused as too old.
CREATE TABLE saml_taken (
    provider_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (provider_id, message_id)
) STRICT;
CREATE INDEX saml_taken_by_end ON saml_taken (expires_at);

-- Sessions at a SAML provider, for Single Logout both ways. `session_hash` is the hash of our session's token.
CREATE TABLE saml_sessions (
    session_hash TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The name exactly as the provider gave it: JSON.
    name_id TEXT NOT NULL,
    -- The name alone, for finding it.
    name TEXT NOT NULL,
    session_index TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX saml_sessions_by_name ON saml_sessions (provider_id, name);

-- Logins that were refused, with the reason for the administrator; the newest few of each provider.
CREATE TABLE sign_in_failures (
    id INTEGER PRIMARY KEY,
    provider_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- What the person at the login page was given.
    request_id TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX sign_in_failures_by_provider ON sign_in_failures (provider_id, id);

-- Logins that an administrator tries out: they log nobody in.
CREATE TABLE sign_in_tests (
    id TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL,
    -- The result, once there is one: JSON.
    result TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_tests_by_end ON sign_in_tests (expires_at);
