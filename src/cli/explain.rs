//! `onestop explain`.

use super::args::ExplainArgs;
use super::{DONE, Failure, lang, print};
use crate::explain::explain;
use crate::explain::findings::findings;
use crate::explain::read::ExplainError;
use crate::ledger::mask::Mask;
use crate::run::recorded::Recorded;

/// Tells a person's year; the exit code.
pub fn run(args: &ExplainArgs, verbose: bool) -> Result<u8, Failure> {
    let lang = lang();
    let mask = args.mask.as_deref().map(Mask::load).transpose()?;
    let given = args.psn_no.trim();
    if let Ok(recorded) = Recorded::read(&args.dir) {
        let masked = recorded.check_mask(mask.as_ref());
        masked.map_err(|why| ExplainError::Mask { dir: args.dir.clone(), why })?;
    }
    let psn_no = mask.map_or_else(|| given.to_owned(), |mask| mask.of(given));
    let told = || -> Result<String, ExplainError> {
        let mut text = explain(&args.dir, &psn_no, args.claim.as_deref().map(str::trim), lang)?;
        if let Some(out) = &args.findings {
            text.push_str(&findings(&args.dir, out, &psn_no, lang)?);
        }
        Ok(text)
    };
    print(&told().map_err(|error| Failure::from(error).about(Some(given), verbose))?)?;
    Ok(DONE)
}
