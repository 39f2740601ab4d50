//! How much memory this machine has for models, within the limits of its control groups.

use std::{fs, path::Path};

/// Of the machine's memory, models may take three quarters unless the configuration says otherwise: the
/// rest is for the node, the system and the page cache.
const SHARE: (u64, u64) = (3, 4);
/// Control groups of version 1 say "no limit" with a number near 2^63.
const NO_LIMIT: u64 = 1 << 60;

/// Memory as measured now, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    /// What the machine, or the node's control group, has.
    pub(super) total: u64,
    /// What can still be used without swapping.
    pub(super) available: u64,
}

/// Measures; a machine that does not say (not Linux) is taken to have enough.
pub(super) fn measure() -> Memory {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    read(
        &text("/proc/meminfo"),
        &text("/proc/self/cgroup"),
        Path::new("/sys/fs/cgroup"),
    )
}

/// What models may take, by default.
pub(super) fn default_budget(total: u64) -> u64 {
    total / SHARE.1 * SHARE.0
}

fn read(meminfo: &str, groups: &str, root: &Path) -> Memory {
    let system = |name| meminfo_bytes(meminfo, name).unwrap_or(u64::MAX);
    let mut memory = Memory {
        total: system("MemTotal:"),
        available: system("MemAvailable:"),
    };
    for (limit, used) in group_limits(groups, root) {
        memory.total = memory.total.min(limit);
        memory.available = memory.available.min(limit.saturating_sub(used));
    }
    memory
}

fn meminfo_bytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Limit and use of every control group this process is in, both versions.
fn group_limits(groups: &str, root: &Path) -> Vec<(u64, u64)> {
    let mut limits = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        let (root, names) = match controllers {
            "" => (
                root.to_owned(),
                ["memory.max", "memory.current", "inactive_file "],
            ),
            list if list.split(',').any(|name| name == "memory") => (
                root.join("memory"),
                [
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes",
                    "total_inactive_file ",
                ],
            ),
            _ => continue,
        };
        let group = root.join(path);
        let ancestors = group
            .ancestors()
            .take_while(|directory| directory.starts_with(&root));
        limits.extend(ancestors.filter_map(|directory| limit_of(directory, names)));
    }
    limits
}

fn limit_of(group: &Path, [limit, used, cache]: [&str; 3]) -> Option<(u64, u64)> {
    let number = |name: &str| -> Option<u64> {
        let text = fs::read_to_string(group.join(name)).ok()?;
        text.trim().parse().ok()
    };
    let limit = number(limit).filter(|limit| *limit < NO_LIMIT)?;
    // Files in the page cache count as used but give way.
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cache: u64 = statistics
        .lines()
        .find_map(|line| line.strip_prefix(cache)?.trim().parse().ok())
        .unwrap_or(0);
    Some((limit, number(used)?.saturating_sub(cache)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MEMINFO: &str = "MemTotal:       8000 kB\nMemAvailable:   6000 kB\n";

    fn group(root: &Path, path: &str, files: &[(&str, &str)]) {
        let directory = root.join(path);
        fs::create_dir_all(&directory).unwrap();
        for (name, text) in files {
            fs::write(directory.join(name), text).unwrap();
        }
    }

    #[test]
    fn this_machine_has_memory() {
        let memory = measure();
        assert!(memory.total > 1 << 20 && memory.available > 1 << 20);
        assert!(default_budget(memory.total) < memory.total);
    }

    #[test]
    fn the_tightest_group_of_either_version_counts_and_cache_gives_way() {
        let root = tempfile::tempdir().unwrap();
        group(
            root.path(),
            "pod/engine",
            &[("memory.max", "max\n"), ("memory.current", "500\n")],
        );
        group(
            root.path(),
            "pod",
            &[
                ("memory.max", "1000000\n"),
                ("memory.current", "700000\n"),
                ("memory.stat", "anon 400\ninactive_file 300000\n"),
            ],
        );
        let memory = read(MEMINFO, "0::/pod/engine\n", root.path());
        assert_eq!((memory.total, memory.available), (1_000_000, 600_000));

        group(
            root.path(),
            "memory/old",
            &[
                ("memory.limit_in_bytes", "400000\n"),
                ("memory.usage_in_bytes", "100000\n"),
            ],
        );
        group(
            root.path(),
            "memory",
            &[
                ("memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory.usage_in_bytes", "1\n"),
            ],
        );
        let memory = read(MEMINFO, "4:memory:/old\n0::/nowhere\n", root.path());
        assert_eq!((memory.total, memory.available), (400_000, 300_000));
    }

    #[test]
    fn without_groups_the_machine_counts() {
        let root = tempfile::tempdir().unwrap();
        let memory = read(MEMINFO, "", root.path());
        assert_eq!((memory.total, memory.available), (8_192_000, 6_144_000));
    }
}
