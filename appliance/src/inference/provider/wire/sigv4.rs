//! Signatures of AWS requests, version 4. Source:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use axum::http::{HeaderValue, header};
use guildhall_kernel::{Error, Result, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Outgoing, path_segment};
use crate::{egress::Destination, inference::provider::credentials::AwsKeys};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whose key signs for what.
pub(super) struct Scope<'a> {
    pub(super) keys: AwsKeys<'a>,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) now: Timestamp,
}

/// Adds the signature's headers to a request.
pub(super) fn sign(
    scope: &Scope<'_>,
    destination: &Destination,
    request: &mut Outgoing,
) -> Result<()> {
    let text = |value: &str| {
        HeaderValue::from_str(value).map_err(|_| {
            Error::conflict(
                "provider_auth_failed",
                "the provider's key holds characters that no key has; enter it again",
            )
        })
    };
    let date = amz_date(scope.now);
    request.headers.insert("x-amz-date", text(&date)?);
    if let Some(token) = scope.keys.session_token {
        let mut token = text(token.reveal())?;
        token.set_sensitive(true);
        request.headers.insert("x-amz-security-token", token);
    }
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.trim().to_owned())
        })
        .collect();
    headers.push(("host".to_owned(), destination.authority()));
    headers.sort();
    let path = format!("{}{}", destination.base_path, request.path);
    let canonical = canonical_request((request.method.as_str(), &path), &headers, &request.body);
    let authorization = authorization(scope, &date, &headers, &canonical);
    let mut authorization = text(&authorization)?;
    authorization.set_sensitive(true);
    request.headers.insert(header::AUTHORIZATION, authorization);
    Ok(())
}

/// `20150830T123600Z`.
fn amz_date(now: Timestamp) -> String {
    let text = now.to_rfc3339();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

fn canonical_request(
    (method, path): (&str, &str),
    headers: &[(String, String)],
    body: &[u8],
) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // Services other than S3 encode the path a second time.
    let segments: Vec<String> = path.split('/').map(path_segment).collect();
    let path = match segments.join("/") {
        path if path.is_empty() => "/".to_owned(),
        path => path,
    };
    let mut parameters: Vec<(&str, &str)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .collect();
    parameters.sort_unstable();
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    format!(
        "{method}\n{path}\n{}\n{lines}\n{}\n{}",
        query.join("&"),
        signed_names(headers),
        hex(&Sha256::digest(body))
    )
}

fn signed_names(headers: &[(String, String)]) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    names.join(";")
}

fn authorization(
    scope: &Scope<'_>,
    date: &str,
    headers: &[(String, String)],
    canonical: &str,
) -> String {
    let day = date.get(..8).unwrap_or_default();
    let within = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!(
        "{ALGORITHM}\n{date}\n{within}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let secret = format!("AWS4{}", scope.keys.secret_access_key.reveal());
    let key = [day, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, to_sign.as_bytes()));
    format!(
        "{ALGORITHM} Credential={}/{within}, SignedHeaders={}, Signature={signature}",
        scope.keys.access_key_id,
        signed_names(headers)
    )
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// 2015-08-30T12:36:00Z, the time of the published test suite.
    const SUITE_TIME: i64 = 1_440_938_160_000;

    fn signature(
        method: &str,
        path: &str,
        region_service: (&str, &str),
        extra: &[(&str, &str)],
    ) -> String {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into();
        let scope = Scope {
            keys: AwsKeys {
                access_key_id: "AKIDEXAMPLE",
                secret_access_key: &secret,
                session_token: None,
            },
            region: region_service.0,
            service: region_service.1,
            now: Timestamp::from_millis(SUITE_TIME),
        };
        let date = amz_date(scope.now);
        assert_eq!(date, "20150830T123600Z");
        let mut headers = vec![("x-amz-date".to_owned(), date.clone())];
        headers.extend(
            extra
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        headers.sort();
        let canonical = canonical_request((method, path), &headers, b"");
        let line = authorization(&scope, &date, &headers, &canonical);
        line.rsplit('=').next().unwrap().to_owned()
    }

    #[test]
    fn the_published_test_suite_agrees() {
        let host = &[("host", "example.amazonaws.com")];
        let cases = [
            (
                "GET",
                "/",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                "/",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "GET",
                "/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ];
        for (method, path, expected) in cases {
            assert_eq!(
                signature(method, path, ("us-east-1", "service"), host),
                expected,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn the_documented_example_agrees() {
        let headers = [
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("host", "iam.amazonaws.com"),
        ];
        let path = "/?Action=ListUsers&Version=2010-05-08";
        assert_eq!(
            signature("GET", path, ("us-east-1", "iam"), &headers),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn a_path_is_encoded_twice() {
        let canonical = canonical_request(("POST", "/model/a.b-v1%3A0/converse-stream"), &[], b"");
        assert!(
            canonical.starts_with("POST\n/model/a.b-v1%253A0/converse-stream\n\n"),
            "{canonical}"
        );
    }
}
