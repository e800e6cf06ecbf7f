//! What becomes of a value of a policy: another value, a relative change, nothing at all.

use super::choice::number;
use super::error::Problem;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt;
use toml::Value;

/// A value of a policy file, as it is written there; equal ones are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// A string.
    Text(String),
    /// An integer.
    Whole(i64),
    /// A boolean.
    Truth(bool),
    /// A date.
    Date(toml::value::Datetime),
    /// An array.
    List(Vec<Given>),
    /// A table.
    Table(BTreeMap<String, Given>),
}

impl Given {
    /// Reads a value of a document.
    ///
    /// # Errors
    /// [`Problem::Float`]: no figure of a policy is a binary float.
    pub fn read(value: Value) -> Result<Self, Problem> {
        Ok(match value {
            Value::String(text) => Given::Text(text),
            Value::Integer(whole) => Given::Whole(whole),
            Value::Boolean(truth) => Given::Truth(truth),
            Value::Datetime(date) => Given::Date(date),
            Value::Float(float) => return Err(Problem::Float(float.to_string())),
            Value::Array(all) => Given::List(all.into_iter().map(Given::read).collect::<Result<_, _>>()?),
            Value::Table(table) => {
                let entry = |(key, value)| Ok((key, Given::read(value)?));
                Given::Table(table.into_iter().map(entry).collect::<Result<_, Problem>>()?)
            }
        })
    }

    /// The value as it stands in a document.
    pub fn value(&self) -> Value {
        match self {
            Given::Text(text) => Value::String(text.clone()),
            Given::Whole(whole) => Value::Integer(*whole),
            Given::Truth(truth) => Value::Boolean(*truth),
            Given::Date(date) => Value::Datetime(*date),
            Given::List(all) => Value::Array(all.iter().map(Given::value).collect()),
            Given::Table(table) => Value::Table(table.iter().map(|(k, v)| (k.clone(), v.value())).collect()),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Text(text) => f.write_str(text),
            Given::Whole(whole) => write!(f, "{whole}"),
            Given::Truth(truth) => write!(f, "{truth}"),
            Given::Date(date) => write!(f, "{date}"),
            Given::List(all) => {
                let all: Vec<_> = all.iter().map(Given::to_string).collect();
                write!(f, "[{}]", all.join(", "))
            }
            Given::Table(table) => {
                let all: Vec<_> = table.iter().map(|(k, v)| format!("{k} = {v}")).collect();
                write!(f, "{{ {} }}", all.join(", "))
            }
        }
    }
}

/// What becomes of the value at an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// This.
    Value(Given),
    /// So much more, or less.
    Plus(Decimal),
    /// So many times as much.
    Times(Decimal),
    /// Nothing: the optional key is taken away.
    None,
    /// Nothing: the whole rule or table is taken away.
    Off,
    /// What it is.
    On,
}

impl Setting {
    /// What a written value stands for.
    pub fn of(given: Given) -> Self {
        let Given::Text(text) = &given else { return Setting::Value(given) };
        let read = match (text.as_str(), text.as_bytes().first()) {
            ("none", _) => Some(Setting::None),
            ("off", _) => Some(Setting::Off),
            ("on", _) => Some(Setting::On),
            (_, Some(b'+' | b'-')) => number(text).map(Setting::Plus),
            (_, Some(b'x')) => number(&text[1..])
                .filter(|n| text.as_bytes()[1].is_ascii_digit() && *n >= Decimal::ZERO)
                .map(Setting::Times),
            _ => None,
        };
        read.unwrap_or(Setting::Value(given))
    }

    /// The setting of an address in words: `ma.A.ratio = 0.75`, `ma.A.cap x1.10`.
    pub fn label(&self, address: &str) -> String {
        match self {
            Setting::Plus(_) | Setting::Times(_) => format!("{address} {self}"),
            _ => format!("{address} = {self}"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Value(given) => given.fmt(f),
            Setting::Plus(by) if by.is_sign_negative() => write!(f, "{by}"),
            Setting::Plus(by) => write!(f, "+{by}"),
            Setting::Times(by) => write!(f, "x{by}"),
            Setting::None => f.write_str("none"),
            Setting::Off => f.write_str("off"),
            Setting::On => f.write_str("on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting {
        Setting::of(Given::Text(text.to_owned()))
    }

    #[test]
    fn words_and_signs_are_changes_and_the_rest_are_values() {
        assert_eq!(setting("none"), Setting::None);
        assert_eq!(setting("off"), Setting::Off);
        assert_eq!(setting("on"), Setting::On);
        assert_eq!(setting("+0.05"), Setting::Plus(Decimal::new(5, 2)));
        assert_eq!(setting("-1000"), Setting::Plus(Decimal::new(-1000, 0)));
        assert_eq!(setting("x1.10"), Setting::Times(Decimal::new(110, 2)));
        for text in ["0.75", "half_even", "x", "x-1", "x+1", "xylem", "+", "-", "1e3", "Off", ""] {
            assert_eq!(setting(text), Setting::Value(Given::Text(text.into())), "{text}");
        }
    }

    #[test]
    fn labels_read_as_they_are_written() {
        for (text, label) in [
            ("0.750", "ma.A.ratio = 0.750"),
            ("+0.05", "ma.A.ratio +0.05"),
            ("-0.05", "ma.A.ratio -0.05"),
            ("x1.10", "ma.A.ratio x1.10"),
            ("none", "ma.A.ratio = none"),
        ] {
            assert_eq!(setting(text).label("ma.A.ratio"), label);
        }
    }

    #[test]
    fn values_are_read_as_they_stand_but_floats() {
        let read = |text: &str| {
            let mut table: toml::Table = format!("v = {text}").parse().unwrap();
            let value = table.remove("v").unwrap();
            Given::read(value.clone()).map(|given| (given.value() == value, given.to_string()))
        };
        for (text, shown) in [
            ("true", "true"),
            ("3", "3"),
            ("2028-12-31", "2028-12-31"),
            ("[\"dibao\", \"tekun\"]", "[dibao, tekun]"),
            ("{ share = \"0.10\", of = \"income\", year = -1 }", "{ of = income, share = 0.10, year = -1 }"),
        ] {
            assert_eq!(read(text).unwrap(), (true, shown.to_owned()));
        }
        let error = read("{ share = 0.1 }").unwrap_err().to_string();
        assert!(error.contains("`0.1` is a float") && error.contains("in quotes"), "{error}");
    }
}
