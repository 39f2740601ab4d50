//! Benchmarks: programs that measure and write down what they found; never timed tests.

mod client;
mod inference;
mod license;
mod load;
mod machine;
mod measure;
mod node;
mod report;
mod table;

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

/// Measures verifications and the licence server, and writes `docs/benchmarks/license.md` and `license.json`.
pub(crate) fn license(root: &Path) -> Result<()> {
    license::run(root, &program()?.with_file_name("guildhall-license-server"))
}

/// Measures the engine and writes `docs/benchmarks/inference.md` and `inference.json`.
pub(crate) fn inference(root: &Path) -> Result<()> {
    inference::run(root, &program()?)
}
