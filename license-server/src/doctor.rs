//! What an operator should know: said plainly, by `doctor` and on the server's page.

use crate::app::App;

/// What deserves a look, one sentence each.
pub fn warnings(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    if app.keys.local_license_key().is_some() {
        found.push(
            "THIS SERVER HOLDS A `license` KEY: whoever takes this machine can issue licences; \
             sign with `guildhall-license` or an attached signer and run `local-key disable`"
                .to_owned(),
        );
    }
    if app.keys.sealed_beside_data() {
        found.push(
            "the key-encryption key lies beside what it seals; keep it elsewhere with \
             GUILDHALL_LICENSE_SERVER_KEY_FILE or a systemd credential"
                .to_owned(),
        );
    }
    if app.trust.root_name() == "development" {
        found.push(
            "the trust root is the development root, whose private keys are public; build with \
             GUILDHALL_TRUST_ROOT for production"
                .to_owned(),
        );
    }
    found.extend(app.trust.warnings(&app.keys, app.clock.now()));
    if !app.tls {
        found.push("the server speaks plain HTTP; leave out --insecure-http".to_owned());
    }
    found
}
