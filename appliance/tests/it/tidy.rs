//! Rules of the house that the compiler does not know: which module may import which, and only its
//! façade; SQL only in stores.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Who may import whom, lowest tier first. A module that is not listed may import nothing, so a new
/// module fails until it is placed. `App` is everybody's: façades take it.
const EDGES: &[(&str, &[&str])] = &[
    // Tier 0: what everything stands on.
    ("config", &[]),
    ("keys", &[]),
    ("telemetry", &["config"]),
    ("events", &[]),
    ("audit", &[]),
    ("idempotency", &[]),
    ("secrets", &["audit", "keys"]),
    ("egress", &["audit", "config", "events"]),
    ("mail", &["audit", "egress", "events", "secrets"]),
    // Tier 1: who may do what, and what was used.
    (
        "identity",
        &["audit", "egress", "events", "mail", "secrets"],
    ),
    ("billing", &["audit", "identity"]),
    (
        "licensing",
        &["audit", "billing", "egress", "events", "identity", "keys"],
    ),
    ("scim", &["audit", "events", "identity"]),
    ("oauth", &["audit", "events", "identity", "keys"]),
    (
        "directory",
        &["audit", "egress", "events", "identity", "secrets"],
    ),
    ("federation", &["audit", "egress", "identity", "secrets"]),
    // Tier 2: who can be hired, who is, and what they think with.
    ("catalog", &["identity"]),
    // The ways to answer are words of the manifest, so the catalogue owns them.
    (
        "inference",
        &[
            "audit",
            "catalog",
            "config",
            "egress",
            "events",
            "idempotency",
            "identity",
            "keys",
            "secrets",
        ],
    ),
    (
        "knowledge",
        &[
            "audit",
            "billing",
            "catalog",
            "events",
            "idempotency",
            "identity",
            "inference",
        ],
    ),
    (
        "team",
        &["audit", "catalog", "events", "identity", "inference"],
    ),
    ("prompts", &["audit", "events", "identity"]),
    // Judging is what people do with every kind of answer.
    ("ratings", &["catalog", "identity"]),
    // Tier 3: work.
    (
        "chat",
        &[
            "audit",
            "billing",
            "catalog",
            "events",
            "identity",
            "inference",
            "knowledge",
            "ratings",
            "team",
        ],
    ),
    (
        "playground",
        &[
            "audit",
            "billing",
            "events",
            "identity",
            "inference",
            "prompts",
            "ratings",
        ],
    ),
    // Tier 5: the edges. Foreign protocols stand beside the node's own interface.
    (
        "protocols",
        &["billing", "chat", "identity", "inference", "team"],
    ),
    // The command line starts the HTTP edge and carries out operations.
    (
        "http",
        &[
            "billing",
            "catalog",
            "chat",
            "config",
            "directory",
            "egress",
            "events",
            "federation",
            "identity",
            "inference",
            "knowledge",
            "licensing",
            "mail",
            "oauth",
            "protocols",
            "playground",
            "prompts",
            "ratings",
            "scim",
            "team",
            "telemetry",
        ],
    ),
    (
        "ops",
        &[
            "catalog",
            "chat",
            "egress",
            "identity",
            "inference",
            "licensing",
            "oauth",
            "team",
        ],
    ),
    (
        "cli",
        &[
            "catalog",
            "config",
            "directory",
            "egress",
            "http",
            "identity",
            "inference",
            "licensing",
            "mail",
            "ops",
            "telemetry",
        ],
    ),
    // Tier 6: the composition root.
    (
        "app",
        &[
            "billing",
            "catalog",
            "chat",
            "config",
            "directory",
            "egress",
            "events",
            "federation",
            "idempotency",
            "identity",
            "inference",
            "keys",
            "knowledge",
            "licensing",
            "mail",
            "oauth",
            "playground",
            "scim",
            "secrets",
            "team",
        ],
    ),
    ("main", &["cli"]),
];

/// Modules inside a module that others may name, and why.
const OPEN_INSIDE: &[&str] = &[
    // Guards are written `Auth<perm::TeamHire>`, so that a handler's signature says what it needs.
    "identity::perm",
    // The command line decides by who holds the data directory whether to ask the running node.
    "ops::control",
    "ops::data_dir",
];

/// SQL outside a store, and why.
const SQL_ELSEWHERE: &[&str] = &[];

#[test]
fn modules_import_lower_tiers_only() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = BTreeSet::new();
    for import in imports() {
        let known = allowed
            .get(import.from.as_str())
            .copied()
            .unwrap_or_default();
        let target = import.path[0].as_str();
        let is_app = import
            .path
            .get(..2)
            .is_some_and(|path| path == ["app", "App"]);
        let is_edge_opening_it = target == "app" && ["cli", "ops"].contains(&import.from.as_str());
        if !(known.contains(&target) || is_app || is_edge_opening_it) {
            wrong.insert(format!(
                "{} imports {}",
                import.file,
                import.path.join("::")
            ));
        }
    }
    assert!(wrong.is_empty(), "not in the table of edges: {wrong:#?}");
}

#[test]
fn modules_import_facades_only() {
    let mut wrong = BTreeSet::new();
    for import in imports() {
        let [module, inner, _, ..] = import.path.as_slice() else {
            continue;
        };
        let names_a_module = inner.starts_with(|letter: char| letter.is_ascii_lowercase());
        if names_a_module && !OPEN_INSIDE.contains(&format!("{module}::{inner}").as_str()) {
            wrong.insert(format!(
                "{} imports {}",
                import.file,
                import.path.join("::")
            ));
        }
    }
    assert!(wrong.is_empty(), "reaches past a façade: {wrong:#?}");
}

#[test]
fn the_table_of_edges_has_no_circle_and_no_stranger() {
    let mut seen = BTreeSet::new();
    for (module, targets) in EDGES {
        for target in *targets {
            assert!(
                seen.contains(target),
                "{module} is listed before {target}, which it imports"
            );
        }
        seen.insert(*module);
    }
    let modules: BTreeSet<String> = sources().iter().map(|file| module_of(file)).collect();
    let listed: BTreeSet<String> = seen.into_iter().map(str::to_owned).collect();
    let missing: Vec<_> = modules
        .difference(&listed)
        .filter(|module| *module != "lib")
        .collect();
    assert!(missing.is_empty(), "not in the table of edges: {missing:?}");
}

#[test]
fn sql_stands_in_stores_only() {
    let statement =
        regex::Regex::new(r#"(?s)"\s*(SELECT|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\s"#)
            .unwrap();
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|file| !is_store(file) && statement.is_match(&code(file)))
        .collect();
    assert_eq!(wrong, SQL_ELSEWHERE);
}

/// What opens outgoing connections, or brings something that does.
const OUTGOING: &[&str] = &[
    "TcpStream",
    "TcpSocket",
    "UdpSocket",
    "lookup_host",
    "to_socket_addrs",
    "ToSocketAddrs",
    "getaddrinfo",
    "hyper::client",
    "hyper_util::client",
    "client::legacy",
    "client::conn",
    "reqwest",
    "ureq",
    "tokio_rustls",
    "tokio_tungstenite",
    "rustix::net",
    "socket2",
];

#[test]
fn outgoing_connections_are_opened_in_egress_only() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in sources() {
        let text = code(&file);
        let found = OUTGOING.iter().filter(|name| text.contains(**name));
        if module_of(&file) == "egress" {
            seen += found.count();
        } else {
            wrong.extend(found.map(|name| format!("{file} names {name}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 3, "the list does not match what egress uses");
}

/// Two types of one name would silently describe each other in the API's document.
#[test]
fn names_in_the_api_are_unique() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut twice = Vec::new();
    for file in sources() {
        let text = code(&file);
        for rest in text.split("ToSchema").skip(1) {
            let head = rest.split('{').next().unwrap_or_default();
            let words: Vec<&str> = head.split_whitespace().collect();
            let after = |word: &str| {
                let place = words.iter().position(|found| *found == word)?;
                words.get(place + 1).copied()
            };
            let renamed = head.split("schema(as = ").nth(1);
            let name = renamed.or(after("struct")).or(after("enum"));
            let is_end = |c: char| !c.is_alphanumeric() && c != '_';
            let Some(name) = name.and_then(|name| name.split(is_end).next()) else {
                continue;
            };
            if name.starts_with('$') || name.is_empty() {
                continue;
            }
            if let Some(other) = seen.insert(name.to_owned(), file.clone()) {
                twice.push(format!("{name}: {other} and {file}"));
            }
        }
    }
    assert!(seen.len() > 50, "only {} names were found", seen.len());
    assert!(twice.is_empty(), "{twice:#?}");
}

fn is_store(file: &str) -> bool {
    file.rsplit('/')
        .next()
        .is_some_and(|name| name == "store.rs" || name.ends_with("_store.rs"))
}

struct Import {
    file: String,
    from: String,
    /// What follows `crate::`.
    path: Vec<String>,
}

/// Every path that begins with `crate::` and leads out of the module that names it.
fn imports() -> Vec<Import> {
    let mut found = Vec::new();
    for file in sources() {
        let (from, text) = (module_of(&file), code(&file));
        for (start, _) in text.match_indices("crate::") {
            if text[..start].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') {
                continue;
            }
            let mut paths = Vec::new();
            read_tree(&text[start + "crate::".len()..], &[], &mut paths);
            let leading_out = paths.into_iter().filter(|path| path[0] != from);
            found.extend(leading_out.map(|path| Import {
                file: file.clone(),
                from: from.clone(),
                path,
            }));
        }
    }
    assert!(found.len() > 50, "the sources were not read");
    found
}

/// Reads one path or group of paths (`a::b`, `a::{b, c::d}`) and returns how many bytes it takes.
fn read_tree(text: &str, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    if text.starts_with('{') {
        let mut at = 1;
        while at < text.len() && !text[at..].starts_with('}') {
            let skipped = text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
            at += skipped;
            if skipped == 0 {
                at += read_tree(&text[at..], before, found).max(1);
            }
        }
        return at + 1;
    }
    let length =
        text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '*'));
    let length = length.unwrap_or(text.len());
    let mut path = before.to_vec();
    path.push(text[..length].to_owned());
    let rest = &text[length..];
    if rest.starts_with("::") && !rest.starts_with("::<") {
        return length + 2 + read_tree(&rest[2..], &path, found);
    }
    found.push(path);
    let renamed = rest.strip_prefix(" as ").map_or(0, |name| {
        let end = name.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        " as ".len() + end.unwrap_or(name.len())
    });
    length + renamed
}

#[test]
fn paths_are_read_whole() {
    let mut found = Vec::new();
    read_tree("{a::{self, B as C, d::E}, f, g::*};", &[], &mut found);
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::self", "a::B", "a::d::E", "f", "g::*"]);
}

/// The module a source file belongs to: its first folder, or its own name.
fn module_of(file: &str) -> String {
    file.split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs")
        .to_owned()
}

/// A source file without line comments.
fn code(file: &str) -> String {
    let text = fs::read_to_string(source_folder().join(file)).unwrap();
    let comment = regex::Regex::new(r"(?m)^\s*//.*$").unwrap();
    comment.replace_all(&text, "").into_owned()
}

/// Source files below `src`, by relative path, sorted.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    collect(&source_folder(), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .map(|path| {
            path.strip_prefix(source_folder())
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
