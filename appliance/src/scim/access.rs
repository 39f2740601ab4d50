//! From what a directory says of somebody to what they may do here.

use std::sync::Arc;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Error, OrgId, Result, ScimResourceId};
use serde_json::Value;

use super::{
    model::{Kind, ResourceRow},
    resource_store, store,
};
use crate::{
    app::App,
    identity::{self, ExternalContext, ExternalIdentity, Grant},
};

/// Gives and takes the access of provisioned people. A cheap clone.
#[derive(Clone)]
pub(super) struct Access {
    organisation: OrgId,
    parts: Arc<ExternalContext>,
}

impl Access {
    pub(super) fn new(app: &App, organisation: OrgId) -> Self {
        Self {
            organisation,
            parts: Arc::new(identity::external_context(app)),
        }
    }

    /// Gives the user the access that their groups give, or takes it. Somebody who is nobody here yet and
    /// may not come in stays nobody; so does, until they say yes, whose address has an account that is not this
    /// organisation's. Says whether the account's name and address stayed, though the user has others.
    ///
    /// # Errors
    /// Those of [`identity::apply_or_await`].
    pub(super) fn settle(&self, tx: &Tx<'_>, user: &ResourceRow) -> Result<bool> {
        let grants = self.grants(tx, user)?;
        let may_come_in = !grants.is_empty();
        let identity = self.identity(tx, user, grants)?;
        if !may_come_in && !is_somebody(tx, user, &identity)? {
            return identity::await_no_more(tx, &self.parts, &identity).map(|()| false);
        }
        let Some(change) = identity::apply_or_await(tx, &self.parts, &identity)? else {
            return Ok(false);
        };
        if user.person != Some(change.person) {
            resource_store::set_person(tx, user.id, change.person)?;
        }
        Ok(change.name_kept)
    }

    /// Settles several users, by id.
    pub(super) fn settle_all(
        &self,
        tx: &Tx<'_>,
        users: impl IntoIterator<Item = ScimResourceId>,
    ) -> Result<()> {
        for id in users {
            if let Some(user) = resource_store::find(tx, (self.organisation, Kind::User), id)? {
                self.settle(tx, &user)?;
            }
        }
        Ok(())
    }

    /// Takes away what the directory gave a user who is to be forgotten.
    pub(super) fn withdraw(&self, tx: &Tx<'_>, user: &ResourceRow) -> Result<()> {
        let identity = self.identity(tx, user, Vec::new())?;
        if !is_somebody(tx, user, &identity)? {
            return identity::await_no_more(tx, &self.parts, &identity);
        }
        identity::apply_external(tx, &self.parts, &identity).map(|_| ())
    }

    fn grants(&self, reader: &Reader<'_>, user: &ResourceRow) -> Result<Vec<Grant>> {
        if !user.is_active() {
            return Ok(Vec::new());
        }
        let groups = resource_store::groups_of(reader, user.id)?;
        let groups: Vec<String> = groups.into_iter().map(|(_, name)| name).collect();
        let settings = store::find_settings(reader, self.organisation)?;
        let grant = |role: guildhall_kernel::Role| Grant {
            organisation: self.organisation,
            role: role.to_string(),
        };
        Ok(settings.role_in(&groups).map(grant).into_iter().collect())
    }

    fn identity(
        &self,
        reader: &Reader<'_>,
        user: &ResourceRow,
        grants: Vec<Grant>,
    ) -> Result<ExternalIdentity> {
        let source = store::find_source(reader, self.organisation)?;
        let source =
            source.ok_or_else(|| Error::internal("an organisation provisions without a source"))?;
        Ok(ExternalIdentity {
            source: source.to_string(),
            subject: user.id.to_string(),
            email: email(user),
            display_name: display_name(user),
            grants,
            organisations: vec![self.organisation],
            // Whoever is not active has no grants, and so nothing in this organisation. `false` would end
            // their access everywhere: that is not for the directory of one organisation to say.
            active: true,
        })
    }
}

/// Whether the user has an account here. One who was awaited and came in by an invitation is not noted beside the user yet.
fn is_somebody(
    reader: &Reader<'_>,
    user: &ResourceRow,
    identity: &ExternalIdentity,
) -> Result<bool> {
    let key = (identity.source.as_str(), identity.subject.as_str());
    Ok(user.person.is_some() || identity::is_known(reader, key)?)
}

/// Whether the account of a user would have another name or address.
pub(super) fn is_renamed(before: &ResourceRow, after: &ResourceRow) -> bool {
    email(before) != email(after) || display_name(before) != display_name(after)
}

/// The address somebody logs in with: the primary one, else the first, else a user name that is one. Who has
/// none gets one that no mail ever reaches (RFC 2606), so that they can still come in through an identity provider.
fn email(user: &ResourceRow) -> String {
    let entries = user.attributes.get("emails").and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let primary = entries
        .iter()
        .find(|entry| entry.get("primary") == Some(&Value::Bool(true)));
    let work = entries
        .iter()
        .find(|entry| entry.get("type").is_some_and(|kind| kind == "work"));
    let chosen = primary.or(work).or(entries.first());
    let sent = chosen.and_then(|entry| entry.get("value")?.as_str());
    if let Some(sent) = sent {
        return sent.to_owned();
    }
    let name = user.name();
    let looks_like_one = name.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@')
    });
    if looks_like_one && !name.contains(char::is_whitespace) {
        return name.to_owned();
    }
    format!("{}@scim.invalid", user.id)
}

fn display_name(user: &ResourceRow) -> String {
    let of_name = |part: &str| {
        let name = user
            .attributes
            .get("name")
            .and_then(|name| name.get(part)?.as_str());
        name.unwrap_or_default().trim().to_owned()
    };
    let shown = user
        .text("displayName")
        .unwrap_or_default()
        .trim()
        .to_owned();
    let joined = format!("{} {}", of_name("givenName"), of_name("familyName"));
    let names = [shown, of_name("formatted"), joined.trim().to_owned()];
    let found = names.into_iter().find(|name| !name.is_empty());
    found.unwrap_or_else(|| user.name().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_kernel::{SystemClock, Timestamp};
    use serde_json::json;

    use super::*;

    fn user(attributes: &Value) -> ResourceRow {
        ResourceRow {
            id: ScimResourceId::new(&SystemClock),
            kind: Kind::User,
            person: None,
            attributes: attributes.as_object().unwrap().clone(),
            version: 1,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn an_address_and_a_name_are_found_in_what_directories_send() {
        let emails = json!([{ "value": "home@x.org", "type": "home" }, { "value": "work@x.org", "type": "work" }]);
        let ada = user(
            &json!({ "userName": "ada", "emails": emails, "name": { "givenName": "Ada", "familyName": "L" } }),
        );
        assert_eq!(
            (email(&ada).as_str(), display_name(&ada).as_str()),
            ("work@x.org", "Ada L")
        );
        let upn = user(&json!({ "userName": "ada@x.org", "displayName": " Ada " }));
        assert_eq!(
            (email(&upn).as_str(), display_name(&upn).as_str()),
            ("ada@x.org", "Ada")
        );
        let bare = user(&json!({ "userName": "ada" }));
        assert_eq!(email(&bare), format!("{}@scim.invalid", bare.id));
        assert_eq!(display_name(&bare), "ada");
    }
}
