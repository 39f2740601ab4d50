//! Encrypting a connection to a server that an administrator entered (a directory's, a mail server's), and telling step by
//! step how trying it out went.
//!
//! Invariants: a server is trusted by the rules of the web, or because its very certificate was entered; what certificate
//! came is told also when it is refused; certificates are judged by the time that the node goes by. Deliberately absent:
//! opening connections, certificates of the client.

mod certificate;
mod encrypt;
mod steps;
mod verify;

use tokio::io::{AsyncRead, AsyncWrite};

pub use certificate::{Certificate, read_certificates};
pub use encrypt::{Refusal, Server, Why, encrypt};
pub use steps::{Step, StepState, Steps};

/// An open connection to a server.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Words of a server, fit to be shown: short and without line ends.
pub fn shown(text: &str) -> String {
    let plain = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(200).collect::<String>().trim().to_owned()
}
