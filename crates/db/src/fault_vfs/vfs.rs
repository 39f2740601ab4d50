//! The layer itself, as SQLite's C interface wants it (sqlite.org/c3ref/vfs.html).
#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, OsStr, c_char, c_int},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    ptr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::{
    disk::Disk,
    file::{initialise, layer_size, real_file},
};

/// What a registered layer and its files share; it lives until the process ends.
pub(super) struct Shared {
    name: CString,
    parent: *mut sqlite3_vfs,
    disk: Mutex<Disk>,
}

// SAFETY: `parent` is SQLite's default VFS: it is never unregistered, its fields do not change
// after start-up and its methods may be called from any thread.
unsafe impl Send for Shared {}
// SAFETY: as above; everything else in it is immutable or behind the mutex.
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn name(&self) -> &str {
        self.name.to_str().unwrap_or_default()
    }
}

/// Registers a new layer over the default VFS.
pub(super) fn register() -> &'static Shared {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = CString::new(format!("fault-{number}")).unwrap_or_default();
    // SAFETY: finding the default VFS initialises SQLite; null asks for the default.
    let parent = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    assert!(!parent.is_null(), "SQLite has no default VFS");
    let shared: &'static Shared = Box::leak(Box::new(Shared {
        name,
        parent,
        disk: Mutex::new(Disk::default()),
    }));
    // SAFETY: `parent` was checked; see `Shared` for its lifetime.
    let (parent_file_size, path_length_max) = unsafe { ((*parent).szOsFile, (*parent).mxPathname) };
    let layer_file_size = c_int::try_from(layer_size()).unwrap_or(c_int::MAX);
    let vfs = Box::leak(Box::new(sqlite3_vfs {
        iVersion: 2,
        szOsFile: layer_file_size + parent_file_size,
        mxPathname: path_length_max,
        pNext: ptr::null_mut(),
        zName: shared.name.as_ptr(),
        pAppData: ptr::from_ref(shared).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: `vfs` and all it points at live until the process ends; it is not the default.
    let status = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
    assert!(status == ffi::SQLITE_OK, "SQLite did not take the layer");
    shared
}

/// # Safety
/// `vfs` is one that `register` made.
unsafe fn shared(vfs: *mut sqlite3_vfs) -> &'static Shared {
    // SAFETY: `register` put a leaked `Shared` there.
    unsafe { &*(*vfs).pAppData.cast::<Shared>() }
}

/// Calls a method of the default VFS.
macro_rules! parent {
    ($vfs:expr, $method:ident $(, $argument:expr)*) => {{
        let parent = shared($vfs).parent;
        match (*parent).$method {
            Some(method) => method(parent $(, $argument)*),
            None => ffi::SQLITE_ERROR,
        }
    }};
}

/// Methods that only pass on.
macro_rules! pass_on {
    ($($name:ident: $method:ident($($argument:ident: $kind:ty),*);)*) => {$(
        unsafe extern "C" fn $name(vfs: *mut sqlite3_vfs $(, $argument: $kind)*) -> c_int {
            // SAFETY: SQLite calls this on the layer; the arguments go on unchanged.
            unsafe { parent!(vfs, $method $(, $argument)*) }
        }
    )*};
}

pass_on! {
    access: xAccess(name: *const c_char, flags: c_int, result: *mut c_int);
    full_pathname: xFullPathname(name: *const c_char, length: c_int, output: *mut c_char);
    randomness: xRandomness(length: c_int, output: *mut c_char);
    sleep: xSleep(microseconds: c_int);
    current_time: xCurrentTime(days: *mut f64);
    get_last_error: xGetLastError(length: c_int, output: *mut c_char);
    current_time_int64: xCurrentTimeInt64(milliseconds: *mut sqlite3_int64);
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes at `file`, and a name that is null or ends with zero.
    unsafe {
        // Without methods SQLite does not close a file that did not open.
        (*file).pMethods = ptr::null();
        let shared = shared(vfs);
        let path = path_of(name);
        if let Some(path) = &path
            && shared.disk().opening(path).is_err()
        {
            return ffi::SQLITE_CANTOPEN;
        }
        let status = parent!(vfs, xOpen, name, real_file(file), flags, flags_out);
        if status == ffi::SQLITE_OK {
            initialise(file, shared, path);
        }
        status
    }
}

unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync_directory: c_int,
) -> c_int {
    // SAFETY: SQLite gives a name that ends with zero; the arguments go on unchanged.
    unsafe {
        let mut disk = shared(vfs).disk();
        if disk.is_off() {
            return ffi::SQLITE_IOERR_DELETE;
        }
        let status = parent!(vfs, xDelete, name, sync_directory);
        if let Some(path) = path_of(name).filter(|_| status == ffi::SQLITE_OK) {
            disk.deleted(&path);
        }
        status
    }
}

/// # Safety
/// `name` is null or ends with zero.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, so it ends with zero.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    Some(Path::new(OsStr::from_bytes(bytes)).to_owned())
}
