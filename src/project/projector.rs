//! The passes of one projection: worlds made, settled, and what they say of contributions and of a goal.

use super::Project;
use super::build::{Builder, Built};
use super::effects::{self, Alone, Item, More};
use super::failure::ProjectError;
use super::found::{Baseline, Figure, Found, fund_cell};
use super::need::{Contributions, Needed};
use super::output::Files;
use super::pass::{Common, Keeps, Passed, pass};
use super::people::Standing;
use super::report::{self, MoneyPart, ScenarioPart, SolvePart, Yuan};
use super::scenario::{BASELINE, Plan, Scenario};
use super::solve::{Seek, Sought, seek};
use super::sums::Sums;
use super::workshop::Workshop;
use super::world::World;
use crate::model::codes::RejectReason;
use crate::persons::store::Store;
use crate::run::error::RunError;
use crate::run::progress::{Progress, Step};
use crate::run::waiting::Waiting;
use crate::settle::outcome::FUNDS;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Worlds settled in one pass at most; more are settled in passes of their own, so that memory does not grow with
/// them.
const WORLDS: usize = 1_000;
/// What a world takes while persons are settled, with all that workers keep of it, about.
const WORLD: u64 = 160 << 10;

/// What is told of scenarios, and with what.
pub(super) struct Telling<'a> {
    /// Name of the scenarios file.
    pub(super) name: &'a str,
    /// Makes changes.
    pub(super) builder: &'a Builder<'a>,
    /// The scenarios.
    pub(super) plan: &'a Plan,
    /// What figures are held against.
    pub(super) needed: &'a Needed,
    /// Where entries wait that do not fit into memory.
    pub(super) folder: &'a Path,
    /// Bytes of memory for entries.
    pub(super) for_entries: u64,
}

/// What came of all scenarios.
pub(super) struct Told {
    /// In short, the baseline first.
    pub(super) parts: Vec<ScenarioPart>,
    /// The baseline.
    pub(super) baseline: Baseline,
    /// Rows that do not count under it, by why.
    pub(super) refused: BTreeMap<RejectReason, u64>,
}

/// What passes share.
pub(super) struct Projector<'a> {
    pub(super) job: &'a Project,
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) waiting: &'a Waiting,
    pub(super) baseline_world: &'a World,
    pub(super) thresholds: BTreeMap<i32, [i64; 2]>,
    pub(super) rows: u64,
    pub(super) workshop: Workshop<'a>,
    pub(super) progress: &'a dyn Progress,
}

impl Projector<'_> {
    /// The worlds of some items; those of changes that cannot stand alone are noted and left out.
    fn worlds<'i>(
        &mut self,
        of: &Telling<'_>,
        items: &'i [Item<'i>],
        alone: &mut Alone<'i>,
    ) -> Result<(Vec<World>, Vec<&'i Item<'i>>), ProjectError> {
        let mut built = Vec::with_capacity(items.len());
        for item in items {
            match (of.builder.build(&item.changes), item.scenario) {
                (Ok(made), _) => built.push((item, made)),
                (Err(error), Some(_)) => return Err(error.into()),
                (Err(error), None) => item.changes.iter().for_each(|c| alone.cannot(c, &error)),
            }
        }
        let (items, built): (Vec<&Item<'_>>, Vec<Built>) = built.into_iter().unzip();
        let names: Vec<String> = items.iter().map(|item| item.place(of.name)).collect();
        let made = self.workshop.worlds(names.iter().map(String::as_str).zip(built))?;
        let (mut worlds, mut places) = (Vec::with_capacity(made.len()), Vec::with_capacity(made.len()));
        for (world, item) in made.into_iter().zip(items) {
            match (world, item.scenario) {
                (Ok(world), scenario) => {
                    worlds.push(World { told: scenario.is_some(), ..world });
                    if let Some(world) = worlds.last_mut().filter(|_| self.job.everybody) {
                        world.reach.everybody = true;
                    }
                    places.push(item);
                }
                (Err(error), Some(_)) => return Err(error),
                (Err(error), None) => item.changes.iter().for_each(|c| alone.cannot(c, &error)),
            }
        }
        Ok((worlds, places))
    }

    fn pass(&self, worlds: &[World], keeps: Keeps<'_>) -> Result<Passed, ProjectError> {
        let common = Common {
            waiting: self.waiting,
            baseline: self.baseline_world,
            holders: &self.workshop.holders,
            rosters: &self.workshop.rosters,
            fees: &self.workshop.fees,
            claims: &self.workshop.claims,
            circles: &self.workshop.circles,
            only_year: self.job.run.year,
            thresholds: &self.thresholds,
            rules: self.workshop.rules.len(),
            seed: self.job.seed,
            all_cells: self.job.bootstrap > 0,
        };
        self.progress.begin(Step::Settle, self.rows);
        let passed = self.pool.install(|| pass(&common, worlds, keeps, self.progress));
        self.progress.end();
        passed
    }

    /// Settles all scenarios and every change alone, and puts the rows of each scenario.
    pub(super) fn scenarios(&mut self, of: &Telling<'_>, files: &mut Files) -> Result<Told, ProjectError> {
        let scenarios = &of.plan.scenarios;
        let items = effects::items(scenarios);
        // One pass at least: the baseline is always there.
        let at_once = usize::try_from(self.job.run.memory / 4 / WORLD).unwrap_or(WORLDS).clamp(16, WORLDS);
        let mut chunks = items.chunks(at_once).chain(items.is_empty().then_some(&items[..])).enumerate();
        let (mut alone, mut changes) = (Alone::default(), Vec::with_capacity(scenarios.len()));
        let mut parts = Vec::with_capacity(scenarios.len() + 1);
        let mut known: Option<(Baseline, Contributions)> = None;
        let mut refused = BTreeMap::new();
        for (number, chunk) in &mut chunks {
            let (worlds, places) = self.worlds(of, chunk, &mut alone)?;
            let entries = Store::named(of.for_entries, of.folder, &format!("entries-{number}.spill"));
            let mut passed = self.pass(&worlds, Keeps { store: Some(&entries), baseline: known.is_none() })?;
            let mut sums = std::mem::take(&mut passed.sums).into_iter().enumerate();
            let (_, of_baseline) = sums.next().unwrap_or_default();
            let (base, contributions) = match &mut known {
                Some(known) => known,
                None => {
                    refused = std::mem::take(&mut passed.refused);
                    let (base, contributions) = self.base(of_baseline, &mut passed, &entries)?;
                    let itself = base.itself(self.workshop.rules.len());
                    files.put(BASELINE, &itself, &base)?;
                    let scenario = Scenario { id: BASELINE.to_owned(), title: None, changes: Vec::new(), line: 0 };
                    parts.push(self.part(of, &scenario, &itself, &base, contributions.baseline()));
                    known.insert((base, contributions))
                }
            };
            // As many at a time as there are threads: what is found of everybody takes room.
            loop {
                let batch: Vec<(usize, Sums)> = sums.by_ref().take(self.job.run.threads).collect();
                if batch.is_empty() {
                    break;
                }
                let found = self.pool.install(|| {
                    let of = |(n, sums): (usize, Sums)| {
                        let world = &worlds[n - 1];
                        let by_fund = base.changes(&sums, world.whole());
                        let shelves = (&entries, &passed.shelves[..], n);
                        let found = world.told.then(|| base.found(sums, world.whole(), shelves)).transpose()?;
                        Ok::<_, ProjectError>((n - 1, by_fund, found))
                    };
                    batch.into_par_iter().map(of).collect::<Result<Vec<_>, _>>()
                })?;
                for (n, funds, found) in &found {
                    let subsidies = contributions.under(&worlds[*n], &self.workshop.rosters, &passed.noted);
                    let more = More { funds: *funds, subsidies: subsidies.map(|s| s.change) };
                    if let [change] = &*places[*n].changes {
                        alone.found(change, more);
                    }
                    let (Some(scenario), Some(found)) = (places[*n].scenario, found) else { continue };
                    files.put(&scenario.id, found, base)?;
                    parts.push(self.part(of, scenario, found, base, subsidies));
                    changes.push(more);
                }
            }
        }
        alone.tell(scenarios, &changes, &mut parts[1..]);
        let (baseline, _) = known.ok_or_else(defect)?;
        Ok(Told { parts, baseline, refused })
    }

    /// The baseline, and the contributions that it pays, from the first pass.
    fn base(
        &self,
        sums: Sums,
        passed: &mut Passed,
        entries: &Store,
    ) -> Result<(Baseline, Contributions), ProjectError> {
        let standing = Standing::new(std::mem::take(&mut passed.persons));
        let chance = (self.job.bootstrap, self.job.seed);
        let shelves = (entries, &passed.shelves[..]);
        let base = self.pool.install(|| Baseline::new(sums, standing, shelves, chance))?;
        let (world, rosters) = (self.baseline_world, &self.workshop.rosters);
        Ok((base, Contributions::new(world, rosters, &passed.noted, self.job.run.year)))
    }

    fn part(
        &self,
        of: &Telling<'_>,
        scenario: &Scenario,
        found: &Found,
        baseline: &Baseline,
        subsidies: Option<Figure>,
    ) -> ScenarioPart {
        let (rules, caps) = report::rules(found, baseline, &self.workshop.rules);
        let contributions = subsidies.map_or(0, |s| s.total);
        ScenarioPart {
            id: scenario.id.clone(),
            title: scenario.title.clone(),
            changes: scenario.changes.iter().map(|c| c.label.clone()).collect(),
            funds: report::funds(found, baseline),
            subsidies: subsidies.map(MoneyPart::new),
            effects: Vec::new(),
            interaction: report::by_fund(|_| 0),
            interaction_of_subsidies: None,
            people: report::people(found, baseline, of.plan.income.is_some()),
            rules,
            caps,
            top: report::top(found),
            need: of.needed.of(|fund| found.fund(baseline, fund).total, contributions),
        }
    }

    pub(super) fn solve(
        &mut self,
        of: &Seek,
        baseline: &Baseline,
        solved: &dyn Fn(&str) -> Result<Built, ProjectError>,
    ) -> Result<SolvePart, ProjectError> {
        let Sought { value, next, settled } = seek(of, |asked| {
            let mut built = Vec::with_capacity(asked.len());
            for number in asked {
                built.push(("--solve", solved(&of.candidates[*number])?));
            }
            let worlds: Vec<World> =
                self.workshop.worlds(built.into_iter())?.into_iter().collect::<Result<_, ProjectError>>()?;
            let passed = self.pass(&worlds, Keeps { store: None, baseline: false })?;
            let total = |sums: &Sums| {
                let cell = fund_cell(of.fund);
                baseline.sums.cell(cell).paid + sums.cell(cell).paid
            };
            Ok(passed.sums.iter().skip(1).map(total).collect())
        })?;
        let named = |n: Option<(usize, i128)>| n.map(|(n, _)| of.candidates[n].clone());
        let total = |n: Option<(usize, i128)>| n.map(|(_, total)| Yuan(total));
        Ok(SolvePart {
            address: of.address.clone(),
            fund: FUNDS[of.fund].name.to_owned(),
            budget: Yuan(of.budget.into()),
            value: named(value),
            total: total(value),
            next_value: named(next),
            next_total: total(next),
            candidates: of.candidates.len(),
            settled,
        })
    }
}

fn defect() -> ProjectError {
    let message = "no pass was made".to_owned();
    RunError::Defect { what: "settling the baseline", message }.into()
}
