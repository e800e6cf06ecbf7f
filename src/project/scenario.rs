//! What a scenarios file says, expanded: every scenario with its changes, grids point by point.

use super::base::Base;
use super::build::Builder;
use super::change::Change;
use super::choice::{MOST, Product};
use super::document::{Document, FundDoc, ScenarioDoc};
use super::entry::{AMOUNT, axis_labels, form, yuan};
use super::error::{Problem, ScenarioError};
use super::nearest::nearest;
use crate::lang::both;
use crate::model::fen;
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use crate::policy::value::{Amount, ShareOf};
use crate::settle::outcome;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;

/// The commented example that `onestop project --init` writes.
pub const EXAMPLE: &str = include_str!("../../data/scenarios/example.toml");
/// Scenarios of the sample.
pub const SAMPLE: &str = include_str!("../../data/scenarios/sample.toml");

/// The name of the policy as it stands.
pub const BASELINE: &str = "baseline";

/// The funds, by the names that the outputs use.
pub const FUNDS: [&str; outcome::FUNDS.len()] = {
    let mut names = [""; outcome::FUNDS.len()];
    let mut n = 0;
    while n < names.len() {
        names[n] = outcome::FUNDS[n].name;
        n += 1;
    }
    names
};

/// What a scenarios file says, expanded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What a person's burden is held against.
    pub income: Option<Amount>,
    /// What funds have.
    pub funds: Vec<FundSource>,
    /// The scenarios, without the baseline, in the order written.
    pub scenarios: Vec<Scenario>,
}

/// What a fund has in a year.
#[derive(Clone, Debug)]
pub struct FundSource {
    /// The fund, one of [`FUNDS`].
    pub fund: String,
    /// Residents who are counted.
    pub residents: u64,
    /// What is raised for each.
    pub per_resident: Amount,
    /// Further fen a year.
    pub other: i64,
    /// The line on which it stands.
    pub line: usize,
}

/// A scenario, or a point of a grid.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, unique.
    pub id: String,
    /// Title for people.
    pub title: Option<String>,
    /// What it changes.
    pub changes: Vec<Change>,
    /// The line on which it stands.
    pub line: usize,
}

impl Plan {
    /// Reads a scenarios file, and makes every scenario once on the baseline.
    ///
    /// # Errors
    /// [`ScenarioError`]: unreadable, not a valid document, or something that cannot be meant.
    pub fn read(path: &Path, baseline: &Policy, parameters: &Parameters) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::reading(path, source))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&path.display().to_string(), &text, folder, baseline, parameters)
    }

    /// The same from a text; `folder` is where the paths of policies begin.
    ///
    /// # Errors
    /// [`ScenarioError`]: not a valid document, or something that cannot be meant.
    pub fn parse(
        name: &str,
        text: &str,
        folder: &Path,
        baseline: &Policy,
        parameters: &Parameters,
    ) -> Result<Self, ScenarioError> {
        let document: Document = toml::from_str(text).map_err(|e| ScenarioError::form(name, text, &e))?;
        let mut reader = Reader { name, text, folder, parameters, policies: BTreeMap::new() };
        let income = document.burden.map(|b| reader.amount(b.income)).transpose()?;
        let funds = reader.funds(document.fund)?;
        let mut scenarios: Vec<Scenario> = Vec::new();
        for scenario in document.scenario {
            reader.expand(scenario, &mut scenarios)?;
        }
        reader.unique(&scenarios)?;
        let builder = Builder::new(baseline, parameters, name)?.thorough();
        for scenario in &scenarios {
            builder.build(&scenario.changes.iter().collect::<Vec<_>>())?;
        }
        Ok(Self { income, funds, scenarios })
    }
}

/// Reads one file.
pub(super) struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    /// Where the paths of policies begin.
    pub(super) folder: &'a Path,
    parameters: &'a Parameters,
    /// Other policies, by what is written.
    pub(super) policies: BTreeMap<String, Arc<Base>>,
}

impl Reader<'_> {
    /// The line, from 1, of a place in the text.
    pub(super) fn line(&self, place: usize) -> usize {
        1 + self.text.as_bytes().iter().take(place).filter(|b| **b == b'\n').count()
    }

    /// The error of a place in the text.
    pub(super) fn wrong(&self, place: usize, problem: Problem) -> ScenarioError {
        problem.at(self.name, self.line(place))
    }

    /// An amount whose parameter, if it has one, has values.
    fn amount(&self, amount: Spanned<Amount>) -> Result<Amount, ScenarioError> {
        let place = amount.span().start;
        let amount = amount.into_inner();
        match &amount {
            Amount::Fixed(fen) if *fen < 0 => {
                let why = both!("is below 0", "小于 0");
                Err(self.wrong(place, Problem::Figure { text: fen::to_text(*fen), why, form: form(AMOUNT) }))
            }
            Amount::Share(share) if !self.is_known(share) => {
                let nearest = nearest(&share.of, self.parameters.names());
                Err(self.wrong(place, Problem::NoParameter { name: share.of.clone(), nearest }))
            }
            _ => Ok(amount),
        }
    }

    fn is_known(&self, share: &ShareOf) -> bool {
        let known = |name: &str| !self.parameters.years_of(name).is_empty();
        share.optional || known(&share.of) || share.or.as_ref().is_some_and(|or| known(&or.deductible_of))
    }

    fn funds(&self, written: Vec<FundDoc>) -> Result<Vec<FundSource>, ScenarioError> {
        let mut funds: Vec<FundSource> = Vec::with_capacity(written.len());
        for doc in written {
            let place = doc.fund.span().start;
            let fund = doc.fund.into_inner();
            if !FUNDS.contains(&fund.as_str()) {
                return Err(self.wrong(place, Problem::Fund { text: fund, known: FUNDS.join(", ") }));
            }
            if funds.iter().any(|f| f.fund == fund) {
                return Err(self.wrong(place, Problem::FundTwice(fund)));
            }
            let other = match doc.other {
                Some(text) => yuan(text.get_ref()).map_err(|p| self.wrong(text.span().start, p))?,
                None => 0,
            };
            let (residents, per_resident) = (doc.residents, self.amount(doc.per_resident)?);
            funds.push(FundSource { fund, residents, per_resident, other, line: self.line(place) });
        }
        Ok(funds)
    }

    /// Adds a scenario, or the points of a grid.
    fn expand(&mut self, doc: ScenarioDoc, all: &mut Vec<Scenario>) -> Result<(), ScenarioError> {
        let place = doc.id.span().start;
        let (id, title) = (doc.id.get_ref().clone(), doc.title.clone());
        if id.trim().is_empty() {
            return Err(self.wrong(place, Problem::EmptyId));
        }
        if id == BASELINE {
            return Err(self.wrong(place, Problem::Baseline));
        }
        let entries = self.entries(doc)?;
        if entries.is_empty() {
            return Err(self.wrong(place, Problem::NoChange(id)));
        }
        // What varies, in the order written.
        let mut axes: Vec<usize> = (0..entries.len()).filter(|n| entries[*n].values.len() > 1).collect();
        axes.sort_by_key(|n| entries[*n].place);
        let labels = axis_labels(&entries);
        let sizes: Vec<usize> = axes.iter().map(|n| entries[*n].values.len()).collect();
        if Product::size(&sizes).is_none_or(|points| points.saturating_add(all.len()) > MOST) {
            let of = |n: &usize| format!("{} ({})", entries[*n].values.len(), labels[*n]);
            let points =
                if axes.is_empty() { "1".to_owned() } else { axes.iter().map(of).collect::<Vec<_>>().join(" × ") };
            return Err(self.wrong(place, Problem::TooMany { id, points, most: MOST }));
        }
        let line = self.line(place);
        for point in Product::of(sizes) {
            let mut chosen = vec![0; entries.len()];
            let mut names = Vec::with_capacity(axes.len());
            for (&axis, &value) in axes.iter().zip(&point) {
                chosen[axis] = value;
                names.push(format!("{}={}", labels[axis], entries[axis].values[value].0));
            }
            let changes = entries.iter().zip(&chosen).map(|(entry, &value)| entry.values[value].1.clone()).collect();
            let id = if names.is_empty() { id.clone() } else { format!("{id}[{}]", names.join(", ")) };
            all.push(Scenario { id, title: title.clone(), changes, line });
        }
        Ok(())
    }

    fn unique(&self, scenarios: &[Scenario]) -> Result<(), ScenarioError> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for scenario in scenarios {
            if let Some(first) = seen.insert(&scenario.id, scenario.line) {
                return Err(Problem::IdTwice { id: scenario.id.clone(), first }.at(self.name, scenario.line));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod errors;
#[cfg(test)]
mod tests;
