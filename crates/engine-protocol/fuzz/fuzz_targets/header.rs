//! No model file makes reading its header panic, and no header promises what the file does not hold.
#![no_main]

use guildhall_engine_protocol::gguf::Header;

/// Where the data of a file with these bytes at its start may end.
const FILE_BYTES: u64 = 1 << 40;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = Header::read(bytes, bytes.len() as u64);
    let Ok(header) = Header::read(bytes, FILE_BYTES) else {
        assert!(whole.is_err());
        return;
    };
    assert!(header.expected_bytes <= FILE_BYTES && header.data_offset <= header.expected_bytes);
    // The same file, as long as it really is, is taken exactly when everything it speaks of is there.
    assert_eq!(whole.is_ok(), header.expected_bytes <= bytes.len() as u64);
    assert!(Header::read(bytes, header.expected_bytes).is_ok());
    assert!(Header::read(bytes, header.expected_bytes - 1).is_err());
    assert!(
        header
            .tensors
            .iter()
            .all(|tensor| tensor.bytes <= FILE_BYTES)
    );
    let asked = (
        header.architecture(),
        header.is_generative(),
        header.name(),
        header.license(),
    );
    let counted = (
        header.parameters(),
        header.tensor_bytes(),
        header.kv_cache_bytes(u64::MAX),
    );
    let told = (
        header.quantisation(),
        header.context_length(),
        header.embedding_length(),
    );
    let _ = (asked, counted, told, header.chat_template());
    assert!(header.split_count() >= 1);
});
