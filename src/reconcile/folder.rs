//! The inputs of a settle run opened again, and held to its recorded.

use super::error::ReconcileError;
use crate::lang::{Both, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::open::{Source, sources};
use crate::output::parquet_file::digest_of_text;
use crate::output::publish::MANIFEST;
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use crate::run::recorded::{MadeFrom, NotARun, Overrides, Recorded};
use crate::run::settle::Settle;
use std::path::{Path, PathBuf};

/// Opens the inputs of a run again, as a run that would give the same folder.
///
/// # Errors
/// [`ReconcileError`]: an input that is not there, or not the one that was settled.
pub(super) fn reopen(
    dir: &Path,
    recorded: &Recorded,
    given: &Overrides,
    out: &Path,
    threads: usize,
    memory: u64,
) -> Result<Settle, ReconcileError> {
    let other = |what: Both, option| ReconcileError::OtherInput { what, dir: dir.to_owned(), option };
    let of = |source: &str| -> Vec<PathBuf> { recorded.inputs_of(source).map(|i| PathBuf::from(&i.path)).collect() };
    let ledger = if given.ledger.is_empty() { of("ledger") } else { given.ledger.clone() };
    let roster = given.roster.clone().or_else(|| of("roster").into_iter().next());
    let stated = recorded.policies();
    if !given.policies.is_empty() && given.policies.len() != stated.len() {
        let count = given.policies.len();
        return Err(other(both!("the list of {count} policies", "所列 {count} 个政策"), "--policy"));
    }
    let mut given_policies = given.policies.iter().map(|name| Policy::load(name)).collect::<Result<Vec<_>, _>>()?;
    let mut policies = Vec::with_capacity(stated.len());
    for stated in stated {
        let named = if stated.origin == "shipped" { &stated.id } else { &stated.origin };
        let named_so = |origin: &str| other(both!("policy `{origin}`", "政策 `{origin}`"), "--policy");
        let policy = match recorded.take_given(stated, &mut given_policies) {
            Some(policy) => policy,
            None if given_policies.is_empty() => Policy::load(named)?,
            None => return Err(named_so(&given_policies[0].origin)),
        };
        if digest_of_text(&policy.text) != stated.sha256 {
            return Err(named_so(&policy.origin));
        }
        policies.push(policy);
    }
    let no_run = |message| NotARun { path: dir.join(MANIFEST), message };
    let params = given.params.clone().or_else(|| recorded.parameters.path.as_ref().map(PathBuf::from));
    let parameters = Parameters::with_file_as_of(params.as_deref(), recorded.as_of().map_err(no_run)?)?;
    if digest_of_text(&parameters.texts.concat()) != recorded.parameters.sha256 {
        return Err(other(both!("the set of dated values (parameters)", "参数"), "--params"));
    }
    let codes = given.codes.clone().or_else(|| recorded.options.codes.as_ref().map(PathBuf::from));
    let book = CodeBook::load(codes.as_deref())?;
    if book.user_text.as_deref().map(digest_of_text) != recorded.options.codes_sha256 {
        return Err(other(both!("the codes file", "代码表文件"), "--codes"));
    }
    let masked = recorded.check_mask(given.mask.as_ref());
    masked.map_err(|why| ReconcileError::Mask { dir: dir.to_owned(), why })?;
    let mask = given.mask.clone();
    let from =
        MadeFrom { ledger: sources(&ledger)?, roster: roster.map(Source::Path), policies, parameters, book, mask };
    let run = recorded.again(from, out.to_owned(), threads, memory).map_err(no_run)?;
    // Only payments are asked for.
    Ok(Settle { audit: false, orders: false, ..run })
}

/// Checks the digests of the inputs that were opened against those that were settled.
///
/// # Errors
/// [`ReconcileError::OtherInput`].
pub(super) fn check_inputs(
    dir: &Path,
    recorded: &Recorded,
    found: &[(&'static str, String, String)],
) -> Result<(), ReconcileError> {
    for (source, label, option) in [("ledger", "台账", "--ledger"), ("roster", "名册", "--roster")] {
        let mut settled: Vec<&str> = recorded.inputs_of(source).map(|i| i.sha256.as_str()).collect();
        for (_, path, sha256) in found.iter().filter(|f| f.0 == source) {
            match settled.iter().position(|s| s == sha256) {
                Some(at) => drop(settled.remove(at)),
                None => {
                    let what = both!("{source} {path}", "{label} {path}");
                    return Err(ReconcileError::OtherInput { what, dir: dir.to_owned(), option });
                }
            }
        }
        if !settled.is_empty() {
            let what = both!("the set of {source} files", "所用{label}文件");
            return Err(ReconcileError::OtherInput { what, dir: dir.to_owned(), option });
        }
    }
    Ok(())
}
