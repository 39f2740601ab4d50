//! Signature wrapping: the eight shapes of Somorovsky et al., "On Breaking SAML: Be Whoever You Want to
//! Be" (USENIX Security 2012), and some of our own. Each begins with a genuine signature.

use super::idp::{Draft, IDP_KEY, code};

/// A genuine response, cut into what the attacks are made of.
struct Parts {
    /// The assertion with its signature.
    signed: String,
    /// The same without the signature.
    bare: String,
    signature: String,
    /// The assertion that the attacker would like: another name, another id, no signature.
    evil: String,
}

fn parts() -> Parts {
    let draft = Draft::default();
    let signed = draft.signed_assertion(&IDP_KEY);
    let (signature, bare) = cut(&signed);
    let evil = Draft {
        name_id: "admin@example.org".into(),
        ..Draft::default()
    };
    let evil = evil.unsigned_assertion().replace("_assertion-1", "_evil-1");
    Parts {
        signed,
        bare,
        signature,
        evil,
    }
}

/// Takes the signature out of an element.
fn cut(signed: &str) -> (String, String) {
    let start = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    (
        signed[start..end].to_owned(),
        format!("{}{}", &signed[..start], &signed[end..]),
    )
}

/// Puts something directly behind the issuer of the first element in `xml`.
fn behind_issuer(xml: &str, what: &str) -> String {
    xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{what}"), 1)
}

/// Puts something at the end of the outermost element.
fn at_end(xml: &str, what: &str) -> String {
    let end = xml.rfind("</").unwrap();
    format!("{}{what}{}", &xml[..end], &xml[end..])
}

fn respond(inner: &str) -> String {
    Draft::default().unsigned_response(inner)
}

fn refused(name: &str, xml: &str) {
    let code = code(xml);
    assert!(
        [
            "saml_not_one_assertion",
            "saml_signature_elsewhere",
            "saml_duplicate_id",
            "saml_signature_shape"
        ]
        .contains(&code),
        "{name} was {code}"
    );
}

/// XSW 1 and 2: the signed response lies inside or before a signature in a response of the attacker's.
#[test]
fn wrapped_responses_are_refused() {
    let genuine = Draft::default().signed_response(&parts().bare, &IDP_KEY);
    assert_eq!(code(&genuine), "taken");
    let (signature, bare) = cut(&genuine);
    let evil = respond(&parts().evil).replace("_response-1", "_evil-response");
    let holding = at_end(&signature, &format!("<ds:Object>{bare}</ds:Object>"));
    refused("XSW1", &behind_issuer(&evil, &holding));
    refused(
        "XSW1, without Object",
        &behind_issuer(&evil, &at_end(&signature, &bare)),
    );
    refused("XSW2", &behind_issuer(&evil, &format!("{bare}{signature}")));
    // The attacker's response takes over the id that is signed.
    let twin = respond(&parts().evil);
    refused("twin", &behind_issuer(&twin, &holding));
    refused(
        "twin, empty",
        &behind_issuer(&twin, &signature).replace("#_response-1", "#_other"),
    );
}

/// XSW 3: the evil assertion before the signed one, and behind it.
#[test]
fn a_second_assertion_is_refused() {
    let Parts { signed, evil, .. } = parts();
    assert_eq!(code(&respond(&signed)), "taken");
    refused("XSW3", &respond(&format!("{evil}{signed}")));
    refused("XSW3, behind", &respond(&format!("{signed}{evil}")));
    let twin = evil.replace("_evil-1", "_assertion-1");
    refused("XSW3, same id", &respond(&format!("{twin}{signed}")));
}

/// XSW 4: the signed assertion inside the evil one.
#[test]
fn an_assertion_in_an_assertion_is_refused() {
    let Parts { signed, evil, .. } = parts();
    refused("XSW4", &respond(&at_end(&evil, &signed)));
    refused(
        "XSW4, in advice",
        &respond(&at_end(
            &evil,
            &format!("<saml:Advice>{signed}</saml:Advice>"),
        )),
    );
}

/// XSW 5 and 6: the evil assertion carries the signature; what is signed stands elsewhere, or in it.
#[test]
fn a_signature_over_something_else_is_refused() {
    let Parts {
        bare,
        signature,
        evil,
        ..
    } = parts();
    let carrying = behind_issuer(&evil, &signature);
    refused("XSW5", &respond(&format!("{carrying}{bare}")));
    refused(
        "XSW6",
        &respond(&behind_issuer(&evil, &at_end(&signature, &bare))),
    );
    refused("alone", &respond(&carrying));
}

/// XSW 7 and 8: what is evil or what is signed hides where anything may stand.
#[test]
fn hiding_places_are_searched() {
    let Parts {
        signed,
        bare,
        signature,
        evil,
    } = parts();
    let extensions = format!("<samlp:Extensions>{evil}</samlp:Extensions>{signed}");
    refused("XSW7", &respond(&extensions));
    let object = at_end(&signature, &format!("<ds:Object>{bare}</ds:Object>"));
    refused("XSW8", &respond(&behind_issuer(&evil, &object)));
    let detail = format!("<samlp:Extensions>{signed}</samlp:Extensions>{evil}");
    refused("XSW7, turned around", &respond(&detail));
    let twin = evil.replace("_evil-1", "_assertion-1");
    refused(
        "same id in extensions",
        &respond(&format!(
            "<samlp:Extensions>{bare}</samlp:Extensions>{}",
            behind_issuer(&twin, &signature)
        )),
    );
}

/// A signature may not choose what it covers or how.
#[test]
fn references_and_transforms_are_not_obeyed() {
    let usual = respond(&parts().signed);
    for (from, to) in [
        ("URI=\"#_assertion-1\"", "URI=\"\""),
        ("URI=\"#_assertion-1\"", "URI=\"#xpointer(/)\""),
        ("URI=\"#_assertion-1\"", "URI=\"#_response-1\""),
    ] {
        assert_eq!(
            code(&usual.replace(from, to)),
            "saml_signature_elsewhere",
            "{to}"
        );
    }
    let xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
    let changed = usual.replace(
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        xpath,
    );
    assert_eq!(code(&changed), "saml_signature_shape");
    let twice = usual.replace(
        "<ds:SignatureValue>",
        "<ds:SignatureValue/><ds:SignatureValue>",
    );
    assert_eq!(code(&twice), "saml_ambiguous");
    let reference = usual.find("<ds:Reference ").unwrap();
    let end = usual.find("</ds:Reference>").unwrap() + "</ds:Reference>".len();
    let second = usual[reference..end].to_owned();
    let two = format!("{}{second}{}", &usual[..end], &usual[end..]);
    assert_eq!(code(&two), "saml_ambiguous");
}
