//! Errors as exceptions of Python, each with what, where and what to do.

use crate::batches::BatchError;
use crate::explain::read::ExplainError;
use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError as LedgerFailure;
use crate::policy::error::PolicyError as PolicyFailure;
use crate::run::error::RunError;
use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

pyo3::create_exception!(onestop, OnestopError, PyValueError, "What onestop cannot do, why, and what to do about it.");
pyo3::create_exception!(onestop, LedgerError, OnestopError, "A ledger or a roster that cannot be read as one.");
pyo3::create_exception!(onestop, PolicyError, OnestopError, "A policy or dated values that cannot be applied.");
pyo3::create_exception!(onestop, OutputError, OnestopError, "Outputs that cannot be written or read.");

/// The exception that tells a text.
pub(super) fn told(text: &str) -> PyErr {
    OnestopError::new_err(in_python(text))
}

/// The exception that tells an error.
pub(super) fn failed(error: &impl Failure) -> PyErr {
    error.exception()
}

/// The options of the command line by their names here: `--as-if` is `as_if`.
fn in_python(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        words.push(match word.strip_prefix("--") {
            Some("column") => "columns:".to_owned(),
            Some(option) => option.replace('-', "_"),
            None => word.to_owned(),
        });
    }
    words.join(" ")
}

/// An error that Python is told of.
pub(super) trait Failure {
    fn exception(&self) -> PyErr;
}

impl Failure for BatchError {
    fn exception(&self) -> PyErr {
        match self {
            BatchError::Run(error) => error.exception(),
            other => LedgerError::new_err(in_python(&other.to_string())),
        }
    }
}

impl Failure for RunError {
    fn exception(&self) -> PyErr {
        let text = in_python(&self.to_string());
        match self {
            RunError::Ledger(_) | RunError::Codes(_) => LedgerError::new_err(text),
            RunError::Output(_) | RunError::Store(_) => OutputError::new_err(text),
            RunError::Defect { .. } | RunError::Threads { .. } => OnestopError::new_err(text),
            _ => PolicyError::new_err(text),
        }
    }
}

impl Failure for PolicyFailure {
    fn exception(&self) -> PyErr {
        PolicyError::new_err(in_python(&self.to_string()))
    }
}

impl Failure for LedgerFailure {
    fn exception(&self) -> PyErr {
        LedgerError::new_err(in_python(&self.to_string()))
    }
}

impl Failure for CodesError {
    fn exception(&self) -> PyErr {
        LedgerError::new_err(in_python(&self.to_string()))
    }
}

impl Failure for ExplainError {
    fn exception(&self) -> PyErr {
        OutputError::new_err(in_python(&self.to_string()))
    }
}
