//! The entries of a scenario: each thing that it changes, for each of its values.

use super::base::Base;
use super::change::{Change, Dated, Growth, Kind, Weight};
use super::choice::{self, MOST};
use super::document::{FiguresDoc, GrowthDoc, IdentitiesDoc, ParameterDoc, PersonsDoc, Quoted, ScenarioDoc, ValuesDoc};
use super::error::{Problem, ScenarioError};
use super::scenario::Reader;
use super::setting::{Given, Setting};
use super::slip;
use crate::lang::{Both, both};
use crate::model::codes::{Care, Identity};
use crate::model::fen::{self, PPM};
use crate::policy::{Policy, SHIPPED};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// An entry of a scenario: what it changes for each of its values.
pub(super) struct Entry {
    /// Where it stands in the text.
    pub(super) place: usize,
    /// What its values are called by in the names of a grid.
    pub(super) label: String,
    /// The values as written or stepped, each with its change.
    pub(super) values: Vec<(String, Change)>,
}

impl Reader<'_> {
    /// What a scenario changes: by kinds, each in the order written.
    pub(super) fn entries(&mut self, doc: ScenarioDoc) -> Result<Vec<Entry>, ScenarioError> {
        let mut entries = Vec::new();
        match (doc.policy, doc.as_if) {
            (Some(policy), as_if) => {
                entries.push(self.policy(policy, as_if.is_some_and(Spanned::into_inner))?);
            }
            (None, Some(as_if)) => return Err(self.wrong(as_if.span().start, Problem::AsIfAlone)),
            (None, None) => {}
        }
        for (address, values) in doc.set.0 {
            entries.push(self.set(address, values)?);
        }
        for growth in doc.fees {
            entries.push(self.growth("fees", growth, Kind::Fees)?);
        }
        for growth in doc.claims {
            entries.push(self.growth("claims", growth, Kind::Claims)?);
        }
        for persons in doc.persons {
            entries.push(self.persons(persons)?);
        }
        for identities in doc.identities {
            entries.push(self.identities(identities)?);
        }
        for parameter in doc.parameters {
            entries.push(self.parameter(parameter)?);
        }
        Ok(entries)
    }

    fn policy(&mut self, written: Spanned<String>, as_if: bool) -> Result<Entry, ScenarioError> {
        let place = written.span().start;
        let origin = written.into_inner();
        let base = match self.policies.get(&origin) {
            Some(base) => Arc::clone(base),
            None => {
                let base = if SHIPPED.iter().any(|(id, _)| *id == origin) {
                    Policy::load(&origin).and_then(Base::of)
                } else {
                    // A path counts from the file's folder, and is named as it is written there.
                    let policy = Policy::load(&self.folder.join(&origin).display().to_string());
                    policy.and_then(|policy| Base::of(Policy { origin: origin.clone(), ..policy }))
                };
                let base = Arc::new(base.map_err(|e| self.wrong(place, Problem::Policy(e)))?);
                self.policies.insert(origin.clone(), Arc::clone(&base));
                base
            }
        };
        let label = format!("policy = {origin}{}", if as_if { " (as if)" } else { "" });
        let kind = Kind::Policy { origin: origin.clone(), as_if };
        let change = Change { label, kind, line: self.line(place), loaded: Some(base) };
        Ok(Entry { place, label: "policy".to_owned(), values: vec![(origin, change)] })
    }

    fn set(&self, address: Spanned<String>, values: ValuesDoc) -> Result<Entry, ScenarioError> {
        let place = address.span().start;
        let address = address.into_inner();
        let wrong = |problem: Problem| self.wrong(values.span().start, problem.of(&address));
        if OF_SCENARIOS.contains(&address.as_str()) && values.get_ref().0.iter().all(is_plain) {
            return Err(self.wrong(place, Problem::Misplaced(address)));
        }
        let mut all = Vec::new();
        for value in &values.get_ref().0 {
            match Given::read(value.clone()).map_err(wrong)? {
                Given::Text(text) => all.extend(choice::values(&text).map_err(wrong)?.into_iter().map(Given::Text)),
                other => all.push(other),
            }
            if all.len() > MOST {
                return Err(wrong(Problem::TooManyValues));
            }
        }
        let line = self.line(place);
        let change = |given: Given| {
            let written = given.to_string();
            let value = Setting::of(given);
            let label = value.label(&address);
            (written, Change { label, kind: Kind::Set { address: address.clone(), value }, line, loaded: None })
        };
        if all.is_empty() {
            return Err(wrong(Problem::NoValue));
        }
        Ok(Entry { place, label: address.clone(), values: all.into_iter().map(change).collect() })
    }

    fn growth(&self, what: &str, doc: GrowthDoc, kind: impl Fn(Growth) -> Kind) -> Result<Entry, ScenarioError> {
        let hosp_lv = match doc.hosp_lv {
            Some(levels) => match levels.get_ref().iter().find(|lv| **lv > 3) {
                Some(level) => return Err(self.wrong(levels.span().start, Problem::Level(*level))),
                None => levels.into_inner(),
            },
            None => Vec::new(),
        };
        let (care, hosp_lv) = (sorted(doc.care), sorted(hosp_lv));
        let label = format!("{what}{}", filter(&care, &hosp_lv));
        self.grown(label, &doc.growth, |ppm, _| Ok(kind(Growth { ppm, care: care.clone(), hosp_lv: hosp_lv.clone() })))
    }

    fn persons(&self, doc: PersonsDoc) -> Result<Entry, ScenarioError> {
        let (mut identities, mut none) = (Vec::new(), false);
        let place = doc.identities.as_ref().map_or(0, |written| written.span().start);
        for text in doc.identities.iter().flat_map(Spanned::get_ref) {
            match Identity::parse(text) {
                Some(identity) => identities.push(identity),
                None if text == "none" => none = true,
                None => {
                    let known: Vec<_> = Identity::ALL.iter().map(|i| i.as_str()).collect();
                    return Err(self.wrong(place, Problem::Identity { text: text.clone(), known: known.join(", ") }));
                }
            }
        }
        let identities = sorted(identities);
        let mut names: Vec<&str> = identities.iter().map(|i| i.as_str()).collect();
        names.extend(none.then_some("none"));
        let label = if names.is_empty() { "persons".to_owned() } else { format!("persons({})", names.join(", ")) };
        self.grown(label, &doc.growth, |ppm, text| {
            if ppm % WEIGHT_STEP != 0 {
                let why = both!(
                    "has more than four decimals, and persons are weighted in ten thousandths",
                    "超过四位小数，而人员的权重以万分之一计"
                );
                return Err(Problem::Figure { text: text.to_owned(), why, form: form(GROWTH) });
            }
            Ok(Kind::Persons(Weight { ppm, identities: identities.clone(), none }))
        })
    }

    fn identities(&self, doc: IdentitiesDoc) -> Result<Entry, ScenarioError> {
        let place = doc.from.span().start;
        let (from, to) = (sorted(doc.from.into_inner()), doc.to);
        if from.is_empty() {
            return Err(self.wrong(place, Problem::NobodyBecomes));
        }
        if from.contains(&to) {
            return Err(self.wrong(place, Problem::BecomesItself(to)));
        }
        let names: Vec<&str> = from.iter().map(|i| i.as_str()).collect();
        let label = format!("identities: {} to {to}", names.join(", "));
        let change = Change { label, kind: Kind::Identities { from, to }, line: self.line(place), loaded: None };
        Ok(Entry { place, label: "identities".to_owned(), values: vec![(to.to_string(), change)] })
    }

    fn parameter(&self, doc: ParameterDoc) -> Result<Entry, ScenarioError> {
        let place = doc.parameter.span().start;
        let name = doc.parameter.into_inner();
        let year = doc.year;
        let label = format!("parameter {name}{}", year.map_or(String::new(), |y| format!("({y})")));
        let kind = |to: Dated| Kind::Parameter { name: name.clone(), year, to };
        let mut entry = match (doc.growth, doc.value) {
            (Some(growth), None) => self.grown(label, &growth, |ppm, text| match ppm {
                // Of claims and persons nothing may be left; a value that is nothing is named.
                0 => {
                    let why = both!("leaves nothing of the value", "使该值归零");
                    let form = both!("a growth above -1, or value = \"0\"", "大于 -1 的增长，或 value = \"0\"");
                    Err(Problem::Figure { text: text.to_owned(), why, form })
                }
                _ => Ok(kind(Dated::Growth(ppm))),
            })?,
            (None, Some(value)) => {
                let words = |text: &str| format!("{label} = {text}");
                self.figures(label.clone(), &value, words, |text| yuan(text).map(|fen| kind(Dated::Value(fen))))?
            }
            _ => return Err(self.wrong(place, Problem::GrowthOrValue)),
        };
        // What is wrong with the name is told where the name stands.
        entry.place = place;
        entry.values.iter_mut().for_each(|(_, change)| change.line = self.line(place));
        Ok(entry)
    }

    /// An entry of shares by which something grows.
    fn grown(
        &self,
        label: String,
        growth: &FiguresDoc,
        kind: impl Fn(i64, &str) -> Result<Kind, Problem>,
    ) -> Result<Entry, ScenarioError> {
        let words = |text: &str| {
            let sign = if text.starts_with(['+', '-']) { "" } else { "+" };
            format!("{label} {sign}{text}")
        };
        self.figures(label.clone(), growth, words, |text| kind(factor(text)?, text))
    }

    fn figures(
        &self,
        label: String,
        figures: &FiguresDoc,
        words: impl Fn(&str) -> String,
        kind: impl Fn(&str) -> Result<Kind, Problem>,
    ) -> Result<Entry, ScenarioError> {
        let place = figures.span().start;
        let line = self.line(place);
        let wrong = |problem: Problem| self.wrong(place, problem.of(&label));
        let mut values = Vec::new();
        for Quoted(text) in &figures.get_ref().0 {
            for figure in choice::figures(text).map_err(wrong)? {
                let kind = kind(&figure).map_err(wrong)?;
                let change = Change { label: words(&figure), kind, line, loaded: None };
                values.push((figure, change));
            }
            if values.len() > MOST {
                return Err(wrong(Problem::TooManyValues));
            }
        }
        if values.is_empty() {
            return Err(wrong(Problem::NoValue));
        }
        Ok(Entry { place, label, values })
    }
}

/// The largest growth: a hundredfold. What is beyond is a slip of the pen, and memory would not hold it.
const MOST_GROWTH: i64 = 99;
/// Persons are weighted in ten thousandths.
const WEIGHT_STEP: i64 = 100;
/// How a growth is written.
const GROWTH: [&str; 2] = [
    "a growth as a share of 1 in quotes, such as \"0.06\" for 6 %, from -1 (none is left) to 99",
    "加引号的增长比例，例如 \"0.06\"（即 6 %），从 -1（归零）至 99",
];
/// Keys of a scenario itself. TOML reads them as addresses where they stand below [scenario.set].
const OF_SCENARIOS: [&str; 4] = ["id", "title", "policy", "as_if"];
/// How an amount is written.
pub(super) const AMOUNT: [&str; 2] =
    ["yuan in quotes such as \"1500000\" or \"12.50\"", "加引号的金额（元），例如 \"1500000\" 或 \"12.50\""];

/// How something is written, in both languages.
pub(super) fn form([en, zh]: [&str; 2]) -> Both {
    Both { en: en.to_owned(), zh: zh.to_owned() }
}

/// A growth as a factor in millionths; 0 where none is left.
fn factor(text: &str) -> Result<i64, Problem> {
    let bad = |why: Both| written(text, why, GROWTH);
    let none = || bad(both!("is no growth", "不是增长比例"));
    let growth = choice::number(text).ok_or_else(none)?;
    if growth < Decimal::NEGATIVE_ONE {
        return Err(bad(both!("leaves less than nothing", "使其小于零")));
    }
    if growth > Decimal::from(MOST_GROWTH) {
        return Err(bad(both!("is more than a hundredfold", "超过百倍")));
    }
    let millionths = ((growth + Decimal::ONE) * Decimal::from(PPM)).normalize();
    if millionths.scale() != 0 {
        return Err(bad(both!("has more than six decimals", "超过六位小数")));
    }
    i64::try_from(millionths).map_err(|_| none())
}

/// Yuan that are not negative, in fen.
pub(super) fn yuan(text: &str) -> Result<i64, Problem> {
    match fen::parse_yuan(text) {
        Ok(fen) if fen < 0 => Err(written(text, both!("is below 0", "小于 0"), AMOUNT)),
        Ok(fen) => Ok(fen),
        Err(e) => {
            let why = Both { en: format!("is no amount: {e}"), zh: format!("不是金额：{}", e.label()) };
            Err(written(text, why, AMOUNT))
        }
    }
}

/// The error of a figure, with what it was probably meant to be.
fn written(text: &str, why: Both, [en, zh]: [&str; 2]) -> Problem {
    let form = match slip::meant(text) {
        None => form([en, zh]),
        Some(meant) => both!("{meant}: {en}", "{meant}：{zh}"),
    };
    Problem::Figure { text: text.to_owned(), why, form }
}

/// Whether a value is one that keys of a scenario have.
fn is_plain(value: &toml::Value) -> bool {
    matches!(value, toml::Value::String(_) | toml::Value::Boolean(_))
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all.dedup();
    all
}

/// What claims are meant: `(inpatient, level 3)`, or nothing for all.
fn filter(care: &[Care], hosp_lv: &[u8]) -> String {
    let care = care.iter().map(|c| c.as_str().to_owned());
    let all: Vec<String> = care.chain(hosp_lv.iter().map(|lv| format!("level {lv}"))).collect();
    if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
}

/// The labels of a scenario's entries; a repeated one gets a number, in the order written.
pub(super) fn axis_labels(entries: &[Entry]) -> Vec<String> {
    let mut written: Vec<usize> = (0..entries.len()).collect();
    written.sort_by_key(|n| entries[*n].place);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut labels = vec![String::new(); entries.len()];
    for n in written {
        let count = seen.entry(&entries[n].label).or_insert(0);
        *count += 1;
        let label = &entries[n].label;
        labels[n] = if *count == 1 { label.clone() } else { format!("{label} {count}") };
    }
    labels
}
