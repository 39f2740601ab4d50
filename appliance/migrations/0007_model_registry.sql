-- What is known of models beyond their files, uploads under way, and limits of use. Owner: inference.
ALTER TABLE models ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN has_chat_template INTEGER NOT NULL DEFAULT 1;
ALTER TABLE models ADD COLUMN has_tool_template INTEGER NOT NULL DEFAULT 0;
-- A person's id, or `operator`; a model that was brought runs only when both are there.
ALTER TABLE models ADD COLUMN license_accepted_by TEXT;
ALTER TABLE models ADD COLUMN license_accepted_at INTEGER;
-- Tokens per second on this machine.
ALTER TABLE models ADD COLUMN probe_prefill REAL;
ALTER TABLE models ADD COLUMN probe_decode REAL;
ALTER TABLE models ADD COLUMN probed_at INTEGER;
-- The model an adapter belongs to, by name.
ALTER TABLE models ADD COLUMN base_model TEXT;
-- Models from before licences were recorded were imported by the operator, who read them then.
UPDATE models SET license_accepted_by = 'operator', license_accepted_at = imported_at WHERE built_in = 0;

CREATE TABLE model_aliases (
    alias TEXT PRIMARY KEY,
    model_id TEXT NOT NULL REFERENCES models (id)
) STRICT;

CREATE TABLE model_uploads (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    file_name TEXT NOT NULL,
    -- What the model will be called.
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    -- What the sender says the file's hash is.
    sha256 TEXT,
    -- Bytes on the disk, and the hash's state after them: an upload goes on after a restart without
    -- reading again what is there.
    received_bytes INTEGER NOT NULL,
    hash_state BLOB NOT NULL,
    -- `receiving`, `received` or `refused`.
    state TEXT NOT NULL,
    refusal_code TEXT,
    refusal_message TEXT,
    -- What the header says, as JSON, once enough of it is there.
    inspection TEXT,
    created_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT;

-- Limits of use. A subject is an organisation, an employee or an API key of the organisation.
CREATE TABLE inference_quotas (
    organisation_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    tokens_per_day INTEGER,
    requests_per_minute INTEGER,
    -- Share of a busy model beside others, 1 to 100.
    weight INTEGER NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, scope, subject_id)
) STRICT;

-- What a limited subject used on a day (UTC, days since 1970).
CREATE TABLE inference_quota_use (
    organisation_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, scope, subject_id, day)
) STRICT;
