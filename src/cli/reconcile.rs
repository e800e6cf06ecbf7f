//! `onestop reconcile`.

use super::args::ReconcileArgs;
use super::progress::Bars;
use super::settle::{cores, named};
use super::{DONE, Failure, print};
use crate::persons::store::DEFAULT_MEMORY;
use crate::reconcile::folder::Overrides;
use crate::reconcile::{Reconcile, reconcile};
use crate::report::reconciled::summary;

/// Holds what was paid against what was due; the exit code.
pub fn run(args: &ReconcileArgs) -> Result<u8, Failure> {
    let job = Reconcile {
        dir: args.dir.clone(),
        paid: args.paid.clone(),
        given: Overrides {
            ledger: args.ledger.clone(),
            roster: args.roster.clone(),
            policies: named(&args.policy)?.into_iter().map(str::to_owned).collect(),
            params: args.params.clone(),
            codes: args.codes.clone(),
        },
        out: args.out.clone(),
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
