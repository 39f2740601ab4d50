//! Killing the process: what was acknowledged is there afterwards.

use std::{
    collections::BTreeSet,
    env,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

use guildhall_kernel::random_token;

use crate::ledger::{append, entries, open};

const ROUNDS: u64 = 120;
const WRITERS: usize = 8;
const ROUND_SPAN: u64 = 1_000_000;
const DIRECTORY: &str = "GUILDHALL_DB_TEST_DIRECTORY";
const FIRST_NUMBER: &str = "GUILDHALL_DB_TEST_FIRST_NUMBER";

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let child = start_child(directory.path(), round * ROUND_SPAN);
        acknowledged.extend(kill_after(child, draw_below(150)));
        verify(directory.path(), &acknowledged);
    }
    // Each round acknowledges about 75 entries; far fewer would prove nothing.
    assert!(
        acknowledged.len() as u64 > ROUNDS * 10,
        "{}",
        acknowledged.len()
    );
}

/// Not a test of its own: what the killed process runs. It writes until it dies, and puts the
/// number of each entry on its standard output once the entry is acknowledged.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(directory) = env::var(DIRECTORY) else {
        return;
    };
    let first: u64 = env::var(FIRST_NUMBER).unwrap().parse().unwrap();
    let next = AtomicU64::new(first);
    let db = open(Path::new(&directory));
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    db.write_blocking(move |tx| append(tx, number)).unwrap();
                    let line = format!("\nacknowledged {number} \n");
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

fn start_child(directory: &Path, first_number: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::child_that_writes_until_it_is_killed",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(FIRST_NUMBER, first_number.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child (SIGKILL) at its `count`-th acknowledgement (0: as soon as it has started);
/// gives every number that it acknowledged, those on their way through the pipe included.
fn kill_after(mut child: Child, count: u64) -> Vec<u64> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    while (acknowledged.len() as u64) < count {
        acknowledged.extend(number_in(&lines.next().unwrap().unwrap()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // A line cut off by the kill has no blank after its number.
    acknowledged.extend(
        lines
            .map_while(Result::ok)
            .filter_map(|line| number_in(&line)),
    );
    acknowledged
}

fn number_in(line: &str) -> Option<u64> {
    let number = line.strip_prefix("acknowledged ")?.strip_suffix(' ')?;
    Some(number.parse().unwrap())
}

fn verify(directory: &Path, acknowledged: &BTreeSet<u64>) {
    let db = open(directory);
    let stored = db.read_blocking(entries).unwrap();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged but lost: {lost:?}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(db.integrity_check()).unwrap();
}

fn draw_below(bound: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    random_token(8).hash(&mut hasher);
    hasher.finish() % bound
}
