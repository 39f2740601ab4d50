//! The issuance log, checked by a second implementation of RFC 6962.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::Signature;
use sha2::{Digest, Sha256};

use crate::{
    node::Node,
    server::{Server, code, get, upload},
};

type Hash = [u8; 32];

fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::digest([&[0], leaf].concat()).into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::digest([&[1], left.as_slice(), right].concat()).into()
}

/// RFC 6962, 2.1, straight from its definition.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let split = many.len().next_power_of_two() / 2;
            node_hash(&root(&many[..split]), &root(&many[split..]))
        }
    }
}

/// RFC 9162, 2.1.3.2.
fn includes(proof: &[Hash], leaf: Hash, (index, size): (u64, u64), root: Hash) -> bool {
    let (mut number, mut last, mut hash) = (index, size - 1, leaf);
    for part in proof {
        if last == 0 {
            return false;
        }
        if number & 1 == 1 || number == last {
            hash = node_hash(part, &hash);
            while number & 1 == 0 && number != 0 {
                (number, last) = (number >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, part);
        }
        (number, last) = (number >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// RFC 9162, 2.1.4.2.
fn continues(proof: &[Hash], (first, second): (u64, u64), old: Hash, new: Hash) -> bool {
    let mut proof = proof.to_vec();
    if first.is_power_of_two() {
        proof.insert(0, old);
    }
    let (mut number, mut last) = (first - 1, second - 1);
    while number & 1 == 1 {
        (number, last) = (number >> 1, last >> 1);
    }
    let (mut of_old, mut of_new) = (proof[0], proof[0]);
    for part in &proof[1..] {
        if last == 0 {
            return false;
        }
        if number & 1 == 1 || number == last {
            (of_old, of_new) = (node_hash(part, &of_old), node_hash(part, &of_new));
            while number & 1 == 0 && number != 0 {
                (number, last) = (number >> 1, last >> 1);
            }
        } else {
            of_new = node_hash(&of_new, part);
        }
        (number, last) = (number >> 1, last >> 1);
    }
    last == 0 && of_old == old && of_new == new
}

async fn hashes(server: &Server, path: &str) -> Vec<Hash> {
    let proof = get(&server.admin, path).await;
    let hashes = proof["hashes"].as_array().unwrap().iter();
    hashes
        .map(|hash| {
            let bytes = data_encoding::HEXLOWER.decode(hash.as_str().unwrap().as_bytes());
            bytes.unwrap().try_into().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn every_proof_of_the_log_holds_and_the_checkpoint_is_signed() {
    let server = Server::new().await;
    let licence = server.licence(20).await;
    for number in 1..=11 {
        upload(
            &server.nobody(),
            "/v1/activate",
            &Node::new(number).request(&licence),
        )
        .await;
    }
    let page = get(&server.admin, "/api/log?limit=100").await;
    let mut leaves: Vec<Hash> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| leaf_hash(entry["leaf"].as_str().unwrap().as_bytes()))
        .collect();
    leaves.reverse();
    let size = leaves.len();
    assert_eq!(size, 13, "a list, a licence and eleven leases");

    let point = get(&server.admin, "/api/log/checkpoint").await;
    let whole = data_encoding::HEXLOWER.encode(&root(&leaves));
    assert_eq!(
        (point["size"].as_u64(), point["root"].as_str()),
        (Some(13), Some(whole.as_str()))
    );
    check_note(&server, point["note"].as_str().unwrap());

    for until in 1..=size {
        let root_then = root(&leaves[..until]);
        for (index, leaf) in leaves.iter().enumerate().take(until) {
            let path = format!("/api/log/inclusion?position={index}&size={until}");
            let proof = hashes(&server, &path).await;
            let place = (index as u64, until as u64);
            assert!(includes(&proof, *leaf, place, root_then), "{path}");
            assert!(!includes(&proof, leaf_hash(b"other"), place, root_then));
        }
        let proof = hashes(
            &server,
            &format!("/api/log/consistency?from={until}&to={size}"),
        )
        .await;
        if until < size {
            let sizes = (until as u64, size as u64);
            assert!(
                continues(&proof, sizes, root_then, root(&leaves)),
                "{until}"
            );
        }
    }
    let outside = server
        .admin
        .get("/api/log/inclusion?position=13&size=13")
        .await
        .unwrap();
    assert_eq!(code(&outside), "out_of_range");
}

/// The last line is the signature over what stands before the empty line.
fn check_note(server: &Server, note: &str) {
    let (text, signature) = note.split_once("\n\n").unwrap();
    let bytes = STANDARD
        .decode(signature.trim().rsplit_once(' ').unwrap().1)
        .unwrap();
    let signature = Signature::from_slice(&bytes[4..]).unwrap();
    let key = server.app.keys.log().verifying_key();
    key.verify_strict(format!("{text}\n").as_bytes(), &signature)
        .unwrap();
}
