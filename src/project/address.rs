//! Where a value stands in a policy file: `<rule id>.<path>` or `<table>.<path>`.
//!
//! Rules are the elements of arrays that have an `id`: those of the file's own arrays (`alert`) and
//! those of the arrays in its tables (`assistance.rule`).

use super::error::Problem;
use super::nearest::nearest;
use crate::lang::{Both, both};
use toml::{Table, Value};

/// The tables of a policy file.
pub const TABLES: &[&str] = &[
    "policy",
    "switches",
    "identity",
    "catastrophic",
    "special_drug",
    "assistance",
    "reassistance",
    "top_up",
    "major_disease",
    "hospital_limit",
    "out_of_catalogue",
    "note",
    "alert",
    "subsidy",
    "channel",
];

/// The table that is no rule although it has an `id`.
const HEADER: &str = "policy";

/// A step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// To a key of a table.
    Key(String),
    /// To an element of an array, from 0.
    Nth(usize),
}

/// Steps from the top of a document.
pub type Path = Vec<Step>;

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A whole rule, or a whole table of the file.
    Whole(Path),
    /// Something below one.
    Value(Path),
    /// The ratios of all brackets of a rule that has several.
    Ratios {
        /// Name of the rule.
        rule: String,
        /// Where they stand.
        each: Vec<Path>,
    },
    /// Nothing: the document leaves out the keys after so many steps.
    Absent {
        /// Where it would stand.
        path: Path,
        /// What is not there, in words.
        not_there: Box<NotThere>,
    },
}

/// What is not there, and what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotThere {
    at: Both,
    key: String,
    there: Both,
}

impl NotThere {
    /// The error of an address that leads here.
    pub(crate) fn problem(self, address: &str) -> Problem {
        Problem::NotThere { address: address.to_owned(), at: self.at.into(), key: self.key, there: self.there.into() }
    }
}

/// What an address leads to in a document.
///
/// A rule wins over a table of the same name where the path leads on from it, and the longest name wins.
///
/// # Errors
/// [`Problem`]: no such rule or table, two rules of that name, a path that leads nowhere.
pub fn find(document: &Table, policy: &str, address: &str) -> Result<Found, Problem> {
    let rules = rules(document);
    let mut roots: Vec<(String, &Path)> = rules
        .iter()
        .filter(|(id, _)| address.strip_prefix(id.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('.')))
        .map(|(id, path)| (id.clone(), path))
        .collect();
    roots.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    if let Some((id, _)) = roots.first() {
        let same: Vec<String> = roots.iter().filter(|(other, _)| other == id).map(|(_, path)| show(path)).collect();
        if same.len() > 1 {
            let by_number = same.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ");
            return Err(Problem::Ambiguous {
                address: address.to_owned(),
                id: id.clone(),
                count: same.len(),
                by_number,
            });
        }
    }
    let table = address.split('.').next().unwrap_or_default();
    let at_top = vec![Step::Key(table.to_owned())];
    let mut trails: Vec<Result<Found, NotThere>> =
        roots.iter().map(|(id, path)| walk(document, path, id, &address[id.len()..], true)).collect();
    if TABLES.contains(&table) {
        trails.push(walk(document, &at_top, table, &address[table.len()..], false));
    }
    if trails.is_empty() {
        return Err(Problem::NoAddress {
            address: address.to_owned(),
            policy: policy.to_owned(),
            nearest: nearest(address, rules.iter().map(|(id, _)| id.as_str())),
            tables: TABLES.join(", "),
        });
    }
    let rank = |trail: &Result<Found, NotThere>| match trail {
        Ok(Found::Absent { .. }) => 1,
        Ok(_) => 0,
        Err(_) => 2,
    };
    trails.sort_by_key(rank);
    trails.swap_remove(0).map_err(|not_there| not_there.problem(address))
}

/// Every rule of a document, by name, in the order of the tables.
pub(crate) fn rules(document: &Table) -> Vec<(String, Path)> {
    let mut all = Vec::new();
    for (name, value) in document.iter().filter(|(name, _)| *name != HEADER) {
        let here = vec![Step::Key(name.clone())];
        named(value, &here, &mut all);
        for (key, below) in value.as_table().into_iter().flatten() {
            named(below, &[here.as_slice(), &[Step::Key(key.clone())]].concat(), &mut all);
        }
    }
    all
}

fn named(value: &Value, here: &[Step], all: &mut Vec<(String, Path)>) {
    for (n, element) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(id) = element.get("id").and_then(Value::as_str) {
            all.push((id.to_owned(), [here, &[Step::Nth(n)]].concat()));
        }
    }
}

/// Follows the keys of `rest`, each with a dot before it, from a root on.
fn walk(document: &Table, root: &Path, name: &str, rest: &str, rule: bool) -> Result<Found, NotThere> {
    let mut keys = rest.split('.').skip(1).peekable();
    let mut path = root.clone();
    let mut so_far = name.to_owned();
    let Some(mut value) = at(document, root) else {
        // A table of the file that this policy leaves out.
        let whole = keys.peek().is_none();
        path.extend(keys.map(|k| Step::Key(k.to_owned())));
        let there = if whole {
            both!("nothing to change or take away", "没有可改动或取消的内容")
        } else {
            both!("the policy leaves that table out", "该政策没有这张表")
        };
        let not_there = NotThere { at: both!("the policy", "政策"), key: so_far, there };
        return Ok(Found::Absent { path, not_there: Box::new(not_there) });
    };
    if keys.peek().is_none() {
        return Ok(Found::Whole(path));
    }
    while let Some(key) = keys.next() {
        let not_there = |there: Both| NotThere { at: both!("`{so_far}`", "`{so_far}` "), key: key.to_owned(), there };
        match value {
            Value::Table(table) => match table.get(key) {
                Some(below) => {
                    path.push(Step::Key(key.to_owned()));
                    value = below;
                }
                None => {
                    if rule
                        && so_far == name
                        && key == "ratio"
                        && keys.peek().is_none()
                        && let Some(found) = ratios(table, &path, name)
                    {
                        return Ok(found);
                    }
                    let there: Vec<_> = table.keys().map(|k| format!("`{k}`")).collect();
                    let not_there = not_there(both!("there are {}", "现有 {}", there.join(", ")));
                    path.push(Step::Key(key.to_owned()));
                    path.extend(keys.map(|k| Step::Key(k.to_owned())));
                    return Ok(Found::Absent { path, not_there: Box::new(not_there) });
                }
            },
            Value::Array(all) => {
                let nth = key.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|n| *n < all.len());
                let nth = nth.ok_or_else(|| {
                    not_there(both!("it has the elements 1 to {}", "其各项序号为 1 至 {}", all.len()))
                })?;
                path.push(Step::Nth(nth));
                value = &all[nth];
            }
            _ => return Err(not_there(both!("it is a value, and nothing is below it", "它是数值，其下没有内容"))),
        }
        so_far = format!("{so_far}.{key}");
    }
    Ok(Found::Value(path))
}

/// The ratios of a rule's brackets.
fn ratios(rule: &Table, path: &Path, name: &str) -> Option<Found> {
    let count = rule.get("brackets")?.as_array()?.len();
    let ratio =
        |n: usize| [path.as_slice(), &[Step::Key("brackets".into()), Step::Nth(n), Step::Key("ratio".into())]].concat();
    match count {
        0 => None,
        1 => Some(Found::Value(ratio(0))),
        _ => Some(Found::Ratios { rule: name.to_owned(), each: (0..count).map(ratio).collect() }),
    }
}

/// What stands at the end of a path.
pub(crate) fn at<'a>(document: &'a Table, path: &[Step]) -> Option<&'a Value> {
    let (Step::Key(first), rest) = path.split_first()? else { return None };
    rest.iter().try_fold(document.get(first)?, |value, step| match step {
        Step::Key(key) => value.as_table()?.get(key),
        Step::Nth(n) => value.as_array()?.get(*n),
    })
}

/// Writes a value at the end of a path; tables on the way that are not there are made.
pub(crate) fn put(document: &mut Table, path: &[Step], value: Value) {
    let Some((last, way)) = path.split_last() else { return };
    let Some(parent) = reach(document, way) else { return };
    match (last, parent) {
        (Step::Key(key), Parent::Table(table)) => {
            table.insert(key.clone(), value);
        }
        (Step::Nth(n), Parent::Array(all)) => {
            if let Some(element) = all.get_mut(*n) {
                *element = value;
            }
        }
        _ => {}
    }
}

/// Takes away what stands at the end of a path; elements after it move up.
pub(crate) fn take(document: &mut Table, path: &[Step]) {
    let Some((last, way)) = path.split_last() else { return };
    match (last, reach(document, way)) {
        (Step::Key(key), Some(Parent::Table(table))) => {
            table.remove(key);
        }
        (Step::Nth(n), Some(Parent::Array(all))) if *n < all.len() => {
            all.remove(*n);
        }
        _ => {}
    }
}

enum Parent<'a> {
    Table(&'a mut Table),
    Array(&'a mut Vec<Value>),
}

fn reach<'a>(document: &'a mut Table, way: &[Step]) -> Option<Parent<'a>> {
    way.iter().try_fold(Parent::Table(document), |parent, step| {
        let value = match (parent, step) {
            (Parent::Table(table), Step::Key(key)) => {
                table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()))
            }
            (Parent::Array(all), Step::Nth(n)) => all.get_mut(*n)?,
            _ => return None,
        };
        match value {
            Value::Table(table) => Some(Parent::Table(table)),
            Value::Array(all) => Some(Parent::Array(all)),
            _ => None,
        }
    })
}

/// A path as an address: keys and numbers from 1.
pub(crate) fn show(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Nth(n) => (n + 1).to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, SHIPPED};
    use std::collections::BTreeSet;

    fn table(id: &str) -> Table {
        Policy::load(id).unwrap().text.parse().unwrap()
    }

    fn found(id: &str, address: &str) -> String {
        match find(&table(id), id, address) {
            Ok(Found::Whole(path)) => format!("whole {}", show(&path)),
            Ok(Found::Value(path)) => show(&path),
            Ok(Found::Ratios { rule, each }) => format!("{} ratios of {rule}", each.len()),
            Ok(Found::Absent { path, .. }) => format!("absent {}", show(&path)),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn rules_are_found_by_id_and_tables_by_name() {
        let weihai = |address| found("weihai-2023", address);
        assert_eq!(weihai("ma.A"), "whole assistance.rule.1");
        assert_eq!(weihai("ma.A.cap"), "assistance.rule.1.cap");
        assert_eq!(weihai("ma.A.ratio"), "assistance.rule.1.brackets.1.ratio");
        assert_eq!(weihai("cii.A.resident.ratio"), "4 ratios of cii.A.resident");
        assert_eq!(weihai("cii.A.resident.brackets.2.ratio"), "catastrophic.rule.2.brackets.2.ratio");
        assert_eq!(weihai("relapse.threshold.share"), "alert.1.threshold.share");
        assert_eq!(weihai("assistance.care.1"), "assistance.care.1");
        assert_eq!(weihai("switches.rounding"), "absent switches.rounding");
        assert_eq!(weihai("assistance.exclude_unreferred"), "absent assistance.exclude_unreferred");
        assert_eq!(weihai("policy.until"), "policy.until");
    }

    #[test]
    fn a_rule_wins_over_a_table_of_its_name_where_the_path_leads_on() {
        let weihai = |address| found("weihai-2023", address);
        assert_eq!(weihai("special_drug"), "whole special_drug.rule.1");
        assert_eq!(weihai("special_drug.ratio"), "special_drug.rule.1.brackets.1.ratio");
        assert_eq!(weihai("special_drug.care"), "special_drug.care");
        assert_eq!(weihai("special_drug.rule.1.cap"), "special_drug.rule.1.cap");
        assert_eq!(found("jincheng-2023", "hospital_limit.limits.1.ratio"), "hospital_limit.1.limits.1.ratio");
    }

    #[test]
    fn the_longest_name_wins() {
        let mut table = table("weihai-2023");
        let rule = |id: &str| Value::Table(Table::from_iter([("id".to_owned(), Value::String(id.into()))]));
        table.insert("top_up".into(), Value::Array(vec![rule("a"), rule("a.b")]));
        let path = |address| find(&table, "weihai-2023", address).unwrap();
        assert_eq!(path("a.b"), Found::Whole(vec![Step::Key("top_up".into()), Step::Nth(1)]));
        assert!(matches!(path("a.c"), Found::Absent { path, .. } if show(&path) == "top_up.1.c"));
    }

    #[test]
    fn every_figure_of_every_shipped_policy_has_its_address() {
        let mut seen = BTreeSet::new();
        for (id, _) in SHIPPED {
            let table = table(id);
            for (rule, path) in rules(&table) {
                let body = at(&table, &path).unwrap().as_table().unwrap();
                let several = rules(&table).iter().filter(|(other, _)| *other == rule).count() > 1;
                for key in body.keys().filter(|k| !["id", "brackets"].contains(&k.as_str())) {
                    let below = [path.as_slice(), &[Step::Key(key.clone())]].concat();
                    let address = if several { show(&below) } else { format!("{rule}.{key}") };
                    assert_eq!(find(&table, id, &address).unwrap(), Found::Value(below), "{id} {address}");
                    seen.insert(key.clone());
                }
                if let Some(brackets) = body.get("brackets").and_then(Value::as_array) {
                    for (n, bracket) in brackets.iter().enumerate() {
                        for key in bracket.as_table().unwrap().keys() {
                            let address = format!("{rule}.brackets.{}.{key}", n + 1);
                            assert!(matches!(find(&table, id, &address), Ok(Found::Value(_))), "{id} {address}");
                        }
                    }
                    match find(&table, id, &format!("{rule}.ratio")).unwrap() {
                        Found::Value(_) => assert_eq!(brackets.len(), 1, "{id} {rule}"),
                        Found::Ratios { each, .. } => assert_eq!(each.len(), brackets.len(), "{id} {rule}"),
                        other => panic!("{id} {rule}: {other:?}"),
                    }
                }
            }
        }
        for key in ["ratio", "cap", "deductible", "to_ratio", "limits", "above", "threshold", "share", "tilt"] {
            assert!(seen.contains(key), "no policy has a `{key}`");
        }
    }

    #[test]
    fn the_tables_are_those_of_the_document() {
        let error = toml::from_str::<crate::policy::document::PolicyDoc>("colour = 1").unwrap_err().to_string();
        let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, TABLES, "{error}");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let weihai = |address| found("weihai-2023", address);
        let nowhere = weihai("mb.A.ratio");
        assert!(nowhere.contains("`weihai-2023` has no rule and no table of that name"), "{nowhere}");
        assert!(nowhere.contains("`ma.A`") && nowhere.contains("switches"), "{nowhere}");
        assert!(weihai("cii.A.resident.brackets.5.ratio").contains("has the elements 1 to 4"));
        assert!(weihai("cii.A.resident.brackets.0.ratio").contains("has the elements 1 to 4"));
        assert!(weihai("ma.A.cap.share").contains("it is a value, and nothing is below it"));
        let notes = found("erenhot-2023", "out_of_catalogue_share.above");
        assert!(notes.contains("`note.1`, `note.2`"), "{notes}");
        assert_eq!(found("erenhot-2023", "note.2.above"), "note.2.above");
    }
}
