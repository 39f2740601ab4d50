//! What the figures were measured on.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::Result;

/// The machine, as far as it matters to a figure.
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_gib: f64,
    pub(super) kernel: String,
    /// Load average over one minute when the measurement began.
    pub(super) load: String,
}

impl Machine {
    pub(super) fn read() -> Self {
        let memory_kib = value("/proc/meminfo", "MemTotal").and_then(|text| first_number(&text));
        Self {
            processor: value("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_kib.unwrap_or(0.0) / 1024.0 / 1024.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load_average(),
        }
    }

    /// The same for programs, with the load average after the measurement.
    pub(super) fn json(&self, load_after: &str) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "memory_gib": self.memory_gib,
            "kernel": self.kernel,
            "load_before": self.load,
            "load_after": load_after,
        })
    }
}

/// The load average over one minute.
pub(super) fn load_average() -> String {
    read("/proc/loadavg")
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Memory of a process in MB (10⁶ bytes), resident and its proportional share.
///
/// # Errors
/// When the process is gone.
pub(super) fn memory_mb(process: u32) -> Result<(f64, f64)> {
    let figure = |file: &str, name: &str| {
        let kib =
            value(&format!("/proc/{process}/{file}"), name).and_then(|text| first_number(&text));
        kib.map(|kib| kib * 1024.0 / 1e6).ok_or("the node is gone")
    };
    Ok((figure("status", "VmRSS")?, figure("smaps_rollup", "Pss")?))
}

/// The same of every process in a process group together, as their proportional share.
///
/// # Errors
/// When the group is gone.
pub(super) fn group_memory_mb(group: u32) -> Result<f64> {
    let processes = fs::read_dir("/proc")?.flatten().filter_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        // The fields after the name in brackets: state, parent, group (proc(5)).
        let stat = read(&format!("/proc/{process}/stat"));
        let found = stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok();
        (found == Some(group)).then_some(process)
    });
    let shares = processes.map(|process| memory_mb(process).map(|(_, share)| share));
    let total: f64 = shares.flatten().sum();
    if total > 0.0 {
        Ok(total)
    } else {
        Err("the processes are gone".into())
    }
}

/// How many files this process may have open.
pub(super) fn open_files_max() -> usize {
    let limits = read("/proc/self/limits");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(1024)
}

/// Writes of 4 KiB per second that reach the disk one by one: the limit of anything durable.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn syncs_per_second(folder: &Path, duration: Duration) -> Result<f64> {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path)?;
    let block = [7_u8; 4096];
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < duration {
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    let per_second = f64::from(count) / began.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(per_second)
}

/// The value after `name:` in a file of lines such as those below `/proc`.
fn value(file: &str, name: &str) -> Option<String> {
    let text = read(file);
    let line = text
        .lines()
        .find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}
