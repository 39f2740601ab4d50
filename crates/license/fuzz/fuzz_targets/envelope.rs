//! What is read is written so that it reads the same, bare and in armour.
#![no_main]

use guildhall_license::{ENVELOPE_BYTES_MAX, Envelope, armour};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = Envelope::read(bytes) else {
        return;
    };
    assert_eq!(
        Envelope::read(&envelope.to_bytes()).ok().as_ref(),
        Some(&envelope)
    );
    let text = armour(&envelope);
    if text.len() <= ENVELOPE_BYTES_MAX {
        assert_eq!(Envelope::read(text.as_bytes()).ok(), Some(envelope));
    }
});
