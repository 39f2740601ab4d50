use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, Request, header, request::Parts};
use guildhall_web::{cookie::SessionCookie, csrf};
use proptest::prelude::*;

fn cookies(fields: &[&str]) -> HeaderMap {
    fields
        .iter()
        .map(|field| (header::COOKIE, HeaderValue::from_str(field).unwrap()))
        .collect()
}

#[test]
fn over_tls_the_cookie_is_bound_to_the_host() {
    let cookie = SessionCookie::new("guildhall", true);
    let set = cookie
        .set("abc-123", Some(Duration::from_secs(60)))
        .unwrap();
    assert_eq!(
        set,
        "__Host-guildhall=abc-123; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    );
    assert!(set.is_sensitive());
    assert_eq!(
        cookie.clear().unwrap(),
        "__Host-guildhall=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
    );
}

#[test]
fn without_tls_it_has_the_plain_name() {
    let cookie = SessionCookie::new("guildhall", false);
    assert_eq!(cookie.name(), "guildhall");
    assert_eq!(
        cookie.set("abc", None).unwrap(),
        "guildhall=abc; Path=/; HttpOnly; SameSite=Strict"
    );
}

#[test]
fn a_token_cannot_smuggle_attributes() {
    let cookie = SessionCookie::new("guildhall", true);
    for token in ["a; Domain=evil", "a\r\nSet-Cookie: b=c", "a b", "ä"] {
        assert!(cookie.set(token, None).is_err(), "{token}");
    }
}

#[test]
fn the_token_is_found_among_other_cookies_and_fields() {
    let cookie = SessionCookie::new("guildhall", true);
    let name = "__Host-guildhall";
    for fields in [
        vec![format!("theme=dark; {name}=abc")],
        vec!["theme=dark".into(), format!("{name}=abc; other=1")],
        vec![format!("x{name}=evil; {name}=abc")],
    ] {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        assert_eq!(cookie.read(&cookies(&fields)), Some("abc"), "{fields:?}");
    }
    for field in ["guildhall=abc", "__Host-guildhall=", "__Host-guildhall", ""] {
        assert_eq!(cookie.read(&cookies(&[field])), None, "{field}");
    }
}

const SECRET: &[u8] = b"session secret";

fn request(method: Method, fields: &[(&str, &str)]) -> Parts {
    let mut builder = Request::builder().method(method).uri("/api/things");
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn outcome(fields: &[(&str, &str)]) -> &'static str {
    match csrf::check(&request(Method::POST, fields), SECRET) {
        Ok(()) => "ok",
        Err(error) => {
            assert_eq!(error.status(), 403);
            error.code()
        }
    }
}

#[test]
fn reading_needs_no_token() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let cross = [("sec-fetch-site", "cross-site")];
        assert!(csrf::check(&request(method, &cross), SECRET).is_ok());
    }
}

#[test]
fn changing_needs_the_sessions_token() {
    let token = csrf::token(SECRET).unwrap();
    let other = csrf::token(b"another session").unwrap();
    assert_eq!(outcome(&[("x-csrf-token", &token)]), "ok");
    assert_eq!(outcome(&[]), "csrf_token_missing");
    for wrong in [&*other, "", &token[1..], &format!("{token}=")] {
        assert_eq!(outcome(&[("x-csrf-token", wrong)]), "csrf_token_wrong");
    }
}

#[test]
fn another_site_is_refused_even_with_the_token() {
    let token = csrf::token(SECRET).unwrap();
    let from = |fields: &[(&str, &str)]| {
        let mut all = vec![("x-csrf-token", &*token), ("host", "node.example:8443")];
        all.extend_from_slice(fields);
        outcome(&all)
    };
    for site in ["cross-site", "same-site", "nonsense"] {
        assert_eq!(from(&[("sec-fetch-site", site)]), "cross_site_request");
    }
    for origin in [
        "https://evil.example",
        "https://node.example",
        "null",
        "node.example:8443",
    ] {
        assert_eq!(
            from(&[("origin", origin)]),
            "cross_site_request",
            "{origin}"
        );
    }
    assert_eq!(from(&[("sec-fetch-site", "same-origin")]), "ok");
    assert_eq!(from(&[("origin", "https://Node.example:8443")]), "ok");
    assert_eq!(from(&[]), "ok", "programs send neither");
}

#[test]
fn in_http_2_the_authority_is_the_host() {
    let parts = |origin: &str| {
        let request = Request::builder()
            .method(Method::POST)
            .uri("https://node.example/api/things")
            .header(header::ORIGIN, origin);
        request.body(()).unwrap().into_parts().0
    };
    assert!(csrf::check_origin(&parts("https://node.example")).is_ok());
    assert!(csrf::check_origin(&parts("https://evil.example")).is_err());
}

proptest! {
    #[test]
    fn any_cookie_field_reads_as_a_token_without_separators(field in "[ -~]{0,80}") {
        let headers = cookies(&[&field]);
        if let Some(token) = SessionCookie::new("guildhall", false).read(&headers) {
            prop_assert!(!token.is_empty() && !token.contains(';'));
        }
    }
}
