//! The layer's open files, as SQLite's C interface wants them (sqlite.org/c3ref/io_methods.html).
#![allow(unsafe_code)]

use std::{
    ffi::{c_int, c_void},
    path::{Path, PathBuf},
    ptr,
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64};

use super::{disk::Refused, vfs::Shared};

/// An open file. SQLite allocates it, with the file of the real VFS right behind.
#[repr(C)]
pub(super) struct LayerFile {
    methods: *const ffi::sqlite3_io_methods,
    shared: &'static Shared,
    /// From `Box::into_raw`; null for a nameless temporary file, which no power cut concerns.
    path: *mut PathBuf,
}

/// The methods of every [`LayerFile`]. Version 2: with shared memory, without memory-mapped reads,
/// so that every read and write of the files passes through here.
pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Fills in the layer's part of a file whose real part is open.
///
/// # Safety
/// `file` is the allocation of `szOsFile` bytes that SQLite gave to the layer's `xOpen`.
pub(super) unsafe fn initialise(
    file: *mut sqlite3_file,
    shared: &'static Shared,
    path: Option<PathBuf>,
) {
    let layer = LayerFile {
        methods: &raw const METHODS,
        shared,
        path: path.map_or(ptr::null_mut(), |path| Box::into_raw(Box::new(path))),
    };
    // SAFETY: the allocation begins with room for a `LayerFile` (see `layer_size`).
    unsafe { file.cast::<LayerFile>().write(layer) };
}

/// Bytes in front of the real file: a multiple of 8, SQLite's alignment.
pub(super) const fn layer_size() -> usize {
    size_of::<LayerFile>().next_multiple_of(8)
}

/// The real file behind the layer's.
///
/// # Safety
/// `file` points at an allocation of the layer's `szOsFile` bytes.
pub(super) unsafe fn real_file(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` is `layer_size()` plus the real file's size, so this stays inside.
    unsafe { file.cast::<u8>().add(layer_size()).cast() }
}

/// The layer's part of an open file.
///
/// # Safety
/// `file` was opened by the layer and is not closed.
unsafe fn layer<'a>(file: *mut sqlite3_file) -> (&'static Shared, Option<&'a Path>) {
    // SAFETY: `initialise` wrote a `LayerFile` there, and its path lives until `close`.
    unsafe {
        let layer = &*file.cast::<LayerFile>();
        (layer.shared, layer.path.as_ref().map(PathBuf::as_path))
    }
}

/// Calls a method of the real file.
macro_rules! real {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let real = real_file($file);
        match (*(*real).pMethods).$method {
            Some(method) => method(real $(, $argument)*),
            None => ffi::SQLITE_ERROR,
        }
    }};
}

/// Methods that only pass on.
macro_rules! pass_on {
    ($($name:ident: $method:ident($($argument:ident: $kind:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $kind)*) -> c_int {
            // SAFETY: SQLite calls this on an open file; the arguments go on unchanged.
            unsafe { real!(file, $method $(, $argument)*) }
        }
    )*};
}

pass_on! {
    file_size: xFileSize(size: *mut sqlite3_int64);
    lock: xLock(level: c_int);
    unlock: xUnlock(level: c_int);
    check_reserved_lock: xCheckReservedLock(held: *mut c_int);
    file_control: xFileControl(operation: c_int, argument: *mut c_void);
    sector_size: xSectorSize();
    device_characteristics: xDeviceCharacteristics();
    shm_map: xShmMap(region: c_int, size: c_int, extend: c_int, memory: *mut *mut c_void);
    shm_lock: xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap: xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: SQLite calls this on an open file.
    unsafe {
        let real = real_file(file);
        if let Some(method) = (*(*real).pMethods).xShmBarrier {
            method(real);
        }
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once; the path came from `Box::into_raw`.
    unsafe {
        let status = real!(file, xClose);
        let path = (*file.cast::<LayerFile>()).path;
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
        status
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    buffer: *mut c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls this on an open file; the arguments go on unchanged.
    unsafe {
        let (shared, _) = layer(file);
        if shared.disk().is_off() {
            return ffi::SQLITE_IOERR_READ;
        }
        real!(file, xRead, buffer, length, offset)
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    buffer: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls this on an open file with `length` readable bytes at `buffer`.
    unsafe {
        let (shared, path) = layer(file);
        let Some(path) = path else {
            return real!(file, xWrite, buffer, length, offset);
        };
        let mut size: sqlite3_int64 = 0;
        let status = real!(file, xFileSize, &raw mut size);
        if status != ffi::SQLITE_OK {
            return status;
        }
        let growth = u64::try_from(offset + i64::from(length) - size).unwrap_or(0);
        // Held until the write is done: model and file see the same order.
        let mut disk = shared.disk();
        if let Err(refused) = disk.may_write(growth) {
            return refusal(refused, ffi::SQLITE_IOERR_WRITE);
        }
        let status = real!(file, xWrite, buffer, length, offset);
        if status == ffi::SQLITE_OK {
            let bytes = std::slice::from_raw_parts(buffer.cast::<u8>(), to_usize(length.into()));
            disk.wrote(path, to_usize(offset), bytes);
        }
        status
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: SQLite calls this on an open file.
    unsafe {
        let (shared, path) = layer(file);
        let mut disk = shared.disk();
        if let Err(refused) = disk.may_truncate() {
            return refusal(refused, ffi::SQLITE_IOERR_TRUNCATE);
        }
        let status = real!(file, xTruncate, size);
        if let Some(path) = path.filter(|_| status == ffi::SQLITE_OK) {
            disk.truncated(path, to_usize(size));
        }
        status
    }
}

/// The real file is not synced: the model stands for the disk, and the machine stays on.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite calls this on an open file.
    let (shared, path) = unsafe { layer(file) };
    let Some(path) = path else {
        return ffi::SQLITE_OK;
    };
    match shared.disk().sync(path) {
        Ok(()) => ffi::SQLITE_OK,
        Err(refused) => refusal(refused, ffi::SQLITE_IOERR_FSYNC),
    }
}

fn refusal(refused: Refused, when_off: c_int) -> c_int {
    match refused {
        Refused::Off => when_off,
        Refused::Full => ffi::SQLITE_FULL,
    }
}

fn to_usize(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
