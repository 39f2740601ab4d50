//! Benchmarks: programs that measure and write down what they found; never timed tests.

mod client;
mod document;
mod gateway;
mod inference;
mod license;
mod load;
mod machine;
mod measure;
mod node;
mod paced;
mod report;
mod table;
mod upload;

use std::path::Path;

use self::machine::Machine;
use crate::{Result, program};

/// Measures the HTTP interface and writes `docs/benchmarks/http.md` and `http.json`.
pub(crate) fn http(root: &Path) -> Result<()> {
    let program = program()?;
    println!("measuring {}", program.display());
    let machine = Machine::read();
    measure::all(&program)?.document().publish(root, &machine)
}

/// Measures the gateway and writes `docs/benchmarks/gateway.md` and `gateway.json`.
pub(crate) fn gateway(root: &Path) -> Result<()> {
    gateway::run(root, &program()?)
}

/// Measures how fast a model file goes up, and prints it.
pub(crate) fn upload(root: &Path) -> Result<()> {
    upload::run(root, &program()?)
}

/// Measures verifications and the licence server, and writes `docs/benchmarks/license.md` and `license.json`.
pub(crate) fn license(root: &Path) -> Result<()> {
    license::run(root, &program()?.with_file_name("guildhall-license-server"))
}

/// Measures the engine and writes `docs/benchmarks/inference.md` and `inference.json`.
pub(crate) fn inference(root: &Path) -> Result<()> {
    inference::run(root, &program()?)
}

/// Puts a node under the loads of the benchmarks of the interface and the gateway, and measures nothing. One that was built to
/// count what it does writes its counts as it stops.
pub(crate) fn train() -> Result<()> {
    let program = program()?;
    println!("training {}", program.display());
    measure::all(&program)?;
    gateway::train(&program)
}
