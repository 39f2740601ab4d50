//! What files hold: signed envelopes, or payloads that wait for their first signature.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use guildhall_license::{
    Artefact, Envelope, Keyring, Refusal, Verified, armour, compiled_in, fingerprint,
    sign::{self, Signer},
    verify,
};
use serde::{Deserialize, Serialize};

use crate::{Result, files, keys};

const TYPE_START: &str = "application/vnd.guildhall.";
const TYPE_END: &str = ".v1+json";

/// A payload that nobody signed yet. The licence server gives its requests in this form too, with the payload as text or in base 64;
/// what else it says about them is passed over.
#[derive(Serialize, Deserialize)]
struct Unsigned {
    payload_type: String,
    payload: String,
}

/// An envelope that may be without a signature.
pub(crate) struct Draft {
    pub(crate) envelope: Envelope,
    pub(crate) is_signed: bool,
}

/// Which keys are trusted.
#[derive(clap::Args)]
pub(crate) struct Trust {
    /// Keyring to trust, in place of the one that is compiled in. Give the later ones of its chain after it, in order.
    #[arg(long = "keyring", value_name = "FILE")]
    keyrings: Vec<std::path::PathBuf>,
}

/// The ring, and where it comes from: `file`, `development` or `production`.
pub(crate) struct Trusted {
    pub(crate) ring: Keyring,
    pub(crate) origin: &'static str,
}

impl Trust {
    /// Walks the chain of keyrings.
    ///
    /// # Errors
    /// Those of [`Keyring::first`] and [`Keyring::followed_by`].
    pub(crate) fn load(&self) -> Result<Trusted> {
        let Some((first, later)) = self.keyrings.split_first() else {
            let (ring, root) = compiled_in()?;
            return Ok(Trusted {
                ring,
                origin: root.name(),
            });
        };
        let first =
            Keyring::first(&files::read(first)?).map_err(|refusal| about(first, refusal))?;
        let ring = later.iter().try_fold(first, |ring, path| {
            ring.followed_by(&files::read(path)?)
                .map_err(|refusal| about(path, refusal))
        })?;
        Ok(Trusted {
            ring,
            origin: "file",
        })
    }
}

impl Draft {
    /// Reads an envelope or a payload without signatures.
    ///
    /// # Errors
    /// Those of [`Envelope::read`].
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path)?;
        if let Ok(unsigned) = serde_json::from_slice::<Unsigned>(&bytes) {
            let envelope = unsigned
                .envelope()
                .map_err(|refusal| about(path, refusal))?;
            return Ok(Self {
                envelope,
                is_signed: false,
            });
        }
        Ok(Self {
            envelope: Envelope::read(&bytes).map_err(|refusal| about(path, refusal))?,
            is_signed: true,
        })
    }

    /// What is written for it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        if self.is_signed {
            return line(self.envelope.to_bytes());
        }
        let unsigned = Unsigned {
            payload_type: format!(
                "{TYPE_START}{}{TYPE_END}",
                self.envelope.kind().unwrap_or_default()
            ),
            payload: String::from_utf8_lossy(self.envelope.payload()).into_owned(),
        };
        line(serde_json::to_vec_pretty(&unsigned).unwrap_or_default())
    }
}

impl Unsigned {
    fn envelope(&self) -> Result<Envelope> {
        let refuse = |why: &str| {
            let message = format!("this signing request cannot be read: {why}; fetch it again");
            Refusal::new("signing_request_malformed", message)
        };
        let kind = self
            .payload_type
            .strip_prefix(TYPE_START)
            .and_then(|rest| rest.strip_suffix(TYPE_END))
            .ok_or_else(|| refuse("its type is none of Guildhall's"))?;
        // A payload is an object, which no base 64 begins like.
        let payload = if self.payload.starts_with('{') {
            self.payload.clone().into_bytes()
        } else {
            STANDARD
                .decode(&self.payload)
                .map_err(|_| refuse("its payload is neither JSON nor base 64"))?
        };
        Ok(Envelope::new(kind, payload, Vec::new()))
    }
}

/// How a signed artefact is written.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Json,
    /// For mail.
    Armour,
}

/// Writes an artefact to a new file; `-` is the standard output.
///
/// # Errors
/// `file_exists`, `file_unwritable`.
pub(crate) fn write(path: &Path, envelope: &Envelope, form: Form) -> Result<()> {
    let bytes = match form {
        Form::Json => line(envelope.to_bytes()),
        Form::Armour => armour(envelope).into_bytes(),
    };
    if path == Path::new("-") {
        use std::io::Write;
        return std::io::stdout()
            .lock()
            .write_all(&bytes)
            .map_err(|error| files::unwritable(path, &error));
    }
    files::create(path, &bytes, files::Access::Everybody)
}

/// Signs an artefact and checks the result as a node will, so that nothing leaves that would be refused there.
///
/// # Errors
/// `signing_failed` and those of [`verify`].
pub(crate) fn sign_checked<T: Artefact + Serialize>(
    value: &T,
    signers: &[Box<dyn Signer>],
    trusted: &Trusted,
) -> Result<(Envelope, Verified<T>)> {
    let envelope = sign::sign(value, &keys::borrowed(signers))?;
    check_signers::<T>(&envelope, trusted)?;
    let verified = verify(&envelope.to_bytes(), &trusted.ring)?;
    Ok((envelope, verified))
}

/// A signature of a key that the ring does not have would be passed over in silence, so it is not made.
///
/// # Errors
/// `artefact_wrong_key`.
pub(crate) fn check_signers<T: Artefact>(envelope: &Envelope, trusted: &Trusted) -> Result<()> {
    for signature in envelope.signatures() {
        let role = trusted.ring.key(&signature.key_id).map(|(key, _)| key.role);
        if role.is_none() || role != T::ROLE {
            let message = format!(
                "the key {} may not sign a {} under keyring {}; sign with a key of the role `{}`, or name the keyring that lists it with --keyring",
                signature.key_id,
                T::KIND,
                trusted.ring.version,
                T::ROLE.map_or("none", |role| role.name()),
            );
            return Err(Refusal::new("artefact_wrong_key", message));
        }
    }
    Ok(())
}

/// SHA-256 of a payload, in hexadecimal: how other artefacts name it.
pub(crate) fn sha256(payload: &[u8]) -> String {
    fingerprint(payload)
}

/// Says which file was refused.
pub(crate) fn about(path: &Path, refusal: Refusal) -> Refusal {
    Refusal::new(
        refusal.code,
        format!("{}: {}", path.display(), refusal.message),
    )
}

fn line(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(b'\n');
    bytes
}
