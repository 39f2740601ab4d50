//! Writes down what was found: `docs/benchmarks/TOPIC.md` for people and `TOPIC.json` for programs.

use std::{fs, path::Path};

use serde_json::{Map, Value};

use super::{
    machine::{self, Machine},
    table::{self, Row},
};
use crate::Result;

/// What was found on one topic.
pub(super) struct Document {
    /// The files' name, and what `cargo xtask bench` calls it.
    pub(super) topic: &'static str,
    pub(super) title: &'static str,
    /// How it was measured, in whole sentences.
    pub(super) how: String,
    pub(super) rows: Vec<Row>,
    /// What the rows mean, in whole sentences.
    pub(super) notes: String,
    /// Every figure of every round.
    pub(super) figures: Map<String, Value>,
}

impl Document {
    /// Writes both files and prints the table. `machine` is as it was before the measurement.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn publish(mut self, root: &Path, machine: &Machine) -> Result<()> {
        let load_after = machine::load_average();
        let table = table::markdown(&self.rows);
        let folder = root.join("docs/benchmarks");
        fs::create_dir_all(&folder)?;
        let topic = self.topic;
        fs::write(
            folder.join(format!("{topic}.md")),
            self.markdown(machine, &load_after, &table),
        )?;
        self.figures
            .insert("machine".to_owned(), machine.json(&load_after));
        let json = serde_json::to_string_pretty(&self.figures)? + "\n";
        fs::write(folder.join(format!("{topic}.json")), json)?;
        println!("{table}\nwrote docs/benchmarks/{topic}.md and {topic}.json");
        Ok(())
    }

    fn markdown(&self, machine: &Machine, load_after: &str, table: &str) -> String {
        let command = command(self.topic);
        let Self {
            title, how, notes, ..
        } = self;
        let Machine {
            processor,
            cores,
            memory_gib,
            kernel,
            load,
        } = machine;
        format!(
            "# {title}\n\n\
             Written by `{command}`. {how} Everything on one machine: {processor}, {cores} cores, {memory_gib:.1} GiB, \
             Linux {kernel}. Load average {load} before, {load_after} after, the measurement's own load included in the latter.\n\n\
             {table}\n{notes}\n"
        )
    }
}

/// What measures this again; the profile that was measured is the script's to say.
fn command(topic: &str) -> String {
    match std::env::var("PROFILE") {
        Ok(profile) if profile != "release" => {
            format!("PROFILE={profile} TOPIC={topic} make bench")
        }
        _ => format!("TOPIC={topic} make bench"),
    }
}
