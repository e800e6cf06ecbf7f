//! Which policy a claim or a year was settled under, as the manifest and the outputs tell it.

use super::read::{ExplainError, Row};
use crate::lang::{Both, Lang};
use serde_json::Value;
use std::path::Path;

/// The policies of a run, in the order of their dates.
pub struct Policies {
    all: Vec<Policy>,
    /// The outputs tell a claim's year, but not the day that decided it.
    by_year: bool,
}

/// A policy of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Number and title of its document, and its id.
    pub title: String,
    from: String,
    until: Option<String>,
}

impl Policies {
    /// Those that a run's manifest names.
    ///
    /// # Errors
    /// [`ExplainError`]: no run's folder, or a damaged one.
    pub fn of(dir: &Path) -> Result<Self, ExplainError> {
        let path = dir.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(|source| ExplainError::Io { path: path.clone(), source })?;
        let json: Value =
            serde_json::from_str(&text).map_err(|e| ExplainError::Damaged { path, message: Both::foreign(e) })?;
        Ok(Self::in_manifest(&json))
    }

    fn in_manifest(json: &Value) -> Self {
        let all = match json["policies"].as_array() {
            Some(several) => several.iter().map(Policy::of).collect(),
            None => vec![Policy::of(&json["policy"])],
        };
        Self { all, by_year: json["policies"][0]["year_by"] == "enddate" }
    }

    /// Whether there is more than one.
    pub fn several(&self) -> bool {
        self.all.len() > 1
    }

    /// A line for each; with their dates where there are several.
    pub fn lines(&self, lang: Lang) -> String {
        let line = |policy: &Policy| {
            let dates = if self.several() { lang.dates(&policy.from, policy.until.as_deref()) } else { String::new() };
            format!("{}{dates}\n", policy.title)
        };
        self.all.iter().map(line).collect()
    }

    /// Those in force in a year.
    pub fn of_year(&self, year: i32) -> Vec<&Policy> {
        // Dates as text sort like dates.
        let (first, last) = (format!("{year:04}-01-01"), format!("{year:04}-12-31"));
        let reaches = |p: &&Policy| p.from <= last && p.until.as_ref().is_none_or(|until| *until >= first);
        self.all.iter().filter(reaches).collect()
    }

    /// The one that a claim was settled under; several where the outputs leave it open.
    pub fn of_claim(&self, row: &Row<'_>) -> Vec<&Policy> {
        if self.by_year {
            self.of_year(row.int("benefit_year").unwrap_or_default())
        } else {
            self.of_day(&row.time("setl_time"))
        }
    }

    fn of_day(&self, time: &str) -> Vec<&Policy> {
        let day = time.split(' ').next().unwrap_or_default();
        let covers = |p: &&Policy| *p.from <= *day && p.until.as_ref().is_none_or(|until| **until >= *day);
        self.all.iter().filter(covers).collect()
    }
}

impl Policy {
    fn of(json: &Value) -> Self {
        let get = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        Self {
            id: get("id"),
            title: format!("{} {} ({})", get("document"), get("title"), get("id")),
            from: get("from"),
            until: json["until"].as_str().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies() -> Policies {
        let policy = |id: &str, from: &str, until: Option<&str>| serde_json::json!({ "id": id, "title": "T", "document": "D", "from": from, "until": until });
        let all = [policy("a", "2022-01-01", Some("2023-06-30")), policy("b", "2023-07-01", None)];
        Policies::in_manifest(&serde_json::json!({ "policy": all[1], "policies": all }))
    }

    fn ids(found: Vec<&Policy>) -> String {
        found.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn days_and_years_find_their_policies() {
        let policies = policies();
        let days = ["2021-12-31 23:59:59", "2022-01-01 00:00:00", "2023-06-30 23:59:59", "2023-07-01 00:00:00"];
        assert_eq!(days.map(|day| ids(policies.of_day(day))), ["", "a", "a", "b"]);
        assert_eq!([2021, 2022, 2023, 2024].map(|year| ids(policies.of_year(year))), ["", "a", "a b", "b"]);
        assert_eq!(policies.lines(Lang::En), "D T (a), 2022-01-01 to 2023-06-30\nD T (b), from 2023-07-01\n");
    }

    #[test]
    fn one_policy_is_told_without_its_dates() {
        let one = serde_json::json!({ "policy": { "id": "a", "title": "T", "document": "D", "from": "2022-01-01" } });
        let one = Policies::in_manifest(&one);
        assert!(!one.several());
        assert_eq!(one.lines(Lang::Zh), "D T (a)\n");
    }
}
