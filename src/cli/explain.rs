//! `onestop explain`.

use super::args::{ExplainArgs, Language};
use super::{DONE, Failure, print};
use crate::explain::explain;
use crate::explain::findings::findings;
use crate::explain::read::ExplainError;
use crate::explain::words::Lang;
use crate::ledger::mask::Mask;
use crate::run::recorded::Recorded;

/// Tells a person's year; the exit code.
pub fn run(args: &ExplainArgs, verbose: bool) -> Result<u8, Failure> {
    let lang = match args.lang {
        Some(Language::Zh) => Lang::Zh,
        Some(Language::En) => Lang::En,
        None => lang_of_locale(|name| std::env::var(name).ok()),
    };
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

/// Chinese where the locale is; the variables in the order that the C library asks them.
pub(super) fn lang_of_locale(variable: impl Fn(&str) -> Option<String>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|n| variable(n).filter(|v| !v.is_empty()));
    if locale.is_some_and(|l| l.starts_with("zh")) { Lang::Zh } else { Lang::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_where_nothing_is_said() {
        let of = |set: &'static str| lang_of_locale(move |name| (name == set).then(|| "zh_CN.UTF-8".to_owned()));
        assert_eq!(of("LANG"), Lang::Zh);
        assert_eq!(of("PATH"), Lang::En);
        let both = |name: &str| Some(if name == "LC_ALL" { "C" } else { "zh_CN" }.to_owned());
        assert_eq!(lang_of_locale(both), Lang::En);
    }
}
