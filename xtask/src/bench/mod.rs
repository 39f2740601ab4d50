//! Benchmarks: programs that measure and write down what they found; never timed tests.

mod client;
mod inference;
mod load;
mod machine;
mod measure;
mod node;
mod report;
mod table;
mod upload;

use std::path::Path;

use self::{machine::Machine, report::Report};
use crate::{Result, program};

/// Measures the HTTP interface and writes `docs/benchmarks/http.md` and `http.json`.
pub(crate) fn http(root: &Path) -> Result<()> {
    let program = program()?;
    println!("measuring {}", program.display());
    let before = Machine::read();
    let figures = measure::all(&program)?;
    let report = Report {
        machine: before,
        load_after: machine::load_average(),
        figures,
    };
    report.write(root)?;
    println!("{}", report.table());
    println!("wrote docs/benchmarks/http.md and http.json");
    Ok(())
}

/// Measures how fast a model file goes up, and prints it.
pub(crate) fn upload(root: &Path) -> Result<()> {
    upload::run(root, &program()?)
}

/// Measures the engine and writes `docs/benchmarks/inference.md` and `inference.json`.
pub(crate) fn inference(root: &Path) -> Result<()> {
    inference::run(root, &program()?)
}
