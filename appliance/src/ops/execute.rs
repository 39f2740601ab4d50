//! What commands do, on a running node and on a stopped one alike.

use guildhall_kernel::{Ctx, Error, PageRequest, RequestId, Result, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    license::{self, LicenseOperation},
    models::{self, ModelsOperation},
    outside::{self, OutsideOperation},
    quotas::{self, QuotasOperation},
};
use crate::{
    app::App,
    identity::{self, FirstAdministrator, NewApiKey, NewMember},
    inference::Progress,
};

/// One command. Paths are absolute: the node may run in another directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Make the first organisation and its administrator.
    Init {
        organisation: String,
        admin_email: String,
        admin_name: String,
        password: String,
    },
    /// A new one-time link for the wizard.
    SetupLink,
    /// Add a person to an organisation.
    AddUser {
        email: String,
        name: String,
        role: Role,
        organisation: Option<String>,
        /// Whether they administer the node, too.
        #[serde(default)]
        platform: bool,
    },
    /// The people of an organisation.
    ListUsers { organisation: Option<String> },
    /// Make an organisation, administered by a person.
    CreateOrganisation {
        name: String,
        admin_email: String,
        /// How to call somebody whom the node does not know yet.
        admin_name: Option<String>,
    },
    /// Every organisation.
    ListOrganisations,
    /// Make an API key for a person.
    CreateApiKey {
        user: String,
        name: String,
        organisation: Option<String>,
        expires_in_days: Option<u32>,
    },
    /// Agents of the catalogue.
    ListAgents { query: Option<String> },
    /// Work on models.
    Models(ModelsOperation),
    /// Limits of use.
    Quotas(QuotasOperation),
    /// What lies outside the node.
    Outside { command: OutsideOperation },
    /// Licences.
    License { command: LicenseOperation },
    /// Check the database.
    CheckDatabase,
}

/// Carries a command out; one that takes long says how far it is.
///
/// # Errors
/// Those of the feature it belongs to.
pub async fn execute(app: &App, operation: Operation, progress: Progress) -> Result<Value> {
    match operation {
        Operation::Init {
            organisation,
            admin_email,
            admin_name,
            password,
        } => {
            let first = FirstAdministrator {
                organisation_name: organisation,
                admin_name,
                admin_email,
                admin_password: Zeroizing::new(password),
            };
            init(app, first).await
        }
        Operation::SetupLink => setup_link(app).await,
        Operation::AddUser {
            email,
            name,
            role,
            organisation,
            platform,
        } => {
            let member = NewMember {
                email,
                display_name: name,
                role,
            };
            add_user(app, member, (organisation.as_deref(), platform)).await
        }
        Operation::ListUsers { organisation } => list_users(app, organisation.as_deref()).await,
        Operation::CreateOrganisation {
            name,
            admin_email,
            admin_name,
        } => create_organisation(app, name, (admin_email, admin_name)).await,
        Operation::ListOrganisations => to_json(identity::list_organisations(app).await?),
        Operation::CreateApiKey {
            user,
            name,
            organisation,
            expires_in_days,
        } => {
            let ctx = acting_for(app, &user, organisation.as_deref()).await?;
            let key = NewApiKey {
                name,
                expires_in_days,
                ..NewApiKey::default()
            };
            to_json(identity::create_api_key(app, &ctx, key).await?)
        }
        Operation::ListAgents { query } => list_agents(app, query),
        Operation::Models(operation) => models::execute(app, operation, progress).await,
        Operation::Quotas(operation) => {
            let ctx = operator(app, operation.organisation()).await?;
            quotas::execute(app, &ctx, operation).await
        }
        Operation::Outside { command } => {
            outside::execute(app, &operator(app, None).await?, command).await
        }
        Operation::License { command } => license::execute(app, command).await,
        Operation::CheckDatabase => {
            app.db.integrity_check().await?;
            Ok(json!({ "database": "ok" }))
        }
    }
}

pub(super) fn to_json(value: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

async fn init(app: &App, first: FirstAdministrator) -> Result<Value> {
    let (organisation, person) = identity::setup_organisation(app, first).await?;
    Ok(json!({ "organisation": organisation, "person": person }))
}

async fn setup_link(app: &App) -> Result<Value> {
    let link = identity::create_setup_link(app).await?;
    let link = link.ok_or_else(|| {
        Error::conflict("setup_done", "this node is set up already; log in instead")
    })?;
    Ok(json!({ "path": format!("/setup#token={}", link.token), "expires_at": link.expires_at }))
}

async fn add_user(
    app: &App,
    member: NewMember,
    (organisation, platform): (Option<&str>, bool),
) -> Result<Value> {
    let ctx = operator(app, organisation).await?;
    to_json(match platform {
        true => identity::add_platform_administrator(app, &ctx, member).await?,
        false => identity::add_member(app, &ctx, member).await?,
    })
}

/// Makes an organisation that somebody of the node administers, or somebody new, who gets a temporary password.
async fn create_organisation(
    app: &App,
    name: String,
    (email, admin_name): (String, Option<String>),
) -> Result<Value> {
    let wanted = email.clone();
    let found = app
        .db
        .read(move |reader| identity::find_by_email(reader, &wanted))
        .await?;
    if found.is_some_and(|(_, organisations)| !organisations.is_empty()) {
        let ctx = acting_for(app, &email, None).await?;
        let input = identity::NewOrganisation {
            name,
            administrator_email: None,
            join: true,
        };
        return to_json(identity::create_organisation(app, &ctx, input).await?);
    }
    let administrator = NewMember {
        display_name: admin_name.unwrap_or_else(|| email.clone()),
        email,
        role: Role::Admin,
    };
    let ctx = operator(app, None).await?;
    let new = (name.as_str(), administrator);
    let (organisation, created) = identity::create_organisation_for(app, &ctx, new).await?;
    Ok(json!({
        "id": organisation.id,
        "name": organisation.name,
        "slug": organisation.slug,
        "administrator": created.member,
        "temporary_password": created.temporary_password,
    }))
}

async fn list_users(app: &App, organisation: Option<&str>) -> Result<Value> {
    let ctx = operator(app, organisation).await?;
    let page = PageRequest {
        cursor: None,
        limit: Some(100),
    };
    to_json(identity::list_members(app, &ctx, &page).await?)
}

fn list_agents(app: &App, query: Option<String>) -> Result<Value> {
    let query = crate::catalog::ListQuery {
        q: query,
        limit: Some(100),
        ..Default::default()
    };
    Ok(serde_json::to_value(app.catalog.list(&query)?)?)
}

/// The operator acting for a person in one of their organisations (the first one when not named).
async fn acting_for(app: &App, email: &str, organisation: Option<&str>) -> Result<Ctx> {
    let wanted = email.to_owned();
    let found = app
        .db
        .read(move |reader| identity::find_by_email(reader, &wanted))
        .await?;
    let (person, organisations) = found.ok_or_else(|| {
        Error::new(
            guildhall_kernel::ErrorKind::NotFound,
            "unknown_user",
            format!("nobody here has the e-mail address {email}; see `guildhall user list`"),
        )
    })?;
    let chosen = organisations
        .into_iter()
        .find(|candidate| organisation.is_none_or(|slug| candidate.slug == slug));
    let chosen = chosen.ok_or_else(|| {
        let message = format!("{email} belongs to no such organisation; see `guildhall org list`");
        Error::new(
            guildhall_kernel::ErrorKind::NotFound,
            "unknown_organisation",
            message,
        )
    })?;
    Ok(identity::operator_context(
        app,
        chosen.id,
        person.id,
        RequestId::new(),
    ))
}

/// The operator acting in an organisation (the only or first one when not named).
async fn operator(app: &App, organisation: Option<&str>) -> Result<Ctx> {
    let organisations = identity::list_organisations(app).await?.items;
    let chosen = organisations
        .into_iter()
        .find(|candidate| organisation.is_none_or(|slug| candidate.slug == slug));
    let chosen = chosen.ok_or_else(|| {
        let message = "there is no such organisation; see `guildhall org list`, or run `guildhall init` first";
        Error::new(guildhall_kernel::ErrorKind::NotFound, "unknown_organisation", message)
    })?;
    let nobody = guildhall_kernel::PersonId::new(app.clock.as_ref());
    Ok(identity::operator_context(
        app,
        chosen.id,
        nobody,
        RequestId::new(),
    ))
}
