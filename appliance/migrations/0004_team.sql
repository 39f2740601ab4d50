-- Virtual employees and what was said with them. Owners: team (ves), chat (the rest).
CREATE TABLE ves (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    agent_id TEXT NOT NULL,
    persona_name TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL,
    hired_by TEXT NOT NULL REFERENCES persons (id),
    hired_at INTEGER NOT NULL,
    dismissed_at INTEGER,
    -- Kept by team as chat reports it, so that a list of employees needs no other feature's tables.
    conversations INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    last_message_at INTEGER
) STRICT;
CREATE INDEX ves_by_organisation ON ves (organisation_id, state, id);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    ve_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_by_person ON conversations (organisation_id, ve_id, person_id, last_message_at);

-- `turn` counts up within a conversation (question 0, answer 1, …); a regenerated or edited message
-- gets the same turn and the next version, and the older one is marked superseded.
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    version INTEGER NOT NULL,
    superseded INTEGER NOT NULL DEFAULT 0,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    author_id TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    -- JSON of the answer's facts: attachments, citations, mode, model, usage, timing, error, notes.
    facts TEXT NOT NULL
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation_id, superseded, turn);
CREATE INDEX messages_running ON messages (state) WHERE state = 'running';
