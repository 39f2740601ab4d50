-- Custom roles, keys with bounds, service accounts, policies, the external authoriser, hidden organisations.
-- Owner: identity.

-- Roles that an organisation made for itself. `permissions`: a JSON list of names.
CREATE TABLE custom_roles (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (organisation_id, title)
) STRICT;

-- JSON lists; null: everything that the key's person may do, and every employee.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
ALTER TABLE api_keys ADD COLUMN ves TEXT;

-- People that are programs: they have no login and take no seat. Their name is the person's, their role and
-- whether they are disabled is their membership's.
CREATE TABLE service_accounts (
    person_id TEXT PRIMARY KEY REFERENCES persons (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX service_accounts_by_organisation ON service_accounts (organisation_id, person_id);

-- Who may use one employee, model or collection. Without a row everybody with the permission may.
-- `people` and `roles`: JSON lists.
CREATE TABLE policies (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    people TEXT NOT NULL,
    roles TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, resource_type, resource_id)
) STRICT;

-- Somebody else who has a say, after the node's own rules.
CREATE TABLE authorisers (
    organisation_id TEXT PRIMARY KEY REFERENCES organisations (id),
    url TEXT NOT NULL,
    timeout_ms INTEGER NOT NULL,
    on_failure TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- An organisation of one person alone, made by themselves.
ALTER TABLE organisations ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
