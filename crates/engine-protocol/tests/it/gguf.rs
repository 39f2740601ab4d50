use std::fs;

use guildhall_engine_protocol::codes;
use guildhall_engine_protocol::gguf::{Header, HeaderError, Value, bytes_text};
use guildhall_engine_protocol::testing::{
    GgufWriter, TINY_CONTEXT_LENGTH, TinyModel, write_tiny_model,
};

fn read(bytes: &[u8]) -> Result<Header, HeaderError> {
    Header::read(bytes, bytes.len() as u64)
}

fn refusal(bytes: &[u8]) -> (String, &'static str) {
    let error = read(bytes).unwrap_err();
    (error.to_string(), error.code())
}

#[test]
fn a_model_file_says_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    write_tiny_model(&path, 5).unwrap();
    let header = Header::open(&path).unwrap();

    assert_eq!(header.architecture(), "llama");
    assert!(header.is_generative());
    assert_eq!(header.name(), Some("Tiny random model"));
    assert_eq!(header.license(), Some("apache-2.0"));
    assert_eq!(
        header.context_length(),
        Some(u64::from(TINY_CONTEXT_LENGTH))
    );
    assert_eq!(header.embedding_length(), Some(32));
    assert_eq!(header.quantisation(), "F32");
    assert_eq!(header.split_count(), 1);
    assert!(header.chat_template().unwrap().contains("<|im_start|>"));
    assert_eq!(header.tensor_bytes(), header.parameters() * 4);
    assert_eq!(header.expected_bytes, fs::metadata(&path).unwrap().len());
    // 2 layers, 2 heads, keys and values of 16 numbers of 2 bytes each, 1,000 tokens.
    assert_eq!(header.kv_cache_bytes(1000), 2 * 2 * (16 + 16) * 1000 * 2);
    let Value::Array { length, .. } = header.metadata["tokenizer.ggml.tokens"] else {
        unreachable!("tokens are an array");
    };
    assert!(length > 256);
}

#[test]
fn a_truncated_file_says_how_much_is_missing() {
    let whole = TinyModel::default().gguf().to_bytes();
    let (message, code) = refusal(&whole[..whole.len() / 2]);
    assert_eq!(code, codes::MODEL_TRUNCATED);
    let expected = bytes_text(whole.len() as u64);
    let present = bytes_text(whole.len() as u64 / 2);
    assert_eq!(
        message,
        format!("model file is truncated: {expected} expected, {present} present; copy it again")
    );

    let (message, code) = refusal(&whole[..200]);
    assert_eq!(code, codes::MODEL_TRUNCATED);
    assert_eq!(
        message,
        "model file is truncated: it ends inside its header after 200 bytes; copy it again"
    );
}

#[test]
fn other_files_are_not_taken_for_models() {
    assert_eq!(refusal(b"").1, codes::MODEL_CORRUPT);
    assert_eq!(refusal(b"PK\x03\x04 a zip archive").1, codes::MODEL_CORRUPT);
    let (message, code) = refusal(b"GGUF\x00\x00\x00\x03");
    assert_eq!(code, codes::MODEL_UNSUPPORTED);
    assert!(
        message.starts_with("GGUF version 50331648 is not supported"),
        "{message}"
    );

    let directory = tempfile::tempdir().unwrap();
    assert_eq!(
        Header::open(directory.path()).unwrap_err().code(),
        codes::MODEL_CORRUPT
    );
    let missing = Header::open(&directory.path().join("missing.gguf")).unwrap_err();
    assert_eq!(missing.code(), codes::MODEL_UNREADABLE);
}

#[test]
fn impossible_headers_are_refused_by_name() {
    let twice = GgufWriter::new().u32("a", 1).u32("a", 2).to_bytes();
    assert!(refusal(&twice).0.contains("metadata \"a\" is there twice"));

    let alignment = GgufWriter::new().u32("general.alignment", 3).to_bytes();
    assert!(refusal(&alignment).0.contains("its alignment is 3"));

    let shape = GgufWriter::new()
        .tensor("t", &[u64::MAX, 2], Vec::new())
        .to_bytes();
    assert!(
        refusal(&shape)
            .0
            .contains("tensor \"t\" has an impossible shape")
    );

    let dimensions = GgufWriter::new()
        .tensor("t", &[1; 9], Vec::new())
        .to_bytes();
    assert!(
        refusal(&dimensions)
            .0
            .contains("tensor \"t\" has 9 dimensions")
    );
}

#[test]
fn a_count_beyond_reason_is_refused_at_once() {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(u64::MAX.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    assert!(
        refusal(&bytes)
            .0
            .contains("it claims 18446744073709551615 tensors")
    );
}

#[test]
fn arrays_nested_without_end_are_refused() {
    let mut bytes = GgufWriter::new().to_bytes()[..24].to_vec();
    bytes[16] = 1;
    bytes.extend(1_u64.to_le_bytes());
    bytes.push(b'k');
    bytes.extend(9_u32.to_le_bytes());
    for _ in 0..100_000 {
        bytes.extend(9_u32.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
    }
    assert!(refusal(&bytes).0.contains("arrays are nested too deeply"));
}

#[test]
fn sizes_read_as_people_write_them() {
    assert_eq!(bytes_text(999), "999 bytes");
    assert_eq!(bytes_text(1_250_000), "1.2 MB");
    assert_eq!(bytes_text(3_100_000_000), "3.1 GB");
    assert_eq!(bytes_text(u64::MAX), "18446744.0 TB");
}
