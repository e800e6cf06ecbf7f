//! The `onestop` program: parse, run, exit code.

use clap::Parser;
use std::process::ExitCode;

/// Large columns come and go with every partition; this allocator hands their pages on, where the
/// system's returns them and pays for clearing them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    onestop::cli::run(onestop::cli::args::Cli::parse())
}
