//! Every SQL statement on identity providers, their keys, refused logins and tests. Providers belong to
//! the node, not to an organisation.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Error, IdentityProviderId, Result, SecretId, Timestamp};

use super::model::{ProviderRow, SignInFailure};

/// Most refused logins that are kept of a provider.
const FAILURES_KEPT: i64 = 20;

/// A key of the node as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) secret: SecretId,
    pub(super) certificate: Vec<u8>,
    pub(super) fingerprint: String,
    pub(super) not_after: Timestamp,
    pub(super) active: bool,
}

fn provider(row: &Row<'_>) -> Result<ProviderRow> {
    let json = |column: &str| row.get::<String>(column);
    Ok(ProviderRow {
        id: row.get("id")?,
        name: row.get("name")?,
        enabled: row.get("enabled")?,
        settings: serde_json::from_str(&json("settings")?)?,
        attributes: serde_json::from_str(&json("attributes")?)?,
        group_map: serde_json::from_str(&json("group_map")?)?,
        default_grant: row
            .get::<Option<String>>("default_grant")?
            .map(|text| serde_json::from_str(&text))
            .transpose()?,
        secret: row.get("secret_id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

pub(super) fn list_providers(reader: &Reader<'_>) -> Result<Vec<ProviderRow>> {
    reader.query_all(
        "SELECT * FROM identity_providers ORDER BY name, id LIMIT 1000",
        params![],
        provider,
    )
}

pub(super) fn find_provider(
    reader: &Reader<'_>,
    id: IdentityProviderId,
) -> Result<Option<ProviderRow>> {
    reader.query_opt(
        "SELECT * FROM identity_providers WHERE id = ?",
        params![id],
        provider,
    )
}

/// The provider, or 404.
pub(super) fn read_provider(reader: &Reader<'_>, id: IdentityProviderId) -> Result<ProviderRow> {
    find_provider(reader, id)?.ok_or_else(|| Error::not_found("identity provider"))
}

/// Writes a provider, replacing the one of the same id.
pub(super) fn save_provider(tx: &Tx<'_>, row: &ProviderRow) -> Result<()> {
    tx.execute(
        "INSERT INTO identity_providers (id, kind, name, enabled, settings, attributes, group_map, default_grant,
                                         secret_id, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled,
             settings = excluded.settings, attributes = excluded.attributes, group_map = excluded.group_map,
             default_grant = excluded.default_grant, secret_id = excluded.secret_id, updated_at = excluded.updated_at",
        params![
            row.id,
            row.kind().as_str(),
            row.name.as_str(),
            row.enabled,
            serde_json::to_string(&row.settings)?,
            serde_json::to_string(&row.attributes)?,
            serde_json::to_string(&row.group_map)?,
            row.default_grant.as_ref().map(serde_json::to_string).transpose()?,
            row.secret,
            row.created_at,
            row.updated_at
        ],
    )?;
    Ok(())
}

/// Deletes a provider with everything that is kept for it but its secrets.
pub(super) fn delete_provider(tx: &Tx<'_>, id: IdentityProviderId) -> Result<()> {
    for statement in [
        "DELETE FROM saml_keys WHERE provider_id = ?",
        "DELETE FROM sign_in_flows WHERE provider_id = ?",
        "DELETE FROM saml_taken WHERE provider_id = ?",
        "DELETE FROM saml_sessions WHERE provider_id = ?",
        "DELETE FROM sign_in_failures WHERE provider_id = ?",
        "DELETE FROM sign_in_tests WHERE provider_id = ?",
        "DELETE FROM identity_providers WHERE id = ?",
    ] {
        tx.execute(statement, params![id])?;
    }
    Ok(())
}

fn key(row: &Row<'_>) -> Result<KeyRow> {
    let certificate: Vec<u8> = row.get("certificate")?;
    Ok(KeyRow {
        id: row.get("id")?,
        secret: row.get("secret_id")?,
        fingerprint: guildhall_saml::fingerprint(&certificate),
        certificate,
        not_after: row.get("not_after")?,
        active: row.get("active")?,
    })
}

/// The node's keys towards a provider: the one that signs first.
pub(super) fn list_keys(reader: &Reader<'_>, provider: IdentityProviderId) -> Result<Vec<KeyRow>> {
    reader.query_all(
        "SELECT * FROM saml_keys WHERE provider_id = ? ORDER BY active DESC, created_at LIMIT 10",
        params![provider],
        key,
    )
}

pub(super) fn insert_key(
    tx: &Tx<'_>,
    provider: IdentityProviderId,
    row: &KeyRow,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO saml_keys (id, provider_id, secret_id, certificate, not_after, active, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id.as_str(),
            provider,
            row.secret,
            row.certificate.as_slice(),
            row.not_after,
            row.active,
            now
        ],
    )?;
    Ok(())
}

pub(super) fn delete_key(tx: &Tx<'_>, provider: IdentityProviderId, id: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM saml_keys WHERE provider_id = ? AND id = ?",
        params![provider, id],
    )?;
    Ok(())
}

pub(super) fn activate_key(tx: &Tx<'_>, provider: IdentityProviderId, id: &str) -> Result<()> {
    tx.execute(
        "UPDATE saml_keys SET active = 1 WHERE provider_id = ? AND id = ?",
        params![provider, id],
    )?;
    Ok(())
}

/// Keeps a refused login, and forgets the oldest ones.
pub(super) fn insert_failure(
    tx: &Tx<'_>,
    provider: IdentityProviderId,
    failure: &SignInFailure,
) -> Result<()> {
    tx.execute(
        "INSERT INTO sign_in_failures (provider_id, at, request_id, code, reason) VALUES (?, ?, ?, ?, ?)",
        params![
            provider,
            failure.at,
            failure.request_id.as_str(),
            failure.code.as_str(),
            failure.reason.as_str()
        ],
    )?;
    tx.execute(
        "DELETE FROM sign_in_failures WHERE provider_id = ? AND id NOT IN
         (SELECT id FROM sign_in_failures WHERE provider_id = ? ORDER BY id DESC LIMIT ?)",
        params![provider, provider, FAILURES_KEPT],
    )?;
    Ok(())
}

pub(super) fn list_failures(
    reader: &Reader<'_>,
    provider: IdentityProviderId,
) -> Result<Vec<SignInFailure>> {
    reader.query_all(
        "SELECT * FROM sign_in_failures WHERE provider_id = ? ORDER BY id DESC LIMIT 20",
        params![provider],
        |row| {
            Ok(SignInFailure {
                at: row.get("at")?,
                request_id: row.get("request_id")?,
                code: row.get("code")?,
                reason: row.get("reason")?,
            })
        },
    )
}

pub(super) fn insert_test(
    tx: &Tx<'_>,
    provider: IdentityProviderId,
    (id, expires_at): (&str, Timestamp),
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "DELETE FROM sign_in_tests WHERE expires_at <= ?",
        params![now],
    )?;
    tx.execute(
        "INSERT INTO sign_in_tests (id, provider_id, expires_at) VALUES (?, ?, ?)",
        params![id, provider, expires_at],
    )?;
    Ok(())
}

/// The result of a test, if there is one yet; nothing for a test that is not known (any more).
pub(super) fn find_test(
    reader: &Reader<'_>,
    provider: IdentityProviderId,
    id: &str,
    now: Timestamp,
) -> Result<Option<Option<String>>> {
    reader.query_opt(
        "SELECT result FROM sign_in_tests WHERE provider_id = ? AND id = ? AND expires_at > ?",
        params![provider, id, now],
        |row| row.get("result"),
    )
}

/// Keeps a test's result; the first one counts.
pub(super) fn finish_test(
    tx: &Tx<'_>,
    provider: IdentityProviderId,
    id: &str,
    result: &str,
) -> Result<()> {
    tx.execute(
        "UPDATE sign_in_tests SET result = ? WHERE provider_id = ? AND id = ? AND result IS NULL",
        params![result, provider, id],
    )?;
    Ok(())
}
