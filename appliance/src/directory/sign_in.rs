//! Logging in with a directory's password.

use futures::future::BoxFuture;
use guildhall_directory::authenticate;
use guildhall_kernel::{Error, Result};
use zeroize::Zeroizing;

use super::{grants, model::DirectoryRow, reach, store};
use crate::{
    app::App,
    egress::Origin,
    identity::{ExternalIdentity, PasswordSource, SignInDirectory, SignInList, SignInOptions},
};

/// The enabled directories, as a way to log in.
pub struct DirectorySignIn;

impl PasswordSource for DirectorySignIn {
    fn check<'a>(
        &'a self,
        app: &'a App,
        login: &'a str,
        password: &'a Zeroizing<String>,
    ) -> BoxFuture<'a, Result<Option<ExternalIdentity>>> {
        Box::pin(check(app, login, password))
    }
}

impl SignInOptions for DirectorySignIn {
    fn list<'a>(&'a self, app: &'a App) -> BoxFuture<'a, Result<SignInList>> {
        Box::pin(async move {
            let rows = enabled(app).await?;
            let directories = rows.into_iter().map(|row| SignInDirectory {
                id: row.id.to_string(),
                name: row.name,
            });
            Ok(SignInList {
                directories: directories.collect(),
                ..SignInList::default()
            })
        })
    }
}

async fn enabled(app: &App) -> Result<Vec<DirectoryRow>> {
    let mut rows = app.db.read(store::list).await?;
    rows.retain(|row| row.enabled);
    Ok(rows)
}

/// Asks one directory after the other. What is wrong with one is the administrator's to read in the log; the person hears
/// no more than that it cannot be asked.
async fn check(
    app: &App,
    login: &str,
    password: &Zeroizing<String>,
) -> Result<Option<ExternalIdentity>> {
    let mut silent = false;
    for row in enabled(app).await? {
        let asked = Box::pin(ask(app, &row, login, password)).await;
        match asked {
            Ok(Some(identity)) => return Ok(Some(identity)),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    directory.id = %row.id,
                    error = %error.chain(),
                    "a directory could not say whether a password is right"
                );
                silent |= error.is_retryable() || error.code().starts_with("egress_");
            }
        }
    }
    if silent {
        let message = "the directory cannot be asked right now; try again in a moment, or tell an administrator";
        return Err(Error::unavailable("directory_unavailable", message, 30));
    }
    Ok(None)
}

async fn ask(
    app: &App,
    row: &DirectoryRow,
    login: &str,
    password: &Zeroizing<String>,
) -> Result<Option<ExternalIdentity>> {
    let directory = reach::kept(app, row, Origin::default()).await?;
    let entry = authenticate(&directory, login, password).await?;
    entry
        .map(|entry| grants::identity_of(row, &entry))
        .transpose()
}
