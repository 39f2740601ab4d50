//! Whatever the bytes: no panic, no endless loop, and memory in proportion to the file.

use std::sync::LazyLock;

use guildhall_engine_protocol::gguf::Header;
use guildhall_engine_protocol::testing::{GgufWriter, TinyModel};
use proptest::prelude::*;

use crate::allocation::peak_of;

static TINY: LazyLock<Vec<u8>> = LazyLock::new(|| TinyModel::default().gguf().to_bytes());

/// A header with each kind of value and few bytes between them, so that mutations hit lengths.
static DENSE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    GgufWriter::new()
        .text("general.architecture", "llama")
        .u32("llama.context_length", 64)
        .f32("f", 1.5)
        .bool("b", true)
        .texts("t", &["x".to_owned(), "yz".to_owned()])
        .integers("i", &[1, -2, 3])
        .tensor("weights", &[4, 2], vec![0.5; 8])
        .to_bytes()
});

/// Reads `bytes` as a file of that or another length; returns the most memory held.
fn peak_of_reading(bytes: &[u8], file_bytes: u64) -> usize {
    peak_of(|| {
        if let Ok(header) = Header::read(bytes, file_bytes) {
            // What a caller asks of any header must hold for strange ones too.
            let _ = (
                header.quantisation(),
                header.parameters(),
                header.tensor_bytes(),
            );
            let _ = (header.kv_cache_bytes(u64::MAX), header.is_generative());
        }
    })
    .1
}

/// Every byte of a file can become a few bytes of map, text and vector; nothing more.
fn bound(bytes: usize) -> usize {
    64 * 1024 + 64 * bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), length: u64) {
        prop_assert!(peak_of_reading(&bytes, length) <= bound(bytes.len()));
    }

    #[test]
    fn arbitrary_bytes_after_a_valid_start(
        counts in (0_u64..70_000, 0_u64..70_000),
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let mut file = b"GGUF\x03\x00\x00\x00".to_vec();
        file.extend(counts.0.to_le_bytes());
        file.extend(counts.1.to_le_bytes());
        file.extend(bytes);
        prop_assert!(peak_of_reading(&file, file.len() as u64) <= bound(file.len()));
    }

    #[test]
    fn mutated_headers(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut file = DENSE.clone();
        for (index, byte) in changes {
            let position = index.index(file.len());
            file[position] = byte;
        }
        let file = &file[..=end.index(file.len())];
        prop_assert!(peak_of_reading(file, u64::MAX) <= bound(file.len()));
    }

    #[test]
    fn lengths_overwritten_with_extremes(
        index in any::<prop::sample::Index>(),
        length in prop_oneof![Just(u64::MAX), Just(u64::MAX / 2), Just(1 << 32), any::<u64>()],
    ) {
        let mut file = DENSE.clone();
        let position = index.index(file.len() - 8);
        file[position..position + 8].copy_from_slice(&length.to_le_bytes());
        prop_assert!(peak_of_reading(&file, u64::MAX) <= bound(file.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutated_models(
        changes in proptest::collection::vec((0_usize..20_000, any::<u8>()), 1..8),
    ) {
        let mut file = TINY.clone();
        for (position, byte) in changes {
            file[position] = byte;
        }
        prop_assert!(peak_of_reading(&file, file.len() as u64) <= bound(file.len()));
    }
}

#[test]
fn the_unchanged_files_are_valid() {
    assert!(Header::read(DENSE.as_slice(), DENSE.len() as u64).is_ok());
    assert!(Header::read(TINY.as_slice(), TINY.len() as u64).is_ok());
}
