//! Counts heap allocations of the current thread, exactly: those of Rust code through the global allocator, and all of the process, libavcodec
//! and ONNX Runtime included, by standing in for the C library's functions.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;

thread_local! {
    // Const and without a destructor: reading them allocates nothing itself.
    static RUST: Cell<u64> = const { Cell::new(0) };
    static ALL: Cell<u64> = const { Cell::new(0) };
}

/// Allocations of this thread so far, growing a block included.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    /// Asked for by Rust code: ours and its libraries'.
    pub(crate) rust: u64,
    /// Everything.
    pub(crate) all: u64,
}

impl Count {
    pub(crate) fn now() -> Self {
        Self { rust: RUST.get(), all: ALL.get() }
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { rust: self.rust - earlier.rust, all: self.all - earlier.all }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { rust: self.rust + other.rust, all: self.all + other.all }
    }
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        RUST.set(RUST.get() + 1);
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from the system's allocator with this layout, through `alloc` or `realloc` here.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        RUST.set(RUST.get() + 1);
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

// glibc's own names of its allocator, for programs that stand in for the public ones (its manual, "Replacing malloc").
unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
}

fn count() {
    ALL.set(ALL.get() + 1);
}

// SAFETY (of the names): these have the C library's signatures and hand every call to the C library's own allocator, so that its `free` fits.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    count();
    // SAFETY: any size may be asked for.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
    count();
    // SAFETY: any size may be asked for.
    unsafe { __libc_calloc(number, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    count();
    // SAFETY: the caller's promise about `pointer` is passed on.
    unsafe { __libc_realloc(pointer, size) }
}

#[unsafe(no_mangle)]
extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    count();
    // SAFETY: any size may be asked for.
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    memalign(alignment, size)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: usize, size: usize) -> i32 {
    const INVALID: i32 = 22;
    const NO_MEMORY: i32 = 12;
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<*mut c_void>()) {
        return INVALID;
    }
    let block = memalign(alignment, size);
    if block.is_null() && size != 0 {
        return NO_MEMORY;
    }
    // SAFETY: the caller promises that `out` can be written.
    unsafe { out.write(block) };
    0
}
