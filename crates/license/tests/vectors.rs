//! Wycheproof's vectors: signatures that are right, wrong, or built to be taken by mistake.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use guildhall_license::{Algorithm, PublicKey};
use wycheproof::{TestResult, eddsa, rsa_pss_verify as pss};

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut right, mut wrong) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::read(Algorithm::Ed25519, &group.key.pk).unwrap();
        for test in &group.tests {
            let is_accepted = key.accepts(&test.msg, &test.sig);
            match test.result {
                TestResult::Valid => right += u32::from(is_accepted),
                TestResult::Invalid => wrong += u32::from(!is_accepted),
                // Verifying strictly may refuse what only some accept.
                TestResult::Acceptable => continue,
            }
            let expected = test.result == TestResult::Valid;
            assert_eq!(is_accepted, expected, "{}: {}", test.tc_id, test.comment);
        }
    }
    assert!(right >= 80 && wrong >= 60, "{right} right, {wrong} wrong");
}

#[test]
fn rsa_pss_3072_sha256() {
    let set = pss::TestSet::load(pss::TestName::RsaPss3072Sha256Mgf1SaltLen32).unwrap();
    let (mut right, mut wrong) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::read(Algorithm::RsaPss3072Sha256, &group.der).unwrap();
        for test in &group.tests {
            let is_accepted = key.accepts(&test.msg, &test.sig);
            match test.result {
                TestResult::Valid => right += u32::from(is_accepted),
                TestResult::Invalid => wrong += u32::from(!is_accepted),
                TestResult::Acceptable => continue,
            }
            let expected = test.result == TestResult::Valid;
            assert_eq!(is_accepted, expected, "{}: {}", test.tc_id, test.comment);
        }
    }
    assert!(right >= 60 && wrong >= 20, "{right} right, {wrong} wrong");
}

/// The signature scheme is a part of the key: other sizes, hashes and salts are not taken.
#[test]
fn other_rsa_is_refused() {
    for name in [
        pss::TestName::RsaPss2048Sha256Mgf1SaltLen32,
        pss::TestName::RsaPss4096Sha256Mgf1SaltLen32,
        pss::TestName::RsaPss3072Sha256Mgf1SaltLen32WithParams,
    ] {
        for group in pss::TestSet::load(name).unwrap().test_groups {
            let refused = PublicKey::read(Algorithm::RsaPss3072Sha256, &group.der).unwrap_err();
            assert_eq!(refused.code, "key_malformed");
        }
    }
}
