//! Addresses as they stand in commands and headers.

use guildhall_kernel::{Error, Result};

const BYTES_MAX: usize = 254;

/// Whether an address can be written to: a plain local part (RFC 5321, `Dot-string`) and a domain. Quoted local parts are
/// not taken: nobody has one, and many servers refuse them.
///
/// # Errors
/// `invalid_email` on the given field.
pub fn check_address(field: &str, address: &str) -> Result<()> {
    let is_plain = address.rsplit_once('@').is_some_and(|(local, domain)| {
        is_dotted(local, is_atom_letter)
            && is_dotted(domain, |letter| {
                letter.is_alphanumeric() || letter == '-' || letter == '_'
            })
    });
    if is_plain && address.len() <= BYTES_MAX {
        return Ok(());
    }
    let message = "give an e-mail address such as ana@example.org";
    Err(Error::invalid_field(field, "invalid_email", message))
}

fn is_dotted(text: &str, is_fit: impl Fn(char) -> bool) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(&is_fit))
}

/// `atext` of RFC 5322, and letters beyond ASCII (RFC 6531).
fn is_atom_letter(letter: char) -> bool {
    letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_become_a_command_is_no_address() {
        for good in [
            "ana@example.org",
            "ana+guild@mail.example",
            "jörg@bücher.example",
            "o'hara@host",
        ] {
            assert!(check_address("to", good).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "ana@example.org>\r\nRCPT TO:<eve@example.org",
            "a>b@example.org",
            "a b@example.org",
            "\"a b\"@example.org",
            "a..b@example.org",
            "ana@[127.0.0.1]",
            "ana@ex ample.org",
            "a,b@example.org",
            long.as_str(),
        ] {
            assert!(check_address("to", bad).is_err(), "{bad}");
        }
    }
}
