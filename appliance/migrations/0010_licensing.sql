-- Everything signed that was imported, as it came. Owner: licensing.
CREATE TABLE license_artefacts (
    -- Of the payload.
    sha256 TEXT PRIMARY KEY,
    -- license, lease, crl or keyring
    kind TEXT NOT NULL,
    -- The licence's id; empty for a revocation list or keyring.
    subject TEXT NOT NULL,
    -- Serial, counter or version: within kind and subject the highest one counts.
    number INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;
CREATE INDEX license_artefacts_by_kind ON license_artefacts (kind, subject, number);

-- What the node remembers of time and of what it last told; at most one row. The same lies in license/clock.json.
CREATE TABLE license_memory (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    memory TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Requests for a lease; a lease repeats the nonce of the one it answers.
CREATE TABLE license_requests (
    nonce TEXT PRIMARY KEY,
    counter INTEGER NOT NULL UNIQUE,
    license_id TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    answered_at INTEGER
) STRICT;

-- What happened, for the page's history.
CREATE TABLE license_events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- JSON; never about people.
    details TEXT NOT NULL
) STRICT;

CREATE TABLE license_usage_days (
    -- 2026-11-27, UTC
    date TEXT PRIMARY KEY,
    seats INTEGER NOT NULL,
    active_30d INTEGER NOT NULL,
    ves_peak INTEGER NOT NULL,
    answers INTEGER NOT NULL
) STRICT;

CREATE TABLE license_usage_reports (
    seq INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    envelope BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    exported_at INTEGER,
    sent_at INTEGER
) STRICT;

-- The licence server, where one is configured; at most one row.
CREATE TABLE license_server (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    base_url TEXT NOT NULL,
    local_network INTEGER NOT NULL,
    ca_pem TEXT,
    enabled INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    tried_at INTEGER,
    succeeded_at INTEGER,
    -- Why the last try failed, as a sentence.
    failure TEXT
) STRICT;

-- Answers of a day are counted on the whole node. Owner: billing.
CREATE INDEX metered_answers_by_time ON metered_calls (created_at) WHERE message_id IS NOT NULL;
