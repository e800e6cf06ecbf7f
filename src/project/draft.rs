//! A policy file that is being changed: values set, raised, taken away; edges that move together.

use super::address::{Found, Path, Step, at, find, put, take};
use super::error::Problem;
use super::setting::{Given, Setting};
use crate::lang::{Both, both};
use crate::model::fen::{MAX_AMOUNT, PPM};
use crate::policy::value::{Amount, Ratio};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Keys that hold a ratio.
const RATIOS: &[&str] = &["ratio", "to_ratio", "above", "share", "deductible_share", "ratio_plus"];
/// Keys that hold an amount.
const AMOUNTS: &[&str] = &["deductible", "cap", "from", "to", "threshold", "standard", "amount", "floor"];

/// A policy file that is being changed.
///
/// Addresses speak of the file as it stands: what is taken away goes at the end, so that no number moves.
pub struct Draft<'a> {
    policy: &'a str,
    table: Table,
    off: BTreeSet<Path>,
    /// What was given a value of its own: by which address, and which.
    given: BTreeMap<Path, (String, Value)>,
    /// What was changed by so much, edges that were moved along among it: by which address.
    moved: BTreeMap<Path, String>,
}

impl<'a> Draft<'a> {
    /// A draft of a policy of that name.
    pub fn new(policy: &'a str, table: Table) -> Self {
        Self { policy, table, off: BTreeSet::new(), given: BTreeMap::new(), moved: BTreeMap::new() }
    }

    /// Makes one change.
    ///
    /// # Errors
    /// [`Problem`]: the address leads nowhere, or to what this cannot be done to.
    pub fn set(&mut self, address: &str, setting: &Setting) -> Result<(), Problem> {
        let found = find(&self.table, self.policy, address);
        let is_value = match &found {
            Ok(Found::Value(_) | Found::Ratios { .. }) => true,
            Ok(Found::Absent { path, .. }) => path.len() > 1,
            _ => false,
        };
        if let Setting::Value(Given::Table(below)) = setting
            && !is_value
        {
            let whole = self.unquoted(address, below);
            return Err(Problem::Unquoted { address: address.to_owned(), whole });
        }
        let found = found?;
        match setting {
            Setting::Value(given) => self.value(address, found, given),
            Setting::Plus(_) | Setting::Times(_) => self.relative(address, found, setting),
            Setting::None => self.none(address, found),
            Setting::Off => self.off(address, found),
            Setting::On => match found {
                Found::Absent { not_there, .. } => Err(not_there.problem(address)),
                _ => Ok(()),
            },
        }
    }

    /// The changed document.
    pub fn finish(mut self) -> Table {
        for path in self.off.iter().rev() {
            take(&mut self.table, path);
        }
        self.table
    }

    fn value(&mut self, address: &str, found: Found, given: &Given) -> Result<(), Problem> {
        let path = match found {
            Found::Value(path) => path,
            Found::Absent { path, .. } if path.len() > 1 => path,
            Found::Whole(_) | Found::Absent { .. } => return Err(Problem::Whole(address.to_owned())),
            Found::Ratios { rule, each } => {
                return Err(Problem::SeveralBrackets { address: address.to_owned(), rule, count: each.len() });
            }
        };
        let value = given.value();
        self.unmoved(address, &path)?;
        for path in self.neighbour(&path).into_iter().chain([path.clone()]) {
            let earlier = self.given.insert(path, (address.to_owned(), value.clone()));
            if let Some((other, _)) = earlier.filter(|(_, earlier)| *earlier != value) {
                return Err(Problem::SetTwice { address: address.to_owned(), other });
            }
        }
        self.write(&path, value);
        Ok(())
    }

    fn relative(&mut self, address: &str, found: Found, setting: &Setting) -> Result<(), Problem> {
        let paths: Vec<(String, Path)> = match found {
            Found::Value(path) => vec![(address.to_owned(), path)],
            Found::Ratios { rule, each } => each
                .into_iter()
                .enumerate()
                .filter(|(_, path)| ratio_at(&self.table, path) > Some(0))
                .map(|(n, path)| (format!("{rule}.brackets.{}.ratio", n + 1), path))
                .collect(),
            Found::Whole(_) => return Err(Problem::Whole(address.to_owned())),
            Found::Absent { not_there, .. } => return Err(not_there.problem(address)),
        };
        for (named, path) in paths {
            self.unmoved(address, &path)?;
            let places = self.neighbour(&path).into_iter().chain([path.clone()]);
            for place in places.collect::<Vec<_>>() {
                if let Some((other, _)) = self.given.get(&place) {
                    return Err(Problem::SetTwice { address: address.to_owned(), other: other.clone() });
                }
                self.moved.insert(place, address.to_owned());
            }
            let value = self.changed(&named, &path, setting)?;
            self.write(&path, Value::String(value));
        }
        Ok(())
    }

    /// Checks that nothing moved a place before, or the edge that it shares: it would be moved twice.
    fn unmoved(&self, address: &str, path: &Path) -> Result<(), Problem> {
        let places = self.neighbour(path).into_iter().chain([path.clone()]);
        match places.filter_map(|place| self.moved.get(&place)).next() {
            Some(other) => Err(Problem::SetTwice { address: address.to_owned(), other: other.clone() }),
            None => Ok(()),
        }
    }

    /// The figure at a path, changed: ratios to six decimals, amounts to the fen, a half away from nought.
    fn changed(&self, address: &str, path: &[Step], setting: &Setting) -> Result<String, Problem> {
        let value = at(&self.table, path);
        let figure = value.and_then(|value| figure(path, value));
        let Some(figure) = figure else { return Err(not_fixed(address, value, setting)) };
        let (now, scale, most) = figure;
        let exact = match setting {
            Setting::Plus(by) => scaled(i128::from(now), by.scale()).and_then(|now| {
                let more = by.mantissa().checked_mul(10i128.pow(scale))?;
                Some((now.checked_add(more)?, by.scale()))
            }),
            Setting::Times(by) => i128::from(now).checked_mul(by.mantissa()).map(|product| (product, by.scale())),
            _ => None,
        };
        let show = |figure: i64| Decimal::new(figure, scale).normalize().to_string();
        let beyond = |to: Both, beyond: Both| Problem::Beyond {
            address: address.to_owned(),
            from: show(now),
            change: setting.to_string(),
            to: to.into(),
            beyond: beyond.into(),
        };
        let rounded = exact.and_then(|(exact, decimals)| {
            let one = 10i128.checked_pow(decimals)?;
            Some((exact, exact.checked_add(one / 2)?.div_euclid(one)))
        });
        let uncounted = || both!("beyond counting", "无法计数的大数");
        let too_large = || both!("too large", "过大");
        let Some((exact, rounded)) = rounded else { return Err(beyond(uncounted(), too_large())) };
        let shown = || i64::try_from(rounded).map_or_else(|_| uncounted(), |figure| Both::foreign(show(figure)));
        if exact < 0 {
            return Err(beyond(shown(), both!("below 0", "小于 0")));
        }
        match i64::try_from(rounded) {
            Ok(figure) if figure <= most => Ok(show(figure)),
            _ => Err(beyond(shown(), if most == PPM { both!("above 1", "大于 1") } else { too_large() })),
        }
    }

    fn none(&mut self, address: &str, found: Found) -> Result<(), Problem> {
        let (path, not_there) = match found {
            Found::Value(path) => (path, None),
            Found::Absent { path, not_there } => (path, Some(not_there)),
            Found::Whole(_) | Found::Ratios { .. } => return Err(Problem::NoneOfWhole(address.to_owned())),
        };
        // Of a tilt, `none` is a value of its own: no cap, whatever the base schedule's is.
        if matches!(path.as_slice(), [.., Step::Key(tilt), Step::Key(cap)] if tilt == "tilt" && cap == "cap") {
            put(&mut self.table, &path, Value::String("none".into()));
            return Ok(());
        }
        if let Some(not_there) = not_there {
            return Err(not_there.problem(address));
        }
        if matches!(path.last(), Some(Step::Nth(_))) {
            return Err(Problem::NoneOfWhole(address.to_owned()));
        }
        // A first bracket that begins at the deductible begins at nought without it.
        if path.last() == Some(&Step::Key("deductible".into()))
            && let Some(first) = self.neighbour(&path)
        {
            take(&mut self.table, &first);
        }
        take(&mut self.table, &path);
        Ok(())
    }

    fn off(&mut self, address: &str, found: Found) -> Result<(), Problem> {
        let path = match found {
            Found::Whole(path) => path,
            Found::Value(path) => {
                if matches!(path.as_slice(), [.., Step::Key(key), Step::Nth(_)] if key == "brackets") {
                    return Err(Problem::OffOfBracket(address.to_owned()));
                }
                if !at(&self.table, &path).is_some_and(Value::is_table) {
                    return Err(Problem::OffOfValue(address.to_owned()));
                }
                path
            }
            Found::Ratios { .. } => return Err(Problem::OffOfValue(address.to_owned())),
            Found::Absent { not_there, .. } => return Err(not_there.problem(address)),
        };
        self.off.insert(path);
        Ok(())
    }

    /// Writes a value, and with it the edge that a neighbour shares.
    fn write(&mut self, path: &[Step], value: Value) {
        if let Some(neighbour) = self.neighbour(path) {
            put(&mut self.table, &neighbour, value.clone());
        }
        put(&mut self.table, path, value);
    }

    /// The edge that is the same as the one at a path and is written a second time, if there is one:
    /// deductible and begin of the first bracket, end of a bracket and begin of the next.
    fn neighbour(&self, path: &[Step]) -> Option<Path> {
        let key = |name: &str| Step::Key(name.to_owned());
        let bracket = |rule: &[Step], n: usize, edge: &str| -> Path {
            [rule, &[key("brackets"), Step::Nth(n), key(edge)]].concat()
        };
        let own = at(&self.table, path);
        let nought = Value::String("0".into());
        let (other, missing) = match path {
            [rule @ .., Step::Key(last)] if last == "deductible" && !self.edges_count_excess() => {
                (bracket(rule, 0, "from"), Some(&nought))
            }
            [rule @ .., Step::Key(brackets), Step::Nth(n), Step::Key(edge)] if brackets == "brackets" => {
                match (edge.as_str(), n.checked_sub(1)) {
                    ("to", _) => (bracket(rule, n + 1, "from"), None),
                    ("from", Some(before)) => (bracket(rule, before, "to"), None),
                    ("from", None) if !self.edges_count_excess() => ([rule, &[key("deductible")]].concat(), None),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let begins = path.last() == Some(&key("from"));
        let theirs = at(&self.table, &other);
        match (own.or(missing), theirs) {
            // A begin that is left out is the edge before it.
            (None, Some(_)) if begins => Some(other),
            (Some(own), Some(theirs)) => same_amount(own, theirs).then_some(other),
            // A deductible that is left out is nought.
            (own, None) if begins && other.last() == Some(&key("deductible")) => {
                own.is_none_or(|own| same_amount(own, &nought)).then_some(other)
            }
            _ => None,
        }
    }

    /// The address that an unquoted one was probably meant to be: the first below it that leads to a value.
    fn unquoted(&self, address: &str, below: &BTreeMap<String, Given>) -> String {
        let Some((key, value)) = below.iter().next() else { return address.to_owned() };
        let address = format!("{address}.{key}");
        let Given::Table(below) = value else { return address };
        // A table may be a value itself: a share of a parameter. One that goes on below a value is none.
        match find(&self.table, self.policy, &address) {
            Ok(Found::Value(_) | Found::Absent { .. }) if below.contains_key("of") => address,
            _ => self.unquoted(&address, below),
        }
    }

    /// Whether edges count what exceeds the deductible, and so do not hang on it.
    fn edges_count_excess(&self) -> bool {
        let bands = self.table.get("switches").and_then(|s| s.get("bands"));
        bands.and_then(Value::as_str) == Some("excess")
    }
}

/// A fixed figure: its integer, its decimals, and the most that it may be.
fn figure(path: &[Step], value: &Value) -> Option<(i64, u32, i64)> {
    let Some(Step::Key(key)) = path.last() else { return None };
    if RATIOS.contains(&key.as_str()) {
        // A share of a parameter may be more than the whole of it.
        let most = if key == "share" { i64::MAX } else { PPM };
        return value.clone().try_into::<Ratio>().ok().map(|ratio| (ratio.0, 6, most));
    }
    match value.clone().try_into::<Amount>() {
        Ok(Amount::Fixed(fen)) if AMOUNTS.contains(&key.as_str()) => Some((fen, 2, MAX_AMOUNT)),
        _ => None,
    }
}

fn not_fixed(address: &str, value: Option<&Value>, setting: &Setting) -> Problem {
    let share = value.and_then(|v| v.get("share")).is_some();
    let (stands, remedy) = match value {
        Some(Value::Table(_)) if share => (
            both!("a share of a parameter", "某参数的份额"),
            both!(
                "change `{address}.share`, or grow the parameter under [[scenario.parameters]]",
                "请改动 `{address}.share`，或在 [[scenario.parameters]] 中使该参数增长"
            ),
        ),
        Some(Value::Table(_)) => (
            both!("a parameter", "某个参数"),
            both!(
                "write the new value itself, or grow the parameter under [[scenario.parameters]]",
                "请直接写明新的数值，或在 [[scenario.parameters]] 中使该参数增长"
            ),
        ),
        _ => (both!("neither", "其他内容"), both!("write the new value itself", "请直接写明新的数值")),
    };
    Problem::NotFixed {
        address: address.to_owned(),
        change: setting.to_string(),
        stands: stands.into(),
        remedy: remedy.into(),
    }
}

fn scaled(figure: i128, decimals: u32) -> Option<i128> {
    figure.checked_mul(10i128.checked_pow(decimals)?)
}

fn ratio_at(table: &Table, path: &[Step]) -> Option<i64> {
    at(table, path)?.clone().try_into::<Ratio>().ok().map(|r| r.0)
}

fn same_amount(a: &Value, b: &Value) -> bool {
    let read = |value: &Value| value.clone().try_into::<Amount>().ok();
    a == b || (read(a).is_some() && read(a) == read(b))
}

#[cfg(test)]
mod tests;
