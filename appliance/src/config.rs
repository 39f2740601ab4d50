//! The node's configuration: defaults, then a TOML file, then environment, then the command line.

mod door;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use guildhall_kernel::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use door::{ClientCertificates, LimitsConfig, SecurityConfig};

/// How the node runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What the node is called in its pages.
    pub name: String,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The host name people reach the node under, for links it prints.
    pub host_name: String,
    /// The address people reach the node under when something stands before it, such as
    /// `https://guildhall.example`; made of `host_name` and the port when left out.
    pub public_url: Option<String>,
    /// Serve without TLS; on loopback only.
    pub insecure_http: bool,
    /// TLS certificate and key of your own; one is made at first start otherwise.
    pub tls: TlsConfig,
    /// What is logged.
    pub log: LogConfig,
    /// How models run.
    pub engine: EngineConfig,
    /// Whether outgoing connections can be switched on at all.
    pub egress: EgressPolicy,
    /// How many requests one caller may make.
    pub limits: LimitsConfig,
    /// Whom to tell about weaknesses.
    pub security: SecurityConfig,
    /// Let identity providers on this machine's loopback be spoken to without TLS; for trying things out.
    pub plain_loopback_providers: bool,
}

/// Whether outgoing connections can be switched on at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EgressPolicy {
    /// A platform administrator switches them on and off; the node starts with them off.
    #[default]
    Switchable,
    /// Never, whatever a platform administrator does.
    Never,
}

/// A certificate of your own (PEM files).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The certificate chain.
    pub certificate: Option<PathBuf>,
    /// The private key.
    pub key: Option<PathBuf>,
    /// The authority that programs' own certificates come from (PEM).
    pub client_ca: Option<PathBuf>,
    /// Whether programs may, or must, show a certificate of their own.
    pub client_certificates: ClientCertificates,
}

/// What is logged, to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,guildhall=debug`.
    pub level: String,
    /// For people or for programs.
    pub format: LogFormat,
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line of text per event.
    Text,
    /// One JSON object per event.
    Json,
}

/// How models run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// The engine's program; found beside `guildhall` when left out.
    pub path: Option<PathBuf>,
    /// Threads a model computes with; the machine's cores, at most 8, when left out.
    pub threads: Option<u32>,
    /// Most tokens a model reads at once, prompt and answer together.
    pub context_length_max: u32,
    /// How long an idle model stays in memory, in seconds.
    pub idle_unload_s: u32,
    /// Conversations a model computes at the same time, 1 to 64; 4 when left out, fewer where memory is
    /// tight.
    pub sequences: Option<u32>,
    /// Tokens that all conversations of a model may hold together; half of what they could fill when left
    /// out.
    pub cache_tokens: Option<u32>,
    /// How a model remembers a conversation: `q8` takes half the memory of `f16`.
    pub cache_numbers: CacheNumbers,
    /// Layers computed on a graphics card, where the engine is built for one.
    pub gpu_layers: u32,
    /// Memory that models may take together, in MiB; three quarters of the machine's (or of its control
    /// group's) when left out.
    pub memory_budget_mb: Option<u64>,
    /// Most requests that wait for one model, 1 to 10000.
    pub queue_max: u32,
    /// How long a request may wait for its turn, in seconds.
    pub queue_wait_s: u32,
    /// How long an employee's whole answer may take, waiting included, in seconds, where the caller names no
    /// deadline.
    pub answer_time_s: u32,
    /// An engine that does not answer for so many seconds is ended and started again.
    pub hang_after_s: u32,
}

/// Numbers in which a model remembers a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheNumbers {
    /// 16-bit floats.
    F16,
    /// 8-bit blocks.
    Q8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "Guildhall".to_owned(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443),
            host_name: "localhost".to_owned(),
            public_url: None,
            insecure_http: false,
            tls: TlsConfig::default(),
            log: LogConfig::default(),
            engine: EngineConfig::default(),
            egress: EgressPolicy::default(),
            limits: LimitsConfig::default(),
            security: SecurityConfig::default(),
            plain_loopback_providers: false,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            path: None,
            threads: None,
            context_length_max: 8192,
            idle_unload_s: 900,
            sequences: None,
            cache_tokens: None,
            cache_numbers: CacheNumbers::F16,
            gpu_layers: 0,
            memory_budget_mb: None,
            queue_max: 256,
            queue_wait_s: 300,
            answer_time_s: 900,
            hang_after_s: 30,
        }
    }
}

impl Config {
    /// Reads the file (when there is one) and what the environment says.
    ///
    /// # Errors
    /// `config_unreadable`, `invalid_config` with the line and what is wrong there.
    pub fn load(file: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut config = match file {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        config.apply(environment)?;
        config.check()?;
        Ok(config)
    }

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!(
                "the configuration {} cannot be read: {error}",
                path.display()
            );
            Error::invalid("config_unreadable", message)
        })?;
        toml::from_str(&text).map_err(|error| {
            let message = format!(
                "the configuration {} is wrong: {}",
                path.display(),
                error.to_string().trim_end()
            );
            Error::invalid("invalid_config", message)
        })
    }

    fn apply(&mut self, environment: impl Fn(&str) -> Option<String>) -> Result<()> {
        if let Some(name) = environment("GUILDHALL_NAME") {
            self.name = name;
        }
        if let Some(listen) = environment("GUILDHALL_LISTEN") {
            self.listen = listen.parse().map_err(|_| {
                let message = format!("GUILDHALL_LISTEN is `{listen}`; give an address and port such as 127.0.0.1:8443");
                Error::invalid("invalid_config", message)
            })?;
        }
        if let Some(host_name) = environment("GUILDHALL_HOST_NAME") {
            self.host_name = host_name;
        }
        if let Some(public_url) = environment("GUILDHALL_PUBLIC_URL") {
            self.public_url = Some(public_url);
        }
        if let Some(level) = environment("GUILDHALL_LOG") {
            self.log.level = level;
        }
        if let Some(path) = environment("GUILDHALL_ENGINE") {
            self.engine.path = Some(path.into());
        }
        if let Some(plain) = environment("GUILDHALL_PLAIN_LOOPBACK_PROVIDERS") {
            self.plain_loopback_providers = plain == "true";
        }
        if let Some(egress) = environment("GUILDHALL_EGRESS") {
            self.egress = match egress.as_str() {
                "switchable" => EgressPolicy::Switchable,
                "never" => EgressPolicy::Never,
                _ => {
                    let message =
                        format!("GUILDHALL_EGRESS is `{egress}`; use never or switchable");
                    return Err(Error::invalid("invalid_config", message));
                }
            };
        }
        Ok(())
    }

    /// Checks what single values cannot say.
    ///
    /// # Errors
    /// `invalid_config`.
    pub fn check(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::invalid("invalid_config", message));
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return wrong("`tls.certificate` and `tls.key` belong together; give both or neither");
        }
        if self
            .public_url
            .as_deref()
            .is_some_and(|url| !is_origin(url))
        {
            return wrong(
                "`public_url` is no address such as https://guildhall.example; leave path and final slash out",
            );
        }
        self.tls.clients()?;
        self.security.check()?;
        if self.engine.context_length_max < 256 {
            return wrong(
                "`engine.context_length_max` is below 256 tokens, which no model can work with",
            );
        }
        if self.engine.threads == Some(0) {
            return wrong("`engine.threads` is 0; leave it out to use the machine's cores");
        }
        self.engine.check()
    }

    /// Whether people reach the node over TLS.
    pub fn is_tls(&self) -> bool {
        !self.insecure_http
    }

    /// Where people reach the node that listens on `listen`: scheme, host and port, without a final slash.
    pub fn origin(&self, listen: SocketAddr) -> String {
        if let Some(public_url) = &self.public_url {
            return public_url.clone();
        }
        let scheme = if self.is_tls() { "https" } else { "http" };
        let host = if listen.ip().is_loopback() {
            "localhost"
        } else {
            self.host_name.as_str()
        };
        format!("{scheme}://{host}:{}", listen.port())
    }

    /// The JSON Schema of the file.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

/// Whether the text is a scheme and an authority, and nothing after them.
fn is_origin(url: &str) -> bool {
    let Ok(uri) = url.parse::<axum::http::Uri>() else {
        return false;
    };
    let is_web = matches!(uri.scheme_str(), Some("https" | "http"));
    is_web
        && uri
            .authority()
            .is_some_and(|authority| url.ends_with(authority.as_str()))
}

impl EngineConfig {
    fn check(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::invalid("invalid_config", message));
        if self
            .sequences
            .is_some_and(|count| !(1..=64).contains(&count))
        {
            return wrong("`engine.sequences` must be 1 to 64; leave it out for 4");
        }
        if self
            .memory_budget_mb
            .is_some_and(|megabytes| megabytes < 256)
        {
            return wrong("`engine.memory_budget_mb` is below 256, where no model fits");
        }
        if !(1..=10_000).contains(&self.queue_max) {
            return wrong("`engine.queue_max` must be 1 to 10000");
        }
        if self.queue_wait_s == 0 || self.answer_time_s == 0 || self.hang_after_s == 0 {
            return wrong(
                "`engine.queue_wait_s`, `engine.answer_time_s` and `engine.hang_after_s` must be at least 1",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path()), |name| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let config = load(
            "name = 'A'\nlisten = '127.0.0.1:9000'",
            &[("GUILDHALL_NAME", "B")],
        )
        .unwrap();
        assert_eq!((config.name.as_str(), config.listen.port()), ("B", 9000));
    }

    #[test]
    fn mistakes_are_named() {
        let unknown = load("listne = '127.0.0.1:9000'", &[]).unwrap_err();
        assert_eq!(unknown.code(), "invalid_config");
        assert!(
            unknown.message().contains("unknown field `listne`"),
            "{unknown}"
        );
        let half = load("[tls]\nkey = 'k.pem'", &[]).unwrap_err();
        assert!(half.message().contains("belong together"));
        assert!(load("", &[("GUILDHALL_LISTEN", "nowhere")]).is_err());
    }
}
