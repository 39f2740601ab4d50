//! Measures durable writes and point reads per second on the disk under a directory:
//! `cargo run --release -p guildhall-db --example throughput [DIRECTORY]`.
#![allow(clippy::print_stdout)]

use std::{
    env,
    path::PathBuf,
    time::{Duration, Instant},
};

use guildhall_db::{Db, DbOptions, Migration, params};
use guildhall_kernel::Result;

const CLIENTS: u64 = 64;
const MEASURED: Duration = Duration::from_secs(3);

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "entries",
    sql: "CREATE TABLE entries (id TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
}];

#[tokio::main]
async fn main() -> Result<()> {
    let directory = env::args_os()
        .nth(1)
        .map_or_else(env::temp_dir, PathBuf::from);
    let path = directory.join(format!("throughput-{}.db", std::process::id()));
    let db = Db::open(DbOptions::new(&path, MIGRATIONS))?;

    let before = db.counters();
    let (writes, write_time) = measure(&db, |db, client, turn| async move {
        let id = entry_id(client, turn);
        db.write(move |tx| {
            tx.execute(
                "INSERT INTO entries (id, body, at) VALUES (?1, ?2, ?3)",
                params![
                    id,
                    "a body of about fifty characters, as rows often are",
                    0_i64
                ],
            )
        })
        .await
        .map(|_| ())
    })
    .await?;
    let batches = db.counters().batches - before.batches;
    println!(
        "{CLIENTS} clients: {} durable writes/s ({writes} writes in {batches} commits)",
        per_second(writes, write_time)
    );

    let (reads, read_time) = measure(&db, |db, client, _turn| async move {
        let id = entry_id(client, 0);
        db.read(move |reader| {
            reader.query_one(
                "SELECT body FROM entries WHERE id = ?1",
                params![id],
                |row| row.get::<String>("body"),
            )
        })
        .await
        .map(|_| ())
    })
    .await?;
    println!(
        "{CLIENTS} clients: {} point reads/s",
        per_second(reads, read_time)
    );
    tokio::task::spawn_blocking(move || db.close())
        .await
        .map_err(|error| guildhall_kernel::Error::internal("closing failed").with_source(error))?;
    std::fs::remove_file(&path)?;
    Ok(())
}

/// Lets every client call `act` in a loop; gives the number of calls and the time they took.
async fn measure<F>(db: &Db, act: fn(Db, u64, u64) -> F) -> Result<(u64, Duration)>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let db = db.clone();
        clients.spawn(async move {
            let mut turns = 0;
            while started.elapsed() < MEASURED {
                act(db.clone(), client, turns).await?;
                turns += 1;
            }
            Ok(turns)
        });
    }
    let counts: Result<Vec<u64>> = clients.join_all().await.into_iter().collect();
    Ok((counts?.iter().sum(), started.elapsed()))
}

fn entry_id(client: u64, turn: u64) -> String {
    format!("entry_{client:04}_{turn:012}")
}

fn per_second(count: u64, time: Duration) -> u128 {
    u128::from(count) * 1000 / time.as_millis().max(1)
}
