//! Authenticator data (WebAuthn 6.1): who was asked for, what the authenticator saw, and the new key.

use super::{CREDENTIAL_ID_BYTES_MAX, Checked, Refusal, cose};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

const BROKEN: Refusal = Refusal("the authenticator's data does not read");

pub(super) struct AuthenticatorData {
    pub(super) rp_id_hash: Vec<u8>,
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) attested: Option<Attested>,
}

/// The key that was made.
pub(super) struct Attested {
    pub(super) credential_id: Vec<u8>,
    /// The COSE key, byte for byte.
    pub(super) public_key: Vec<u8>,
}

impl AuthenticatorData {
    pub(super) fn read(bytes: &[u8]) -> Checked<Self> {
        let mut rest = bytes;
        let rp_id_hash = take(&mut rest, 32)?.to_vec();
        let flags = take(&mut rest, 1)?.first().copied().unwrap_or(0);
        let sign_count = <[u8; 4]>::try_from(take(&mut rest, 4)?).map_err(|_| BROKEN)?;
        let attested = if flags & ATTESTED == 0 {
            None
        } else {
            Some(attested(&mut rest)?)
        };
        if flags & EXTENSIONS != 0 {
            cose::skip_item(&mut rest)?;
        }
        if !rest.is_empty() {
            return Err(BROKEN);
        }
        Ok(Self {
            rp_id_hash,
            flags,
            sign_count: u32::from_be_bytes(sign_count),
            attested,
        })
    }

    pub(super) fn is_user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    pub(super) fn is_user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(super) fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

/// 6.5.1: the make of the authenticator, the id with its length, the key.
fn attested(rest: &mut &[u8]) -> Checked<Attested> {
    take(rest, 16)?;
    let length = <[u8; 2]>::try_from(take(rest, 2)?).map_err(|_| BROKEN)?;
    let length = usize::from(u16::from_be_bytes(length));
    if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
        return Err(BROKEN);
    }
    let credential_id = take(rest, length)?.to_vec();
    let from_key = *rest;
    cose::skip_item(rest)?;
    let key_length = from_key.len() - rest.len();
    let public_key = from_key.get(..key_length).ok_or(BROKEN)?.to_vec();
    Ok(Attested {
        credential_id,
        public_key,
    })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Checked<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length).ok_or(BROKEN)?;
    *rest = left;
    Ok(taken)
}
