-- Values sealed with the node's key-encryption key. Owner: secrets.
CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    -- What it belongs to, such as a provider's id; part of the associated data.
    owner TEXT NOT NULL,
    -- Which key-encryption key sealed it.
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    replaced_at INTEGER,
    opened_at INTEGER
) STRICT;

-- The switch of outgoing connections: at most one row. Owner: egress.
CREATE TABLE egress_switch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    mode TEXT NOT NULL,
    changed_by TEXT,
    changed_at INTEGER NOT NULL
) STRICT;

-- One row per outgoing call, also a refused one; never what was said. Owner: egress.
CREATE TABLE egress_calls (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    organisation_id TEXT,
    person_id TEXT,
    provider_id TEXT NOT NULL,
    host TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    bytes_out INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX egress_calls_by_provider ON egress_calls (provider_id, id);

-- Providers of models outside the node. Owner: inference.
CREATE TABLE providers (
    id TEXT PRIMARY KEY,
    -- The first part of its models' names.
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    base_url TEXT NOT NULL,
    local_network INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    -- What only some kinds have, and time-outs: JSON.
    settings TEXT NOT NULL,
    secret_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- The last test's report: JSON.
    tested TEXT
) STRICT;

CREATE TABLE provider_models (
    provider_id TEXT NOT NULL,
    -- As the provider calls it.
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    context_length INTEGER NOT NULL,
    -- Micro-credits per million tokens.
    price_input INTEGER NOT NULL,
    price_cached INTEGER NOT NULL,
    price_output INTEGER NOT NULL,
    PRIMARY KEY (provider_id, name)
) STRICT;

CREATE TABLE fallback_chains (
    name TEXT PRIMARY KEY,
    -- Names of models, tried in this order: a JSON array.
    steps TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Where an organisation's prompts may be computed.
CREATE TABLE residency_rules (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    -- organisation, ve or data_class
    applies_to TEXT NOT NULL,
    -- The employee's id or the class's name; empty for the organisation.
    subject TEXT NOT NULL,
    -- node or local_network
    keep_within TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (organisation_id, applies_to, subject)
) STRICT;
