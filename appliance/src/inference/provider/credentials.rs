//! What opens a provider.

use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;

use super::kind::{ProviderKind, is_name};
use crate::secrets::SecretText;

/// What opens a provider.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(
    remote = "Self",
    tag = "kind",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Credentials {
    /// Nothing: for servers on the local network that ask for nothing.
    // With braces, because serde lets unknown fields through beside a variant without them.
    None {},
    /// A key; Bedrock has such keys too.
    ApiKey { api_key: SecretText },
    /// An AWS key pair.
    Aws {
        #[schema(pattern = "^[0-9A-Za-z-]{1,64}$")]
        access_key_id: String,
        secret_access_key: SecretText,
        /// For keys that were lent for a time.
        #[serde(default)]
        session_token: Option<SecretText>,
    },
}

impl<'de> Deserialize<'de> for Credentials {
    /// As derived, but a mistake is answered without quoting what was sent: it may be the key.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Self::deserialize(value).map_err(|_| {
            D::Error::custom(
                "credentials are an object whose `kind` is `none`, `api_key` (with `api_key`) or `aws` (with `access_key_id`, `secret_access_key` and perhaps `session_token`)",
            )
        })
    }
}

/// What requests to AWS are signed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsKeys<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) secret_access_key: &'a SecretText,
    pub(super) session_token: Option<&'a SecretText>,
}

impl Credentials {
    /// The AWS key pair, where they are one.
    pub(super) fn aws_keys(&self) -> Option<AwsKeys<'_>> {
        let Self::Aws {
            access_key_id,
            secret_access_key,
            session_token,
        } = self
        else {
            return None;
        };
        Some(AwsKeys {
            access_key_id,
            secret_access_key,
            session_token: session_token.as_ref(),
        })
    }

    /// The form that is sealed.
    pub(super) fn to_sealed(&self) -> zeroize::Zeroizing<String> {
        let value = match self {
            Self::None {} => serde_json::json!({ "kind": "none" }),
            Self::ApiKey { api_key } => {
                serde_json::json!({ "kind": "api_key", "api_key": api_key.reveal() })
            }
            Self::Aws {
                access_key_id,
                secret_access_key,
                session_token,
            } => serde_json::json!({
                "kind": "aws",
                "access_key_id": access_key_id,
                "secret_access_key": secret_access_key.reveal(),
                "session_token": session_token.as_ref().map(SecretText::reveal),
            }),
        };
        zeroize::Zeroizing::new(value.to_string())
    }

    pub(super) fn check(&self, kind: ProviderKind) -> Result<()> {
        let wrong = |message: &str| {
            Err(Error::invalid_field(
                "credentials",
                "invalid_credentials",
                message,
            ))
        };
        let is_plain = |text: &str| {
            (1..=4096).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match self {
            Self::None {} => Ok(()),
            Self::ApiKey { .. } if kind == ProviderKind::AmazonQ => {
                wrong("Amazon Q Business takes an AWS key pair")
            }
            Self::ApiKey { api_key } if !is_plain(api_key.reveal()) => {
                wrong("the key is empty or holds spaces or other characters that no key has")
            }
            Self::Aws { .. } if !matches!(kind, ProviderKind::Bedrock | ProviderKind::AmazonQ) => {
                wrong("an AWS key pair opens Bedrock and Amazon Q Business only")
            }
            Self::Aws {
                access_key_id,
                secret_access_key,
                ..
            } if !is_name(access_key_id) || !is_plain(secret_access_key.reveal()) => {
                wrong("the key pair is empty or holds characters that no key has")
            }
            _ => Ok(()),
        }
    }
}
