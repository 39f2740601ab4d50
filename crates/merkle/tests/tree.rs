//! The tree against the definition of RFC 6962, written down naively.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{collections::HashMap, convert::Infallible};

use ed25519_dalek::SigningKey;
use guildhall_merkle::{
    Checkpoint, CheckpointError, Hash, Nodes, completed, consistency, inclusion, leaf_hash,
    node_hash, root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

#[derive(Default)]
struct Memory(HashMap<(u32, u64), Hash>);

impl Nodes for Memory {
    type Error = Infallible;

    fn node(&self, level: u32, position: u64) -> Result<Hash, Infallible> {
        Ok(self.0[&(level, position)])
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|number| leaf_hash(&number.to_be_bytes()))
        .collect()
}

fn tree(count: u64) -> Memory {
    let mut memory = Memory::default();
    for (position, leaf) in (0..).zip(leaves(count)) {
        for (level, position, hash) in completed(&memory, position, leaf).unwrap() {
            assert!(memory.0.insert((level, position), hash).is_none());
        }
    }
    memory
}

/// RFC 6962, 2.1, word for word.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha2_of_nothing(),
        [one] => *one,
        many => {
            let split = many.len().next_power_of_two() / 2;
            node_hash(&naive(&many[..split]), &naive(&many[split..]))
        }
    }
}

fn sha2_of_nothing() -> Hash {
    root(&Memory::default(), 0).unwrap()
}

#[test]
fn vectors_of_certificate_transparency() {
    // The eight leaves and roots that RFC 6962's reference implementation tests with.
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let hashes: Vec<Hash> = inputs.iter().map(|leaf| leaf_hash(leaf)).collect();
    let hex = |hash: Hash| {
        hash.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(
        hex(naive(&[])),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex(naive(&hashes[..1])),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    assert_eq!(
        hex(naive(&hashes)),
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    );
}

proptest! {
    #[test]
    fn roots_and_proofs_are_those_of_the_definition(size in 1u64..200, at in 0u64..200, old in 1u64..200) {
        let (at, old) = (at % size, 1 + old % size);
        let (memory, all) = (tree(size), leaves(size));
        let top = root(&memory, size).unwrap();
        prop_assert_eq!(top, naive(&all));
        let path = inclusion(&memory, at, size).unwrap();
        prop_assert!(verify_inclusion(&all[at as usize], at, size, &path, &top));
        let before = root(&memory, old).unwrap();
        let proof = consistency(&memory, old, size).unwrap();
        prop_assert!(verify_consistency((old, &before), (size, &top), &proof));
    }

    #[test]
    fn nothing_else_is_proven(size in 2u64..100, at in 0u64..100, old in 1u64..100, byte in 0usize..32, wrong in 0usize..8) {
        let (at, old) = (at % size, 1 + old % (size - 1));
        let (memory, all) = (tree(size), leaves(size));
        let top = root(&memory, size).unwrap();
        let mut path = inclusion(&memory, at, size).unwrap();
        prop_assert!(!verify_inclusion(&all[at as usize], (at + 1) % size, size, &path, &top));
        prop_assert!(!verify_inclusion(&leaf_hash(b"another"), at, size, &path, &top));
        let place = wrong % path.len();
        path[place][byte] ^= 1;
        prop_assert!(!verify_inclusion(&all[at as usize], at, size, &path, &top));
        path.push(top);
        prop_assert!(!verify_inclusion(&all[at as usize], at, size, &path, &top));
        let before = root(&memory, old).unwrap();
        let mut proof = consistency(&memory, old, size).unwrap();
        prop_assert!(!verify_consistency((old, &leaf_hash(b"another")), (size, &top), &proof));
        let place = wrong % proof.len();
        proof[place][byte] ^= 1;
        prop_assert!(!verify_consistency((old, &before), (size, &top), &proof));
    }
}

#[test]
fn checkpoints_are_of_one_log_and_key() {
    let key = SigningKey::from_bytes(&[3; 32]);
    let made = Checkpoint {
        origin: "guildhall/log".to_owned(),
        size: 7,
        root: root(&tree(7), 7).unwrap(),
    };
    let note = made.sign(&key);
    let public = key.verifying_key();
    assert_eq!(
        Checkpoint::verify(&note, "guildhall/log", &public).unwrap(),
        made
    );
    assert_eq!(
        Checkpoint::verify(&note, "other", &public),
        Err(CheckpointError::OtherLog)
    );
    let stranger = SigningKey::from_bytes(&[4; 32]).verifying_key();
    assert_eq!(
        Checkpoint::verify(&note, "guildhall/log", &stranger),
        Err(CheckpointError::NotSigned)
    );
    assert_eq!(
        Checkpoint::verify(
            &note.replacen("\n7\n", "\n8\n", 1),
            "guildhall/log",
            &public
        ),
        Err(CheckpointError::NotSigned)
    );
    assert_eq!(
        Checkpoint::verify(
            &note.replacen("\n7\n", "\n07\n", 1),
            "guildhall/log",
            &public
        ),
        Err(CheckpointError::Malformed)
    );
    assert_eq!(
        Checkpoint::verify("", "guildhall/log", &public),
        Err(CheckpointError::Malformed)
    );
}
