//! Metadata: ours for identity providers, theirs for us (SAML metadata, sections 2.3 and 2.4).

use guildhall_kernel::Timestamp;

use crate::{
    certificate::Certificate,
    encoding::{base64_encode, instant},
    key::SpKey,
    message::{POST, REDIRECT},
    refusal::{Refusal, Result},
    scan::Comments,
    xml::{Element, escape, ns, parse},
};

/// Largest metadata that is read, in bytes: one identity provider, not a federation's whole list.
pub const METADATA_BYTES_MAX: usize = 512 * 1024;
const CERTIFICATES_MAX: usize = 10;

/// This node as a service provider.
#[derive(Clone, Copy, Debug)]
pub struct SpDescription<'a> {
    /// Its entity id.
    pub entity_id: &'a str,
    /// Where it takes responses.
    pub acs_url: &'a str,
    /// Where it takes logout messages.
    pub slo_url: &'a str,
    /// Whether it signs login requests.
    pub signs_requests: bool,
    /// Its key, and while keys change the next one too.
    pub keys: &'a [SpKey],
    /// What kind of name it wants, as a URI.
    pub name_id_format: Option<&'a str>,
}

impl SpDescription<'_> {
    /// The metadata's XML.
    pub fn to_xml(&self) -> String {
        let mut keys = String::new();
        for key in self.keys {
            let certificate = base64_encode(key.certificate());
            let info = format!(
                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            );
            keys.push_str(&format!(
                "<md:KeyDescriptor use=\"signing\">{info}</md:KeyDescriptor>"
            ));
            keys.push_str(&format!(
                "<md:KeyDescriptor use=\"encryption\">{info}{ENCRYPTION_METHODS}</md:KeyDescriptor>"
            ));
        }
        let format = self.name_id_format.map_or_else(String::new, |format| {
            format!("<md:NameIDFormat>{}</md:NameIDFormat>", escape(format))
        });
        let (acs, slo) = (escape(self.acs_url), escape(self.slo_url));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <md:EntityDescriptor xmlns:md=\"{md}\" xmlns:ds=\"{ds}\" entityID=\"{entity}\">\
             <md:SPSSODescriptor AuthnRequestsSigned=\"{signs}\" WantAssertionsSigned=\"true\" protocolSupportEnumeration=\"{protocol}\">\
             {keys}\
             <md:SingleLogoutService Binding=\"{REDIRECT}\" Location=\"{slo}\"/>\
             <md:SingleLogoutService Binding=\"{POST}\" Location=\"{slo}\"/>\
             {format}\
             <md:AssertionConsumerService Binding=\"{POST}\" Location=\"{acs}\" index=\"0\" isDefault=\"true\"/>\
             </md:SPSSODescriptor></md:EntityDescriptor>\n",
            md = ns::METADATA,
            ds = ns::SIGNATURE,
            entity = escape(self.entity_id),
            signs = self.signs_requests,
            protocol = ns::PROTOCOL,
        )
    }
}

const ENCRYPTION_METHODS: &str = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>";

/// An identity provider, as its metadata describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpDescription {
    /// Its entity id.
    pub entity_id: String,
    /// Where it takes login requests by redirect.
    pub sso_url: String,
    /// Where it takes logout messages by redirect.
    pub slo_url: Option<String>,
    /// What it signs with; the usable ones.
    pub certificates: Vec<Certificate>,
    /// The kinds of names it gives.
    pub name_id_formats: Vec<String>,
    /// Whether it demands signed login requests.
    pub wants_signed_requests: bool,
}

/// Reads the metadata of one identity provider. Their signature is not looked at: the administrator
/// who hands them over vouches for them.
///
/// # Errors
/// `saml_too_large`, what XML is refused for, `saml_metadata_expired`, `saml_metadata_no_idp`,
/// `saml_metadata_no_redirect`, and what is wrong with every certificate.
pub fn parse_metadata(xml: &str, now: Timestamp) -> Result<IdpDescription> {
    if xml.len() > METADATA_BYTES_MAX {
        let message = format!(
            "the metadata are larger than {} KiB; take those of this one identity provider, not of its federation",
            METADATA_BYTES_MAX / 1024
        );
        return Err(Refusal::new("saml_too_large", message));
    }
    let root = parse(xml, Comments::Allowed)?;
    let entity = find_entity(&root)?;
    for element in [&root, entity] {
        check_valid(element, now)?;
    }
    let role = entity.one(ns::METADATA, "IDPSSODescriptor")?;
    let sso_url = redirect_location(role, "SingleSignOnService").ok_or_else(|| {
        Refusal::new(
            "saml_metadata_no_redirect",
            "the identity provider takes no login requests by the HTTP-Redirect binding; switch that on there",
        )
    })?;
    let formats = role
        .all(ns::METADATA, "NameIDFormat")
        .take(CERTIFICATES_MAX);
    Ok(IdpDescription {
        entity_id: entity.required("entityID")?.to_owned(),
        sso_url,
        slo_url: redirect_location(role, "SingleLogoutService"),
        certificates: certificates(role)?,
        name_id_formats: formats.map(Element::text).collect::<Result<_>>()?,
        wants_signed_requests: matches!(
            role.attribute("WantAuthnRequestsSigned"),
            Some("true" | "1")
        ),
    })
}

/// The one entity that is an identity provider.
fn find_entity(root: &Element) -> Result<&Element> {
    let mut found = Vec::new();
    root.visit(&mut |element| {
        let is_idp = element.is(ns::METADATA, "EntityDescriptor")
            && element
                .all(ns::METADATA, "IDPSSODescriptor")
                .next()
                .is_some();
        if is_idp {
            found.push(element);
        }
    });
    match found.as_slice() {
        [one] => Ok(one),
        others => {
            let message = format!(
                "the metadata describe {} identity providers; paste the metadata of exactly one",
                others.len()
            );
            Err(Refusal::new("saml_metadata_no_idp", message))
        }
    }
}

fn check_valid(element: &Element, now: Timestamp) -> Result<()> {
    let until = element.attribute("validUntil").map(instant).transpose()?;
    match until {
        Some(until) if until <= now => {
            let message = format!(
                "the metadata were valid until {}; fetch them anew",
                until.to_rfc3339()
            );
            Err(Refusal::new("saml_metadata_expired", message))
        }
        _ => Ok(()),
    }
}

fn redirect_location(role: &Element, service: &str) -> Option<String> {
    let mut all = role.all(ns::METADATA, service);
    let by_redirect = all.find(|service| service.attribute("Binding") == Some(REDIRECT));
    by_redirect?.attribute("Location").map(str::to_owned)
}

/// Signing certificates; one that cannot be used is passed over while another one can.
fn certificates(role: &Element) -> Result<Vec<Certificate>> {
    let (mut usable, mut refused) = (Vec::new(), None);
    for descriptor in role
        .all(ns::METADATA, "KeyDescriptor")
        .take(CERTIFICATES_MAX)
    {
        if descriptor
            .attribute("use")
            .is_some_and(|purpose| purpose != "signing")
        {
            continue;
        }
        let mut texts = Vec::new();
        descriptor.visit(&mut |element| {
            if element.is(ns::SIGNATURE, "X509Certificate") {
                texts.push(element.text());
            }
        });
        for text in texts {
            match text.and_then(|text| Certificate::from_text(&text)) {
                Ok(certificate) if !usable.contains(&certificate) => usable.push(certificate),
                Ok(_) => {}
                Err(refusal) => refused = Some(refusal),
            }
        }
    }
    if usable.is_empty() {
        return Err(refused.unwrap_or_else(|| {
            Refusal::new(
                "saml_metadata_no_certificate",
                "the metadata name no certificate that the identity provider signs with",
            )
        }));
    }
    Ok(usable)
}
