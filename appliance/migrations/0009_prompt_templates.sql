-- Prompt templates, the playground, and what people thought of answers.

-- Owner: prompts. `revision` counts every change, so that two editors notice each other.
CREATE TABLE prompt_templates (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    -- The name in lower case: unique among the templates in use, and the order of the list.
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Name and description in lower case, for the search.
    search_text TEXT NOT NULL,
    newest_version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    archived_at INTEGER,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX prompt_templates_by_name ON prompt_templates (organisation_id, name_key)
    WHERE archived_at IS NULL;

CREATE TABLE prompt_template_versions (
    organisation_id TEXT NOT NULL,
    template_id TEXT NOT NULL REFERENCES prompt_templates (id),
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    -- JSON list of variables.
    variables TEXT NOT NULL,
    note TEXT NOT NULL,
    author_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The version whose text this one brought back.
    restored_from INTEGER,
    PRIMARY KEY (template_id, number)
) STRICT;
CREATE TRIGGER prompt_template_versions_stay BEFORE UPDATE ON prompt_template_versions
BEGIN SELECT RAISE(ABORT, 'versions of prompt templates are immutable'); END;

-- Owner: playground. The prompt and the answers are their owner's; everyone else sees the hash and the figures.
CREATE TABLE playground_runs (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    prompt_sha256 TEXT NOT NULL,
    -- JSON: messages as sent, and the template and values they came from.
    prompt TEXT NOT NULL,
    in_turn INTEGER NOT NULL,
    best_answer_id TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX playground_runs_by_organisation ON playground_runs (organisation_id, id);
CREATE INDEX playground_runs_by_person ON playground_runs (organisation_id, person_id, id);

CREATE TABLE playground_answers (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES playground_runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    model TEXT NOT NULL,
    -- JSON of the sampling parameters.
    parameters TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT NOT NULL,
    -- JSON of usage, timing, cost and error.
    facts TEXT NOT NULL
) STRICT;
CREATE INDEX playground_answers_by_run ON playground_answers (run_id, position);
CREATE INDEX playground_answers_running ON playground_answers (state) WHERE state = 'running';

-- Owner: ratings. One row per person and answer. Model and figures stand here as they were, so that results
-- outlive the answers they are about.
CREATE TABLE ratings (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL,
    -- The answer: a message of a conversation, or an answer of a playground run.
    answer_id TEXT NOT NULL,
    -- The conversation or playground run it belongs to.
    group_id TEXT NOT NULL,
    -- Nothing for answers that no agent gave.
    agent_id TEXT,
    model TEXT NOT NULL,
    -- 'up', 'down', or nothing when the answer was only compared with others.
    verdict TEXT,
    reason TEXT NOT NULL,
    -- Whether it stood in a comparison somebody decided, and whether it won.
    compared INTEGER NOT NULL,
    best INTEGER NOT NULL,
    first_token_ms INTEGER,
    tokens_per_second REAL,
    rated_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, person_id, answer_id)
) STRICT;
CREATE INDEX ratings_by_time ON ratings (organisation_id, rated_at);
CREATE INDEX ratings_by_group ON ratings (organisation_id, group_id);
