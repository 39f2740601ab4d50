//! Compute threads and the other programs of the machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use guildhall_engine_protocol::testing::write_tiny_model;
use guildhall_engine_protocol::{EngineMessage, Load, NodeMessage, OnOverflow};

use crate::engine::{Engine, load_of, request, user};

const PATIENCE: Duration = Duration::from_secs(60);

/// The threads in use, while an answer is being written.
fn threads(engine: &mut Engine) -> u32 {
    engine.send(&NodeMessage::Ping { ping_id: 1 });
    loop {
        match engine.receive() {
            EngineMessage::Pong { status, .. } => return status.threads,
            EngineMessage::Done(done) => panic!("the answer ended too early: {done:?}"),
            _ => {}
        }
    }
}

#[test]
fn cores_that_other_programs_want_are_left_to_them() {
    let cores = u32::try_from(thread::available_parallelism().unwrap().get()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    write_tiny_model(&path, 1).unwrap();
    let mut engine = Engine::start();
    engine
        .load(&Load {
            threads: cores,
            ..load_of(&path, 4_096)
        })
        .unwrap();
    let mut endless = request(1, vec![user("Hello")]);
    endless.prompt.max_tokens = u32::MAX;
    endless.prompt.ignore_end = true;
    endless.prompt.on_overflow = OnOverflow::Shift;
    engine.send(&NodeMessage::Generate(endless));

    let stop = AtomicBool::new(false);
    let fewest = thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let began = Instant::now();
        let mut fewest = threads(&mut engine);
        while fewest > cores.div_ceil(2) && began.elapsed() < PATIENCE {
            fewest = fewest.min(threads(&mut engine));
        }
        stop.store(true, Ordering::Relaxed);
        fewest
    });
    // As many others as there are cores get at least half of them.
    assert!(
        fewest <= cores.div_ceil(2),
        "{fewest} threads on {cores} cores"
    );
    assert!(fewest >= 1);
}
