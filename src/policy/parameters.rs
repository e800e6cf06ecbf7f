//! Dated values that the policy texts only point to (SPEC 4): incomes, contributions, base schedules.

use super::document::Date;
use super::error::PolicyError;
use super::value::{Ratio, yuan_in_quotes};
use crate::lang::{self, Both, both};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod altered;

pub use altered::NotAltered;

/// The parameters that are shipped.
pub const SHIPPED: &str = include_str!("../../data/parameters.toml");

/// How well a value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// From the publication itself.
    Confirmed,
    /// From a copy or the press: a run that uses it says so.
    Reported,
    /// Only lets a policy be tried out: a run that uses it warns, and `--strict` refuses it.
    Illustrative,
    /// Given by the user.
    #[default]
    User,
}

impl Standing {
    /// In Chinese, as it stands before a value.
    pub fn label(self) -> &'static str {
        match self {
            Standing::Confirmed => "经公布确认",
            Standing::Reported => "仅见于转载或报道",
            Standing::Illustrative => "仅供试用",
            Standing::User => "用户给出",
        }
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Standing::Confirmed => "confirmed",
            Standing::Reported => "reported",
            Standing::Illustrative => "illustrative",
            Standing::User => "user",
        })
    }
}

/// A parameters file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    subsidy_date: Option<String>,
    #[serde(default)]
    value: Vec<Value>,
    #[serde(default)]
    schedule: Vec<BaseSchedule>,
}

/// A dated amount.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Its name.
    #[serde(deserialize_with = "super::value::name")]
    pub parameter: String,
    /// Its year; none = any year.
    pub year: Option<i32>,
    /// The amount in fen; written as yuan in quotes.
    #[serde(deserialize_with = "yuan_in_quotes")]
    pub value: i64,
    /// How well it is known.
    #[serde(default)]
    pub status: Standing,
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// The day of its publication; none = it was always known.
    pub published_on: Option<Date>,
}

/// A base schedule of the catastrophic insurance, that a policy tilts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseSchedule {
    /// Its name.
    #[serde(deserialize_with = "super::value::name")]
    pub parameter: String,
    /// Its year; none = any year.
    pub year: Option<i32>,
    /// `true` takes a shipped schedule away; everyone is then carried as recorded.
    #[serde(default)]
    pub unset: bool,
    /// Deductible, in fen.
    #[serde(default, deserialize_with = "yuan_in_quotes")]
    pub deductible: i64,
    /// Brackets, bottom up; the first begins at the deductible.
    #[serde(default)]
    pub brackets: Vec<BaseBracket>,
    /// Annual cap; none = no cap.
    #[serde(default, deserialize_with = "optional_yuan")]
    pub cap: Option<i64>,
    /// How well it is known.
    #[serde(default)]
    pub status: Standing,
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// The day of its publication; none = it was always known.
    pub published_on: Option<Date>,
}

/// A bracket of a base schedule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseBracket {
    /// Lower edge; the first one's default is the deductible.
    #[serde(default, deserialize_with = "optional_yuan")]
    pub from: Option<i64>,
    /// Upper edge; none = open.
    #[serde(default, deserialize_with = "optional_yuan")]
    pub to: Option<i64>,
    /// Share that is paid.
    pub ratio: Ratio,
}

fn optional_yuan<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    yuan_in_quotes(d).map(Some)
}

/// A value that a run used, for the manifest and the warnings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Used {
    /// Name of the parameter.
    pub parameter: String,
    /// Its year.
    pub year: Option<i32>,
    /// The value in words.
    pub value: String,
    /// How well it is known.
    pub status: Standing,
    /// Where it comes from.
    pub source: String,
    /// The day of its publication, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_on: Option<String>,
}

impl Used {
    /// The value with its name and year.
    pub fn in_words(&self) -> String {
        let Used { parameter, year, value, .. } = self;
        format!("{parameter}{} = {value}", year.map_or(String::new(), |year| format!(" {year}")))
    }

    /// The same, and how well it is known.
    pub fn with_status(&self) -> String {
        format!("{} ({})", self.in_words(), self.status)
    }
}

impl From<&Value> for Used {
    fn from(value: &Value) -> Self {
        Used {
            parameter: value.parameter.clone(),
            year: value.year,
            value: crate::model::fen::to_text(value.value),
            status: value.status,
            source: value.source.clone(),
            published_on: value.published_on.map(|d| d.to_string()),
        }
    }
}

/// What a value is found by: its name and its year (none = any year).
type Key = (String, Option<i32>);

/// All dated values, the user's laid over the shipped ones.
#[derive(Clone, Debug)]
pub struct Parameters {
    values: BTreeMap<Key, Value>,
    schedules: BTreeMap<Key, BaseSchedule>,
    /// Only what was published by this day is known; none = everything.
    pub as_of: Option<i32>,
    /// What was published later, and on which day first.
    later: BTreeMap<Key, i32>,
    /// Month and day on which the identity decides the contribution subsidy (R13).
    pub subsidy_date: (u32, u32),
    /// The documents' texts, in the order laid, for the digest.
    pub texts: Vec<String>,
    /// Path of the user's file as given, if there is one.
    pub path: Option<String>,
}

impl Parameters {
    /// The shipped values alone.
    ///
    /// # Errors
    /// Only if the shipped file itself is faulty, which a test excludes.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::with_file(None)
    }

    /// The shipped values with a user's file over them, value by value.
    ///
    /// # Errors
    /// [`PolicyError`]: unreadable file, unknown key, malformed value.
    pub fn with_file(path: Option<&Path>) -> Result<Self, PolicyError> {
        Self::with_file_as_of(path, None)
    }

    /// The same without what was published after a day; none leaves nothing out.
    ///
    /// # Errors
    /// [`PolicyError`]: unreadable file, unknown key, malformed value.
    pub fn with_file_as_of(path: Option<&Path>, as_of: Option<i32>) -> Result<Self, PolicyError> {
        let mut parameters = Parameters {
            values: BTreeMap::new(),
            schedules: BTreeMap::new(),
            as_of,
            later: BTreeMap::new(),
            subsidy_date: (1, 1),
            texts: Vec::new(),
            path: None,
        };
        parameters.lay("the shipped parameters", SHIPPED)?;
        if let Some(path) = path {
            let text =
                std::fs::read_to_string(path).map_err(|source| PolicyError::Io { path: path.to_owned(), source })?;
            let name = path.display().to_string();
            parameters.lay(&name, &text)?;
            parameters.path = Some(name);
        }
        Ok(parameters)
    }

    /// Lays a document over what is there.
    ///
    /// # Errors
    /// [`PolicyError::Syntax`] with line and column; [`PolicyError::BadParameter`] for the same value twice.
    pub fn lay(&mut self, name: &str, text: &str) -> Result<(), PolicyError> {
        let syntax = |message: Both| PolicyError::Syntax { name: name.to_owned(), message };
        let document: Document = toml::from_str(text).map_err(|e| syntax(lang::toml(&e.to_string())))?;
        if let Some(date) = &document.subsidy_date {
            self.subsidy_date = parse_month_day(date).ok_or_else(|| {
                syntax(both!(
                    "subsidy_date = \"{date}\": expected month and day such as \"01-01\"",
                    "subsidy_date = \"{date}\"：应为月和日，例如 \"01-01\""
                ))
            })?;
        }
        document.schedule.iter().filter(|s| !s.unset).try_for_each(check_schedule)?;
        let values = self.newest(document.value)?;
        self.values.extend(values);
        for (key, schedule) in self.newest(document.schedule)? {
            if schedule.unset {
                self.schedules.remove(&key);
            } else {
                self.schedules.insert(key, schedule);
            }
        }
        self.texts.push(text.to_owned());
        Ok(())
    }

    /// Of the entries of one parameter and year, the one published last by the day that counts; those
    /// without a date were always known, and so come first.
    fn newest<T: Dated>(&mut self, entries: Vec<T>) -> Result<BTreeMap<Key, T>, PolicyError> {
        let (mut seen, mut newest) = (BTreeSet::new(), BTreeMap::<Key, T>::new());
        for entry in entries {
            let (key, published_on) = (entry.key(), entry.published_on());
            if !seen.insert((key.clone(), published_on)) {
                let year = key.1.map_or_else(Both::default, |y| both!(" for {y}", " {y} 年的值"));
                let day = published_on
                    .map_or_else(Both::default, |d| both!(", both times published on {d},", "（公布日期均为 {d}）"));
                let problem = Both {
                    en: format!("stands twice{}{} in one file", year.en, day.en),
                    zh: format!("同一文件中{}{}出现两次", year.zh, day.zh),
                };
                return Err(PolicyError::BadParameter { parameter: key.0, problem });
            }
            match published_on {
                Some(Date(day)) if self.as_of.is_some_and(|last| day > last) => {
                    let first = self.later.entry(key).or_insert(day);
                    *first = day.min(*first);
                }
                _ if newest.get(&key).is_some_and(|other| other.published_on() > published_on) => {}
                _ => {
                    newest.insert(key, entry);
                }
            }
        }
        Ok(newest)
    }

    /// The day on which a value or base schedule for a year was published, if that was later than
    /// [`Self::as_of`].
    pub fn published_later(&self, name: &str, year: i32) -> Option<i32> {
        let at = |y| self.later.get(&(name.to_owned(), y)).copied();
        at(Some(year)).or_else(|| at(None))
    }

    /// The value of a parameter for a year: the dated one, else the undated one.
    pub fn value(&self, name: &str, year: i32) -> Option<&Value> {
        let at = |y| self.values.get(&(name.to_owned(), y));
        at(Some(year)).or_else(|| at(None))
    }

    /// The base schedule of that name for a year: the dated one, else the undated one.
    pub fn schedule(&self, name: &str, year: i32) -> Option<&BaseSchedule> {
        let at = |y| self.schedules.get(&(name.to_owned(), y));
        at(Some(year)).or_else(|| at(None))
    }

    /// Years for which a parameter has a value (`None` among them: any year).
    pub fn years_of(&self, name: &str) -> Vec<Option<i32>> {
        let of = |(n, y): &(String, Option<i32>)| (n == name).then_some(*y);
        self.values.keys().filter_map(of).chain(self.schedules.keys().filter_map(of)).collect()
    }
}

/// An entry of a parameters file.
trait Dated {
    fn key(&self) -> Key;
    fn published_on(&self) -> Option<Date>;
}

impl Dated for Value {
    fn key(&self) -> Key {
        (self.parameter.clone(), self.year)
    }

    fn published_on(&self) -> Option<Date> {
        self.published_on
    }
}

impl Dated for BaseSchedule {
    fn key(&self) -> Key {
        (self.parameter.clone(), self.year)
    }

    fn published_on(&self) -> Option<Date> {
        self.published_on
    }
}

fn check_schedule(schedule: &BaseSchedule) -> Result<(), PolicyError> {
    let bad = |problem: Both| PolicyError::BadParameter { parameter: schedule.parameter.clone(), problem };
    if schedule.brackets.is_empty() {
        return Err(bad(both!("has no brackets", "没有分段")));
    }
    let mut edge = Some(schedule.deductible);
    for (i, bracket) in schedule.brackets.iter().enumerate() {
        if !(0..=Ratio::one().0).contains(&bracket.ratio.0) {
            let n = i + 1;
            return Err(bad(both!("bracket {n}: ratio outside 0 to 1", "第 {n} 段：比例不在 0 至 1 之间")));
        }
        let from = bracket.from.or(if i == 0 { edge } else { None });
        if edge.is_none() || from != edge || bracket.to.is_some_and(|to| Some(to) <= from) {
            let n = i + 1;
            return Err(bad(both!(
                "bracket {n}: leaves a gap, overlaps or ends before it begins",
                "第 {n} 段：与前段之间有空档、重叠，或终点小于起点"
            )));
        }
        edge = bracket.to;
    }
    Ok(())
}

fn parse_month_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // A day that exists in every year.
    chrono::NaiveDate::from_ymd_opt(2023, month, day).map(|_| (month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_value_wins_and_the_others_stay() {
        let mut p = Parameters::shipped().unwrap();
        let name = "per-capita disposable income, Shandong";
        let before = p.value(name, 2023).unwrap().value;
        p.lay("mine", &format!("[[value]]\nparameter = \"{name}\"\nyear = 2022\nvalue = \"40000\"")).unwrap();
        assert_eq!(p.value(name, 2022).unwrap().value, 4_000_000);
        assert_eq!(p.value(name, 2022).unwrap().status, Standing::User);
        assert_eq!(p.value(name, 2023).unwrap().value, before);
        assert!(p.value(name, 1999).is_none());
    }

    #[test]
    fn the_latest_publication_by_the_day_counts() {
        let text = r#"
            [[value]]
            parameter = "income"
            year = 2023
            value = "300"
            published_on = 2024-05-01
            [[value]]
            parameter = "income"
            year = 2023
            value = "100"
            [[value]]
            parameter = "income"
            year = 2023
            value = "200"
            published_on = 2024-02-28
            [[schedule]]
            parameter = "base"
            deductible = "10"
            brackets = [{ ratio = "0.5" }]
            published_on = 2024-03-01
        "#;
        let known = |as_of: Option<&str>| {
            let as_of = as_of.map(|day| crate::model::date::to_days(day.parse().unwrap()));
            let mut p = Parameters::with_file_as_of(None, as_of).unwrap();
            p.lay("mine", text).unwrap();
            (p.value("income", 2023).map(|v| v.value / 100), p.schedule("base", 2023).is_some(), p)
        };
        for (day, value, schedule) in [
            (None, 300, true),
            (Some("2024-05-01"), 300, true),
            (Some("2024-04-30"), 200, true),
            (Some("2024-02-29"), 200, false),
            (Some("2024-02-27"), 100, false),
        ] {
            let (found, base, _) = known(day);
            assert_eq!((found, base), (Some(value), schedule), "{day:?}");
        }
        let (_, _, early) = known(Some("2024-01-01"));
        let show = |day: Option<i32>| day.map(crate::model::date::show);
        assert_eq!(show(early.published_later("income", 2023)), Some("2024-02-28".into()));
        assert_eq!(show(early.published_later("base", 2030)), Some("2024-03-01".into()));
        assert_eq!(early.published_later("income", 2024), None);
    }

    #[test]
    fn one_value_published_twice_on_one_day_is_an_error() {
        let entry = "[[value]]\nparameter = \"x\"\nyear = 2023\nvalue = \"3\"\n";
        let mut p = Parameters::shipped().unwrap();
        let say = |r: Result<(), PolicyError>| r.unwrap_err().to_string();
        assert!(say(p.lay("mine", &format!("{entry}{entry}"))).contains("stands twice for 2023 in one file"));
        let dated = format!("{entry}published_on = 2024-01-01\n");
        assert!(say(p.lay("mine", &format!("{dated}{dated}"))).contains("published on 2024-01-01"));
        p.lay("mine", &format!("{entry}{dated}")).unwrap();
    }

    #[test]
    fn faults_say_what_and_where() {
        let mut p = Parameters::shipped().unwrap();
        let say = |r: Result<(), PolicyError>| r.unwrap_err().to_string();
        assert!(say(p.lay("mine", "[[value]]\nparameter = \"x\"\nvalue = 3")).contains("line 3"));
        assert!(say(p.lay("mine", "colour = 1")).contains("colour"));
        assert!(say(p.lay("mine", "subsidy_date = \"02-30\"")).contains("01-01"));
        let gap = "[[schedule]]\nparameter = \"s\"\ndeductible = \"1\"\nbrackets = [{ to = \"5\", ratio = \"0.6\" }, { from = \"6\", ratio = \"0.7\" }]";
        assert!(say(p.lay("mine", gap)).contains("gap"));
    }
}
