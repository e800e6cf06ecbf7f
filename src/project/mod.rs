//! What other rules, figures and persons would cost: a ledger settled again under scenarios.
//!
//! ```text
//!  scenarios file ─ expand ─ build ─► policies, parameters, growth ─ workshop ─► worlds
//!                                                                                  │
//!  ledger ─ read once ─► range of persons ─► person ─ kernel ─► baseline ─────────┤ who may differ?
//!                                              └──── kernel ─► each world that can reach the person
//!                                                               │ what differs: sums, entries
//!                                        found ◄────────────────┘
//!                                          └─► projection.parquet · people.parquet · projection.json
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `document` | the scenarios file as it is written, strict |
//! | `choice` | one value, several, ranges; products of them |
//! | `address`, `setting` | where a value stands in a policy file, and what becomes of it |
//! | `change`, `scenario` | one change, comparable; the file expanded, grids point by point |
//! | `base`, `build` | values set in a policy; changes made on the baseline |
//! | `workshop`, `world` | scenarios compiled for the ledger's years; what they share is made once |
//! | `reach` | whom a change of the tables can reach at all |
//! | `growth` | a person's claims as they would be |
//! | `check` | what is wrong with a scenario before the ledger is looked at |
//! | `projector`, `pass` | every person in the baseline and in the worlds that reach it |
//! | `record`, `cells`, `books`, `sums`, `entries`, `shelf` | what is kept of a person: cells that add up, entries that do not |
//! | `found`, `people`, `bootstrap` | totals with their changes, quantiles, intervals |
//! | `effects`, `need`, `solve` | each change alone; a fund's sources; goal seek |
//! | `output`, `report` | the files |
//! | `slip`, `nearest` | what was probably meant: by a slip of the pen, by a name that is not there |
//! | `error`, `failure` | what can be wrong with a scenarios file, and with a run |
//!
//! Invariants:
//! - Only the kernel says what a world pays; a scenario changes what it is given.
//! - A person whom a scenario cannot reach is settled once, with the baseline. What cannot be told to be the
//!   same is settled again.
//! - Sums are integers, and chance hangs on ids and the seed alone: neither threads, memory nor the order of
//!   rows change a byte.

pub mod address;
mod base;
pub mod books;
pub mod bootstrap;
pub mod build;
pub mod cells;
pub mod change;
mod check;
pub mod choice;
pub mod document;
pub mod draft;
mod effects;
pub mod entries;
pub mod entry;
pub mod error;
pub mod failure;
pub mod found;
pub mod growth;
mod nearest;
mod need;
mod output;
pub mod pass;
pub mod people;
mod projector;
pub mod reach;
pub mod record;
pub mod report;
pub mod scenario;
pub mod setting;
pub mod shelf;
mod slip;
pub mod solve;
pub mod sums;
#[cfg(test)]
mod tests;
pub mod workshop;
pub mod world;
mod zh;

use crate::ledger::intern::Interner;
use crate::ledger::normalise::Normaliser;
use crate::output::manifest::{ParametersPart, rejects_by_reason};
use crate::output::parquet_file::{FileDigest, digest_of_text};
use crate::output::publish::{MANIFEST, PROGRAM};
use crate::page;
use crate::persons::sorted::Reading;
use crate::persons::store::Store;
use crate::policy::parameters::Used;
use crate::run::close::{inputs, options_part, policy_part};
use crate::run::error::RunError;
use crate::run::inputs::Inputs;
use crate::run::policies::in_order;
use crate::run::progress::Progress;
use crate::run::read::{Way, read, room_for_rows};
use crate::run::settle::{Settle, is_unconfirmed};
use crate::run::stage;
use crate::run::survey::survey;
use crate::run::waiting::Waiting;
use build::{Builder, Built, set_alone};
use change::Kind;
use check::Check;
use failure::ProjectError;
use need::Needed;
use output::Files;
use projector::{Projector, Telling, Told};
use report::{BootstrapPart, Counts, Options, Projection, ProjectionManifest, Sought, to_json};
use scenario::{Plan, Scenario};
use solve::Seek;
use std::collections::BTreeMap;
use std::path::PathBuf;
use workshop::Workshop;

/// Name of the short form.
pub const REPORT: &str = "projection.json";

/// What to project, and how.
#[derive(Debug)]
pub struct Project {
    /// Inputs, policy and limits, as for a settle run; there is one policy.
    pub run: Settle,
    /// The scenarios.
    pub scenarios: Option<ScenariosFile>,
    /// Replicates of the bootstrap; 0: none.
    pub bootstrap: usize,
    /// What chance begins with.
    pub seed: u64,
    /// Goal seek.
    pub solve: Option<Seek>,
    /// Settle everybody under every scenario, also those whom it cannot reach. It changes no figure, which is what
    /// it is there to show.
    pub everybody: bool,
}

/// A scenarios file, read.
#[derive(Clone, Debug)]
pub struct ScenariosFile {
    /// Its path as given.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Where the paths of policies in it begin.
    pub folder: PathBuf,
}

/// What a projection says at its end.
#[derive(Debug)]
pub struct Projected {
    /// The short form as published.
    pub projection: Projection,
    /// Rows of each output.
    pub outputs: BTreeMap<String, u64>,
    /// Dated values that are not confirmed.
    pub unconfirmed: Vec<Used>,
    /// `--as-known`, and a roster that does not tell when its rows were recorded.
    pub nothing_known_on: bool,
}

/// Projects. Nothing is published unless all of it succeeds.
///
/// # Errors
/// [`ProjectError`].
pub fn project(job: &Project, progress: &dyn Progress) -> Result<Projected, ProjectError> {
    let run = &job.run;
    let policy = in_order(run)?[0];
    let name = job.scenarios.as_ref().map_or("the scenarios", |file| file.name.as_str());
    let plan = match &job.scenarios {
        Some(file) => Plan::parse(name, &file.text, &file.folder, policy, &run.parameters)?,
        None => Plan { income: None, funds: Vec::new(), scenarios: Vec::new() },
    };
    let builder = Builder::new(policy, &run.parameters, name)?;
    let baseline_built = builder.build(&[])?;
    let solved = |value: &str| -> Result<Built, ProjectError> {
        let address = job.solve.as_ref().map_or("", |s| s.address.as_str());
        Ok(Built { policy: set_alone(address, value, policy)?, ..baseline_built.clone() })
    };
    // What a scenario lacks or cannot mean is said before the ledger is looked at.
    let check = Check::new(run, &baseline_built);
    for scenario in &plan.scenarios {
        check.scenario(&place(name, scenario), &builder.build(&scenario.changes.iter().collect::<Vec<_>>())?)?;
    }
    for value in job.solve.iter().flat_map(|s| [s.candidates.first(), s.candidates.last()]).flatten() {
        check.scenario("--solve", &solved(value)?)?;
    }
    let inputs_of = Inputs::open(run)?;

    let stage = stage::begin(&run.out, run.force, run.access, progress)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.threads)
        .build()
        .map_err(|e| RunError::Threads { threads: run.threads, message: e.to_string() })?;
    let Inputs { year_by, ledger, roles, mut rosters, roster_rejects, .. } = inputs_of;
    let nothing_known_on = run.as_known.is_some() && rosters.first().is_some_and(|r| !r.has_known_on);
    let interner = Interner::default();
    let normaliser = Normaliser::new(&ledger.present, &run.book, &roles, year_by, run.roster.is_none(), &interner);
    let cuts = pool.install(|| survey(&ledger, year_by, progress))?.cuts;
    let for_entries = run.memory / 4;
    let room = room_for_rows(run, &ledger, &cuts, &rosters).saturating_sub(for_entries).max(run.memory / 16);
    let store = Store::new(room, stage.folder());
    let way = Way { normaliser: &normaliser, cuts: &cuts, store: &store };
    let digest = || inputs(run, &ledger, rosters.first());
    let (digests, rows) = pool.install(|| rayon::join(digest, || read(&ledger, way, progress)));
    let (digests, mut rows) = (digests?, rows?);
    let years = std::mem::take(&mut rows.findings.years);
    let rejected = rejects_by_reason(std::mem::take(&mut rows.findings.rejects).iter().map(|r| r.reason));
    let reading = Reading::new(&normaliser, &roles, ledger.psn_no, ledger.setl_id);
    let waiting = Waiting::new(cuts, store, rows, interner.texts(), reading);

    let mut workshop = Workshop::new(run, &interner, &years, ledger.psn_no);
    let roster = (!rosters.is_empty()).then(|| rosters.remove(0));
    let baseline_world = workshop.baseline(&baseline_built, roster)?;
    let needed = Needed::new(&plan, run, name, &years, workshop.rosters.first())?;
    workshop.used.extend(needed.used.iter().cloned());
    let mut projector = Projector {
        job,
        pool: &pool,
        waiting: &waiting,
        baseline_world: &baseline_world,
        thresholds: needed.thresholds.clone(),
        rows: ledger.rows(),
        workshop,
        progress,
    };
    let mut files = Files::create(&stage, job.bootstrap > 0, plan.income.is_some())?;
    let told = Telling { name, builder: &builder, plan: &plan, needed: &needed, folder: stage.folder(), for_entries };
    let Told { parts: scenarios, baseline, refused } = projector.scenarios(&told, &mut files)?;
    let solve = job.solve.as_ref().map(|seek| projector.solve(seek, &baseline, &solved)).transpose()?;
    let mut rejects = rejected;
    refused.into_iter().for_each(|(reason, rows)| *rejects.entry(reason.as_str().to_owned()).or_default() += rows);

    let mut outputs: BTreeMap<_, _> = files.finish()?.into_iter().collect();
    let projection = Projection {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        kind: "projection",
        policy: policy.doc.policy.id.clone(),
        counts: Counts {
            ledger_rows: ledger.rows(),
            rejects_by_reason: rejects,
            roster_rejects_by_reason: rejects_by_reason(roster_rejects.iter().map(|r| r.reason)),
        },
        bootstrap: (job.bootstrap > 0).then_some(BootstrapPart {
            replicates: job.bootstrap,
            seed: job.seed,
            level: "0.95",
        }),
        scenarios,
        solve,
    };
    let text = to_json(&projection);
    stage.write(REPORT, text.as_bytes())?;
    let (size, sha256) = (text.len() as u64, digest_of_text(&text));
    let rows = projection.scenarios.len() as u64;
    outputs.insert(REPORT.to_owned(), FileDigest { rows, size, sha256 });
    outputs.insert(page::REPORT.to_owned(), page::projected(&stage, &projection)?);
    let used: Vec<Used> = std::mem::take(&mut projector.workshop.used).into_iter().collect();
    let unconfirmed = used.iter().filter(|u| is_unconfirmed(u)).cloned().collect();
    let manifest = ProjectionManifest {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        kind: "projection",
        policy: policy_part(policy, false),
        parameters: ParametersPart {
            sha256: digest_of_text(&run.parameters.texts.concat()),
            path: run.parameters.path.clone(),
            used,
        },
        inputs: digests,
        policies_of_scenarios: named(&plan, &builder)?,
        scenarios_sha256: job.scenarios.as_ref().map(|file| digest_of_text(&file.text)),
        options: Options {
            run: options_part(run),
            bootstrap: job.bootstrap,
            seed: job.seed,
            scenarios: job.scenarios.as_ref().map(|file| file.name.clone()),
            solve: job.solve.as_ref().map(Sought::from),
        },
        outputs: outputs.clone(),
    };
    stage.write(MANIFEST, to_json(&manifest).as_bytes())?;
    stage::publish(stage, progress)?;
    let outputs = outputs.into_iter().map(|(name, digest)| (name, digest.rows)).collect();
    Ok(Projected { projection, outputs, unconfirmed, nothing_known_on })
}

/// A scenario as errors call it, with where it stands.
fn place(file: &str, scenario: &Scenario) -> String {
    format!("{file}, line {}: scenario `{}`", scenario.line, scenario.id)
}

/// Digests of the policies that scenarios name.
fn named(plan: &Plan, builder: &Builder<'_>) -> Result<BTreeMap<String, String>, ProjectError> {
    let mut named = BTreeMap::new();
    for change in plan.scenarios.iter().flat_map(|s| &s.changes) {
        if let Kind::Policy { origin, .. } = &change.kind
            && !named.contains_key(origin)
        {
            named.insert(origin.clone(), digest_of_text(&builder.build(&[change])?.policy.text));
        }
    }
    Ok(named)
}
