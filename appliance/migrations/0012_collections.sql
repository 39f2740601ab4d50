-- Which model reads an organisation's collections. Owner: knowledge.
CREATE TABLE collection_models (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- handbook or files
    collection TEXT NOT NULL,
    -- What was chosen, and what questions are compared with until all vectors of the choice are there.
    chosen TEXT NOT NULL,
    active TEXT NOT NULL,
    -- ready, rebuilding or failed
    state TEXT NOT NULL,
    -- One sentence, when it failed.
    error TEXT,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, collection)
) STRICT;

-- Vectors of the agents' handbooks, which belong to no organisation. What people say or attach is never
-- here. Owner: knowledge.
CREATE TABLE handbook_vectors (
    -- Tells the model that made it from every other one.
    model TEXT NOT NULL,
    -- SHA-256 of the text.
    text_hash BLOB NOT NULL,
    dimension INTEGER NOT NULL,
    -- Little-endian 32-bit floats.
    vector BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (model, text_hash)
) STRICT, WITHOUT ROWID;
