//! How a login goes on whose first step was right.

/// What a login still needs after a right password.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondStep {
    /// What the second step names the login by.
    pub challenge: String,
    /// How it can be done: `totp`, `passkey`, `recovery_code`.
    pub methods: Vec<&'static str>,
    /// What a browser asks its passkeys with; null when none can be used.
    pub passkey_options: serde_json::Value,
}
