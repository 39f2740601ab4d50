//! A server that answers as Active Directory does where OpenLDAP cannot: it knows `LDAP_MATCHING_RULE_IN_CHAIN`
//! (MS-ADTS, 3.1.1.3.4.4.3), keeps `memberOf` by itself, and writes down what it was asked. It takes searches and
//! passwords over an unencrypted connection and nothing else. A domain controller of Samba 4.17, asked about the same people
//! and groups, says the same of them; it needs the port 389 and an administrator's rights, which a test has not.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use guildhall_directory::{
    Attributes, Bind, Directory, Kind, Limits, Security, ServerUrl, Settings, normalise,
};
use ldap3::asn1::{PL, StructureTag, parse_tag};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::slapd::{directory, secret};

pub const BASE: &str = "DC=corp,DC=example";
pub const SERVICE: (&str, &str) = ("guildhall@corp.example", "service-password");
const IN_CHAIN: &[u8] = b"1.2.840.113556.1.4.1941";

/// An entry: its name, and its attributes with their values.
#[derive(Clone)]
pub struct Item {
    pub dn: String,
    pub values: Vec<(&'static str, String)>,
}

impl Item {
    pub fn person(dn: &str, login: &str) -> Self {
        let values = vec![
            ("objectClass", "user".to_owned()),
            ("objectCategory", "person".to_owned()),
            ("sAMAccountName", login.to_owned()),
            ("mail", format!("{login}@corp.example")),
            ("displayName", login.to_owned()),
        ];
        Self::new(dn, values)
    }

    pub fn group(dn: &str, name: &str, members: &[&str]) -> Self {
        let mut values = vec![("objectClass", "group".to_owned()), ("cn", name.to_owned())];
        values.extend(members.iter().map(|dn| ("member", (*dn).to_owned())));
        Self::new(dn, values)
    }

    fn new(dn: &str, values: Vec<(&'static str, String)>) -> Self {
        Self {
            dn: dn.to_owned(),
            values,
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let is_named = move |(given, _): &&(&str, String)| given.eq_ignore_ascii_case(name);
        let found: Vec<_> = self.values.iter().filter(is_named).collect();
        found.into_iter().map(|(_, value)| value.as_str())
    }
}

/// A question with the matching rule in it: the attribute, and the value as it came.
pub type Chain = (String, String);

#[derive(Clone)]
pub struct Windows {
    items: Arc<Vec<Item>>,
    asked: Arc<Mutex<Vec<Chain>>>,
    port: u16,
}

impl Windows {
    pub async fn start(items: Vec<Item>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            items: Arc::new(items),
            asked: Arc::default(),
            port: listener.local_addr().unwrap().port(),
        };
        let running = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(running.clone().serve(stream));
            }
        });
        server
    }

    /// The questions with the matching rule since the last time this was looked at.
    pub fn asked(&self) -> Vec<Chain> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    pub fn directory(&self, change: impl FnOnce(&mut Settings)) -> Directory {
        let mut settings = Settings {
            kind: Kind::ActiveDirectory,
            urls: vec![ServerUrl::parse(&format!("ldap://127.0.0.1:{}", self.port)).unwrap()],
            security: Security::Plain,
            allow_plain: true,
            ca_pem: None,
            bind: Bind::Account {
                dn: SERVICE.0.into(),
                password: secret(SERVICE.1),
            },
            base_dn: BASE.into(),
            user_filter: "(&(objectCategory=person)(objectClass=user))".into(),
            login_attributes: vec!["sAMAccountName".into()],
            attributes: Attributes {
                subject: "sAMAccountName".into(),
                email: "mail".into(),
                display_name: "displayName".into(),
                member_of: "memberOf".into(),
            },
            group_base_dn: None,
            group_filter: "(objectClass=group)".into(),
            nested_groups: true,
            page_size: 500,
            limits: Limits::default(),
        };
        change(&mut settings);
        settings.check().unwrap();
        directory(settings)
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        loop {
            while let Ok((rest, message)) = parse_tag(&bytes) {
                let answer = self.answer(&children(&message));
                bytes = rest.to_vec();
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
    }

    fn answer(&self, message: &[StructureTag]) -> Vec<u8> {
        let id = &primitive(&message[0]);
        let parts = children(&message[1]);
        match message[1].id {
            0 => {
                let is_right = self.knows(&text(&parts[1]), &text(&parts[2]));
                sent(id, 0x61, &result(if is_right { 0 } else { 49 }))
            }
            3 => self.search(id, &parts),
            _ => Vec::new(),
        }
    }

    /// Everybody's password is their login name with `-password` behind it.
    fn knows(&self, name: &str, password: &str) -> bool {
        let own = self.items.iter().find(|item| item.dn == name);
        let login = own.and_then(|item| item.all("sAMAccountName").next());
        (name, password) == SERVICE
            || login.is_some_and(|login| password == format!("{login}-password"))
    }

    fn search(&self, id: &[u8], parts: &[StructureTag]) -> Vec<u8> {
        let base = normalise(&text(&parts[0]));
        let wanted: Vec<String> = children(&parts[7]).iter().map(text).collect();
        let mut answer = Vec::new();
        self.write_down(&parts[6]);
        for item in self.items.iter() {
            if normalise(&item.dn).ends_with(&base) && self.fits(item, &parts[6]) {
                answer.extend(sent(id, 0x64, &self.entry(item, &wanted)));
            }
        }
        answer.extend(sent(id, 0x65, &result(0)));
        answer
    }

    fn write_down(&self, filter: &StructureTag) {
        let PL::C(parts) = &filter.payload else {
            return;
        };
        if filter.id == 9 {
            assert_eq!(part(parts, 1).unwrap().as_bytes(), IN_CHAIN);
            let chain = (part(parts, 2).unwrap(), part(parts, 3).unwrap());
            self.asked.lock().unwrap().push(chain);
            return;
        }
        parts.iter().for_each(|part| self.write_down(part));
    }

    /// RFC 4511, 4.5.1.7, as far as it is asked here.
    fn fits(&self, item: &Item, filter: &StructureTag) -> bool {
        match (filter.id, &filter.payload) {
            (0, PL::C(all)) => all.iter().all(|part| self.fits(item, part)),
            (1, PL::C(any)) => any.iter().any(|part| self.fits(item, part)),
            (3, PL::C(pair)) => {
                let (name, value) = (text(&pair[0]), text(&pair[1]).to_lowercase());
                item.all(&name).any(|own| own.to_lowercase() == value)
            }
            (9, PL::C(parts)) => {
                let other = normalise(&part(parts, 3).unwrap());
                let own = normalise(&item.dn);
                match part(parts, 2).unwrap().as_str() {
                    "member" => self.groups_above(&other).contains(&own),
                    "memberOf" => self.groups_above(&own).contains(&other),
                    attribute => panic!("no chain leads through {attribute}"),
                }
            }
            (id, _) => panic!("filter {id} is not answered here"),
        }
    }

    fn parents<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a Item> {
        let names = move |item: &&Item| item.all("member").any(|dn| normalise(dn) == of);
        self.items.iter().filter(names)
    }

    /// Every group that somebody or something is in, through however many others.
    fn groups_above(&self, of: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut next = vec![of.to_owned()];
        while let Some(name) = next.pop() {
            for group in self.parents(&name) {
                let group = normalise(&group.dn);
                if found.insert(group.clone()) {
                    next.push(group);
                }
            }
        }
        found
    }

    fn entry(&self, item: &Item, wanted: &[String]) -> Vec<u8> {
        let mut attributes = Vec::new();
        let own = normalise(&item.dn);
        for name in wanted {
            let values: Vec<String> = if name == "memberOf" {
                self.parents(&own).map(|group| group.dn.clone()).collect()
            } else {
                item.all(name).map(str::to_owned).collect()
            };
            if values.is_empty() {
                continue;
            }
            let values: Vec<u8> = values.iter().flat_map(|value| octets(value)).collect();
            let attribute = [octets(name), tagged(0x31, &values)].concat();
            attributes.extend(tagged(0x30, &attribute));
        }
        [octets(&item.dn), tagged(0x30, &attributes)].concat()
    }
}

fn children(tag: &StructureTag) -> Vec<StructureTag> {
    match &tag.payload {
        PL::C(parts) => parts.clone(),
        PL::P(_) => Vec::new(),
    }
}

fn primitive(tag: &StructureTag) -> Vec<u8> {
    match &tag.payload {
        PL::P(bytes) => bytes.clone(),
        PL::C(_) => panic!("{tag:?} holds other things"),
    }
}

fn text(tag: &StructureTag) -> String {
    String::from_utf8(primitive(tag)).unwrap()
}

fn part(parts: &[StructureTag], id: u64) -> Option<String> {
    parts.iter().find(|part| part.id == id).map(text)
}

/// A tag with its length and content (X.690, 8.1).
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], length.as_slice(), content].concat()
}

fn octets(text: &str) -> Vec<u8> {
    tagged(4, text.as_bytes())
}

fn result(code: u8) -> Vec<u8> {
    [tagged(10, &[code]), octets(""), octets("")].concat()
}

fn sent(id: &[u8], operation: u8, content: &[u8]) -> Vec<u8> {
    tagged(0x30, &[tagged(2, id), tagged(operation, content)].concat())
}
