//! Licensing: how many licences one core verifies, and how many validations, activations and leases the
//! licence server answers. Rounds interleave the kinds of load.

mod report;
mod server;

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use guildhall_license::{License, compiled_in, verify};

use self::{report::Report, server::Vendor};
use super::{
    load::{self, Load, Outcome},
    machine::Machine,
};
use crate::Result;

const ROUNDS: usize = 5;
const CONNECTIONS: usize = 32;
const LOAD_TIME: Duration = Duration::from_secs(4);
const VERIFY_TIME: Duration = Duration::from_secs(3);
const LIMIT_TIME: Duration = Duration::from_secs(2);
/// Bytes of the answer that a validation gets, so that the limit moves as many.
const ANSWER_BYTES: usize = 250;
/// Activations sent in one round, each by a node of its own; all rounds together stay below what one
/// address may ask for.
const ACTIVATIONS: usize = 40;

/// One round.
struct Round {
    /// Verifications per second on one core.
    verify_one: f64,
    /// The same on every core at once, divided by the cores.
    verify_all: f64,
    validations: Outcome,
    limit: Outcome,
    /// Activations (a checked request, a place, a signed lease, log and audit) per second, and the time
    /// within which 99 of 100 are answered.
    activations: (f64, f64),
}

/// Measures everything and writes it down.
pub(super) fn run(root: &Path, program: &Path) -> Result<()> {
    println!("measuring {}", program.display());
    let before = Machine::read();
    let vendor = Vendor::set_up(program)?;
    let licence = vendor.licence_file()?;
    let asked = vendor.validation()?;
    let rounds = (1..=ROUNDS)
        .map(|number| round(number, &vendor, &licence, &asked))
        .collect::<Result<Vec<_>>>()?;
    Report { rounds }.document().publish(root, &before)
}

fn round(number: usize, vendor: &Vendor, licence: &[u8], asked: &[u8]) -> Result<Round> {
    println!("round {number} of {ROUNDS}");
    let load = Load {
        connections: CONNECTIONS,
        duration: LOAD_TIME,
        status: 200,
    };
    let limit = Load {
        duration: LIMIT_TIME,
        ..load
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(Round {
        verify_one: verifications(licence, 1)?,
        verify_all: verifications(licence, cores)?,
        validations: load::run(vendor.address(), asked, load)?,
        limit: load::run(load::start_empty_server(ANSWER_BYTES)?, asked, limit)?,
        activations: vendor.activate(ACTIVATIONS)?,
    })
}

/// Verifications per second and thread: the whole way of an import, from the file's bytes to the licence.
fn verifications(licence: &[u8], threads: usize) -> Result<f64> {
    let (ring, _) = compiled_in()?;
    let counted = thread::scope(|scope| -> Result<f64> {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<f64> {
                    let (began, mut count) = (Instant::now(), 0_u32);
                    while began.elapsed() < VERIFY_TIME {
                        std::hint::black_box(verify::<License>(licence, &ring)?);
                        count += 1;
                    }
                    Ok(f64::from(count) / began.elapsed().as_secs_f64())
                })
            })
            .collect();
        let mut sum = 0.0;
        for worker in workers {
            sum += worker.join().map_err(|_| "a verification stopped")??;
        }
        Ok(sum)
    })?;
    Ok(counted / f64::from(u32::try_from(threads)?))
}
