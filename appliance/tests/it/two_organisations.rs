//! Two organisations at work at the same time: whatever each does, in whatever order, each has what it made and nothing of
//! the other's. The isolation test covers every operation by itself; this one covers what comes of many in a row.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, TestApp};

/// Steps of both at once, per seed.
const STEPS: u32 = 40;
const SEEDS: [u64; 3] = [1, 0x5eed, 20_260_105];
/// How often everything is compared.
const COMPARED_EVERY: u32 = 10;

/// Something that organisations make.
struct Kind {
    name: &'static str,
    /// Where it is made and listed.
    path: &'static str,
    /// Where it is made, when that is elsewhere.
    made_at: Option<&'static str>,
    /// Where the answer to making it holds its id.
    id: &'static str,
    /// What is sent to make the one of this number, called so: the same in both organisations.
    body: fn(u32, &str) -> Value,
    /// What is sent to give it another name; nothing for what has none.
    renamed: Option<fn(&str) -> Value>,
    /// Whether it can be removed, so that it is on the list no more.
    can_be_removed: bool,
    /// What is tried with one of the other organisation.
    tried: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        name: "role",
        path: "/api/admin/roles",
        made_at: None,
        id: "/id",
        body: |_, called| json!({ "title": called, "description": called, "permissions": ["team.read"] }),
        renamed: Some(|called| json!({ "title": called })),
        can_be_removed: true,
        tried: &["PATCH", "DELETE"],
    },
    Kind {
        name: "service account",
        path: "/api/admin/service-accounts",
        made_at: None,
        id: "/id",
        body: |_, called| json!({ "name": called, "role": "viewer" }),
        renamed: Some(|called| json!({ "name": called })),
        can_be_removed: true,
        tried: &["PATCH", "DELETE"],
    },
    Kind {
        name: "application",
        path: "/api/admin/oauth-clients",
        made_at: None,
        id: "/client/id",
        body: |_, called| json!({ "name": called, "kind": "public", "grants": ["device"], "scopes": ["read"] }),
        renamed: Some(|called| json!({ "name": called })),
        can_be_removed: true,
        tried: &["PATCH", "DELETE"],
    },
    Kind {
        name: "SCIM token",
        path: "/api/admin/scim-tokens",
        made_at: None,
        id: "/token/id",
        body: |_, called| json!({ "name": called }),
        renamed: None,
        can_be_removed: true,
        tried: &["DELETE"],
    },
    Kind {
        name: "invitation",
        path: "/api/admin/invitations",
        made_at: None,
        id: "/invitation/id",
        body: |number, _| json!({ "role": "normal", "email": format!("guest{number}@guest.example") }),
        renamed: None,
        can_be_removed: false,
        tried: &["DELETE"],
    },
    Kind {
        name: "prompt",
        path: "/api/prompts",
        made_at: None,
        id: "/id",
        body: |_, called| json!({ "name": called, "body": called, "variables": [] }),
        renamed: None,
        can_be_removed: false,
        tried: &["GET"],
    },
    Kind {
        name: "employee",
        path: "/api/ves",
        made_at: Some("/api/marketplace/agents/invoice-clerk/hire"),
        id: "/id",
        body: |_, called| json!({ "persona_name": called }),
        renamed: Some(|called| json!({ "persona_name": called })),
        can_be_removed: false,
        tried: &["GET", "PATCH", "DELETE"],
    },
    Kind {
        name: "key",
        path: "/api/account/api-keys",
        made_at: None,
        id: "/id",
        body: |_, called| json!({ "name": called }),
        renamed: None,
        can_be_removed: true,
        tried: &["DELETE"],
    },
];

/// Numbers that come in the same order for the same seed (Knuth, MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// What an organisation should have: by kind, the ids of what it made and did not remove.
struct Organisation {
    name: &'static str,
    admin: Caller,
    has: BTreeMap<&'static str, BTreeSet<String>>,
    /// The role that somebody who belongs to both has here.
    role_of_both: String,
}

impl fmt::Debug for Organisation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} with {:?}", self.name, self.has)
    }
}

/// What one of the two does next.
#[derive(Debug)]
enum Act {
    Make(usize, u32),
    Rename(usize, String, u32),
    Remove(usize, String),
    /// Reaches for something of the other's.
    Meddle(usize, String),
    /// Gives somebody who belongs to both another role here.
    Promote(&'static str),
}

const ROLES: [&str; 4] = ["normal", "staff", "viewer", "developer"];

impl Organisation {
    fn new(name: &'static str, admin: Caller) -> Self {
        Self {
            name,
            admin,
            has: BTreeMap::new(),
            role_of_both: "normal".to_owned(),
        }
    }

    fn choose(&self, dice: &mut Dice, other: &Self, number: u32) -> Act {
        let kind = dice.below(KINDS.len());
        let name = KINDS[kind].name;
        let pick = |dice: &mut Dice, owner: &Self| {
            let ids: Vec<&String> = owner.has.get(name).into_iter().flatten().collect();
            (!ids.is_empty()).then(|| ids[dice.below(ids.len())].clone())
        };
        match dice.below(10) {
            0 => Act::Promote(ROLES[dice.below(ROLES.len())]),
            1 | 2 => match pick(dice, other) {
                Some(id) => Act::Meddle(kind, id),
                None => Act::Make(kind, number),
            },
            3 if KINDS[kind].can_be_removed => match pick(dice, self) {
                Some(id) => Act::Remove(kind, id),
                None => Act::Make(kind, number),
            },
            4 | 5 if KINDS[kind].renamed.is_some() => match pick(dice, self) {
                Some(id) => Act::Rename(kind, id, number),
                None => Act::Make(kind, number),
            },
            _ => Act::Make(kind, number),
        }
    }

    async fn act(&mut self, act: &Act, both: &str) {
        match act {
            Act::Make(kind, number) => self.make(&KINDS[*kind], *number).await,
            Act::Rename(kind, id, number) => {
                let kind = &KINDS[*kind];
                let body = kind.renamed.unwrap()(&format!("Renamed {number}"));
                let answer = self
                    .send("PATCH", &format!("{}/{id}", kind.path), Some(body))
                    .await;
                assert_eq!(
                    answer.status,
                    StatusCode::OK,
                    "{self:?} {act:?}: {}",
                    answer.text
                );
            }
            Act::Remove(kind, id) => {
                let kind = &KINDS[*kind];
                let answer = self
                    .send("DELETE", &format!("{}/{id}", kind.path), None)
                    .await;
                assert_eq!(
                    answer.status,
                    StatusCode::NO_CONTENT,
                    "{act:?}: {}",
                    answer.text
                );
                self.has.get_mut(kind.name).unwrap().remove(id);
            }
            Act::Meddle(kind, id) => self.meddle(&KINDS[*kind], id).await,
            Act::Promote(role) => {
                let body = Some(json!({ "role": role }));
                let path = format!("/api/admin/people/{both}");
                let answer = self.send("PATCH", &path, body).await;
                assert_eq!(answer.status, StatusCode::OK, "{act:?}: {}", answer.text);
                (*role).clone_into(&mut self.role_of_both);
            }
        }
    }

    async fn make(&mut self, kind: &Kind, number: u32) {
        let body = (kind.body)(number, &format!("Thing {number}"));
        let answer = self
            .send("POST", kind.made_at.unwrap_or(kind.path), Some(body))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::CREATED,
            "{} makes a {}: {}",
            self.name,
            kind.name,
            answer.text
        );
        let id = answer
            .json()
            .pointer(kind.id)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        self.has.entry(kind.name).or_default().insert(id);
    }

    /// Tries everything that can be done to a thing of the other's.
    async fn meddle(&self, kind: &Kind, id: &str) {
        let path = format!("{}/{id}", kind.path);
        for method in kind.tried {
            let renamed = kind.renamed.filter(|_| *method == "PATCH");
            let body = renamed.map(|renamed| renamed("Mine"));
            let answer = self.send(method, &path, body).await;
            assert_eq!(
                answer.status,
                StatusCode::NOT_FOUND,
                "{} {method} {path}: {}",
                self.name,
                answer.text
            );
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.admin.send(method, path, body, &[]).await
    }

    /// Every id on a list, page by page.
    async fn listed(&self, path: &str) -> (BTreeSet<String>, String) {
        let (mut ids, mut text, mut cursor) = (BTreeSet::new(), String::new(), None);
        loop {
            let page = match &cursor {
                None => path.to_owned(),
                Some(cursor) => format!("{path}?cursor={cursor}"),
            };
            let answer = self.admin.get(&page).await;
            assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text);
            let listed = answer.json();
            let items = listed["items"].as_array().unwrap();
            ids.extend(
                items
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            text.push_str(&answer.text);
            match listed["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return (ids, text),
            }
        }
    }

    /// Sees what it made, and nothing that the other made.
    async fn check(&self, other: &Self, both: &str) {
        for kind in KINDS {
            let (ids, text) = self.listed(kind.path).await;
            for id in self.has.get(kind.name).into_iter().flatten() {
                assert!(
                    ids.contains(id),
                    "{} lost the {} {id}",
                    self.name,
                    kind.name
                );
            }
            for id in other.has.values().flatten() {
                assert!(
                    !text.contains(id),
                    "{} sees {id} on {}",
                    self.name,
                    kind.path
                );
            }
        }
        let people = self.admin.get("/api/admin/people").await.json();
        let people = people["items"].as_array().unwrap().clone();
        let found = people.iter().find(|person| person["id"] == both).unwrap();
        assert_eq!(found["role"], self.role_of_both, "{}", self.name);
    }
}

/// Somebody who belongs to both: the first one's administrator, who administers the node as well, adds them, and they accept
/// the second one's invitation.
async fn belongs_to_both(first: &Caller, second: &Caller) -> String {
    let email = "bo@both.example";
    let person = json!({ "email": email, "display_name": "Bo", "role": "normal" });
    let added = first.post("/api/admin/people", person).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    let added = added.json();
    let invited = json!({ "email": email, "role": "normal" });
    let invited = second.post("/api/admin/invitations", invited).await.json();
    let token = invited["url"].as_str().unwrap().split_once('#').unwrap().1;
    let accepted = json!({ "token": token, "password": added["temporary_password"] });
    let accepted = first.post("/api/invitations/accept", accepted).await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text);
    let id = &added["member"]["id"];
    assert_eq!(
        accepted.json()["person"]["id"],
        *id,
        "one person in two organisations"
    );
    id.as_str().unwrap().to_owned()
}

async fn both_at_work(seed: u64) {
    let test = TestApp::new().await;
    let (first, second) = (test.admin(), test.stranger().await);
    let both = belongs_to_both(&first, &second).await;
    let mut first = Organisation::new("the first", first);
    let mut second = Organisation::new("the second", second);
    let mut dice = Dice(seed);
    for step in 0..STEPS {
        let acts = (
            first.choose(&mut dice, &second, step),
            second.choose(&mut dice, &first, step),
        );
        // What the second meddles with, the first may be removing: then it is gone for both.
        tokio::join!(first.act(&acts.0, &both), second.act(&acts.1, &both));
        if step % COMPARED_EVERY == COMPARED_EVERY - 1 {
            first.check(&second, &both).await;
            second.check(&first, &both).await;
        }
    }
    let made: usize = first
        .has
        .values()
        .chain(second.has.values())
        .map(BTreeSet::len)
        .sum();
    assert!(made > 20, "seed {seed} made only {made}");
}

#[tokio::test]
async fn two_organisations_at_work_never_meet() {
    for seed in SEEDS {
        both_at_work(seed).await;
    }
}

/// That the comparison can fail: both names look at one organisation here.
#[tokio::test]
#[should_panic(expected = "sees role_")]
async fn the_comparison_notices_what_is_the_other_s() {
    let test = TestApp::new().await;
    let one = Organisation::new("one", test.admin());
    let mut other = Organisation::new("other", test.admin());
    other.make(&KINDS[0], 1).await;
    one.check(&other, "").await;
}
