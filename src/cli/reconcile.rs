//! `onestop reconcile`.

use super::args::ReconcileArgs;
use super::progress::Bars;
use super::settle::cores;
use super::{DONE, Failure, print};
use crate::persons::store::DEFAULT_MEMORY;
use crate::reconcile::{Reconcile, reconcile};
use crate::report::reconciled::summary;

/// Holds what was paid against what was due; the exit code.
pub fn run(args: ReconcileArgs) -> Result<u8, Failure> {
    let job = Reconcile {
        dir: args.dir,
        paid: args.paid,
        given: args.given.overrides(args.ledger)?,
        out: args.out,
        force: args.force,
        threads: args.threads.map_or_else(cores, usize::from),
        memory: args.memory.unwrap_or(DEFAULT_MEMORY),
    };
    let report = reconcile(&job, &Bars::new(!args.quiet))?;
    if args.json {
        print(&report.to_json())?;
    } else if !args.quiet {
        print(&summary(&report, &job.out))?;
    }
    Ok(DONE)
}
