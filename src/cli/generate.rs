//! `onestop generate`.

use super::args::GenerateArgs;
use super::{DONE, Failure, lang, report};
use crate::generate::{Options, generate, generate_with_errors};
use crate::lang::both;
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
    let bar = ProgressBar::with_draw_target(Some(args.persons), target).with_message(lang().pick("persons", "人员"));
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
        let (ledger, roster) = (made.ledger.display(), made.roster.display());
        let (claims, rows) = (count(made.claims), count(made.roster_rows));
        let text = both!(
            "{ledger}: {claims} claims\n{roster}: {rows} rows\n",
            "{ledger}：{claims} 笔结算\n{roster}：{rows} 行\n"
        );
        report(text.pick(lang()));
        if let Some((truth, persons)) = planted {
            let persons: Vec<String> = persons.iter().map(|(name, n)| format!("{name} {}", count(*n))).collect();
            let (truth, persons) = (truth.display(), persons.join(", "));
            report(both!("{truth}: {persons}\n", "{truth}（人数）：{persons}\n").pick(lang()));
        }
    }
    Ok(DONE)
}
