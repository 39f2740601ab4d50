//! Messages of ours: login requests, logout requests and answers to logout requests.

use guildhall_kernel::Timestamp;

use crate::{
    assertion::NameId,
    encoding::written,
    xml::{escape, ns},
};

/// How responses come back.
pub(crate) const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// How messages go out.
pub(crate) const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// A request to log somebody in.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// A fresh, unguessable id that begins with a letter or `_`.
    pub id: &'a str,
    /// Now.
    pub issued_at: Timestamp,
    /// The identity provider's address for logins.
    pub destination: &'a str,
    /// This node's entity id.
    pub issuer: &'a str,
    /// Where the response is to be posted.
    pub acs_url: &'a str,
    /// What kind of name is wanted, as a URI; without one the identity provider chooses.
    pub name_id_format: Option<&'a str>,
}

impl AuthnRequest<'_> {
    /// The request's XML.
    pub fn to_xml(&self) -> String {
        let format = self.name_id_format.map_or_else(String::new, |format| {
            format!(" Format=\"{}\"", escape(format))
        });
        format!(
            "<samlp:AuthnRequest{} AssertionConsumerServiceURL=\"{}\" ProtocolBinding=\"{POST}\">\
             <saml:Issuer>{}</saml:Issuer><samlp:NameIDPolicy{format} AllowCreate=\"true\"/></samlp:AuthnRequest>",
            head(self.id, self.issued_at, self.destination),
            escape(self.acs_url),
            escape(self.issuer),
        )
    }
}

/// A request to log somebody out at the identity provider and everywhere else.
#[derive(Clone, Copy, Debug)]
pub struct LogoutRequestMessage<'a> {
    /// A fresh, unguessable id that begins with a letter or `_`.
    pub id: &'a str,
    /// Now.
    pub issued_at: Timestamp,
    /// The identity provider's address for logouts.
    pub destination: &'a str,
    /// This node's entity id.
    pub issuer: &'a str,
    /// Who logs out, exactly as the assertion named them.
    pub name_id: &'a NameId,
    /// The login session there.
    pub session_index: Option<&'a str>,
}

impl LogoutRequestMessage<'_> {
    /// The request's XML.
    pub fn to_xml(&self) -> String {
        let index = self.session_index.map_or_else(String::new, |index| {
            format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", escape(index))
        });
        format!(
            "<samlp:LogoutRequest{}><saml:Issuer>{}</saml:Issuer>{}{index}</samlp:LogoutRequest>",
            head(self.id, self.issued_at, self.destination),
            escape(self.issuer),
            name_id(self.name_id),
        )
    }
}

/// The answer to a logout request.
#[derive(Clone, Copy, Debug)]
pub struct LogoutResponseMessage<'a> {
    /// A fresh, unguessable id that begins with a letter or `_`.
    pub id: &'a str,
    /// Now.
    pub issued_at: Timestamp,
    /// The identity provider's address for logouts.
    pub destination: &'a str,
    /// This node's entity id.
    pub issuer: &'a str,
    /// The id of the request.
    pub in_response_to: &'a str,
}

impl LogoutResponseMessage<'_> {
    /// The answer's XML: it says that the logout succeeded.
    pub fn to_xml(&self) -> String {
        format!(
            "<samlp:LogoutResponse{} InResponseTo=\"{}\"><saml:Issuer>{}</saml:Issuer><samlp:Status>\
             <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status></samlp:LogoutResponse>",
            head(self.id, self.issued_at, self.destination),
            escape(self.in_response_to),
            escape(self.issuer),
        )
    }
}

fn head(id: &str, issued_at: Timestamp, destination: &str) -> String {
    format!(
        " xmlns:samlp=\"{}\" xmlns:saml=\"{}\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{}\"",
        ns::PROTOCOL,
        ns::ASSERTION,
        escape(id),
        written(issued_at),
        escape(destination),
    )
}

fn name_id(name: &NameId) -> String {
    let attribute = |key: &str, value: &Option<String>| {
        value
            .as_deref()
            .map_or_else(String::new, |value| format!(" {key}=\"{}\"", escape(value)))
    };
    format!(
        "<saml:NameID{}{}{}>{}</saml:NameID>",
        attribute("Format", &name.format),
        attribute("NameQualifier", &name.name_qualifier),
        attribute("SPNameQualifier", &name.sp_name_qualifier),
        escape(&name.value)
    )
}
