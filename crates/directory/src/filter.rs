//! Search filters (RFC 4515) made of the administrator's templates and of what people type.

use guildhall_kernel::{Error, Result};
use ldap3::{ldap_escape, parse_filter};

use crate::{LOGIN_PLACE, Settings};

const FILTER_BYTES_MAX: usize = 4096;

/// Refuses a filter that is none.
///
/// # Errors
/// `invalid_filter` on the given field.
pub(crate) fn check(field: &str, filter: &str) -> Result<()> {
    let filled = filter.replace(LOGIN_PLACE, "x");
    let is_whole = filter.starts_with('(') && filter.len() <= FILTER_BYTES_MAX;
    // The parser descends with every parenthesis.
    let is_flat = filter.matches('(').count() <= 100;
    if is_whole && is_flat && parse_filter(&filled).is_ok() {
        return Ok(());
    }
    let message =
        "the filter does not read; give one in parentheses, such as (objectClass=inetOrgPerson)";
    Err(Error::invalid_field(field, "invalid_filter", message))
}

/// Finds whom a login belongs to.
pub(crate) fn of_login(settings: &Settings, login: &str) -> String {
    let escaped = ldap_escape(login);
    let filter = settings.user_filter.as_str();
    if filter.contains(LOGIN_PLACE) {
        return filter.replace(LOGIN_PLACE, &escaped);
    }
    let mut any = String::new();
    for attribute in &settings.login_attributes {
        any.push_str(&format!("({attribute}={escaped})"));
    }
    format!("(&{filter}(|{any}))")
}

/// Finds every person.
pub(crate) fn of_people(settings: &Settings) -> String {
    settings.user_filter.replace(LOGIN_PLACE, "*")
}

/// Finds every person of one login attribute's kind who is in a group, also through other groups: the server of Active
/// Directory follows the chain itself.
pub(crate) fn of_people_in_chain(settings: &Settings, group: &str) -> String {
    let people = of_people(settings);
    format!("(&{people}(memberOf:{IN_CHAIN}:={}))", ldap_escape(group))
}

/// Finds the groups a person is in, also through other groups.
pub(crate) fn of_groups_in_chain(settings: &Settings, member: &str) -> String {
    let groups = &settings.group_filter;
    format!("(&{groups}(member:{IN_CHAIN}:={}))", ldap_escape(member))
}

/// `LDAP_MATCHING_RULE_IN_CHAIN` of Active Directory.
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Finds the groups that name any of these as a member: DNs, and for a person also the login name that groups of UNIX
/// accounts hold.
pub(crate) fn of_groups_with(settings: &Settings, members: &[String], uid: Option<&str>) -> String {
    let mut any = String::new();
    for member in members {
        let member = ldap_escape(member.as_str());
        any.push_str(&format!("(member={member})(uniqueMember={member})"));
    }
    if let Some(uid) = uid {
        any.push_str(&format!("(memberUid={})", ldap_escape(uid)));
    }
    format!("(&{}(|{any}))", settings.group_filter)
}

/// Finds a group by its name.
pub(crate) fn of_group_named(settings: &Settings, name: &str) -> String {
    format!("(&{}(cn={}))", settings.group_filter, ldap_escape(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ldap3::asn1::{ASNTag, PL, StructureTag};
    use proptest::prelude::*;

    use super::*;
    use crate::settings::tests_support::settings;

    #[test]
    fn filters_are_checked() {
        assert!(check("user_filter", "(objectClass=inetOrgPerson)").is_ok());
        assert!(check("user_filter", "(&(objectClass=person)(uid={login}))").is_ok());
        for wrong in ["", "uid=x", "(uid=x", "(uid=x))", "(&)(uid=x)", "()"] {
            assert!(check("user_filter", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_typed_stays_one_value() {
        let settings = settings();
        assert_eq!(
            of_login(&settings, "*)(uid=*"),
            "(&(objectClass=inetOrgPerson)(|(uid=\\2a\\29\\28uid=\\2a)(mail=\\2a\\29\\28uid=\\2a)))"
        );
        assert_eq!(
            of_groups_with(&settings, &["cn=a(b)".into()], Some("a*")),
            "(&(objectClass=groupOfNames)(|(member=cn=a\\28b\\29)(uniqueMember=cn=a\\28b\\29)(memberUid=a\\2a)))"
        );
    }

    /// The rule, the attribute and the value that a server gets: what stands in the filter's only extensible match.
    fn chain_sent(filter: &str) -> [Vec<u8>; 3] {
        fn parts(tag: StructureTag) -> Vec<StructureTag> {
            match tag.payload {
                PL::C(parts) => parts,
                PL::P(_) => Vec::new(),
            }
        }
        let whole = parts(parse_filter(filter).unwrap().into_structure());
        assert_eq!(whole.len(), 2, "{filter}");
        let chain = whole.into_iter().find(|part| part.id == 9).unwrap();
        let values = parts(chain).into_iter().map(|part| match part.payload {
            PL::P(value) => value,
            PL::C(_) => Vec::new(),
        });
        <[Vec<u8>; 3]>::try_from(values.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn chains_are_asked_for_with_the_name_as_it_is() {
        let settings = settings();
        assert_eq!(
            of_people_in_chain(&settings, "CN=Küche (A)\\, *,DC=x"),
            "(&(objectClass=inetOrgPerson)(memberOf:1.2.840.113556.1.4.1941:=CN=Küche \\28A\\29\\5c, \\2a,DC=x))"
        );
        assert_eq!(
            of_groups_in_chain(&settings, "CN=Smith\\, Ana,DC=x"),
            "(&(objectClass=groupOfNames)(member:1.2.840.113556.1.4.1941:=CN=Smith\\5c, Ana,DC=x))"
        );
    }

    proptest! {
        #[test]
        fn no_name_changes_the_shape_of_a_chain(dn in any::<String>()) {
            let settings = settings();
            for (attribute, filter) in [
                ("memberOf", of_people_in_chain(&settings, &dn)),
                ("member", of_groups_in_chain(&settings, &dn)),
            ] {
                let sent = chain_sent(&filter);
                let wanted = [IN_CHAIN.as_bytes(), attribute.as_bytes(), dn.as_bytes()];
                prop_assert_eq!(sent, wanted.map(<[u8]>::to_vec));
            }
        }

        #[test]
        fn no_login_changes_the_shape_of_a_filter(login in any::<String>()) {
            let settings = settings();
            let filter = of_login(&settings, &login);
            prop_assert!(parse_filter(&filter).is_ok());
            let open = filter.bytes().filter(|byte| *byte == b'(').count();
            prop_assert_eq!(open, 5);
            prop_assert!(!filter.contains('*'));
        }
    }
}
