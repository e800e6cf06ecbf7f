//! The scenarios file as it is written, strict. Nothing is resolved here; [`super::scenario`] expands it.

use crate::model::codes::{Care, Identity};
use crate::policy::value::Amount;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use toml::Spanned;

/// A whole scenarios file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What a person's burden is held against.
    pub burden: Option<BurdenDoc>,
    /// What funds have.
    #[serde(default)]
    pub fund: Vec<FundDoc>,
    /// The scenarios.
    #[serde(default)]
    pub scenario: Vec<ScenarioDoc>,
}

/// What a person's burden is held against.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurdenDoc {
    /// The income.
    pub income: Spanned<Amount>,
}

/// What a fund has in a year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundDoc {
    /// The fund, by the name that the outputs use.
    pub fund: Spanned<String>,
    /// Residents who are counted.
    pub residents: u64,
    /// What is raised for each.
    pub per_resident: Spanned<Amount>,
    /// Further yuan a year.
    pub other: Option<Spanned<String>>,
}

/// A scenario, or a grid of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioDoc {
    /// Name, unique in the file.
    pub id: Spanned<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Another policy: id, or path from the file's folder.
    pub policy: Option<Spanned<String>>,
    /// That policy also outside its dates.
    pub as_if: Option<Spanned<bool>>,
    /// Values of the policy, by address.
    #[serde(default)]
    pub set: SetDoc,
    /// Fees that grow.
    #[serde(default)]
    pub fees: Vec<GrowthDoc>,
    /// More or fewer claims.
    #[serde(default)]
    pub claims: Vec<GrowthDoc>,
    /// More or fewer persons.
    #[serde(default)]
    pub persons: Vec<PersonsDoc>,
    /// Identities that become others.
    #[serde(default)]
    pub identities: Vec<IdentitiesDoc>,
    /// Dated values.
    #[serde(default)]
    pub parameters: Vec<ParameterDoc>,
}

/// Values by address, in the order written.
#[derive(Debug, Default)]
pub struct SetDoc(pub Vec<(Spanned<String>, ValuesDoc)>);

/// One value or a list of values, with where it stands.
pub type ValuesDoc = Spanned<OneOrMany<toml::Value>>;

/// One figure in quotes, or a list of them, with where it stands.
pub type FiguresDoc = Spanned<OneOrMany<Quoted>>;

/// One, or a list.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

/// A figure in quotes.
#[derive(Clone, Debug)]
pub struct Quoted(pub String);

/// Growth of matching claims or of their fees.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthDoc {
    /// Share by which they grow.
    pub growth: FiguresDoc,
    /// Care kinds; empty = all.
    #[serde(default)]
    pub care: Vec<Care>,
    /// Hospital levels, 0 = none; empty = all.
    pub hosp_lv: Option<Spanned<Vec<u8>>>,
}

/// More or fewer persons.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonsDoc {
    /// Share by which they grow.
    pub growth: FiguresDoc,
    /// Identities, `none` = without one; empty = all.
    pub identities: Option<Spanned<Vec<String>>>,
}

/// Identities that become another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitiesDoc {
    /// Those on the roster.
    pub from: Spanned<Vec<Identity>>,
    /// What the roster would say instead.
    pub to: Identity,
}

/// A dated value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterDoc {
    /// Its name.
    pub parameter: Spanned<String>,
    /// Share by which it grows.
    pub growth: Option<FiguresDoc>,
    /// Or what it becomes.
    pub value: Option<FiguresDoc>,
    /// Only that year's value.
    pub year: Option<i32>,
}

struct SetVisitor;

impl<'de> Visitor<'de> for SetVisitor {
    type Value = SetDoc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("addresses of a policy with their values, such as \"ma.A.ratio\" = \"0.75\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SetDoc, A::Error> {
        let mut all: Vec<(Spanned<String>, ValuesDoc)> = Vec::new();
        while let Some(entry) = map.next_entry()? {
            all.push(entry);
        }
        // The parser hands tables out by name.
        all.sort_by_key(|(address, _)| address.span().start);
        Ok(SetDoc(all))
    }
}

impl<'de> Deserialize<'de> for SetDoc {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(SetVisitor)
    }
}

impl<'de> Deserialize<'de> for OneOrMany<toml::Value> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // An array is a list of values; a value that is itself an array stands in a list of its own.
        Ok(match toml::Value::deserialize(d)? {
            toml::Value::Array(all) => OneOrMany(all),
            one => OneOrMany(vec![one]),
        })
    }
}

struct QuotedVisitor;

impl Visitor<'_> for QuotedVisitor {
    type Value = Quoted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a figure in quotes, such as \"0.05\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Quoted, E> {
        Ok(Quoted(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Quoted {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(QuotedVisitor)
    }
}

struct FiguresVisitor;

impl<'de> Visitor<'de> for FiguresVisitor {
    type Value = OneOrMany<Quoted>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a figure in quotes such as \"0.05\", a range \"0.00..0.10 step 0.05\", or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany<Quoted>, E> {
        Ok(OneOrMany(vec![Quoted(text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<Quoted>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        Ok(OneOrMany(all))
    }
}

impl<'de> Deserialize<'de> for OneOrMany<Quoted> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(FiguresVisitor)
    }
}
