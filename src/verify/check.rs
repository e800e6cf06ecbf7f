//! What is checked, whether it holds, and what was found against it.

use crate::lang::{Both, Lang};
use serde::Serialize;
use std::collections::BTreeMap;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not; the findings say where.
    DoesNotHold,
    /// It could not be looked at; the note says why.
    NotChecked,
}

impl Verdict {
    /// In words.
    pub fn label(self, lang: Lang) -> String {
        match self {
            Verdict::Holds => lang.term("成立", "holds"),
            Verdict::DoesNotHold => lang.term("不成立", "does not hold"),
            Verdict::NotChecked => lang.term("未核对", "not checked"),
        }
    }
}

/// Something that does not hold: where, what is stated and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// File, input or value.
    pub place: String,
    /// Row of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psn_no: Option<String>,
    /// The claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setl_id: Option<String>,
    /// The column or figure.
    pub column: String,
    /// What stands there.
    pub stated: String,
    /// What it should be, or was found to be.
    pub found: String,
}

impl Finding {
    /// The finding in Chinese.
    pub fn zh(&self) -> String {
        let Self { place, row, psn_no, setl_id, column, stated, found } = self;
        let row = row.map_or_else(String::new, |n| format!(" 第 {n} 行"));
        let person = psn_no.as_ref().map_or_else(String::new, |id| format!("，人员 {id}"));
        let claim = setl_id.as_ref().filter(|_| psn_no.is_some()).map_or_else(String::new, |id| format!("，结算 {id}"));
        format!("{place}{row}{person}{claim}，{column}：所载 {stated}，实为 {found}")
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)?;
        if let Some(row) = self.row {
            write!(f, " row {row}")?;
        }
        match (&self.psn_no, &self.setl_id) {
            (Some(person), Some(claim)) => write!(f, ", person {person}, claim {claim}")?,
            (Some(person), None) => write!(f, ", person {person}")?,
            _ => {}
        }
        write!(f, ", {}: stated {}, found {}", self.column, self.stated, self.found)
    }
}

/// Findings that are kept of one check; the others are counted.
const KEPT: usize = 8;

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What is checked, in Chinese.
    pub label: &'static str,
    /// What is checked.
    pub what: String,
    /// The file, policy or input of the label that it is about; empty where the label says all.
    #[serde(skip)]
    pub about: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Rows, bytes or figures that were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<u64>,
    /// Why it was not checked, or what was left out.
    #[serde(skip_serializing_if = "Both::is_empty")]
    pub note: Both,
    /// The first findings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// All findings.
    pub found: u64,
}

impl Check {
    /// A check that nothing was found against so far.
    pub fn new(label: &'static str, what: impl Into<String>) -> Self {
        Self {
            label,
            what: what.into(),
            about: String::new(),
            verdict: Verdict::Holds,
            looked_at: Some(0),
            note: Both::default(),
            findings: Vec::new(),
            found: 0,
        }
    }

    /// The same of this file, policy or input.
    pub fn about(self, name: impl Into<String>) -> Self {
        Self { about: name.into(), ..self }
    }

    /// The same, where it could not be made.
    pub fn not_made(self, why: Both) -> Self {
        Self { verdict: Verdict::NotChecked, looked_at: None, note: why, ..self }
    }

    /// One more row, byte or figure was looked at.
    pub fn look(&mut self, number: u64) {
        self.looked_at = Some(self.looked_at.unwrap_or(0) + number);
    }

    /// Something was found against it.
    pub fn find(&mut self, finding: impl FnOnce() -> Finding) {
        self.verdict = Verdict::DoesNotHold;
        self.found += 1;
        if self.findings.len() < KEPT {
            self.findings.push(finding());
        }
    }

    /// A figure that should be another.
    pub fn expect<T: PartialEq>(
        &mut self,
        stated: T,
        found: T,
        show: impl Fn(&T) -> String,
        place: impl FnOnce() -> Finding,
    ) {
        if stated != found {
            self.find(|| Finding { stated: show(&stated), found: show(&found), ..place() });
        }
    }
}

/// A file's rows of one person, as text: column and value, nulls left out.
pub type PersonRows = Vec<serde_json::Map<String, serde_json::Value>>;

/// Everything that was checked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Ids of the policies, comma-separated.
    pub policy: String,
    /// Version of the program that made the run.
    pub made_by: String,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// The replayed person's rows by file, where one was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, PersonRows>,
    /// The replayed person's year in words, in Chinese and in English.
    #[serde(skip)]
    pub story: Option<[String; 2]>,
}

impl Report {
    /// Notes what the folder says of itself.
    pub fn note_run(&mut self, policy: &str, version: &str) {
        policy.clone_into(&mut self.policy);
        version.clone_into(&mut self.made_by);
    }

    /// Adds a check.
    pub fn push(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Adds a check that could not be made.
    pub fn not_checked(&mut self, label: &'static str, what: impl Into<String>, why: Both) {
        self.push(Check::new(label, what).not_made(why));
    }

    /// Whether nothing was found against the folder.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|c| c.verdict != Verdict::DoesNotHold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_file_row_person_claim_column_and_both_figures() {
        let finding = Finding {
            place: "settlement.parquet".into(),
            row: Some(7),
            psn_no: Some("P1".into()),
            setl_id: Some("S1".into()),
            column: "ma_pay".into(),
            stated: "2.00".into(),
            found: "1.00".into(),
        };
        let told = "settlement.parquet row 7, person P1, claim S1, ma_pay: stated 2.00, found 1.00";
        assert_eq!(finding.to_string(), told);
        let zh = "settlement.parquet 第 7 行，人员 P1，结算 S1，ma_pay：所载 2.00，实为 1.00";
        assert_eq!(finding.zh(), zh);
    }

    #[test]
    fn a_report_holds_while_nothing_was_found_and_keeps_only_the_first_findings() {
        let mut report = Report::default();
        report.not_checked("", "something", Both::foreign("it is not there"));
        assert!(report.holds());
        let mut check = Check::new("", "figures");
        for _ in 0..20 {
            check.expect(1, 2, i32::to_string, Finding::default);
        }
        assert_eq!((check.found, check.findings.len()), (20, KEPT));
        report.push(check);
        assert!(!report.holds());
    }
}
