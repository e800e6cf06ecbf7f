//! What every target has: a limit on memory, and a panic that ends the process.

use std::alloc::System;

/// Without a sanitizer nobody else stops an allocation that is far too large.
#[global_allocator]
static ALLOCATOR: cap::Cap<System> = cap::Cap::new(System, LIMIT);

/// Bytes that may be allocated at a time.
const LIMIT: usize = 1 << 30;

/// Lets the panics pass that the library catches: those of the Parquet reader on a damaged file.
pub fn begin() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !onestop::ledger::open::is_guarded() {
            abort(panic);
        }
    }));
}
