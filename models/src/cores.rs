//! How many cores are left for computing.
//!
//! Compute threads spin for a moment while they wait for each other: sleeping and waking a thousand times a token costs a third of the
//! speed. On a core that another program wants as well they would burn that program's time and their own instead, so the scheduler
//! computes with as many threads as there are cores that nobody else uses.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// How often the cores are counted. The kernel counts in hundredths of a second.
const WINDOW: Duration = Duration::from_millis(400);
const TICKS_PER_SECOND: f64 = 100.0;
/// The first line of `/proc/stat`, and `/proc/self/stat`, are shorter.
const LINE_BYTES_MAX: usize = 512;
/// How far below the number in use the free cores must be to use fewer, and above it to use more: apart, so that it does not swing.
const FEWER: f64 = 0.5;
const MORE: f64 = 0.75;

/// Watches the machine and limits the compute threads of the thread that calls it.
pub(crate) struct Cores {
    files: Option<Files>,
    machine: f64,
    threads: u32,
    used: u32,
    last: Option<Sample>,
}

/// Kept open, because the sandbox lets nothing be opened later.
struct Files {
    machine: File,
    own: File,
}

/// Processor time in ticks, since whenever.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    machine: f64,
    own: f64,
}

impl Cores {
    /// For at most `threads` compute threads. Made before a model is loaded, it knows the machine when the first step is due.
    pub(crate) fn new(threads: u32) -> Self {
        let files = Files::open();
        Self {
            last: files
                .as_ref()
                .and_then(|files| files.sample(Instant::now())),
            files,
            machine: f64::from(machine_cores().max(threads)),
            threads,
            used: threads,
        }
    }

    /// Looks again at what others use, if the last time is long enough ago. With `all`, every thread computes whatever the others do.
    pub(crate) fn settle(&mut self, all: bool) {
        let now = Instant::now();
        if all {
            self.last = None;
            self.set(self.threads);
            return;
        }
        if self.last.is_some_and(|last| now - last.at < WINDOW) {
            return;
        }
        let Some(newest) = self.files.as_ref().and_then(|files| files.sample(now)) else {
            return;
        };
        // After a rest this is the rest's mean, which says more than nothing.
        if let Some(last) = self.last.replace(newest) {
            let free = self.machine - cores_of_others(&last, &newest);
            self.set(threads_for(free, self.used, self.threads));
        }
    }

    /// Compute threads in use.
    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    fn set(&mut self, threads: u32) {
        if threads == self.used {
            return;
        }
        tracing::debug!(threads, "other programs compute, or stopped");
        self.used = threads;
        limit_threads((threads < self.threads).then_some(threads));
    }
}

impl Files {
    fn open() -> Option<Self> {
        Some(Self {
            machine: File::open("/proc/stat").ok()?,
            own: File::open("/proc/self/stat").ok()?,
        })
    }

    fn sample(&self, at: Instant) -> Option<Sample> {
        Some(Sample {
            at,
            machine: machine_ticks(&line(&self.machine)?)?,
            own: own_ticks(&line(&self.own)?)?,
        })
    }
}

/// Whether the machine says how busy it is.
pub(crate) fn is_known() -> bool {
    Files::open().is_some_and(|files| files.sample(Instant::now()).is_some())
}

fn machine_cores() -> u32 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    let cores = names.filter(|name| name.starts_with("cpu") && *name != "cpu");
    u32::try_from(cores.count()).unwrap_or(0)
}

fn line(file: &File) -> Option<String> {
    let mut bytes = [0; LINE_BYTES_MAX];
    let length = file.read_at(&mut bytes, 0).ok()?;
    let text = String::from_utf8_lossy(bytes.get(..length)?).into_owned();
    text.lines().next().map(str::to_owned)
}

/// Ticks that the machine's cores worked: `cpu user nice system idle iowait irq softirq …` (proc_stat(5)).
fn machine_ticks(line: &str) -> Option<f64> {
    let fields = numbers(line.strip_prefix("cpu ")?);
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = fields.as_slice() else {
        return None;
    };
    Some(user + nice + system + irq + softirq)
}

/// Ticks that this process worked: the 14th and 15th field, `utime` and `stime` (proc_pid_stat(5)). The second is a name in brackets.
fn own_ticks(line: &str) -> Option<f64> {
    let (_, rest) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let (user, system) = (fields.get(11)?, fields.get(12)?);
    Some(user.parse::<f64>().ok()? + system.parse::<f64>().ok()?)
}

fn numbers(text: &str) -> Vec<f64> {
    let fields = text.split_whitespace();
    fields.map_while(|field| field.parse().ok()).collect()
}

fn cores_of_others(last: &Sample, newest: &Sample) -> f64 {
    let ticks = (newest.machine - last.machine) - (newest.own - last.own);
    let seconds = (newest.at - last.at).as_secs_f64();
    (ticks / TICKS_PER_SECOND / seconds).max(0.0)
}

/// How many of at most `most` threads to use, when `used` are used now and `free` cores are nobody else's.
fn threads_for(free: f64, used: u32, most: u32) -> u32 {
    let now = f64::from(used);
    if free > now - FEWER && free < now + MORE {
        return used;
    }
    // Exact: at most `most`.
    (free.round().clamp(1.0, f64::from(most))) as u32
}

/// Has llama.cpp compute with fewer threads than its context was made with, from the next step of this thread on. llama.cpp asks
/// OpenMP for a team of the context's size and takes the team that it gets; what its own call for this needs is private in llama-cpp-2.
#[cfg(target_os = "linux")]
#[allow(
    unsafe_code,
    reason = "calls of OpenMP, which is linked with llama.cpp"
)]
fn limit_threads(most: Option<u32>) {
    use std::ffi::c_int;

    unsafe extern "C" {
        fn omp_set_dynamic(dynamic: c_int);
        fn omp_set_num_threads(threads: c_int);
    }
    let threads = most.and_then(|most| c_int::try_from(most).ok());
    // SAFETY: both take any number and set variables of the calling thread alone (OpenMP 4.5, 3.2.1 and 3.2.7).
    unsafe {
        omp_set_dynamic(c_int::from(threads.is_some()));
        if let Some(threads) = threads {
            omp_set_num_threads(threads);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_threads(_most: Option<u32>) {}

/// The load of the machine, unknown on purpose: with adjustable teams OpenMP takes the load of the last quarter of an hour off the
/// number of threads, and most of that load is this engine's own.
#[cfg(target_os = "linux")]
#[allow(
    unsafe_code,
    reason = "stands in for the C library's function of this name, with its signature and its answer for a load that is unknown"
)]
#[unsafe(no_mangle)]
extern "C" fn getloadavg(_loads: *mut f64, _count: std::ffi::c_int) -> std::ffi::c_int {
    -1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel_are_read() {
        let line = "cpu  100 20 30 4000 500 6 7 800 90 10";
        assert_eq!(machine_ticks(line), Some(163.0));
        assert_eq!(machine_ticks("cpu  1 2 3"), None);
        assert_eq!(machine_ticks("intr 1 2 3 4 5 6 7 8"), None);
        let own = "42 (a ) name) S 1 42 42 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 3 0 9";
        assert_eq!(own_ticks(own), Some(300.0));
        assert_eq!(own_ticks("42 (short) S 1"), None);
    }

    #[test]
    fn this_machine_says_how_busy_it_is() {
        assert!(is_known());
        assert!(machine_cores() >= 1);
        let files = Files::open().unwrap();
        let began = Instant::now();
        let before = files.sample(began).unwrap();
        let mut sum = 0_u64;
        while began.elapsed() < Duration::from_millis(300) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let after = files.sample(Instant::now()).unwrap();
        assert!(
            after.own > before.own && after.machine > before.machine,
            "{before:?} {after:?}"
        );
    }

    #[test]
    fn as_many_threads_as_there_are_free_cores() {
        assert_eq!(threads_for(2.0, 2, 2), 2);
        assert_eq!(threads_for(1.7, 2, 2), 2, "what passes by changes nothing");
        assert_eq!(
            threads_for(1.4, 2, 2),
            1,
            "another program gets its half of one core"
        );
        assert_eq!(threads_for(1.0, 1, 2), 1, "and then a whole one");
        assert_eq!(threads_for(2.0, 1, 2), 2, "and is gone");
        assert_eq!(threads_for(-3.0, 1, 2), 1);
        assert_eq!(threads_for(15.1, 16, 16), 15);
        assert_eq!(threads_for(9.2, 15, 16), 9);
        assert_eq!(threads_for(40.0, 4, 8), 8);
    }
}
