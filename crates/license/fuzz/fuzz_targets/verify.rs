//! Nothing that comes as an artefact makes verifying panic.
#![no_main]

use guildhall_license::{
    Crl, Keyring, Lease, License, UsageReport, activation_request, compiled_in, verify,
    verify_by_install_key,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok((ring, _)) = compiled_in() else {
        return;
    };
    let _ = verify::<License>(bytes, &ring);
    let _ = verify::<Lease>(bytes, &ring);
    let _ = verify::<Crl>(bytes, &ring);
    let _ = activation_request(bytes);
    let _ = verify_by_install_key::<UsageReport>(bytes, &[9; 32]);
    let _ = Keyring::first(bytes);
    let _ = ring.followed_by(bytes);
});
