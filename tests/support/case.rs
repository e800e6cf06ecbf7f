//! The worked cases as they are written down in `tests/cases`: whole runs that a clerk can check.

use super::contract::{ROSTER, kind_of, settlement_money};
use super::table::{self, Row};
use serde::Deserialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The policy of every case that names none itself.
    policy: Option<String>,
    /// The cases.
    case: Vec<Case>,
    /// Where the file lies; policies are named relative to it.
    #[serde(skip)]
    folder: PathBuf,
}

/// A whole run with what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is about.
    pub name: String,
    /// Where the figures stand.
    pub clause: String,
    /// How they come about, in words.
    pub arithmetic: String,
    policy: Option<String>,
    /// Whether the policy is applied outside its dates.
    #[serde(default)]
    pub as_if: bool,
    subsidy_date: Option<String>,
    roster: Option<Rows>,
    ledger: Rows,
    settlement: Rows,
    alerts: Option<Rows>,
    subsidies: Option<Rows>,
    persons: Option<Rows>,
    rejects: Option<Rows>,
    #[serde(default)]
    value: Vec<toml::Table>,
    #[serde(default)]
    schedule: Vec<toml::Table>,
}

impl CaseFile {
    /// Reads a file under `tests/cases`.
    ///
    /// # Panics
    /// Where it cannot be read, with line and column.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut file: Self = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        file.folder = path.parent().expect("a file lies in a folder").to_owned();
        file
    }

    /// The cases, each with the policy as `--policy` takes it: an id, or the path of a file.
    pub fn cases(&self) -> impl Iterator<Item = (&Case, String)> {
        self.case.iter().map(|case| (case, self.policy_of(case)))
    }

    fn policy_of(&self, case: &Case) -> String {
        let named = case.policy.as_ref().or(self.policy.as_ref());
        let named = named.unwrap_or_else(|| panic!("{}: neither the case nor its file names a policy", case.name));
        if named.ends_with(".toml") { self.folder.join(named).display().to_string() } else { named.clone() }
    }
}

impl Case {
    /// Rows of the ledger.
    pub fn ledger(&self) -> &[Row] {
        &self.ledger.0
    }

    /// Writes the ledger as Parquet.
    pub fn write_ledger(&self, path: &Path) {
        table::write(path, &table::columns_of(&self.ledger.0), &self.ledger.0);
    }

    /// Writes the roster as Parquet; `false` where the case has none.
    pub fn write_roster(&self, path: &Path) -> bool {
        let Some(Rows(rows)) = &self.roster else { return false };
        // A roster without rows still has its columns.
        let columns: Vec<_> = ROSTER.iter().map(|c| (*c, kind_of(c).expect("a column of the roster"))).collect();
        assert!(table::columns_of(rows).iter().all(|(c, _)| ROSTER.contains(&c.as_str())), "{}: roster", self.name);
        table::write(path, &columns, rows);
        true
    }

    /// The dated values that depart from the shipped ones, in the form of a parameters file.
    pub fn params(&self) -> Option<String> {
        let mut text = String::new();
        if let Some(date) = &self.subsidy_date {
            writeln!(text, "subsidy_date = \"{date}\"").expect("text");
        }
        let values = self.value.iter().map(|v| ("value", v));
        for (heading, entry) in values.chain(self.schedule.iter().map(|s| ("schedule", s))) {
            writeln!(text, "\n[[{heading}]]").expect("text");
            for (key, value) in entry {
                writeln!(text, "{key} = {}", literal(value)).expect("text");
            }
        }
        (!text.is_empty()).then_some(text)
    }

    /// Every expected row of the settlement, with what goes without saying filled in.
    pub fn settlement(&self) -> Vec<Row> {
        self.settlement.0.iter().map(|row| self.whole(row)).collect()
    }

    /// Every expected row of the alerts, where the case states them.
    pub fn alerts(&self) -> Option<Vec<Row>> {
        self.alerts.as_ref().map(|rows| rows.0.clone())
    }

    /// Every expected row of the subsidies, where the case states them.
    pub fn subsidies(&self) -> Option<Vec<Row>> {
        let mut rows = self.subsidies.as_ref()?.0.clone();
        for row in &mut rows {
            row.entry("own_part".into()).or_insert_with(|| "0".into());
        }
        Some(rows)
    }

    /// Every expected row of the persons, where the case states them.
    pub fn persons(&self) -> Option<Vec<Row>> {
        self.persons.as_ref().map(|rows| rows.0.clone())
    }

    /// Every expected row of the rejects, where the case states them.
    pub fn rejects(&self) -> Option<Vec<Row>> {
        self.rejects.as_ref().map(|rows| rows.0.clone())
    }

    /// Time, insurance type and care come from the ledger, the years from the time; money is 0.
    fn whole(&self, stated: &Row) -> Row {
        let mut row = stated.clone();
        let record = self.record_of(stated);
        for column in ["setl_time", "insutype", "care"] {
            if let Some(value) = record.get(column) {
                row.entry(column.into()).or_insert_with(|| value.clone());
            }
        }
        let year = row["setl_time"][..4].to_owned();
        let benefit_year = row.entry("benefit_year".into()).or_insert(year).clone();
        row.entry("charge_year".into()).or_insert(benefit_year);
        for column in settlement_money() {
            row.entry((*column).into()).or_insert_with(|| "0".into());
        }
        row
    }

    /// The ledger row that an expected row is about; a time, if stated, tells duplicates apart.
    fn record_of(&self, stated: &Row) -> &Row {
        let same = |record: &&Row| {
            ["psn_no", "setl_id"].iter().all(|c| record.get(*c) == stated.get(*c))
                && stated.get("setl_time").is_none_or(|t| record.get("setl_time") == Some(t))
        };
        self.ledger.0.iter().find(same).unwrap_or_else(|| panic!("{}: no ledger row for {stated:?}", self.name))
    }
}

/// Rows of plain values, each kept as the text that it is.
#[derive(Debug)]
struct Rows(Vec<Row>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let tables = Vec::<toml::Table>::deserialize(d)?;
        let row = |table: toml::Table| -> Result<Row, D::Error> {
            table.into_iter().map(|(column, value)| Ok((column, plain(value)?))).collect()
        };
        tables.into_iter().map(row).collect::<Result<_, _>>().map(Rows)
    }
}

fn plain<E: serde::de::Error>(value: toml::Value) -> Result<String, E> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        toml::Value::Datetime(moment) => Ok(moment.to_string()),
        other => Err(E::custom(format!("a {} cannot stand in a row; write amounts in quotes", other.type_str()))),
    }
}

/// A value as TOML. The crate is built without the writer of `toml`.
fn literal(value: &toml::Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        toml::Value::String(text) => serde_json::to_string(text).expect("text is JSON"),
        toml::Value::Array(values) => format!("[{}]", joined(values.iter().map(literal).collect())),
        toml::Value::Table(table) => {
            format!("{{ {} }}", joined(table.iter().map(|(k, v)| format!("{k} = {}", literal(v))).collect()))
        }
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        other => panic!("a {} has no place among parameters", other.type_str()),
    }
}
