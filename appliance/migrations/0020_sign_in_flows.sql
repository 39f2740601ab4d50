-- Logins under way at identity providers of either kind, in one table. Those of before an upgrade begin anew.
-- Owner: federation.
DROP TABLE saml_flows;
DROP TABLE oidc_flows;
CREATE TABLE sign_in_flows (
    state_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    -- What the answer is judged by: the id of a SAML request, or what an OpenID provider says of itself (JSON).
    asked TEXT NOT NULL,
    next TEXT NOT NULL,
    test_id TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_flows_by_end ON sign_in_flows (expires_at);
