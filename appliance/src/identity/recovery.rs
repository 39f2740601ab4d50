//! Recovery codes: ten, each opens once, for who has lost their authenticator.

use guildhall_kernel::random_token;

use super::token_hash;

const CODES: usize = 10;
/// 80 random bits, so that a plain hash guards them as well as it does tokens.
const CODE_BYTES: usize = 10;
const GROUP: usize = 4;

/// New codes as people copy them, and how they are stored.
pub(super) fn new_codes() -> (Vec<String>, Vec<String>) {
    let codes: Vec<String> = (0..CODES)
        .map(|_| grouped(&random_token(CODE_BYTES)))
        .collect();
    let hashes = codes.iter().map(|code| hash(code)).collect();
    (codes, hashes)
}

fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters
        .chunks(GROUP)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

/// How a code is stored; case, spaces and hyphens make no difference.
pub(super) fn hash(code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .collect();
    token_hash(&plain.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_however_they_are_typed() {
        let (codes, hashes) = new_codes();
        assert_eq!((codes.len(), hashes.len()), (10, 10));
        for (code, stored) in codes.iter().zip(&hashes) {
            assert_eq!(code.len(), 19, "{code}");
            let typed = format!(" {} ", code.to_uppercase().replace('-', " "));
            assert_eq!(hash(&typed), *stored);
        }
    }
}
