//! What can be told to be wrong with a scenario before the ledger is looked at.

use super::build::Built;
use super::failure::ProjectError;
use crate::lang::{Both, both};
use crate::model::fen::PPM;
use crate::policy::check::{Finding, check_with};
use crate::policy::compile::{Needs, compile};
use crate::run::policies::year_asked_for;
use crate::run::settle::Settle;

/// The largest product of growths, in millionths: a hundredfold. Sums have no room for much more.
const MOST: i128 = 100 * PPM as i128;

/// What growths come to where all of them match, in millionths.
fn product(all: impl Iterator<Item = i64>) -> i128 {
    let grow = |product: i128, ppm: i64| (product * i128::from(ppm.max(PPM)) / i128::from(PPM)).min(2 * MOST);
    all.fold(i128::from(PPM), grow)
}

/// What can be checked of a scenario before the ledger is looked at.
pub(super) struct Check<'a> {
    run: &'a Settle,
    baseline: &'a Built,
    /// What is found with the baseline already, and so is not the scenario's.
    known: Vec<Finding>,
}

impl<'a> Check<'a> {
    pub(super) fn new(run: &'a Settle, baseline: &'a Built) -> Self {
        let known = check_with(&baseline.policy.doc, &baseline.parameters, &[]);
        Self { run, baseline, known }
    }

    pub(super) fn scenario(&self, name: &str, built: &Built) -> Result<(), ProjectError> {
        let doc = &built.policy.doc;
        if doc.switches.year_by != self.baseline.policy.doc.switches.year_by {
            return Err(ProjectError::AnotherDate { scenario: name.to_owned() });
        }
        let under = |source| ProjectError::Under { scenario: name.to_owned(), source };
        let persons = || built.persons.iter().map(|w| w.ppm);
        for (what, all) in [
            (both!("fees", "费用"), product(built.fees.iter().map(|g| g.ppm))),
            (both!("claims", "就诊"), product(built.claims.iter().map(|g| g.ppm))),
            (both!("persons", "人员"), product(persons())),
        ] {
            if all > MOST {
                return Err(ProjectError::GrowsTooMuch { scenario: name.to_owned(), what });
            }
        }
        let findings = check_with(doc, &built.parameters, &[]);
        let new = findings.iter().filter(|f| f.is_error() && !self.known.contains(f));
        let found: Vec<Both> = new.map(Finding::text).collect();
        if !found.is_empty() {
            return Err(ProjectError::CannotApply {
                scenario: name.to_owned(),
                id: doc.policy.id.clone(),
                findings: Both::list("; ", "；", found),
            });
        }
        let needs = Needs { subsidies: self.run.roster.is_some() };
        compile(doc, &built.parameters, &year_asked_for(self.run, &built.policy), needs).map(|_| ()).map_err(under)
    }
}
