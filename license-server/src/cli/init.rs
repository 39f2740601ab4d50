//! Setting up, and getting back in.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Subcommand};
use guildhall_db::{Db, DbOptions};
use guildhall_kernel::{Error, Result, SystemClock};
use serde_json::json;

use super::{keys::public_keys, open_db, output::Output, read_secret};
use crate::{
    access::{self, NewKey, NewStaff, Role},
    app::{App, AppOptions, DATABASE, MIGRATIONS},
    ctx::{Actor, Ctx},
    data_dir,
    keys::Keys,
    trust,
};

#[derive(Args)]
pub(super) struct InitArguments {
    /// E-mail address of the first administrator.
    #[arg(long, value_name = "EMAIL")]
    admin: String,
    /// Shown name of the administrator; the part before the @ when left out.
    #[arg(long, value_name = "NAME")]
    admin_name: Option<String>,
    /// File that holds the administrator's password (its first line).
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Take the development root's keys, which are public, to try the server without a key ceremony.
    #[arg(long)]
    development: bool,
}

#[derive(Subcommand)]
pub(super) enum StaffCommand {
    /// Give a member of the staff a new password, also while the server runs.
    ResetPassword {
        /// Whose.
        #[arg(long, value_name = "EMAIL")]
        email: String,
        /// File that holds the new password (its first line).
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(super) enum ApikeyCommand {
    /// Make an API key, also while the server runs.
    Create {
        /// What the key is for.
        #[arg(long)]
        name: String,
        /// What it may do, such as `licences.read`; several times for several.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// Days until it stops working.
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
    },
}

fn operator() -> Ctx {
    Ctx::outside(Actor::Operator, Arc::new(SystemClock))
}

pub(super) fn init(data_dir: &Path, arguments: &InitArguments, output: Output) -> Result<ExitCode> {
    let password = read_secret(&arguments.password_file)?;
    let _lock = data_dir::take(data_dir)?;
    if data_dir.join(DATABASE).exists() {
        return Err(Error::conflict(
            "already_set_up",
            format!(
                "there is a licence server in {} already; choose another --data-dir",
                data_dir.display()
            ),
        ));
    }
    let local = arguments.admin.split('@').next().unwrap_or_default();
    let member = NewStaff {
        email: arguments.admin.clone(),
        display_name: arguments
            .admin_name
            .clone()
            .unwrap_or_else(|| local.to_owned()),
        role: Role::Admin,
    };
    // What may be wrong about the input is said before anything is made.
    access::check_staff(&member, &password)?;
    let keys_dir = data_dir.join("keys");
    if arguments.development {
        Keys::make_from(&keys_dir, &trust::development_seeds()?)?;
    } else {
        Keys::make(&keys_dir)?;
    }
    let keys = Keys::open(&keys_dir)?;
    let db = Db::open(DbOptions::new(data_dir.join(DATABASE), MIGRATIONS))?;
    let made = access::create_staff_blocking(&db, &operator(), &member, &password);
    db.close();
    let made = made?;
    let public = public_keys(&keys);
    let mut lines = vec![format!(
        "{} is set up; {} can sign in",
        data_dir.display(),
        made.email
    )];
    if !arguments.development {
        lines.push(
            "put these keys into the keyring, sign it offline, then run `keyring import FILE`:"
                .to_owned(),
        );
        lines.extend(public.lines());
    }
    let value = json!({ "admin": made.email, "keys": public.value() });
    Ok(output.result(&value, &lines))
}

pub(super) fn staff(data_dir: &Path, command: StaffCommand, output: Output) -> Result<ExitCode> {
    let StaffCommand::ResetPassword {
        email,
        password_file,
    } = command;
    let password = read_secret(&password_file)?;
    let db = open_db(data_dir)?;
    let reset = access::reset_password_blocking(&db, &operator(), &email, &password);
    db.close();
    reset?;
    let lines = [format!("{email} can sign in with the new password")];
    Ok(output.result(&json!({ "email": email }), &lines))
}

pub(super) fn apikey(data_dir: &Path, command: ApikeyCommand, output: Output) -> Result<ExitCode> {
    let ApikeyCommand::Create {
        name,
        scopes,
        expires_in_days,
    } = command;
    let input = NewKey {
        name,
        scopes,
        expires_in_days,
    };
    let db = open_db(data_dir)?;
    let mut ctx = operator();
    ctx.permissions = Role::Admin.permissions(false);
    let created = access::create_key_blocking(&db, &ctx, input);
    db.close();
    let created = created?;
    let lines = [created.key.clone()];
    Ok(output.result(&serde_json::to_value(&created)?, &lines))
}

/// Opens the whole server for one command, without serving.
pub(super) async fn open_app(data_dir: &Path) -> Result<App> {
    App::open(AppOptions::new(data_dir)).await
}
