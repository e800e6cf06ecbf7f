//! Each change of a scenario alone: its own effect, and the interaction that is left over.

use super::change::Change;
use super::report::{EffectPart, ScenarioPart, Yuan, by_fund};
use super::scenario::Scenario;
use crate::settle::outcome::FUNDS;
use std::collections::{BTreeMap, BTreeSet};

/// By how much more each fund pays, in fen.
pub(super) type ByFund = [i128; FUNDS.len()];

/// By how much more is paid with some changes, in fen.
#[derive(Clone, Copy, Debug)]
pub(super) struct More {
    /// By each fund.
    pub(super) funds: ByFund,
    /// As contribution subsidies; none without a roster.
    pub(super) subsidies: Option<i128>,
}

/// Something to settle: a scenario, or a change alone.
pub(super) struct Item<'a> {
    /// The changes.
    pub(super) changes: Vec<&'a Change>,
    /// The scenario that it is; none: a change alone.
    pub(super) scenario: Option<&'a Scenario>,
}

impl Item<'_> {
    /// What errors call it.
    pub(super) fn place(&self, file: &str) -> String {
        match (self.scenario, self.changes.first()) {
            (Some(scenario), _) => super::place(file, scenario),
            (None, Some(change)) => format!("{file}, line {}: `{}`", change.line, change.label),
            (None, None) => file.to_owned(),
        }
    }
}

/// All scenarios in order, then every change that several-fold scenarios have and none has alone, each once.
pub(super) fn items(scenarios: &[Scenario]) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> =
        scenarios.iter().map(|s| Item { changes: s.changes.iter().collect(), scenario: Some(s) }).collect();
    let mut known: BTreeSet<&Change> =
        scenarios.iter().filter(|s| s.changes.len() == 1).flat_map(|s| &s.changes).collect();
    for change in scenarios.iter().filter(|s| s.changes.len() > 1).flat_map(|s| &s.changes) {
        if known.insert(change) {
            items.push(Item { changes: vec![change], scenario: None });
        }
    }
    items
}

/// What each change comes to alone.
#[derive(Default)]
pub(super) struct Alone<'a>(BTreeMap<&'a Change, Result<More, String>>);

impl<'a> Alone<'a> {
    /// By how much more is paid with a change alone.
    pub(super) fn found(&mut self, change: &'a Change, more: More) {
        self.0.insert(change, Ok(more));
    }

    /// That a change cannot stand alone.
    pub(super) fn cannot(&mut self, change: &'a Change, why: &dyn std::fmt::Display) {
        let first = why.to_string().lines().next().unwrap_or_default().to_owned();
        self.0.insert(change, Err(first));
    }

    /// Tells the effects of every scenario's changes; `changes` is by how much more is paid with all of a
    /// scenario's changes.
    pub(super) fn tell(&self, scenarios: &[Scenario], changes: &[More], parts: &mut [ScenarioPart]) {
        for ((scenario, all), part) in scenarios.iter().zip(changes).zip(parts) {
            let own: Vec<(&Change, Option<&Result<_, String>>)> =
                scenario.changes.iter().map(|c| (c, self.0.get(c))).collect();
            part.effects = own.iter().map(|(change, effect)| effect_part(change, *effect)).collect();
            let known = || own.iter().filter_map(|(_, effect)| effect.and_then(|e| e.as_ref().ok()));
            part.interaction = by_fund(|fund| all.funds[fund] - known().map(|e| e.funds[fund]).sum::<i128>());
            let subsidies: i128 = known().filter_map(|e| e.subsidies).sum();
            part.interaction_of_subsidies = all.subsidies.map(|all| Yuan(all - subsidies));
        }
    }
}

fn effect_part(change: &Change, effect: Option<&Result<More, String>>) -> EffectPart {
    let more = effect.and_then(|e| e.as_ref().ok());
    EffectPart {
        change: change.label.clone(),
        funds: more.map(|more| by_fund(|fund| more.funds[fund])),
        subsidies: more.and_then(|more| more.subsidies).map(Yuan),
        why_not: effect.and_then(|e| e.as_ref().err()).cloned(),
    }
}
