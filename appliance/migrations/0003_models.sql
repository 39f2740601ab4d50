-- Model files the node knows. Owner: inference.
CREATE TABLE models (
    id TEXT PRIMARY KEY,
    -- What people choose and API callers send.
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    built_in INTEGER NOT NULL,
    -- File name below DATA/models, or the engine's own name for what it carries.
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    architecture TEXT NOT NULL,
    quantisation TEXT NOT NULL,
    parameters INTEGER NOT NULL,
    context_length INTEGER NOT NULL,
    license TEXT,
    suitable_for_auto INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;
