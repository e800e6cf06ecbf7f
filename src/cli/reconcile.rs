//! `onestop reconcile`.

use super::args::ReconcileArgs;
use super::progress::Bars;
use super::settle::cores;
use super::{DONE, Failure, lang, report};
use crate::persons::store::DEFAULT_MEMORY;
use crate::reconcile::{Reconcile, reconcile};
use crate::report::reconciled::summary;

/// Holds what was paid against what was due; the exit code.
pub fn run(args: ReconcileArgs, verbose: bool) -> Result<u8, Failure> {
    let job = Reconcile {
        dir: args.dir,
        paid: args.paid,
        given: args.given.overrides(args.ledger)?,
        out: args.out,
        force: args.force,
        access: args.readable_by.into(),
        threads: args.threads.map_or_else(cores, usize::from),
        memory: args.memory.unwrap_or(DEFAULT_MEMORY),
    };
    let done = reconcile(&job, &Bars::new(!args.quiet)).map_err(|error| {
        let person = error.person().map(str::to_owned);
        Failure::from(error).about(person.as_deref(), verbose)
    })?;
    if args.json {
        report(&done.to_json());
    } else if !args.quiet {
        report(&summary(&done, &job.out, lang()));
    }
    Ok(DONE)
}
