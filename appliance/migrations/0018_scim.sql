-- People and groups that a directory provisions by SCIM. Owner: scim.

-- One per organisation, made with its first token: the source that memberships given by SCIM name.
CREATE TABLE scim_sources (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL UNIQUE REFERENCES organisations (id),
    -- The role of people in no group that gives one; null: such people get no access.
    default_role TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- Which group gives which role; of several the one with the smallest place counts.
CREATE TABLE scim_group_roles (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    place INTEGER NOT NULL,
    group_name TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (organisation_id, place)
) STRICT;

CREATE TABLE scim_tokens (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER
) STRICT;
CREATE INDEX scim_tokens_by_organisation ON scim_tokens (organisation_id, id);

-- Users and groups as the directory describes them. `attributes`: JSON in the shape of the schema, without
-- id, meta, groups and members.
CREATE TABLE scim_resources (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    -- userName or displayName in lower case.
    name_key TEXT NOT NULL,
    external_id TEXT,
    -- Who the user is on this node, once they may come in.
    person_id TEXT REFERENCES persons (id),
    attributes TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX scim_users_by_name ON scim_resources (organisation_id, name_key) WHERE kind = 'User';
CREATE INDEX scim_resources_by_name ON scim_resources (organisation_id, kind, name_key);
CREATE INDEX scim_resources_by_external_id ON scim_resources (organisation_id, kind, external_id);

CREATE TABLE scim_members (
    group_id TEXT NOT NULL REFERENCES scim_resources (id),
    user_id TEXT NOT NULL REFERENCES scim_resources (id),
    organisation_id TEXT NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT;
CREATE INDEX scim_members_by_user ON scim_members (user_id);

-- Client certificates that service accounts prove themselves with, by SHA-256. Owner: identity.
CREATE TABLE service_account_certificates (
    fingerprint TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX service_account_certificates_by_person ON service_account_certificates (person_id);
