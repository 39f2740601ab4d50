//! The ways to sign in, before anybody is known: what the sign-in page offers, and who checks a password
//! that is none of the node's own.

use futures::future::BoxFuture;
use guildhall_kernel::Result;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    external::ExternalIdentity,
    settings::{self, SignUpMode},
    site::Site,
};
use crate::app::App;

/// Checks passwords that the node does not store, such as a directory's. Registered in `app.rs`.
pub trait PasswordSource: Send + Sync {
    /// Who it is when login name (as typed, trimmed) and password fit; `None` when they do not, or when
    /// nobody of that name is known here: callers cannot tell the two apart, and neither may anybody else.
    ///
    /// # Errors
    /// When the source cannot answer: one of kind `Unavailable` is shown if no other source knows better.
    fn check<'a>(
        &'a self,
        app: &'a App,
        login: &'a str,
        password: &'a Zeroizing<String>,
    ) -> BoxFuture<'a, Result<Option<ExternalIdentity>>>;
}

/// What a feature adds to the sign-in page. Registered in `app.rs`.
pub trait SignInOptions: Send + Sync {
    /// What is switched on right now.
    ///
    /// # Errors
    /// Those of the database.
    fn list<'a>(&'a self, app: &'a App) -> BoxFuture<'a, Result<SignInList>>;
}

/// Directories and identity providers to sign in with.
#[derive(Clone, Debug, Default)]
pub struct SignInList {
    /// Directories whose passwords the form takes.
    pub directories: Vec<SignInDirectory>,
    /// Identity providers to go to.
    pub providers: Vec<SignInProvider>,
}

/// A directory whose passwords the sign-in form takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignInDirectory {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// An identity provider to sign in with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignInProvider {
    /// Its id.
    pub id: String,
    /// `saml` or `oidc`.
    pub kind: &'static str,
    /// What people call it.
    pub name: String,
    /// Where the browser goes; the page appends where to come back to.
    pub login_path: String,
    /// Where the browser of somebody who logged in by it goes to log out, here and there.
    pub logout_path: String,
}

/// What the sign-in page offers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SignInWays {
    /// E-mail address and password, always.
    password: bool,
    /// Whether this address of the node is one that passkeys work under.
    passkey: bool,
    directories: Vec<SignInDirectory>,
    providers: Vec<SignInProvider>,
    sign_up: SignUpMode,
    /// Whether somebody who forgot their password can have a link sent.
    password_reset: bool,
}

/// Lists every way to sign in.
///
/// # Errors
/// Those of the database.
pub(super) async fn list(app: &App, site: &Site) -> Result<SignInWays> {
    let (sign_up, is_mail_on) = settings::sign_up_now(app).await?;
    let SignInList {
        directories,
        providers,
    } = gather(app).await?;
    Ok(SignInWays {
        password: true,
        passkey: site.passkey_origin(app).is_ok(),
        directories,
        providers,
        sign_up,
        password_reset: is_mail_on,
    })
}

/// What every feature adds, in the order of registration.
///
/// # Errors
/// Those of the database.
pub(super) async fn gather(app: &App) -> Result<SignInList> {
    let mut all = SignInList::default();
    for source in app.sign_in_options {
        let SignInList {
            directories,
            providers,
        } = source.list(app).await?;
        all.directories.extend(directories);
        all.providers.extend(providers);
    }
    Ok(all)
}
