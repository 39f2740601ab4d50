//! Makes sure that the embedding model is there to be embedded, and says what to do if not.

use std::env;
use std::path::PathBuf;

fn main() {
    let directory = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    for name in ["minilm/minilm.bin", "minilm/tokenizer.json"] {
        println!("cargo::rerun-if-changed={name}");
        if !directory.join(name).is_file() {
            println!(
                "cargo::error=models/{name} is missing; run `make setup` first \
                 (it runs models/minilm/fetch.py)"
            );
        }
    }
}
