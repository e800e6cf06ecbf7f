//! What findings add up to: by cause, by area of treatment and institution, by identity.

use super::cause::Cause;
use crate::model::fen;
use serde::Serialize;
use std::collections::BTreeMap;

/// Money and number of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Persons and years with it.
    pub person_years: u64,
    /// Paid too much, in fen.
    pub too_much: i128,
    /// Paid too little, in fen.
    pub too_little: i128,
}

impl Line {
    /// Adds an amount, paid less due.
    pub fn add(&mut self, fen: i64) {
        if fen > 0 {
            self.too_much += i128::from(fen);
        } else {
            self.too_little -= i128::from(fen);
        }
    }

    fn merge(&mut self, other: &Line) {
        self.person_years += other.person_years;
        self.too_much += other.too_much;
        self.too_little += other.too_little;
    }
}

impl Serialize for Line {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut line = s.serialize_struct("Line", 3)?;
        line.serialize_field("person_years", &self.person_years)?;
        line.serialize_field("paid_too_much", &fen::to_yuan(self.too_much))?;
        line.serialize_field("paid_too_little", &fen::to_yuan(self.too_little))?;
        line.end()
    }
}

/// Sums of a reconciliation.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// By cause.
    pub by_cause: BTreeMap<&'static str, Line>,
    /// By area of treatment of the claims whose payment differs; `unattributed` where no claim is known.
    pub by_area: BTreeMap<String, Line>,
    /// By institution of those claims, where the ledger has the column `fixmedins_code`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_institution: BTreeMap<String, Line>,
    /// By the identity preferred in the year; `none` where there is none.
    pub by_identity: BTreeMap<String, Line>,
    /// Everything.
    pub all: Line,
    /// Persons and years whose causes reproduce what was paid to the fen.
    pub exact: u64,
    /// Of them, those that other causes reproduce as well.
    pub ambiguous: u64,
}

/// Where what no claim shows is counted.
pub const UNATTRIBUTED: &str = "unattributed";
/// The area of care at home.
pub const LOCAL: &str = "local";
/// The area of claims whose code is no number.
pub const ELSEWHERE: &str = "other";
/// Persons without an identity.
pub const NOBODY: &str = "none";

impl Totals {
    /// Counts a person and year, by the identity preferred in it.
    pub fn person_year(&mut self, identity: &str, exact: bool, ambiguous: bool) {
        self.all.person_years += 1;
        self.exact += u64::from(exact);
        self.ambiguous += u64::from(ambiguous);
        self.by_identity.entry(identity.to_owned()).or_default().person_years += 1;
    }

    /// Counts a person and year with a cause.
    pub fn cause(&mut self, cause: Cause) {
        self.by_cause.entry(cause.as_str()).or_default().person_years += 1;
    }

    /// Adds what a cause moved in a fund, paid less due.
    pub fn amount(&mut self, cause: Cause, identity: &str, fen: i64) {
        self.all.add(fen);
        self.by_cause.entry(cause.as_str()).or_default().add(fen);
        self.by_identity.entry(identity.to_owned()).or_default().add(fen);
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: &Totals) {
        for (cause, line) in &other.by_cause {
            self.by_cause.entry(cause).or_default().merge(line);
        }
        let maps = [
            (&mut self.by_area, &other.by_area),
            (&mut self.by_institution, &other.by_institution),
            (&mut self.by_identity, &other.by_identity),
        ];
        for (mine, theirs) in maps {
            for (name, line) in theirs {
                mine.entry(name.clone()).or_default().merge(line);
            }
        }
        self.all.merge(&other.all);
        self.exact += other.exact;
        self.ambiguous += other.ambiguous;
    }
}
