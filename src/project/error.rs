//! What can be wrong with a scenarios file; each says where, what, and what to do.

use super::slip;
use crate::lang::{self, Both, both};
use crate::model::codes::Identity;
use crate::policy::error::PolicyError;
use std::path::{Path, PathBuf};

/// An error of a scenarios file, or of an address that was typed.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{path}: {source}\n  check the path and its permissions", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is in another encoding.
    #[error("{path}: the file is not in UTF-8\n  save it again with the encoding UTF-8 编码选 UTF-8", path = path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a valid document; the text carries line and column.
    #[error("{name}: {message}\n  {remedy}; `onestop project --init FILE` writes a commented example")]
    Syntax {
        /// Name or path of the file.
        name: String,
        /// The parser's message, with line and column.
        message: Both,
        /// What to do.
        remedy: Both,
    },
    /// What is written cannot be meant.
    #[error("{name}{}: {problem}", line.map_or(String::new(), |n| format!(", line {n}")))]
    Wrong {
        /// Name or path of the file, or what was typed.
        name: String,
        /// The line, from 1; none where nothing was read from a file.
        line: Option<usize>,
        /// What is wrong, and what to do.
        problem: Box<Problem>,
    },
}

impl ScenarioError {
    /// The error of a file that cannot be read.
    pub fn reading(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::InvalidData => ScenarioError::Encoding { path },
            _ => ScenarioError::Io { path, source },
        }
    }

    /// The error of a text that is no document of its form.
    pub(crate) fn form(name: &str, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        // The line on which it begins; a place within a letter is none.
        let before = text.get(..start).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |n| n + 1);
        let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let message = error.to_string().trim_end().to_owned();
        let remedy = slip::form(&message, line).unwrap_or_else(|| both!("correct the file", "请改正文件"));
        ScenarioError::Syntax { name: name.to_owned(), message: lang::toml(&message), remedy }
    }

    /// What is wrong, where it is not the form of the file.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            ScenarioError::Wrong { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

/// What cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    // --- scenarios ---
    /// A scenario without a name.
    #[error("the scenario has an empty id\n  give it one; the outputs name it by its id")]
    EmptyId,
    /// The name of what is always there.
    #[error("the id `baseline` is taken: the policy as it stands is always there, and first\n  give another id")]
    Baseline,
    /// Two scenarios of one name.
    #[error("another scenario, on line {first}, is called `{id}`, too\n  give each an id of its own")]
    IdTwice {
        /// The name.
        id: String,
        /// Where it stands first.
        first: usize,
    },
    /// A scenario without changes.
    #[error(
        "the scenario `{0}` changes nothing\n  give it `policy`, [scenario.set], or a list of fees, claims, persons, \
         identities or parameters; the policy as it stands is there as `baseline`"
    )]
    NoChange(String),
    /// `as_if` without a policy of its own.
    #[error("`as_if` goes with `policy`\n  name the policy, or give --as-if to the run")]
    AsIfAlone,
    /// Too many scenarios.
    #[error(
        "`{id}` stands for {points} scenarios, and the file for more than {most}\n  name fewer values, or wider steps"
    )]
    TooMany {
        /// Where it is too many.
        id: String,
        /// For how many it stands, and why: `1000 (ma.A.ratio) × 1000 (ma.A.cap)`.
        points: String,
        /// How many there may be.
        most: usize,
    },
    /// A key of a scenario below one of its tables.
    #[error(
        "`{0}` stands below [scenario.set], and is read as an address\n  write it above that heading, below [[scenario]]"
    )]
    Misplaced(String),
    /// Another policy cannot be read.
    #[error(transparent)]
    Policy(#[from] PolicyError),

    // --- values and ranges ---
    /// What is wrong with one of the values of an entry.
    #[error("`{label}`: {problem}")]
    Of {
        /// Of which.
        label: String,
        /// What.
        problem: Box<Problem>,
    },
    /// A list with too many values.
    #[error("the list has too many values\n  name fewer values, or wider steps")]
    TooManyValues,
    /// An empty list of values.
    #[error("an empty list has no value\n  name at least one")]
    NoValue,
    /// A range that cannot be read.
    #[error("the range `{text}` {why}\n  write it such as \"0.60..0.80 step 0.05\"; both ends are in")]
    Range {
        /// As written.
        text: String,
        /// What is wrong with it.
        why: Both,
    },
    /// A figure that cannot be read.
    #[error("`{text}` {why}\n  write {form}")]
    Figure {
        /// As written.
        text: String,
        /// What is wrong with it.
        why: Both,
        /// How it is written.
        form: Both,
    },
    /// A hospital level that does not exist.
    #[error("hospital level {0} does not exist\n  levels are 1, 2 and 3; 0 stands for claims without one")]
    Level(u8),
    /// A binary float.
    #[error("`{0}` is a float, and no figure of a policy is\n  write it in quotes, such as \"0.70\"")]
    Float(String),

    // --- persons, identities, parameters, funds ---
    /// An identity that is not known.
    #[error("unknown identity `{text}`\n  known are {known}, and `none` for persons without one")]
    Identity {
        /// As written.
        text: String,
        /// The known ones.
        known: String,
    },
    /// A list of identities that names nobody.
    #[error("`from` names no identity\n  list those whose roster entries change")]
    NobodyBecomes,
    /// An identity that becomes itself.
    #[error("`{0}` becomes itself\n  leave it out of `from`")]
    BecomesItself(Identity),
    /// An identity that becomes two.
    #[error("`{0}` becomes two identities in one scenario\n  every entry speaks of the roster as it is; name it once")]
    BecomesTwo(Identity),
    /// A parameter that has no value.
    #[error("no value is known for a parameter `{name}`\n  {nearest}; or give it a value with --params")]
    NoParameter {
        /// As written.
        name: String,
        /// The nearest names.
        nearest: Both,
    },
    /// A base schedule, where a value is wanted.
    #[error(
        "`{0}` is a base schedule, not a value\n  give another schedule with --params, or change the tilt of the rule"
    )]
    Schedule(String),
    /// A year without a value.
    #[error("parameter `{name}` has no value of {year} that could grow\n  {years}; give that year one with `value`")]
    NoYear {
        /// The parameter.
        name: String,
        /// The year.
        year: i32,
        /// Which years there are.
        years: Both,
    },
    /// Neither growth nor a value, or both.
    #[error("a parameter takes either `growth` or `value`\n  write one of the two")]
    GrowthOrValue,
    /// A fund that is not known.
    #[error("unknown fund `{text}`\n  known are {known}")]
    Fund {
        /// As written.
        text: String,
        /// The known ones.
        known: String,
    },
    /// Two sources of one fund.
    #[error("fund `{0}` has two sources\n  add them up in one [[fund]]")]
    FundTwice(String),

    // --- addresses ---
    /// Nothing of that name.
    #[error("`{address}`: policy `{policy}` has no rule and no table of that name\n  {nearest}; tables: {tables}")]
    NoAddress {
        /// As written.
        address: String,
        /// The policy.
        policy: String,
        /// The nearest rules.
        nearest: Both,
        /// The tables of a policy file.
        tables: String,
    },
    /// An address without quotes, which TOML reads as tables in tables.
    #[error(
        "`{address}` is given a table: an address without quotes is read as tables in tables\n  \
         write every address in quotes as a whole, such as \"{whole}\" = …"
    )]
    Unquoted {
        /// As it is read.
        address: String,
        /// As it was probably meant.
        whole: String,
    },
    /// Nothing at the end of the path.
    #[error("`{address}`: {at} has no `{key}`\n  {there}")]
    NotThere {
        /// As written.
        address: String,
        /// How far the path leads.
        at: Box<Both>,
        /// What is not there.
        key: String,
        /// What is.
        there: Box<Both>,
    },
    /// Two rules of one name.
    #[error("`{address}`: {count} entries are called `{id}`\n  address one of them by number: {by_number}")]
    Ambiguous {
        /// As written.
        address: String,
        /// The name.
        id: String,
        /// How many there are.
        count: usize,
        /// Their other addresses.
        by_number: String,
    },
    /// A whole rule or table, where a value is wanted.
    #[error(
        "`{0}` is a whole rule or table, and takes only \"off\" or \"on\"\n  \
         write the address of a value, in quotes and up to its last key, such as \"ma.A.ratio\""
    )]
    Whole(String),
    /// A ratio of a rule with several brackets.
    #[error(
        "`{address}`: the rule has {count} brackets, each with its ratio\n  \
         name one, such as `{rule}.brackets.1.ratio`, or change all of them with \"+0.05\" or \"x1.10\""
    )]
    SeveralBrackets {
        /// As written.
        address: String,
        /// The rule.
        rule: String,
        /// How many brackets there are.
        count: usize,
    },
    /// A relative change of what is no fixed figure.
    #[error("`{address}`: `{change}` changes a fixed ratio or amount, and what stands there is {stands}\n  {remedy}")]
    NotFixed {
        /// As written.
        address: String,
        /// The change.
        change: String,
        /// What stands there.
        stands: Box<Both>,
        /// What to write instead.
        remedy: Box<Both>,
    },
    /// A relative change that leads beyond what a figure may be.
    #[error("`{address}`: {from} {change} is {to}, {beyond}\n  choose a smaller change, or name the value itself")]
    Beyond {
        /// Where.
        address: String,
        /// The figure as it stands.
        from: String,
        /// The change.
        change: String,
        /// What would come of it.
        to: Box<Both>,
        /// What it is beyond.
        beyond: Box<Both>,
    },
    /// `none` for what is no key.
    #[error("`{0}` is no key that \"none\" could take away\n  a rule or table is taken away by \"off\"")]
    NoneOfWhole(String),
    /// `off` for what is no rule and no table.
    #[error(
        "`{0}` is no rule and no table that \"off\" could take away\n  an optional value is taken away by \"none\""
    )]
    OffOfValue(String),
    /// `off` for a bracket.
    #[error(
        "`{0}` is a bracket, and without it the schedule would have a gap\n  set its ratio to \"0\", or move the edges"
    )]
    OffOfBracket(String),
    /// Two values for one place.
    #[error(
        "`{address}` also changes what `{other}` changes\n  keep one of the two; an edge that two brackets share moves for both"
    )]
    SetTwice {
        /// As written.
        address: String,
        /// The other address.
        other: String,
    },
    /// The policy file would not be one.
    #[error(
        "`{change}` makes policy `{policy}` invalid: {message}\n  {remedy}see `onestop policy show`, and the form in the README under \"How to add a city\""
    )]
    Refused {
        /// The change.
        change: String,
        /// The policy.
        policy: String,
        /// What the reader of policies says.
        message: Box<Both>,
        /// What was probably meant, and `; `; or nothing.
        remedy: Box<Both>,
    },
}

impl Problem {
    /// The problem of a value of an entry.
    pub(crate) fn of(self, label: &str) -> Problem {
        Problem::Of { label: label.to_owned(), problem: Box::new(self) }
    }

    /// The error of a place in a file.
    pub(crate) fn at(self, name: &str, line: impl Into<Option<usize>>) -> ScenarioError {
        ScenarioError::Wrong { name: name.to_owned(), line: line.into(), problem: Box::new(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_file_and_line_where_there_is_one() {
        let typed = Problem::NoValue.at("--solve", None).to_string();
        assert!(typed.starts_with("--solve: an empty list"), "{typed}");
        let read = Problem::NoValue.at("plan.toml", 7).to_string();
        assert!(read.starts_with("plan.toml, line 7: an empty list"), "{read}");
    }
}
