//! What can be wrong with a policy or its parameters; each says where and what to do.

use std::path::PathBuf;

/// An error of a policy or parameters file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No policy of that name, and no such file.
    #[error("policy `{id}` is neither shipped nor a file\n  shipped are: {known}; or give the path of a TOML file")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The shipped policies.
        known: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}\n  check the path and its permissions", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a valid document; the text carries line and column.
    #[error("{name}: {message}\n  correct the file; the README prints the whole form under \"How to add a city\"")]
    Syntax {
        /// Name or path of the document.
        name: String,
        /// The parser's message, with line and column.
        message: String,
    },
    /// What `policy check` refuses.
    #[error("policy `{id}` cannot be applied: {findings}\n  run `onestop policy check` on the file and correct it")]
    Refused {
        /// The policy.
        id: String,
        /// The findings, one after the other.
        findings: String,
    },
    /// Several policies name more things than the outputs can tell apart.
    #[error("the policies of the run name more than {most} different {what}\n  settle them in runs of their own")]
    TooManyNames {
        /// Of what.
        what: &'static str,
        /// How many can be told apart.
        most: usize,
    },
    /// A dated value is needed and not there.
    #[error(transparent)]
    MissingParameter(Box<MissingParameter>),
    /// A dated value is there, but cannot stand where it is used.
    #[error("parameter `{parameter}`: {problem}\n  correct the value in the parameters file")]
    BadParameter {
        /// Name of the parameter.
        parameter: String,
        /// What is wrong.
        problem: String,
    },
}

/// A dated value that is needed and not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "no value for parameter `{parameter}`{year}, needed by rule `{rule}` ({clause}) for benefit year {benefit_year}\n  \
     {later}give it in a file: --params FILE, with [[value]] (or [[schedule]]) parameter = \"{parameter}\"{year_line}"
)]
pub struct MissingParameter {
    /// Name of the parameter.
    pub parameter: String,
    /// ` of year Y` or nothing.
    pub year: String,
    /// `, year = Y` or nothing.
    pub year_line: String,
    /// That it was published too late for the run, or nothing.
    pub later: String,
    /// The rule that needs it.
    pub rule: String,
    /// The rule's clause.
    pub clause: String,
    /// The benefit year.
    pub benefit_year: i32,
}
