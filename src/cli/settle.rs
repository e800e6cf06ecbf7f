//! `onestop settle`.

use super::args::{Audit, GivenArgs, RunArgs, SettleArgs};
use super::progress::Bars;
use super::{DONE, Failure, TOO_MANY_REJECTS, lang, report, sample};
use crate::lang::{Both, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::mask::Mask;
use crate::ledger::open::{Source, sources};
use crate::ledger::schema::renames;
use crate::persons::store::DEFAULT_MEMORY;
use crate::policy::Policy;
use crate::policy::parameters::{Parameters, Standing, Used};
use crate::report::summary::summary;
use crate::run::error::RunError;
use crate::run::recorded::Overrides;
use crate::run::settle::{Papers, Settle, Settled, settle};
use std::path::{Path, PathBuf};

/// Settles; the exit code.
pub fn run(args: SettleArgs) -> Result<u8, Failure> {
    let settle_run = plan(&args)?;
    let settled = settle(&settle_run, &Bars::numbered(!args.run.quiet)).map_err(|error| match error {
        RunError::AsIfSeveral => Failure::usage(&error),
        error => error.into(),
    })?;
    warn(&settled);
    if args.run.json {
        report(&json(&settled));
    } else if !args.run.quiet {
        report(&summary(&settled, &settle_run.out, lang()));
    }
    let counts = &settled.manifest.counts;
    let rejects = counts.ledger_rejects + counts.roster_rejects;
    match args.max_rejects {
        Some(most) if most.exceeded(rejects, counts.ledger_rejects, counts.ledger_rows) => {
            let out = settle_run.out.display();
            super::warn(&both!(
                "{rejects} rows were rejected, more than --max-rejects allows\n  look at rejects.parquet in {out}",
                "退回 {rejects} 行，超过 --max-rejects 的限度\n  请查看 {out} 中的 rejects.parquet"
            ));
            Ok(TOO_MANY_REJECTS)
        }
        _ => Ok(DONE),
    }
}

/// What the arguments mean.
fn plan(args: &SettleArgs) -> Result<Settle, Failure> {
    let run = args.run.plan(sample::OUT)?;
    let mask = args.mask.as_deref().map(Mask::load).transpose()?;
    let papers = Papers { payments: !args.no_xlsx, report: !args.no_report, payees: args.payees.clone() };
    Ok(Settle { audit: args.audit == Audit::Full, orders: args.orders, mask, papers, ..run })
}

impl RunArgs {
    /// The run that they mean, without audit; the sample goes into a folder of its own.
    pub(super) fn plan(&self, sample_out: &str) -> Result<Settle, Failure> {
        let renames = renames(&self.columns).map_err(|e| {
            let hint = both!(
                "write --column NAME=THEIRS, such as --column psn_no=ID",
                "请写成 --column 标准列名=原列名，例如 --column psn_no=个人编号"
            );
            Failure::usage(&Both {
                en: format!("--column: {}\n  {}", e.en, hint.en),
                zh: format!("--column：{}\n  {}", e.zh, hint.zh),
            })
        })?;
        let policies = if self.policy.is_empty() { vec![sample::policy()] } else { named(&self.policy)? };
        Ok(Settle {
            ledger: if self.sample { vec![sample::ledger()] } else { sources(&self.ledger)? },
            roster: if self.sample { Some(sample::roster()) } else { self.roster.clone().map(Source::Path) },
            policies: policies.into_iter().map(Policy::load).collect::<Result<_, _>>()?,
            parameters: Parameters::with_file_as_of(self.params.as_deref(), self.as_of)?,
            book: CodeBook::load(self.codes.as_deref())?,
            renames,
            recorded_maf: self.recorded_maf.clone(),
            out: self.out.clone().unwrap_or_else(|| PathBuf::from(sample_out)),
            year: self.year,
            as_if: self.as_if,
            as_known: self.as_known,
            audit: false,
            orders: false,
            strict: self.strict,
            // The sample's own folder is made anew each time.
            force: self.force || (self.sample && self.out.is_none()),
            mask: None,
            papers: Papers::default(),
            access: self.readable_by.into(),
            allow_float: self.allow_float,
            threads: self.threads.map_or_else(cores, usize::from),
            memory: self.memory.unwrap_or(DEFAULT_MEMORY),
        })
    }
}

impl GivenArgs {
    /// What stands in for what a manifest names.
    pub(super) fn overrides(self, ledger: Vec<PathBuf>) -> Result<Overrides, Failure> {
        let policies = named(&self.policy)?.into_iter().map(str::to_owned).collect();
        let mask = self.mask.as_deref().map(Mask::load).transpose()?;
        Ok(Overrides {
            ledger,
            roster: self.roster,
            policies,
            params: self.params,
            codes: self.codes,
            mask,
            payees: None,
        })
    }
}

/// The policies named, one by one; a path may hold commas itself.
fn named(given: &[String]) -> Result<Vec<&str>, Failure> {
    let mut names = Vec::new();
    for given in given {
        if Path::new(given).exists() {
            names.push(given.as_str());
            continue;
        }
        for name in given.split(',').map(str::trim) {
            if name.is_empty() {
                return Err(Failure::usage(&both!(
                    "--policy {given}: a name is missing beside a comma\n  write --policy A,B with a policy on either side",
                    "--policy {given}：逗号旁缺少政策\n  请写成 --policy A,B，逗号两边各有一个政策"
                )));
            }
            names.push(name);
        }
    }
    Ok(names)
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Says once which dated values were not confirmed, and what `--as-known` could not look at.
fn warn(settled: &Settled) {
    if settled.nothing_known_on {
        warn_known_on();
    }
    warn_unconfirmed(&settled.unconfirmed);
}

/// Says that `--as-known` had nothing to go by.
pub(super) fn warn_known_on() {
    super::warn(&both!(
        "--as-known leaves nothing out: the roster has no column `known_on`\n  add the dates on which its rows were recorded; null stands for always known",
        "--as-known 没有排除任何内容：名册没有 `known_on` 列\n  请补充各行的登记日期；空值指一直已知"
    ));
}

/// Says once which dated values were not confirmed.
pub(super) fn warn_unconfirmed(unconfirmed: &[Used]) {
    for status in [Standing::Reported, Standing::Illustrative] {
        let names: Vec<String> = unconfirmed.iter().filter(|u| u.status == status).map(Used::in_words).collect();
        if !names.is_empty() {
            let (list, label) = (names.join("; "), status.label());
            super::warn(&Both {
                en: format!(
                    "this run uses values that are only {status}: {list}\n  check them, and give confirmed ones with --params FILE"
                ),
                zh: format!("本次使用了{label}的参数值：{list}\n  请核对，并用 --params FILE 给出经确认的值"),
            });
        }
    }
}

/// The manifest's summary, for programs.
fn json(settled: &Settled) -> String {
    let manifest = &settled.manifest;
    let mut summary = serde_json::json!({
        "program": manifest.program,
        "version": manifest.version,
        "policy": manifest.policy.id,
        "counts": manifest.counts,
        "control_totals": manifest.control_totals.all,
        "by_fund": manifest.control_totals.by_fund,
        "subsidies": manifest.control_totals.subsidies,
        "outputs": manifest.outputs,
    });
    if !manifest.policies.is_empty() {
        summary["policies"] = manifest.policies.iter().map(|p| p.id.as_str()).collect();
    }
    format!("{summary:#}\n")
}
