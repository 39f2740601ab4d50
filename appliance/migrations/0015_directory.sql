-- Directories that people log in with (LDAP, Active Directory). They belong to the node. Owner: directory.
CREATE TABLE directories (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    enabled INTEGER NOT NULL,
    -- Where it is and how it is asked: JSON.
    settings TEXT NOT NULL,
    -- Which group gets which role in which organisation: a JSON array.
    group_map TEXT NOT NULL,
    refresh_minutes INTEGER NOT NULL,
    -- The sealed password of the service account.
    secret_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- How the last refresh went: JSON.
    last_refresh TEXT,
    -- When it began; the next one is due by it.
    refreshed_at INTEGER
) STRICT;
