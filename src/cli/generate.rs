//! `onestop generate`.

use super::args::GenerateArgs;
use super::{DONE, Failure, report};
use crate::generate::{Options, generate, generate_with_errors};
use crate::model::fen::group_thousands;
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use indicatif::{ProgressBar, ProgressDrawTarget};

/// Makes a ledger and a roster; the exit code.
pub fn run(args: &GenerateArgs) -> Result<u8, Failure> {
    let policy = Policy::load(&args.policy)?;
    let options = Options { persons: args.persons, year: args.year, seed: args.seed };
    let access = args.readable_by.into();
    let target = if args.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(args.persons), target).with_message("persons");
    let mut progress = |done| bar.set_position(done);
    let (made, planted) = match &args.errors {
        None => (generate(&policy.doc, &options, &args.out, access, &mut progress)?, None),
        Some(spec) => {
            let parameters = Parameters::with_file(args.params.as_deref())?;
            let planted =
                generate_with_errors(&policy, &parameters, &options, spec, (&args.out, access), &mut progress)?;
            (planted.made, Some((planted.truth, planted.persons)))
        }
    };
    bar.finish_and_clear();
    if !args.quiet {
        let count = |n: u64| group_thousands(u128::from(n));
        report(&format!(
            "{}: {} claims\n{}: {} rows\n",
            made.ledger.display(),
            count(made.claims),
            made.roster.display(),
            count(made.roster_rows)
        ));
        if let Some((truth, persons)) = planted {
            let persons: Vec<String> = persons.iter().map(|(name, n)| format!("{name} {}", count(*n))).collect();
            report(&format!("{}: {}\n", truth.display(), persons.join(", ")));
        }
    }
    Ok(DONE)
}
