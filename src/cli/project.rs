//! `onestop project`.

use super::args::ProjectArgs;
use super::progress::Bars;
use super::settle::{warn_known_on, warn_unconfirmed};
use super::{DONE, Failure, lang, report};
use crate::lang::{Both, Told as _, both};
use crate::project::build::candidates;
use crate::project::error::ScenarioError;
use crate::project::report::{ScenarioPart, to_json};
use crate::project::scenario::{EXAMPLE, FUNDS, SAMPLE};
use crate::project::solve::Seek;
use crate::project::{Project, ScenariosFile, project};
use crate::report::projected::summary;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Folder that the sample is projected into.
const SAMPLE_OUT: &str = "sample-projection";
/// What the sample's scenarios are called in errors.
const SAMPLE_NAME: &str = "data/scenarios/sample.toml";
/// The fund that a budget is for.
const FUND: &str = "medical_assistance";

/// Projects; the exit code.
pub fn run(args: &ProjectArgs) -> Result<u8, Failure> {
    if let Some(path) = &args.init {
        return init(path);
    }
    let run = args.run.plan(SAMPLE_OUT)?;
    if run.policies.len() > 1 {
        return Err(Failure::usage(&both!(
            "a projection has one policy, and several are named\n  name one with --policy; scenarios may name others",
            "测算以一个政策为准，而给出了多个\n  请用 --policy 只写一个；各方案可另写政策"
        )));
    }
    let job = Project {
        run,
        scenarios: scenarios(args)?,
        bootstrap: usize::from(args.bootstrap),
        seed: args.seed,
        solve: seek(args)?,
        everybody: false,
    };
    let projected = project(&job, &Bars::new(!args.run.quiet))?;
    if projected.nothing_known_on {
        warn_known_on();
    }
    warn_unconfirmed(&projected.unconfirmed);
    warn_uncovered(&projected.projection.scenarios);
    if args.run.json {
        report(&to_json(&projected.projection));
    } else if !args.run.quiet {
        report(&summary(&projected, &job.run.out, lang()));
    }
    Ok(DONE)
}

/// Says which scenarios have no claims at all, as under a policy of other years.
fn warn_uncovered(scenarios: &[ScenarioPart]) {
    let Some((baseline, others)) = scenarios.split_first() else { return };
    let bare = |s: &&ScenarioPart| s.people.persons == 0 && baseline.people.persons > 0;
    let names: Vec<&str> = others.iter().filter(bare).map(|s| s.id.as_str()).collect();
    if !names.is_empty() {
        let names = names.join("; ");
        super::warn(&both!(
            "no claim counts under {names}\n  a policy takes the claims within its own dates; give it as_if = true to apply it outside them",
            "{names} 之下没有任何结算\n  政策只适用于其有效期内的结算；要在有效期外适用，请写 as_if = true"
        ));
    }
}

/// Writes the commented example; never over a file.
fn init(path: &Path) -> Result<u8, Failure> {
    let made = std::fs::File::create_new(path).and_then(|mut file| file.write_all(EXAMPLE.as_bytes()));
    made.map_err(|error| {
        let path = path.display();
        Both {
            en: format!("{path}: {error}\n  name a file that does not exist, in a folder that does"),
            zh: format!("{path}：{}\n  请写一个尚不存在的文件，其文件夹应已存在", error.zh()),
        }
    })?;
    Ok(DONE)
}

/// The scenarios file; the sample's own where none is given with it.
fn scenarios(args: &ProjectArgs) -> Result<Option<ScenariosFile>, Failure> {
    match &args.scenarios {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::reading(path, source))?;
            let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
            Ok(Some(ScenariosFile { name: path.display().to_string(), text, folder }))
        }
        None if args.run.sample && args.solve.is_none() => {
            Ok(Some(ScenariosFile { name: SAMPLE_NAME.into(), text: SAMPLE.into(), folder: PathBuf::new() }))
        }
        None => Ok(None),
    }
}

/// What `--solve` seeks.
fn seek(args: &ProjectArgs) -> Result<Option<Seek>, Failure> {
    let (Some(address), Some(budget)) = (&args.solve, args.budget) else { return Ok(None) };
    let fund_name = args.fund.clone().unwrap_or_else(|| FUND.to_owned());
    let Some(fund) = FUNDS.iter().position(|f| *f == fund_name) else {
        let known = FUNDS.join(", ");
        return Err(Failure::usage(&both!(
            "--fund {fund_name}: no such fund\n  known are {known}",
            "--fund {fund_name}：没有该基金\n  可用的有 {known}"
        )));
    };
    let ratio = address.ends_with("ratio");
    let (within, step) = match (&args.within, &args.step) {
        (Some(within), Some(step)) => (within.as_str(), step.as_str()),
        (within, step) if ratio => (within.as_deref().unwrap_or("0..1"), step.as_deref().unwrap_or("0.01")),
        _ => {
            return Err(Failure::usage(&both!(
                "--solve {address} is no ratio, and needs its values\n  give --within and --step, such as --within 1000..5000 --step 100",
                "--solve {address} 不是比例，须写明取值\n  请写 --within 和 --step，例如 --within 1000..5000 --step 100"
            )));
        }
    };
    let candidates = candidates(within, step).map_err(|e| Failure::usage(&e))?;
    Ok(Some(Seek { address: address.clone(), budget, fund, fund_name, candidates }))
}
