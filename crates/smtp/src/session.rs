//! One conversation with a mail server.

use std::{collections::BTreeMap, time::Duration};

use data_encoding::BASE64;
use guildhall_kernel::{Error, Result};
use guildhall_trust::{Certificate, Stream, encrypt};
use tokio::io::AsyncWriteExt;
use zeroize::Zeroizing;

use crate::{
    Failure, Login, Message, Server,
    failure::{failed, refused, refused_mail, untrusted},
    reply::{Incoming, Reply},
};

/// The code of "go on" in a login.
const GO_ON: u16 = 334;
/// The code of "now the mail".
const START_MAIL: u16 = 354;
/// Codes that say that a login must come first.
const LOGIN_NEEDED: u16 = 530;

/// An open conversation.
pub(crate) struct Session {
    stream: Box<dyn Stream>,
    incoming: Incoming,
    /// What the server can do, by keyword in capitals.
    extensions: BTreeMap<String, String>,
    limit: Duration,
}

impl Session {
    pub(crate) fn new(stream: Box<dyn Stream>, server: &Server) -> Self {
        Self {
            stream,
            incoming: Incoming::default(),
            extensions: BTreeMap::new(),
            limit: server.limits.answer,
        }
    }

    /// Waits for the server's greeting and greets it. Says what the server calls itself.
    ///
    /// # Errors
    /// `mail_greeting_refused` and what any answer can fail with.
    pub(crate) async fn greet(&mut self, own_name: &str) -> Result<String> {
        let reply = self.answer().await?;
        if !reply.is_success() {
            let what = "the server does not take this node's connection";
            return Err(refused("mail_greeting_refused", what, &reply));
        }
        self.hello(own_name).await?;
        Ok(reply.text())
    }

    /// Greets the server, which says what it can do.
    async fn hello(&mut self, own_name: &str) -> Result<()> {
        let reply = self.command(&format!("EHLO {own_name}")).await?;
        if !reply.is_success() {
            let what = "the server refuses the greeting";
            return Err(refused("mail_greeting_refused", what, &reply));
        }
        let listed = reply.lines.iter().skip(1).map(|line| {
            let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
            (keyword.to_ascii_uppercase(), rest.to_ascii_uppercase())
        });
        self.extensions = listed.collect();
        Ok(())
    }

    /// Asks the server to go on encrypted. What came before counts for nothing afterwards, and nothing may have come that
    /// would be taken for part of the encrypted conversation.
    ///
    /// # Errors
    /// `mail_start_tls_missing`, `mail_start_tls_refused`, `mail_malformed`.
    pub(crate) async fn start_tls(&mut self) -> Result<()> {
        if !self.extensions.contains_key("STARTTLS") {
            let message = "the server does not offer STARTTLS, so nothing was sent to it";
            return Err(failed("mail_start_tls_missing", message));
        }
        let reply = self.command("STARTTLS").await?;
        if !reply.is_success() {
            let what = "the server does not go on encrypted";
            return Err(refused("mail_start_tls_refused", what, &reply));
        }
        if self.incoming.has_more() {
            let message =
                "the server, or somebody in between, said more before the encryption than it may";
            return Err(failed("mail_malformed", message));
        }
        Ok(())
    }

    /// Encrypts the conversation and checks whom it leads to.
    ///
    /// # Errors
    /// `mail_tls_…`, `mail_timeout`, `invalid_ca`.
    pub(crate) async fn encrypted(
        self,
        server: &Server,
        seen: &mut Option<Certificate>,
    ) -> Result<Self> {
        let shown = format!("{}:{}", server.host, server.port);
        let target = guildhall_trust::Server {
            host: &server.host,
            shown: &shown,
            ca_pem: server.ca_pem.as_deref(),
            now: server.now,
        };
        let encrypting = Box::pin(encrypt(target, self.stream, seen));
        let outcome = within(self.limit, encrypting).await??;
        Ok(Self {
            stream: outcome.map_err(untrusted)?,
            incoming: Incoming::default(),
            extensions: BTreeMap::new(),
            limit: self.limit,
        })
    }

    /// Greets the server once more after the encryption.
    ///
    /// # Errors
    /// `mail_greeting_refused` and what any answer can fail with.
    pub(crate) async fn greet_again(&mut self, own_name: &str) -> Result<()> {
        self.hello(own_name).await
    }

    /// Logs in, with whichever way of sending a password the server offers. Says which.
    ///
    /// # Errors
    /// `mail_login_missing`, `mail_login_refused`.
    pub(crate) async fn log_in(&mut self, login: &Login) -> Result<&'static str> {
        let offered = self.extensions.get("AUTH").cloned().unwrap_or_default();
        let offers = |way: &str| offered.split_ascii_whitespace().any(|found| found == way);
        let (way, reply) = if offers("PLAIN") {
            // RFC 4616: nobody else to act as, the name, the password.
            let secret = format!("\0{}\0{}", login.user, login.password.as_str());
            let secret = Zeroizing::new(BASE64.encode(Zeroizing::new(secret).as_bytes()));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", secret.as_str()));
            ("PLAIN", self.command(&line).await?)
        } else if offers("LOGIN") {
            ("LOGIN", self.log_in_by_parts(login).await?)
        } else {
            let message = if offered.is_empty() {
                "the server offers no login".to_owned()
            } else {
                format!("the server offers no login by password, only {offered}")
            };
            return Err(failed("mail_login_missing", message));
        };
        if reply.is_success() {
            return Ok(way);
        }
        let what = format!("the server refuses the login as `{}`", login.user);
        Err(refused("mail_login_refused", &what, &reply))
    }

    /// The way of servers that know no other: name and password one after the other.
    async fn log_in_by_parts(&mut self, login: &Login) -> Result<Reply> {
        let mut reply = self.command("AUTH LOGIN").await?;
        for part in [login.user.as_str(), login.password.as_str()] {
            if reply.code != GO_ON {
                return Ok(reply);
            }
            let part = Zeroizing::new(BASE64.encode(part.as_bytes()));
            reply = self.command(&part).await?;
        }
        Ok(reply)
    }

    /// Says whom the mail comes from.
    ///
    /// # Errors
    /// `mail_address_unsupported`, `mail_login_needed`, `mail_sender_refused`.
    pub(crate) async fn sender(&mut self, message: &Message) -> std::result::Result<(), Failure> {
        let mut line = format!("MAIL FROM:<{}>", message.sender);
        if message.is_international() {
            if !self.extensions.contains_key("SMTPUTF8") {
                let text = "an address holds letters that the server does not carry";
                return Err(Failure {
                    error: failed("mail_address_unsupported", text),
                    is_final: true,
                });
            }
            line.push_str(" SMTPUTF8");
        }
        let reply = self.command(&line).await?;
        if reply.code == LOGIN_NEEDED {
            let what = "the server wants a login first";
            return Err(refused("mail_login_needed", what, &reply).into());
        }
        // The sender is a setting, which may be mended: the mail waits for that.
        let what = format!("the server refuses the sender {}", message.sender);
        expect(reply, 2, |reply| {
            refused("mail_sender_refused", &what, reply).into()
        })
    }

    /// Says whom the mail goes to.
    ///
    /// # Errors
    /// `mail_recipient_refused`, for good with a code of 5xx.
    pub(crate) async fn recipient(
        &mut self,
        message: &Message,
    ) -> std::result::Result<(), Failure> {
        let line = format!("RCPT TO:<{}>", message.recipient);
        let reply = self.command(&line).await?;
        if reply.code == LOGIN_NEEDED {
            let what = "the server wants a login first";
            return Err(refused("mail_login_needed", what, &reply).into());
        }
        let what = "the server refuses the recipient";
        expect(reply, 2, |reply| {
            refused_mail("mail_recipient_refused", what, reply)
        })
    }

    /// Hands the mail over. Says what the server said to it.
    ///
    /// # Errors
    /// `mail_message_refused`, for good with a code of 5xx.
    pub(crate) async fn message(&mut self, wire: &str) -> std::result::Result<String, Failure> {
        let what = "the server refuses the mail";
        let refused = |reply: &Reply| refused_mail("mail_message_refused", what, reply);
        let reply = self.command("DATA").await?;
        if reply.code != START_MAIL {
            return Err(refused(&reply));
        }
        let end = if wire.ends_with("\r\n") {
            ".\r\n"
        } else {
            "\r\n.\r\n"
        };
        self.write(&format!("{wire}{end}")).await?;
        let reply = self.answer().await?;
        if reply.is_success() {
            Ok(reply.text())
        } else {
            Err(refused(&reply))
        }
    }

    /// Takes leave; a server that does not answer to that has the mail all the same.
    pub(crate) async fn quit(mut self) {
        let _ = self.command("QUIT").await;
    }

    async fn command(&mut self, line: &str) -> Result<Reply> {
        self.write(&Zeroizing::new(format!("{line}\r\n"))).await?;
        self.answer().await
    }

    async fn write(&mut self, text: &str) -> Result<()> {
        let writing = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        let written = within(self.limit, writing).await?;
        written.map_err(|error| {
            failed("mail_cut", "the mail server ended the connection").with_source(error)
        })
    }

    async fn answer(&mut self) -> Result<Reply> {
        let reading = self.incoming.read(&mut self.stream);
        within(self.limit, reading).await?
    }
}

/// Refuses an answer whose code does not begin with this digit.
fn expect(
    reply: Reply,
    first_digit: u16,
    refusal: impl FnOnce(&Reply) -> Failure,
) -> std::result::Result<(), Failure> {
    if reply.code / 100 == first_digit {
        Ok(())
    } else {
        Err(refusal(&reply))
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(limit, work).await.map_err(|_| {
        let message = format!(
            "the mail server did not answer within {} s",
            limit.as_secs()
        );
        Error::unavailable("mail_timeout", message, 30)
    })
}
