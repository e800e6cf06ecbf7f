//! `onestop verify`.

use super::args::VerifyArgs;
use super::progress::Bars;
use super::settle::cores;
use super::{DONE, FAILED, Failure, lang, report, sample};
use crate::persons::store::DEFAULT_MEMORY;
use crate::report::verify::{json, text};
use crate::run::recorded::Overrides;
use crate::verify::{Verify, verify};

/// Verifies a folder; the exit code.
pub fn run(args: VerifyArgs, verbose: bool) -> Result<u8, Failure> {
    let plan = Verify {
        dir: args.dir,
        given: Overrides { payees: args.payees, ..args.given.overrides(args.ledger)? },
        known: vec![sample::ledger(), sample::roster()],
        person: args.person,
        threads: cores(),
        memory: DEFAULT_MEMORY,
    };
    let found = verify(&plan, &Bars::new(!args.quiet && !args.json))
        .map_err(|error| Failure::from(error).about(plan.person.as_deref(), verbose))?;
    if args.json {
        report(&json(&found));
    } else if !args.quiet {
        report(&text(&found, &plan.dir, lang()));
    }
    Ok(if found.holds() { DONE } else { FAILED })
}
