//! Makes worlds: compiles scenarios for the years of the ledger, with the rosters that they need.

use super::build::Built;
use super::change::Growth;
use super::failure::ProjectError;
use super::reach::Reach;
use super::record::{Naming, Rule};

use super::world::{Circle, Holder, World};
use crate::lang::Both;
use crate::ledger::intern::Interner;
use crate::ledger::schema::IdType;
use crate::policy::compile::{Compiled, Needs, compile, is_illustrative};
use crate::policy::error::PolicyError;
use crate::policy::parameters::Used;
use crate::policy::tables::{NO_RANK, Tables};
use crate::roster::{Roster, Under};
use crate::run::error::RunError;
use crate::run::policies::years_within;
use crate::run::settle::Settle;
use std::collections::BTreeSet;

/// Compiles worlds. What several of them share is made once, and numbered.
pub struct Workshop<'a> {
    run: &'a Settle,
    interner: &'a Interner,
    /// Years with a row.
    years: &'a BTreeSet<i32>,
    psn_no: IdType,
    /// The policy as it is; none before it was made.
    baseline: Option<(Tables, Option<(i32, i32)>)>,
    /// Who holds what.
    pub holders: Vec<Holder>,
    /// The roster under each of them; empty where the ledger carries identities.
    pub rosters: Vec<Roster>,
    /// Growths of bills.
    pub fees: Vec<Vec<Growth>>,
    /// Growths of claims.
    pub claims: Vec<Vec<Growth>>,
    /// Rules by name, with the clauses that they cite.
    pub rules: Vec<Rule>,
    /// Who holds what, and on which days a policy covers: what contributions hang on.
    pub circles: Vec<Circle>,
    /// Dated values taken.
    pub used: BTreeSet<Used>,
}

impl<'a> Workshop<'a> {
    /// A workshop for the years found.
    pub fn new(run: &'a Settle, interner: &'a Interner, years: &'a BTreeSet<i32>, psn_no: IdType) -> Self {
        Self {
            run,
            interner,
            years,
            psn_no,
            baseline: None,
            holders: Vec::new(),
            rosters: Vec::new(),
            fees: Vec::new(),
            claims: Vec::new(),
            rules: Vec::new(),
            circles: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    /// The policy as it is, with its roster as read; to be made first.
    ///
    /// # Errors
    /// [`ProjectError`] of the policy and its parameters.
    pub fn baseline(&mut self, built: &Built, roster: Option<Roster>) -> Result<World, ProjectError> {
        let run = |e: PolicyError| ProjectError::Run(e.into());
        self.holders.push(holder_of(built).map_err(run)?);
        self.rosters.extend(roster);
        self.world(built, 0).map_err(|e| match e {
            NoWorld::Policy(e) => run(e),
            NoWorld::Illustrative(values) => RunError::Illustrative { values: Both::foreign(values) }.into(),
        })
    }

    /// Worlds by name, one a built scenario, each made or told why not.
    ///
    /// # Errors
    /// [`ProjectError`] of the roster, which is read once for whatever new it is asked.
    pub fn worlds<'b>(
        &mut self,
        built: impl Iterator<Item = (&'b str, Built)>,
    ) -> Result<Vec<Result<World, ProjectError>>, ProjectError> {
        let under = |scenario: &str| {
            let scenario = scenario.to_owned();
            move |source| ProjectError::Under { scenario, source }
        };
        let mut held = Vec::new();
        for (name, built) in built {
            let holder = holder_of(&built).map_err(under(name)).map(|holder| number_of(&mut self.holders, holder));
            held.push((name, built, holder));
        }
        self.read_rosters(&held)?;
        let mut worlds = Vec::with_capacity(held.len());
        for (name, built, holder) in held {
            worlds.push(holder.and_then(|holder| self.world(&built, holder).map_err(|e| e.of(name))));
        }
        Ok(worlds)
    }

    /// Reads the roster for holders that have none yet.
    fn read_rosters(&mut self, held: &[(&str, Built, Result<usize, ProjectError>)]) -> Result<(), ProjectError> {
        let Some(source) = &self.run.roster else { return Ok(()) };
        let new = self.rosters.len()..self.holders.len();
        if new.is_empty() {
            return Ok(());
        }
        let mut tables: Vec<Tables> = Vec::with_capacity(new.len());
        for number in new.clone() {
            let of = held.iter().find(|(_, _, holder)| matches!(holder, Ok(n) if *n == number));
            let Some((name, built, _)) = of else { continue };
            let compiled =
                header(built).map_err(|source| ProjectError::Under { scenario: (*name).to_owned(), source })?;
            tables.push(compiled);
        }
        let policies: Vec<Under<'_>> = tables
            .iter()
            .zip(&self.holders[new])
            .map(|(tables, holder)| Under { tables, in_force: holder.in_force, becomes: Some(&holder.becomes) })
            .collect();
        let (source, run) = (source.clone(), self.run);
        let typed = Some((self.psn_no, "the ledger"));
        // What it rejects was told when it was read for the baseline.
        let (rosters, _) = Roster::read(source, run.read_as(), &policies, run.as_known, typed)?;
        self.rosters.extend(rosters);
        Ok(())
    }

    fn world(&mut self, built: &Built, holder: usize) -> Result<World, NoWorld> {
        let doc = &built.policy.doc;
        let header = &doc.policy;
        let as_if = self.run.as_if || built.as_if;
        let last = header.until.map_or(crate::model::date::OPEN_END, |d| d.0);
        let covered = (!as_if).then_some((header.from.0, last));
        let years = years_within(covered, self.run.year, self.rosters.get(holder), self.years);
        let needs = Needs { subsidies: self.run.roster.is_some() };
        let Compiled { mut tables, used } = compile(doc, &built.parameters, &years, needs)?;
        tables.bind_diseases(|code| self.interner.number(code));
        self.strictly(&used)?;
        self.used.extend(used);
        let naming = Naming::new(&tables, &mut self.rules);
        let (baseline, covers) = self.baseline.get_or_insert_with(|| (tables.clone(), covered));
        let mut reach = Reach::new(baseline, &tables);
        // Other days are other claims.
        reach.everybody |= *covers != covered;
        let circle = number_of(&mut self.circles, Circle { holder, covered });
        let granted = tables.grant_lookback.iter().position(Option::is_some).map_or(NO_RANK, |r| r as u8);
        let numbered = |all: &mut Vec<Vec<Growth>>, growths: &[Growth]| {
            (!growths.is_empty()).then(|| number_of(all, growths.to_vec()))
        };
        let (fees, claims) = (numbered(&mut self.fees, &built.fees), numbered(&mut self.claims, &built.claims));
        let persons = built.persons.clone();
        Ok(World { tables, naming, covered, holder, fees, claims, persons, reach, granted, circle, told: false })
    }

    /// Refuses values without a publication where the run is strict.
    fn strictly(&self, used: &[Used]) -> Result<(), NoWorld> {
        let name = |u: &Used| format!("{}{}", u.parameter, u.year.map_or(String::new(), |y| format!(" {y}")));
        let values: Vec<String> = used.iter().filter(|u| is_illustrative(u)).map(name).collect();
        if self.run.strict && !values.is_empty() {
            return Err(NoWorld::Illustrative(values.join("; ")));
        }
        Ok(())
    }
}

/// Why there is no such world.
enum NoWorld {
    Policy(PolicyError),
    /// The run is strict, and these values have no publication.
    Illustrative(String),
}

impl From<PolicyError> for NoWorld {
    fn from(error: PolicyError) -> Self {
        NoWorld::Policy(error)
    }
}

impl NoWorld {
    fn of(self, scenario: &str) -> ProjectError {
        let scenario = scenario.to_owned();
        match self {
            NoWorld::Policy(source) => ProjectError::Under { scenario, source },
            NoWorld::Illustrative(values) => ProjectError::Illustrative { scenario, values },
        }
    }
}

/// The number of something among all; what is new is put behind the others.
fn number_of<T: PartialEq>(all: &mut Vec<T>, this: T) -> usize {
    all.iter().position(|known| *known == this).unwrap_or_else(|| {
        all.push(this);
        all.len() - 1
    })
}

/// A policy's ranks and grants, without any year.
fn header(built: &Built) -> Result<Tables, PolicyError> {
    compile(&built.policy.doc, &built.parameters, &[], Needs::default()).map(|compiled| compiled.tables)
}

fn holder_of(built: &Built) -> Result<Holder, PolicyError> {
    Ok(Holder::new(&header(built)?, built.policy.doc.switches.in_force, built.becomes))
}
