//! `onestop generate`.

use super::args::GenerateArgs;
use super::{DONE, Failure, print};
use crate::generate::{Options, generate};
use crate::model::fen::group_thousands;
use crate::policy::Policy;
use indicatif::{ProgressBar, ProgressDrawTarget};

/// Makes a ledger and a roster; the exit code.
pub fn run(args: &GenerateArgs) -> Result<u8, Failure> {
    let policy = Policy::load(&args.policy)?;
    let options = Options { persons: args.persons, year: args.year, seed: args.seed };
    let target = if args.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(args.persons), target).with_message("persons");
    let made = generate(&policy.doc, &options, &args.out, &mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    if !args.quiet {
        let count = |n: u64| group_thousands(u128::from(n));
        print(&format!(
            "{}: {} claims\n{}: {} rows\n",
            made.ledger.display(),
            count(made.claims),
            made.roster.display(),
            count(made.roster_rows)
        ))?;
    }
    Ok(DONE)
}
