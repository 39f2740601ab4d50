//! Encrypting a connection to a directory.

use guildhall_kernel::Result;
use guildhall_trust::{Certificate, Server, Why, encrypt as encrypt_stream};
use tokio::io::AsyncWriteExt;

use crate::{Directory, ServerUrl, Stream, failure, relay};

/// Bytes of the answer to StartTLS at most.
const START_TLS_BYTES_MAX: usize = 16 * 1024;
/// An `ExtendedRequest` for StartTLS (RFC 4511, 4.14.1): message 1, `1.3.6.1.4.1.1466.20037`.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// `ExtendedResponse`.
const EXTENDED_RESPONSE: u8 = 0x78;
const ENUMERATED: u8 = 0x0a;

/// Asks a server to go on encrypted. What it might have sent after its answer would come from before the encryption, so
/// nothing beyond the answer is read here.
///
/// # Errors
/// `directory_start_tls_refused`, `directory_cut`, `directory_malformed`.
pub(crate) async fn start_tls(stream: &mut Box<dyn Stream>) -> Result<()> {
    let refused = |what: String| {
        failure::failed(
            "directory_start_tls_refused",
            format!("the server does not go on encrypted: {what}"),
        )
    };
    let ended = |error| refused("it ended the connection".to_owned()).with_source(error);
    stream.write_all(START_TLS).await.map_err(ended)?;
    stream.flush().await.map_err(ended)?;
    let answer = relay::read_message(stream, START_TLS_BYTES_MAX).await?;
    let answer = answer.ok_or_else(|| refused("it ended the connection".to_owned()))?;
    match result_code(&answer).ok_or_else(relay::malformed)? {
        0 => Ok(()),
        code => Err(refused(format!("it answered StartTLS with code {code}"))),
    }
}

/// The result code of an `ExtendedResponse` of message 1.
fn result_code(message: &[u8]) -> Option<u8> {
    let after = |bytes: &[u8], tag: u8| -> Option<usize> {
        let length = *bytes.get(1)?;
        let head = if length < 0x80 {
            2
        } else {
            2 + usize::from(length & 0x7f)
        };
        (*bytes.first()? == tag).then_some(head)
    };
    let message = message.get(after(message, 0x30)?..)?;
    let response = message.strip_prefix(&[2, 1, 1])?;
    let result = response.get(after(response, EXTENDED_RESPONSE)?..)?;
    match result {
        [ENUMERATED, 1, code, ..] => Some(*code),
        _ => None,
    }
}

/// Encrypts a connection and checks whom it leads to. What certificate came is noted also when it is refused.
///
/// # Errors
/// `directory_tls_…`, with the certificate's facts.
pub(crate) async fn encrypt(
    directory: &Directory,
    url: &ServerUrl,
    stream: Box<dyn Stream>,
    seen: &mut Option<Certificate>,
) -> Result<Box<dyn Stream>> {
    let server = Server {
        host: &url.host,
        shown: &url.to_string(),
        ca_pem: directory.settings.ca_pem.as_deref(),
        now: directory.now,
    };
    let outcome = encrypt_stream(server, stream, seen).await?;
    outcome.map_err(|refusal| failure::failed(code_of(refusal.why), refusal.message))
}

fn code_of(why: Why) -> &'static str {
    match why {
        Why::NoTls => "directory_tls_no_tls",
        Why::Expired => "directory_tls_expired",
        Why::NotYet => "directory_tls_not_yet",
        Why::UnknownIssuer => "directory_tls_unknown_issuer",
        Why::WrongName => "directory_tls_wrong_name",
        Why::Other => "directory_tls_failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_for_start_tls_is_the_standard_one() {
        assert_eq!(START_TLS.len(), 31);
        assert_eq!(START_TLS.get(1).copied(), Some(29));
    }

    #[test]
    fn answers_to_start_tls_are_read_strictly() {
        assert_eq!(
            result_code(&[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]),
            Some(0)
        );
        assert_eq!(
            result_code(&[
                0x30, 0x84, 0, 0, 0, 12, 2, 1, 1, 0x78, 7, 10, 1, 52, 4, 0, 4, 0
            ]),
            Some(52)
        );
        assert_eq!(
            result_code(&[0x30, 12, 2, 1, 2, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]),
            None
        );
        assert_eq!(
            result_code(&[0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]),
            None
        );
        assert_eq!(result_code(b"0"), None);
    }
}
