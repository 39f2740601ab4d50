//! Puts the root of trust into the program: the keyring that `GUILDHALL_TRUST_ROOT` names, or the development one.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=GUILDHALL_TRUST_ROOT");
    println!("cargo:rerun-if-changed=development/keyring.json");
    let named = env::var_os("GUILDHALL_TRUST_ROOT").filter(|path| !path.is_empty());
    let kind = if named.is_some() {
        "production"
    } else {
        "development"
    };
    let source = named.unwrap_or_else(|| "development/keyring.json".into());
    println!("cargo:rerun-if-changed={}", Path::new(&source).display());
    let ring = fs::read(&source).map_err(|error| {
        format!(
            "the keyring {} cannot be read: {error}",
            Path::new(&source).display()
        )
    })?;
    let output = env::var_os("OUT_DIR").ok_or("cargo gives OUT_DIR")?;
    fs::write(Path::new(&output).join("trust_root.json"), ring)?;
    println!("cargo:rustc-env=GUILDHALL_TRUST_ROOT_KIND={kind}");
    Ok(())
}
