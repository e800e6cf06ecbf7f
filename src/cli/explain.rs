//! `onestop explain`.

use super::args::ExplainArgs;
use super::{DONE, Failure, print};
use crate::explain::explain;

/// Tells a person's year; the exit code.
pub fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    print(&explain(&args.dir, args.psn_no.trim(), args.claim.as_deref().map(str::trim))?)?;
    Ok(DONE)
}
