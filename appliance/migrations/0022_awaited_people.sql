-- People whom a source names and who have to say yes first, and what of a source was not taken over. Owner: identity.

-- Whom an organisation's source names by an address that has an account of another organisation. They are let in by an
-- invitation to that address; the source then manages the membership.
CREATE TABLE awaited_people (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (source, subject)
) STRICT;
CREATE INDEX awaited_people_by_address ON awaited_people (organisation_id, email);

-- What a directory or an identity provider last said of somebody and was not taken over, with the reason.
CREATE TABLE source_refusals (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (source, subject)
) STRICT;

-- What a bound certificate says of itself; null for one that is known by its fingerprint alone.
ALTER TABLE service_account_certificates ADD COLUMN subject TEXT;
ALTER TABLE service_account_certificates ADD COLUMN expires_at INTEGER;
