//! Measures how much memory a piece of code holds at most, on its own thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Measured;

#[global_allocator]
static ALLOCATOR: Measured = Measured;

// An allocator cannot be written without unsafe code.
#[allow(unsafe_code)]
// SAFETY: every call is passed on unchanged to the system's allocator; counting touches only
// thread-local cells, which neither allocate nor unwind.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

/// Runs `work` and returns its result and the most bytes it held at once beyond the start.
pub(crate) fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

#[test]
fn the_measure_sees_a_large_buffer() {
    let (buffer, peak) = peak_of(|| vec![1_u8; 1 << 20]);
    assert_eq!(buffer.len(), 1 << 20);
    assert!(peak >= 1 << 20);
}
