//! How a directory is set up.

use std::{fmt, time::Duration};

use guildhall_kernel::{Error, Result};
use zeroize::Zeroizing;

use crate::{ServerUrl, filter};

/// Where what a person typed stands in a name or a filter.
pub const LOGIN_PLACE: &str = "{login}";

/// What sort of server it is: how disabled accounts and nested groups are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Active Directory and Samba.
    ActiveDirectory,
    /// OpenLDAP.
    OpenLdap,
    /// Anything else that speaks LDAP version 3.
    Other,
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte, as a rule on port 636.
    Ldaps,
    /// TLS after the StartTLS operation (RFC 4511, 4.14), as a rule on port 389.
    StartTls,
    /// Not at all.
    Plain,
}

/// Who the directory is searched as.
#[derive(Clone)]
pub enum Bind {
    /// Nobody: what the directory shows to everyone.
    Anonymous,
    /// A service account.
    Account {
        /// Its DN; with Active Directory also `name@domain`.
        dn: String,
        /// Its password.
        password: Zeroizing<String>,
    },
    /// The person who logs in, under a name made of what they typed, such as `uid={login},ou=people,dc=example,dc=org`.
    Person {
        /// The name with [`LOGIN_PLACE`] in it.
        template: String,
    },
}

impl fmt::Debug for Bind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => formatter.write_str("Anonymous"),
            Self::Account { dn, .. } => write!(formatter, "Account({dn})"),
            Self::Person { template } => write!(formatter, "Person({template})"),
        }
    }
}

/// Which attributes hold what is read of a person.
#[derive(Clone, Debug)]
pub struct Attributes {
    /// What stays when everything else changes, such as `entryUUID` or `objectGUID`.
    pub subject: String,
    /// The e-mail address.
    pub email: String,
    /// The shown name.
    pub display_name: String,
    /// The groups a person is in; empty when the directory does not keep them with the person.
    pub member_of: String,
}

/// Bounds of one conversation.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To connect to one server, encryption included.
    pub connect: Duration,
    /// For one operation.
    pub operation: Duration,
    /// For a whole login.
    pub login: Duration,
    /// For a whole list of people.
    pub list: Duration,
    /// People listed at most.
    pub people: usize,
    /// Groups read at most, for one person or for a whole list.
    pub groups: usize,
    /// Levels of groups in groups at most.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            operation: Duration::from_secs(15),
            login: Duration::from_secs(20),
            list: Duration::from_secs(600),
            people: 100_000,
            groups: 20_000,
            depth: 16,
        }
    }
}

/// How a directory is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What sort of server it is.
    pub kind: Kind,
    /// Its servers, the preferred one first; the others are asked when it cannot be reached.
    pub urls: Vec<ServerUrl>,
    /// How the connection is encrypted.
    pub security: Security,
    /// Whether passwords may cross a connection that is not encrypted.
    pub allow_plain: bool,
    /// Certificates to trust (PEM) instead of the public authorities.
    pub ca_pem: Option<String>,
    /// Who it is searched as.
    pub bind: Bind,
    /// Below which entry people are looked for.
    pub base_dn: String,
    /// Who counts as a person; may hold [`LOGIN_PLACE`], and then alone says who logs in.
    pub user_filter: String,
    /// The attributes that what a person types is compared with.
    pub login_attributes: Vec<String>,
    /// Which attributes hold what.
    pub attributes: Attributes,
    /// Below which entry groups are looked for; the base DN when left out.
    pub group_base_dn: Option<String>,
    /// Which entries are groups.
    pub group_filter: String,
    /// Whether a member of a group that is in a group is in that one too.
    pub nested_groups: bool,
    /// Entries asked for at a time.
    pub page_size: u32,
    /// Bounds of one conversation.
    pub limits: Limits,
}

const URLS_MAX: usize = 8;
const DN_BYTES_MAX: usize = 1024;
const LOGIN_ATTRIBUTES_MAX: usize = 8;

impl Settings {
    /// Refuses settings that could not work or would be unsafe, field by field.
    ///
    /// # Errors
    /// `invalid_url`, `plain_refused`, `invalid_ca`, `invalid_dn`, `invalid_filter`, `invalid_attribute`,
    /// `invalid_page_size`, `invalid_bind`.
    pub fn check(&self) -> Result<()> {
        if self.urls.is_empty() || self.urls.len() > URLS_MAX {
            let message = format!("give 1 to {URLS_MAX} server URLs");
            return Err(Error::invalid_field("urls", "invalid_url", message));
        }
        for url in &self.urls {
            url.check(self.security)?;
        }
        self.check_encryption()?;
        if let Some(pem) = &self.ca_pem {
            guildhall_trust::read_certificates(pem)?;
        }
        check_dn("base_dn", &self.base_dn)?;
        if let Some(dn) = &self.group_base_dn {
            check_dn("group_base_dn", dn)?;
        }
        self.check_bind()?;
        filter::check("user_filter", &self.user_filter)?;
        filter::check("group_filter", &self.group_filter)?;
        self.check_attributes()?;
        if !(10..=5000).contains(&self.page_size) {
            let message = "ask for 10 to 5000 entries at a time; servers often allow 1000";
            return Err(Error::invalid_field(
                "page_size",
                "invalid_page_size",
                message,
            ));
        }
        Ok(())
    }

    /// Refuses to send passwords in the clear unless that is wanted in so many words.
    pub(crate) fn check_encryption(&self) -> Result<()> {
        if self.security == Security::Plain && !self.allow_plain {
            let message = "passwords would cross the network unencrypted; choose LDAPS or StartTLS, or allow unencrypted logins explicitly";
            return Err(Error::invalid_field("security", "plain_refused", message));
        }
        Ok(())
    }

    fn check_bind(&self) -> Result<()> {
        let wrong = |message: &str| Err(Error::invalid_field("bind_dn", "invalid_bind", message));
        match &self.bind {
            Bind::Anonymous => Ok(()),
            Bind::Account { dn, password } => {
                if dn.trim().is_empty()
                    || dn.len() > DN_BYTES_MAX
                    || dn.chars().any(char::is_control)
                {
                    return wrong(
                        "give the service account's DN, or leave it out to search anonymously",
                    );
                }
                if password.is_empty() {
                    let message = "give the service account's password; a bind without one is an anonymous bind";
                    return Err(Error::invalid_field(
                        "bind_password",
                        "invalid_bind",
                        message,
                    ));
                }
                Ok(())
            }
            Bind::Person { template } => {
                let is_wrong = template.len() > DN_BYTES_MAX
                    || template.chars().any(char::is_control)
                    || !template.contains(LOGIN_PLACE);
                if is_wrong {
                    return wrong(
                        "the name that people bind as holds `{login}` where what they type stands",
                    );
                }
                Ok(())
            }
        }
    }

    fn check_attributes(&self) -> Result<()> {
        let names = &self.attributes;
        let needed = [
            ("attributes.subject", &names.subject),
            ("attributes.email", &names.email),
            ("attributes.display_name", &names.display_name),
        ];
        for (field, name) in needed {
            check_attribute(field, name)?;
        }
        if !names.member_of.is_empty() {
            check_attribute("attributes.member_of", &names.member_of)?;
        }
        let count = self.login_attributes.len();
        if count > LOGIN_ATTRIBUTES_MAX || (count == 0 && !self.user_filter.contains(LOGIN_PLACE)) {
            let message =
                format!("name 1 to {LOGIN_ATTRIBUTES_MAX} attributes, such as uid and mail");
            return Err(Error::invalid_field(
                "login_attributes",
                "invalid_attribute",
                message,
            ));
        }
        for name in &self.login_attributes {
            check_attribute("login_attributes", name)?;
        }
        Ok(())
    }

    /// Below which entry groups are looked for.
    pub(crate) fn group_base(&self) -> &str {
        self.group_base_dn.as_deref().unwrap_or(&self.base_dn)
    }
}

/// A name of an attribute (RFC 4512, 2.5): letters, digits, hyphens, or an object identifier.
fn check_attribute(field: &str, name: &str) -> Result<()> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_letter) {
        let message = "an attribute's name has letters, digits and hyphens, such as displayName";
        return Err(Error::invalid_field(field, "invalid_attribute", message));
    }
    Ok(())
}

fn check_dn(field: &str, dn: &str) -> Result<()> {
    let is_wrong =
        dn.len() > DN_BYTES_MAX || dn.chars().any(char::is_control) || !crate::dn::is_dn(dn);
    if is_wrong {
        let message = "give a DN such as ou=people,dc=example,dc=org";
        return Err(Error::invalid_field(field, "invalid_dn", message));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests_support {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A directory of the ordinary sort.
    pub(crate) fn settings() -> Settings {
        Settings {
            kind: Kind::OpenLdap,
            urls: vec![ServerUrl::parse("ldaps://ldap.example.org").unwrap()],
            security: Security::Ldaps,
            allow_plain: false,
            ca_pem: None,
            bind: Bind::Anonymous,
            base_dn: "dc=example,dc=org".into(),
            user_filter: "(objectClass=inetOrgPerson)".into(),
            login_attributes: vec!["uid".into(), "mail".into()],
            attributes: Attributes {
                subject: "entryUUID".into(),
                email: "mail".into(),
                display_name: "cn".into(),
                member_of: String::new(),
            },
            group_base_dn: None,
            group_filter: "(objectClass=groupOfNames)".into(),
            nested_groups: false,
            page_size: 500,
            limits: Limits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{tests_support::settings, *};

    #[test]
    fn what_could_not_work_is_refused_by_field() {
        assert!(settings().check().is_ok());
        let code = |change: fn(&mut Settings)| {
            let mut changed = settings();
            change(&mut changed);
            changed.check().err().map(|error| error.code())
        };
        assert_eq!(code(|it| it.urls.clear()), Some("invalid_url"));
        assert_eq!(
            code(|it| it.security = Security::StartTls),
            Some("invalid_url")
        );
        let plain = |it: &mut Settings| {
            it.security = Security::Plain;
            for url in &mut it.urls {
                url.tls = false;
            }
        };
        let mut changed = settings();
        plain(&mut changed);
        assert_eq!(
            changed.check().err().map(|error| error.code()),
            Some("plain_refused")
        );
        changed.allow_plain = true;
        assert!(changed.check().is_ok());
        assert_eq!(
            code(|it| it.base_dn = "example.org".into()),
            Some("invalid_dn")
        );
        assert_eq!(
            code(|it| it.user_filter = "uid=*".into()),
            Some("invalid_filter")
        );
        assert_eq!(
            code(|it| it.login_attributes.clear()),
            Some("invalid_attribute")
        );
        assert_eq!(
            code(|it| it.attributes.email = "ma il".into()),
            Some("invalid_attribute")
        );
        assert_eq!(code(|it| it.page_size = 0), Some("invalid_page_size"));
        assert_eq!(
            code(|it| it.ca_pem = Some("no certificate".into())),
            Some("invalid_ca")
        );
        let empty = |it: &mut Settings| {
            it.bind = Bind::Account {
                dn: "cn=reader".into(),
                password: Zeroizing::default(),
            };
        };
        assert_eq!(code(empty), Some("invalid_bind"));
    }
}
