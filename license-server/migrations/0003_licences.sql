-- Licences, where they run and what became of them. Owner: licences.

-- A licence as a subject: its serials are in licence_serials, and only they hold what was signed.
CREATE TABLE licences (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    contract_id TEXT NOT NULL REFERENCES contracts (id),
    plan_id TEXT NOT NULL REFERENCES plans (id),
    kind TEXT NOT NULL,
    edition TEXT NOT NULL,
    current_serial INTEGER NOT NULL DEFAULT 0,
    term_end INTEGER,
    max_installs INTEGER NOT NULL,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX licences_by_customer ON licences (customer_id, id);
CREATE INDEX licences_by_contract ON licences (contract_id);

-- One signed licence file. Never changes once it is written.
CREATE TABLE licence_serials (
    licence_id TEXT NOT NULL REFERENCES licences (id),
    serial INTEGER NOT NULL,
    payload BLOB NOT NULL,
    envelope BLOB NOT NULL,
    payload_sha256 TEXT NOT NULL,
    envelope_sha256 TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    term_end INTEGER,
    PRIMARY KEY (licence_id, serial)
) STRICT;
CREATE UNIQUE INDEX licence_serials_by_hash ON licence_serials (payload_sha256);
CREATE TRIGGER licence_serials_stay BEFORE UPDATE ON licence_serials
BEGIN SELECT RAISE(ABORT, 'a signed licence is immutable'); END;
CREATE TRIGGER licence_serials_remain BEFORE DELETE ON licence_serials
BEGIN SELECT RAISE(ABORT, 'a signed licence is immutable'); END;

-- What waits for a signature by a key that this server does not hold.
CREATE TABLE signing_requests (
    id TEXT PRIMARY KEY,
    licence_id TEXT NOT NULL REFERENCES licences (id),
    serial INTEGER NOT NULL,
    payload_type TEXT NOT NULL,
    payload BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'signed', 'withdrawn')),
    requested_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    UNIQUE (licence_id, serial)
) STRICT;
CREATE INDEX signing_requests_by_state ON signing_requests (state, id);

CREATE TABLE installs (
    id TEXT PRIMARY KEY,
    licence_id TEXT NOT NULL REFERENCES licences (id),
    key_fingerprint TEXT NOT NULL,
    install_id TEXT NOT NULL,
    public_key BLOB NOT NULL,
    activated_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    released_at INTEGER,
    request_counter INTEGER NOT NULL,
    product_version TEXT NOT NULL,
    last_report_seq INTEGER NOT NULL DEFAULT 0,
    clone_suspected_at INTEGER,
    UNIQUE (licence_id, key_fingerprint)
) STRICT;
CREATE INDEX installs_by_key ON installs (key_fingerprint);

CREATE TABLE leases (
    counter INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    licence_id TEXT NOT NULL REFERENCES licences (id),
    serial INTEGER NOT NULL,
    install_id TEXT NOT NULL REFERENCES installs (id),
    envelope BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL
) STRICT;
CREATE INDEX leases_by_install ON leases (install_id, counter);
CREATE INDEX leases_by_licence ON leases (licence_id, counter);

-- Every nonce of a node that was answered: each counts once.
CREATE TABLE nonces (
    nonce TEXT PRIMARY KEY,
    used_at INTEGER NOT NULL
) STRICT;

-- Numbers that only rise. The high-water file beside the database bounds them after a restore.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, value) VALUES ('lease', 0), ('crl', 0);

CREATE TABLE revocations (
    id INTEGER PRIMARY KEY,
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('license_id', 'install_key_fp', 'lease_id', 'key_id', 'bundle_sha256')),
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('warn', 'restrict_new', 'read_only')),
    message TEXT NOT NULL,
    at INTEGER NOT NULL,
    crl_version INTEGER NOT NULL,
    withdrawn_in INTEGER,
    UNIQUE (subject_kind, subject, at)
) STRICT;

CREATE TABLE crls (
    version INTEGER PRIMARY KEY,
    envelope BLOB NOT NULL,
    payload_sha256 TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    next_update INTEGER NOT NULL
) STRICT;

CREATE TABLE usage_reports (
    id TEXT PRIMARY KEY,
    licence_id TEXT NOT NULL REFERENCES licences (id),
    install_id TEXT NOT NULL REFERENCES installs (id),
    seq INTEGER NOT NULL,
    prev_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    envelope BLOB NOT NULL,
    summary TEXT NOT NULL,
    forked INTEGER NOT NULL DEFAULT 0,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_reports_by_install ON usage_reports (install_id, seq);
CREATE INDEX usage_reports_by_licence ON usage_reports (licence_id, id);

-- What happened to a licence, in order. Owner: events.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    licence_id TEXT REFERENCES licences (id),
    customer_id TEXT REFERENCES customers (id),
    kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    details TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_licence ON events (licence_id, sequence);

-- The issuance log: everything ever signed here or accepted from a signer, in order. Owner: log.
CREATE TABLE log_entries (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER log_entries_stay BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'the issuance log is append-only'); END;
CREATE TRIGGER log_entries_remain BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'the issuance log is append-only'); END;

-- Complete subtrees of the log's Merkle tree, so that a root costs the logarithm of its size.
CREATE TABLE log_nodes (
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, position)
) STRICT;

CREATE TABLE log_checkpoints (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
