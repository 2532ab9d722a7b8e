//! The heap of every target, with a bound that a decoder must keep to: going over it ends the process.
//!
//! libFuzzer's own `-malloc_limit_mb` needs a sanitizer, and `-rss_limit_mb` does not see memory that is asked for
//! and never touched.

use std::alloc::System;
use std::panic;

use cap::Cap;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Does `work` with at most `bytes` more on the heap than there are now.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let outside = HEAP.limit();
    HEAP.set_limit(HEAP.allocated().saturating_add(bytes)).expect("more than is allocated");
    let result = work();
    HEAP.set_limit(outside).expect("as it was before");
    result
}

/// For a panic to be reported with all the memory that this takes: to be called once, first.
pub fn open_on_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        HEAP.set_limit(usize::MAX).expect("no limit is always possible");
        report(what);
    }));
}
