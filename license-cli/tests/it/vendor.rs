//! A vendor with a folder of its own, and a node that asks it for things.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_kernel::Timestamp;
use guildhall_license::{ActivationRequest, Envelope, UsagePeriod, UsageReport, fingerprint, sign};
use serde_json::Value;

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

pub(crate) struct Vendor {
    folder: tempfile::TempDir,
}

impl Vendor {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One whose keyring two of three root keys signed, with a key of every role.
    pub(crate) fn with_keyring() -> Self {
        let vendor = Self::new();
        vendor.make_keys();
        vendor.ok("keyring new root-1.pub.json root-2.pub.json root-3.pub.json license.pub.json lease.pub.json crl.pub.json --out keyring.json");
        vendor.ok("keyring sign keyring.json --key root-1.key.json");
        vendor.ok("keyring sign keyring.json --key root-3.key.json");
        vendor
    }

    /// Keys that are not sealed: unsealing is tested once and costs what it must.
    pub(crate) fn make_keys(&self) {
        for name in ["root-1", "root-2", "root-3", "license", "lease", "crl"] {
            let role = name.split('-').next().unwrap();
            self.ok(&format!(
                "keygen --role {role} --no-passphrase --out {name}.key.json"
            ));
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The program in the vendor's folder, without a passphrase in its environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall-license"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
            .env_remove("GUILDHALL_LICENSE_PASSPHRASE")
            .env_remove("GUILDHALL_PKCS11_MODULE");
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command()
            .args(line.split_whitespace())
            .output()
            .unwrap()
    }

    /// What a command that must succeed answers with `--json`.
    pub(crate) fn ok(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --json"));
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {words}");
        match output.stdout.as_slice() {
            [] => Value::Null,
            text => serde_json::from_slice(text).unwrap(),
        }
    }

    /// The stable code of a command that must fail.
    pub(crate) fn refused(&self, line: &str) -> String {
        refusal(&self.run(&format!("{line} --json")))
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn piped(&self, line: &str, input: &[u8]) -> Output {
        let mut command = self.command();
        command.args(line.split_whitespace()).stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Issues a licence for 60 seats with leases into that file; `more` are further options.
    pub(crate) fn issue(&self, file: &str, more: &str) -> Value {
        let leases = match more.contains("--lease-max-days") {
            true => "",
            false => "--lease-required true --lease-max-days 60",
        };
        self.ok(&format!(
            "issue --customer-id cus_1 --customer-name Linden --edition business --term-days 365 --seats 60 --agents 5 --feature sso \
             {leases} --key license.key.json --keyring keyring.json --ledger ledger.jsonl --out {file} {more}"
        ))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The code of a refusal, which is one sentence and exit code 1.
pub(crate) fn refusal(output: &Output) -> String {
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(output.stdout.is_empty());
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(!message.contains('\n') && message.len() > 20, "{message}");
    error["error"]["code"].as_str().unwrap().to_owned()
}

/// A node with its install key.
pub(crate) struct Node {
    key: SigningKey,
    pub(crate) id: String,
}

impl Node {
    pub(crate) fn new(number: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[number; 32]),
            id: format!("ins_{number}"),
        }
    }

    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(self.key.verifying_key().as_bytes())
    }

    /// Asks for a lease of a licence.
    pub(crate) fn request(&self, license_id: &str, nonce: &str, counter: u64) -> Vec<u8> {
        let request = ActivationRequest {
            install_id: self.id.clone(),
            install_public_key: STANDARD.encode(self.key.verifying_key().as_bytes()),
            license_id: license_id.to_owned(),
            nonce: nonce.to_owned(),
            counter,
            product_version: "1.0.0".to_owned(),
            build_date: Timestamp::from_millis(0),
            fingerprints: Default::default(),
            audit_head: None,
            last_report_seq: 0,
            wall_time: Timestamp::from_millis(0),
            time_floor: Timestamp::from_millis(0),
            clock_anomalies: 0,
        };
        sign::sign(&request, &[&self.key]).unwrap().to_bytes()
    }

    /// A usage report, and the hash that the next one names.
    pub(crate) fn report(
        &self,
        seq: u64,
        prev_sha256: Option<String>,
        anomalies: u64,
    ) -> (Vec<u8>, String) {
        let report = UsageReport {
            seq,
            prev_sha256,
            license_id: Some("lic_1".to_owned()),
            install_id: self.id.clone(),
            period: UsagePeriod {
                from: "2026-11-01".to_owned(),
                to: "2026-11-30".to_owned(),
            },
            daily: Vec::new(),
            features_used: Vec::new(),
            overage: Default::default(),
            clock_anomalies: anomalies,
            product_version: "1.0.0".to_owned(),
            audit_head: None,
            created_at: Timestamp::from_millis(0),
        };
        let envelope: Envelope = sign::sign(&report, &[&self.key]).unwrap();
        (envelope.to_bytes(), fingerprint(envelope.payload()))
    }
}
