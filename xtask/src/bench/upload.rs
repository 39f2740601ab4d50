//! How fast a model file goes up: the pieces of a large file of random weights, one after the other over one
//! connection, to a node on this machine, until it is whole and hashed.

use std::{
    fs::File,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    client::{Connection, request},
    inference::random_model,
    node::DataDirectory,
};
use crate::Result;

/// Bytes of one piece; the node takes larger ones, and people's browsers send these.
const PIECE_BYTES: usize = 16 << 20;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);
const UPLOADS: &str = "/api/admin/models/uploads";

/// Measures and prints what was found; nothing is written down.
pub(crate) fn run(root: &Path, program: &Path) -> Result<()> {
    let file = random_model(root)?;
    let size = std::fs::metadata(&file)?.len();
    let directory = DataDirectory::create(program)?;
    let node = directory.serve()?;
    for round in 1..=ROUNDS {
        let mut connection = Connection::open(node.address, PATIENCE)?;
        let began = Instant::now();
        let upload = upload(&mut connection, &directory.key, &file, size)?;
        let seconds = began.elapsed().as_secs_f64();
        let megabytes = bytes(size) / 1e6;
        println!(
            "round {round}: {megabytes:.0} MB in {seconds:.1} s, {:.0} MB/s",
            megabytes / seconds
        );
        let path = format!("{UPLOADS}/{upload}");
        let gone = connection.send(&request("DELETE", &path, &directory.key, None))?;
        expect(gone.status, 204, "giving the upload up")?;
    }
    Ok(())
}

/// Sends the file and checks that the node found it whole; gives the upload's id.
fn upload(connection: &mut Connection, key: &str, file: &Path, size: u64) -> Result<String> {
    let wanted = json!({ "file_name": "upload-bench.gguf", "size_bytes": size }).to_string();
    let begun = connection.send(&request("POST", UPLOADS, key, Some(&wanted)))?;
    expect(begun.status, 201, "beginning an upload")?;
    let begun: Value = serde_json::from_slice(&begun.body)?;
    let id = begun.get("id").and_then(Value::as_str);
    let id = id.ok_or("an upload without an id")?.to_owned();
    let mut file = File::open(file)?;
    let mut sent = 0_u64;
    let mut state = String::new();
    let mut piece = vec![0_u8; PIECE_BYTES];
    while sent < size {
        let length = fill(&mut file, &mut piece)?;
        let body = piece.get(..length).unwrap_or_default();
        let head = format!(
            "PATCH {UPLOADS}/{id}?offset={sent} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
             content-type: application/octet-stream\r\ncontent-length: {length}\r\n\r\n"
        );
        let answer = connection.send(&[head.as_bytes(), body].concat())?;
        expect(answer.status, 200, "a piece")?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let text = answer.get("state").and_then(Value::as_str);
        state = text.unwrap_or_default().to_owned();
        sent += u64::try_from(length)?;
    }
    if state == "received" {
        Ok(id)
    } else {
        Err(format!("the node says `{state}` of the whole file").into())
    }
}

/// Reads until the piece is full or the file ends.
fn fill(file: &mut File, piece: &mut [u8]) -> Result<usize> {
    let mut length = 0;
    while let Some(rest) = piece.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

fn expect(status: u16, wanted: u16, what: &str) -> Result<()> {
    if status == wanted {
        Ok(())
    } else {
        Err(format!("{what} was answered with {status}").into())
    }
}

#[allow(clippy::cast_precision_loss, reason = "files are far below 2^52 bytes")]
fn bytes(size: u64) -> f64 {
    size as f64
}
