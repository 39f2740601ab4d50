//! Every SQL statement on applications, grants, refresh tokens and signing keys.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OauthClientId, OauthGrantId, OrgId, PersonId, Result, Timestamp};

use super::model::{
    AccountGrant, ClientRow, GrantRow, GrantedClient, OauthClient, OauthClientKind, OauthGrantType,
};

pub(super) fn insert_client(tx: &Tx<'_>, row: &ClientRow) -> Result<()> {
    let client = &row.client;
    tx.execute(
        "INSERT INTO oauth_clients (id, organisation_id, name, kind, secret_hash, redirect_uris, grant_types, scopes,
                                    service_account, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            client.id,
            row.organisation,
            client.name.as_str(),
            kind_text(client.kind),
            row.secret_hash,
            serde_json::to_string(&client.redirect_uris)?,
            serde_json::to_string(&client.grants)?,
            serde_json::to_string(&client.scopes)?,
            client.service_account,
            client.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn update_client(tx: &Tx<'_>, row: &ClientRow) -> Result<()> {
    let client = &row.client;
    tx.execute(
        "UPDATE oauth_clients SET name = ?, kind = ?, secret_hash = ?, redirect_uris = ?, grant_types = ?, scopes = ?,
                service_account = ?
         WHERE id = ? AND organisation_id = ?",
        params![
            client.name.as_str(),
            kind_text(client.kind),
            row.secret_hash,
            serde_json::to_string(&client.redirect_uris)?,
            serde_json::to_string(&client.grants)?,
            serde_json::to_string(&client.scopes)?,
            client.service_account,
            client.id,
            row.organisation
        ],
    )?;
    Ok(())
}

/// Removes an application; its grants, tokens and codes go with it.
pub(super) fn delete_client(tx: &Tx<'_>, organisation: OrgId, id: OauthClientId) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM oauth_clients WHERE id = ? AND organisation_id = ?",
        params![id, organisation],
    )?;
    Ok(deleted > 0)
}

pub(super) fn touch_client(tx: &Tx<'_>, id: OauthClientId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE oauth_clients SET last_used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

/// The application of this id in whichever organisation: the id is what it proves itself with.
pub(super) fn find_client(reader: &Reader<'_>, id: OauthClientId) -> Result<Option<ClientRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_clients WHERE id = ?",
        params![id],
        client,
    )
}

pub(super) fn find_client_of(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: OauthClientId,
) -> Result<Option<ClientRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_clients WHERE id = ? AND organisation_id = ?",
        params![id, organisation],
        client,
    )
}

pub(super) fn list_clients(
    reader: &Reader<'_>,
    organisation: OrgId,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ClientRow>> {
    reader.query_all(
        "SELECT * FROM oauth_clients WHERE organisation_id = ? AND id > ? ORDER BY id LIMIT ?",
        params![organisation, after.unwrap_or_default(), limit],
        client,
    )
}

pub(super) fn count_clients(reader: &Reader<'_>, organisation: OrgId) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS count FROM oauth_clients WHERE organisation_id = ?",
        params![organisation],
        |row| row.get("count"),
    )
}

fn kind_text(kind: OauthClientKind) -> &'static str {
    match kind {
        OauthClientKind::Public => "public",
        OauthClientKind::Confidential => "confidential",
    }
}

fn client(row: &Row<'_>) -> Result<ClientRow> {
    let secret_hash: Option<String> = row.get("secret_hash")?;
    // What is not understood must prove itself.
    let kind = match row.get::<String>("kind")?.as_str() {
        "public" => OauthClientKind::Public,
        _ => OauthClientKind::Confidential,
    };
    Ok(ClientRow {
        organisation: row.get("organisation_id")?,
        client: OauthClient {
            id: row.get("id")?,
            name: row.get("name")?,
            kind,
            redirect_uris: list(row, "redirect_uris")?,
            grants: serde_json::from_str(&row.get::<String>("grant_types")?)?,
            scopes: list(row, "scopes")?,
            service_account: row.get("service_account")?,
            has_secret: secret_hash.is_some(),
            created_at: row.get("created_at")?,
            last_used_at: row.get("last_used_at")?,
        },
        secret_hash,
    })
}

/// A column that holds a list of texts.
pub(super) fn list(row: &Row<'_>, column: &str) -> Result<Vec<String>> {
    Ok(serde_json::from_str(&row.get::<String>(column)?)?)
}

/// Writes a grant down, and forgets those that ended: nothing of them is good for anything any more.
pub(super) fn insert_grant(tx: &Tx<'_>, row: &GrantRow) -> Result<()> {
    let now = row.created_at;
    tx.execute(
        "DELETE FROM oauth_grants WHERE expires_at <= ?",
        params![now],
    )?;
    tx.execute(
        "INSERT INTO oauth_grants (id, client_id, organisation_id, person_id, grant_type, scopes, resources,
                                   created_at, last_used_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.client,
            row.organisation,
            row.person,
            row.grant_type.as_str(),
            serde_json::to_string(&row.scopes)?,
            serde_json::to_string(&row.resources)?,
            row.created_at,
            row.last_used_at,
            row.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_grant(reader: &Reader<'_>, id: OauthGrantId) -> Result<Option<GrantRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_grants WHERE id = ?",
        params![id],
        grant,
    )
}

/// The grant that an application acts for its service account under.
pub(super) fn find_service_grant(
    reader: &Reader<'_>,
    client: OauthClientId,
    person: PersonId,
) -> Result<Option<GrantRow>> {
    reader.query_opt(
        "SELECT * FROM oauth_grants WHERE client_id = ? AND person_id = ? AND grant_type = 'client_credentials'",
        params![client, person],
        grant,
    )
}

/// Lets a grant live until then, and notes its use.
pub(super) fn prolong_grant(
    tx: &Tx<'_>,
    id: OauthGrantId,
    (now, until): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "UPDATE oauth_grants SET last_used_at = ?, expires_at = ? WHERE id = ?",
        params![now, until, id],
    )?;
    Ok(())
}

pub(super) fn touch_grant(tx: &Tx<'_>, id: OauthGrantId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE oauth_grants SET last_used_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

pub(super) fn delete_grant(tx: &Tx<'_>, id: OauthGrantId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM oauth_grants WHERE id = ?", params![id])? > 0)
}

pub(super) fn delete_grant_of(
    tx: &Tx<'_>,
    (organisation, person): (OrgId, PersonId),
    id: OauthGrantId,
) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM oauth_grants WHERE id = ? AND organisation_id = ? AND person_id = ?",
        params![id, organisation, person],
    )?;
    Ok(deleted > 0)
}

/// Ends what an application holds for its service account.
pub(super) fn delete_service_grants(tx: &Tx<'_>, client: OauthClientId) -> Result<()> {
    tx.execute(
        "DELETE FROM oauth_grants WHERE client_id = ? AND grant_type = 'client_credentials'",
        params![client],
    )?;
    Ok(())
}

/// Ends everything that applications hold for a person in an organisation; everywhere without one.
pub(super) fn delete_of_person(
    tx: &Tx<'_>,
    person: PersonId,
    organisation: Option<OrgId>,
) -> Result<()> {
    for table in ["oauth_grants", "oauth_codes", "oauth_device_codes"] {
        tx.execute(
            &format!(
                "DELETE FROM {table} WHERE person_id = ?1 AND (?2 IS NULL OR organisation_id = ?2)"
            ),
            params![person, organisation],
        )?;
    }
    Ok(())
}

/// What a person let applications do in the organisation, newest first.
pub(super) fn list_grants(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
    now: Timestamp,
    limit: u32,
) -> Result<Vec<AccountGrant>> {
    reader.query_all(
        "SELECT oauth_grants.*, oauth_clients.name AS client_name
         FROM oauth_grants JOIN oauth_clients ON oauth_clients.id = oauth_grants.client_id
         WHERE oauth_grants.person_id = ? AND oauth_grants.organisation_id = ? AND oauth_grants.expires_at > ?
           AND oauth_grants.grant_type <> 'client_credentials'
         ORDER BY oauth_grants.id DESC LIMIT ?",
        params![person, organisation, now, limit],
        |row| {
            Ok(AccountGrant {
                id: row.get("id")?,
                client: GrantedClient {
                    id: row.get("client_id")?,
                    name: row.get("client_name")?,
                },
                scopes: list(row, "scopes")?,
                created_at: row.get("created_at")?,
                last_used_at: row.get("last_used_at")?,
            })
        },
    )
}

fn grant(row: &Row<'_>) -> Result<GrantRow> {
    Ok(GrantRow {
        id: row.get("id")?,
        client: row.get("client_id")?,
        organisation: row.get("organisation_id")?,
        person: row.get("person_id")?,
        grant_type: OauthGrantType::from_stored(&row.get::<String>("grant_type")?)?,
        scopes: list(row, "scopes")?,
        resources: list(row, "resources")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        expires_at: row.get("expires_at")?,
    })
}

pub(super) fn insert_refresh(
    tx: &Tx<'_>,
    hash: &str,
    grant: OauthGrantId,
    (now, until): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "DELETE FROM oauth_refresh_tokens WHERE expires_at <= ?",
        params![now],
    )?;
    tx.execute(
        "INSERT INTO oauth_refresh_tokens (token_hash, grant_id, expires_at) VALUES (?, ?, ?)",
        params![hash, grant, until],
    )?;
    Ok(())
}

/// A refresh token as stored.
pub(super) struct RefreshRow {
    pub(super) grant: OauthGrantId,
    pub(super) expires_at: Timestamp,
    pub(super) is_used: bool,
}

pub(super) fn find_refresh(reader: &Reader<'_>, hash: &str) -> Result<Option<RefreshRow>> {
    reader.query_opt(
        "SELECT grant_id, expires_at, used_at IS NOT NULL AS is_used FROM oauth_refresh_tokens WHERE token_hash = ?",
        params![hash],
        |row| {
            Ok(RefreshRow {
                grant: row.get("grant_id")?,
                expires_at: row.get("expires_at")?,
                is_used: row.get("is_used")?,
            })
        },
    )
}

pub(super) fn use_refresh(tx: &Tx<'_>, hash: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE oauth_refresh_tokens SET used_at = ? WHERE token_hash = ?",
        params![now, hash],
    )?;
    Ok(())
}

/// When the signing key was changed, oldest first.
pub(super) fn list_rotations(reader: &Reader<'_>) -> Result<Vec<Timestamp>> {
    reader.query_all(
        "SELECT created_at FROM oauth_signing_keys ORDER BY generation LIMIT 10000",
        params![],
        |row| row.get("created_at"),
    )
}

pub(super) fn insert_rotation(tx: &Tx<'_>, generation: usize, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO oauth_signing_keys (generation, created_at) VALUES (?, ?)",
        params![generation, now],
    )?;
    Ok(())
}
