-- Agents on offer and the texts of each version. Owner: catalog.
CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    -- Where the agent comes from: `built_in` ones follow the release of the node.
    origin TEXT NOT NULL,
    published INTEGER NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    -- JSON of what a list shows.
    summary TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- A version's texts never change: new texts make a new row.
CREATE TABLE agent_versions (
    agent_id TEXT NOT NULL REFERENCES agents (id),
    sha256 TEXT NOT NULL,
    version TEXT NOT NULL,
    manifest_yaml TEXT NOT NULL,
    handbook_md TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (agent_id, sha256)
) STRICT;
