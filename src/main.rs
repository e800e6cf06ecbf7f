//! The `onestop` program: parse, run, exit code.

use std::process::ExitCode;

/// Large columns come and go with every range of persons; this allocator hands their pages on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// mimalloc's option of milliseconds after which free pages go back to the system; negative: never.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    keep_pages();
    onestop::cli::start()
}

/// Keeps freed pages for the rest of the run: each one given back has to be cleared again at its next use,
/// which came to a tenth of a run. The most that a run ever uses does not change by it.
#[allow(unsafe_code)]
fn keep_pages() {
    // SAFETY: it stores a number in the allocator's table of options, and no other thread runs as yet.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) }
}
