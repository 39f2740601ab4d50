-- One row per answered message. Owner: billing.
CREATE TABLE usage_rows (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    ve_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    first_token_ms INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_rows_by_organisation ON usage_rows (organisation_id, id);
