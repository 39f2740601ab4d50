//! `keygen`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use guildhall_license::{Algorithm, Refusal, Role};
use serde_json::json;

use crate::{
    Result, files,
    keys::{self, Passphrases, PublicFile, TokenKey},
    output::Answer,
};

/// What is made.
#[derive(Args)]
pub(crate) struct Keygen {
    /// What the key will sign.
    #[arg(long, value_enum)]
    role: RoleName,
    /// How it signs.
    #[arg(long, value_enum, default_value = "ed25519")]
    alg: AlgorithmName,
    /// The key file to write, such as `root-1.key.json`; its public half goes beside it, into `root-1.pub.json`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    passphrases: Passphrases,
    /// Make the key in this token, `pkcs11:token=NAME;object=NAME`, which it never leaves; `--out` then names the file for its public half,
    /// such as `license.pub.json`. The passphrase is the token's PIN.
    #[arg(long, value_name = "KEY", conflicts_with = "no_passphrase")]
    token: Option<TokenKey>,
    /// Do not seal the key: whoever reads the file can sign.
    #[arg(long, conflicts_with = "files")]
    no_passphrase: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    Root,
    License,
    Lease,
    Crl,
    Release,
}

#[derive(Clone, Copy, ValueEnum)]
enum AlgorithmName {
    Ed25519,
    #[value(name = "rsa-3072")]
    Rsa3072,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Root => Self::Root,
            RoleName::License => Self::License,
            RoleName::Lease => Self::Lease,
            RoleName::Crl => Self::Crl,
            RoleName::Release => Self::Release,
        }
    }
}

pub(crate) fn run(arguments: &Keygen) -> Result<Answer> {
    let alg = match arguments.alg {
        AlgorithmName::Ed25519 => Algorithm::Ed25519,
        AlgorithmName::Rsa3072 => Algorithm::RsaPss3072Sha256,
    };
    if let Some(token) = &arguments.token {
        return in_token(token, alg, arguments);
    }
    let public_path = public_path(&arguments.out)?;
    if arguments.out.exists() || public_path.exists() {
        let message = format!(
            "{} or its public half is there already and is not overwritten; choose another name",
            arguments.out.display()
        );
        return Err(Refusal::new("file_exists", message));
    }
    let passphrase = match arguments.no_passphrase {
        true => None,
        false => Some(arguments.passphrases.choose()?),
    };
    let made = keys::make(alg, arguments.role.into())?;
    keys::write(
        &arguments.out,
        &made,
        passphrase.as_deref().map(String::as_str),
    )?;
    write_public(&public_path, &made.public)?;
    Ok(answer(
        &made.public,
        (&arguments.out, &public_path),
        passphrase.is_some(),
    ))
}

fn in_token(token: &TokenKey, alg: Algorithm, arguments: &Keygen) -> Result<Answer> {
    files::require_new(&arguments.out)?;
    let mut pin = arguments.passphrases.supply();
    let public = token.make(alg, arguments.role.into(), &mut pin)?;
    write_public(&arguments.out, &public)?;
    let value = json!({ "id": public.id, "alg": public.alg, "role": public.role, "public_file": arguments.out });
    let lines = [
        format!("made the {} key {}: {token}", public.role.name(), public.id),
        format!("  public:  {}", arguments.out.display()),
    ];
    Ok(Answer::new(value, lines))
}

fn answer(
    public: &PublicFile,
    (private_path, public_path): (&Path, &Path),
    sealed: bool,
) -> Answer {
    let value = json!({
        "id": public.id, "alg": public.alg, "role": public.role, "sealed": sealed,
        "key_file": private_path, "public_file": public_path,
    });
    let lines = [
        format!("made the {} key {}", public.role.name(), public.id),
        format!(
            "  private: {} ({})",
            private_path.display(),
            if sealed { "sealed" } else { "NOT sealed" }
        ),
        format!("  public:  {}", public_path.display()),
    ];
    Answer::new(value, lines)
}

fn write_public(path: &Path, public: &PublicFile) -> Result<()> {
    let text = serde_json::to_string_pretty(public).unwrap_or_default() + "\n";
    files::create(path, text.as_bytes(), files::Access::Everybody)
}

/// `root-1.key.json` becomes `root-1.pub.json`.
fn public_path(path: &Path) -> Result<PathBuf> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let stem = name.strip_suffix(".key.json").filter(|stem| !stem.is_empty()).ok_or_else(|| {
        let message = format!("{} does not end in `.key.json`; name the key file so, for its public half gets its name from it", path.display());
        Refusal::new("file_name_unfit", message)
    })?;
    Ok(path.with_file_name(format!("{stem}.pub.json")))
}
