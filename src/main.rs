//! The `onestop` program: parse, run, exit code.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    onestop::cli::run(onestop::cli::args::Cli::parse())
}
