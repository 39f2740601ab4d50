//! How much memory is free for a model.

use std::fs;
use std::path::Path;

/// Bytes that can still be used without swapping, as Linux estimates it, within the limits of
/// the control groups this process is in. `None` when the kernel does not say.
pub(crate) fn available_bytes() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let system = meminfo_bytes(&meminfo, "MemAvailable:")?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = control_group_bytes(Path::new("/sys/fs/cgroup"), &groups);
    Some(limit.map_or(system, |limit| limit.min(system)))
}

/// Number of memory nodes (NUMA); 1 when the kernel does not say.
pub(crate) fn node_count() -> usize {
    let Ok(entries) = fs::read_dir("/sys/devices/system/node") else {
        return 1;
    };
    let is_node = |name: &str| {
        name.strip_prefix("node")
            .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_node))
        .count()
        .max(1)
}

fn meminfo_bytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The tightest limit of the control group (version 2) and its ancestors, less what is in use.
fn control_group_bytes(root: &Path, groups: &str) -> Option<u64> {
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let group = root.join(path);
    group
        .ancestors()
        .take_while(|directory| directory.starts_with(root))
        .filter_map(free)
        .min()
}

fn free(group: &Path) -> Option<u64> {
    let number = |name: &str| {
        fs::read_to_string(group.join(name))
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let limit = number("memory.max")?;
    let used = number("memory.current")?;
    // Files in the page cache count as used but give way.
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cache = statistics
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cache)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory() {
        assert!(available_bytes().unwrap() > 1 << 20);
    }

    #[test]
    fn the_tightest_group_counts_and_cache_gives_way() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("pod/engine");
        fs::create_dir_all(&inner).unwrap();
        let write = |path: &Path, name: &str, text: &str| fs::write(path.join(name), text).unwrap();
        write(&inner, "memory.max", "max\n");
        write(&inner, "memory.current", "500\n");
        let outer = root.path().join("pod");
        write(&outer, "memory.max", "1000\n");
        write(&outer, "memory.current", "700\n");
        write(&outer, "memory.stat", "anon 400\ninactive_file 300\n");

        assert_eq!(
            control_group_bytes(root.path(), "0::/pod/engine\n"),
            Some(600)
        );
        assert_eq!(control_group_bytes(root.path(), "0::/elsewhere\n"), None);
    }
}
