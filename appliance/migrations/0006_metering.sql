-- One row per call of a model, whoever asked and however it ended; it takes the place of usage_rows,
-- which knew the answers of employees only. Owner: billing.
CREATE TABLE metered_calls (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    api_key_id TEXT,
    ve_id TEXT,
    message_id TEXT,
    kind TEXT NOT NULL,
    mode TEXT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT,
    outcome TEXT NOT NULL,
    error_code TEXT,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    queue_ms INTEGER NOT NULL,
    first_token_ms INTEGER NOT NULL,
    decode_ms INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    cost_micro_credits INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO metered_calls (id, organisation_id, person_id, ve_id, message_id, kind, mode, model, outcome,
                           input_tokens, output_tokens, cached_tokens, queue_ms, first_token_ms, decode_ms,
                           latency_ms, cost_micro_credits, created_at)
SELECT id, organisation_id, person_id, ve_id, message_id, 'employee_chat', mode, model, 'complete',
       input_tokens, output_tokens, 0, 0, first_token_ms, 0, latency_ms, 0, created_at
FROM usage_rows;
DROP TABLE usage_rows;
CREATE INDEX metered_calls_by_organisation ON metered_calls (organisation_id, id);
CREATE INDEX metered_calls_by_time ON metered_calls (organisation_id, created_at);
