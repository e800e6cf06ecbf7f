//! The module under the Python package: objects of Python in, objects of Python out. What the texts and
//! options of its callers look like stands in `package/onestop`.

// Nothing here is written so; the macros write it.
#![allow(unsafe_code)]

mod errors;
mod options;
mod tables;

use crate::batches::{Settler, output_schemas};
use crate::explain::explain as explain_run;
use crate::lang::Lang;
use crate::ledger::open::{Source, sources};
use crate::ledger::schema::IdType;
use crate::model::date;
use crate::output::access::Access;
use crate::output::parquet_file::digest_of_text;
use crate::policy::parameters::Used;
use crate::policy::{Policy, SHIPPED};
use crate::run::progress::Silent;
use crate::run::settle::{Papers, Settle, settle as settle_run};
use arrow::datatypes::Schema;
use arrow::pyarrow::{PyArrowType, Table};
use errors::{failed, told};
use options::{FileOptions, Options};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;
use std::sync::Mutex;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::errors::{LedgerError, OnestopError, OutputError, PolicyError};
    #[pymodule_export]
    use super::{PySettler, document, explain, policies, schemas, settle};

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods as _;
        module.add("MOST_ID", crate::ledger::decode::MOST_ID)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// The policies that are shipped, one dict each.
#[pyfunction]
fn policies(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for (id, _) in SHIPPED {
        let policy = Policy::load(id).map_err(|e| failed(&e))?;
        let header = &policy.doc.policy;
        let of = PyDict::new(py);
        of.set_item("id", &header.id)?;
        of.set_item("title", &header.title)?;
        of.set_item("document", &header.document)?;
        of.set_item("valid_from", header.from.to_string())?;
        of.set_item("valid_until", header.until.map(|day| day.to_string()))?;
        of.set_item("sha256", digest_of_text(&policy.text))?;
        of.set_item("text", policy.text)?;
        list.append(of)?;
    }
    Ok(list)
}

/// A policy by shipped id or path: its name, its text, and where it comes from.
#[pyfunction]
fn document(id_or_path: &str) -> PyResult<(String, String, String)> {
    let policy = Policy::load(id_or_path).map_err(|e| failed(&e))?;
    Ok((id_or_path.to_owned(), policy.text, policy.origin))
}

/// The schema of each output by name, as [`PySettler`] gives it.
#[pyfunction]
fn schemas(py: Python<'_>, psn_no_int: bool, setl_id_int: bool) -> PyResult<Bound<'_, PyDict>> {
    let id = |int| if int { IdType::Int } else { IdType::Text };
    let dict = PyDict::new(py);
    for (name, schema) in output_schemas(id(psn_no_int), id(setl_id_int)) {
        dict.set_item(name, PyArrowType(schema.as_ref().clone()))?;
    }
    Ok(dict)
}

/// Explains a person's year, or one claim, from a folder of outputs.
#[pyfunction]
#[pyo3(signature = (folder, psn_no, setl_id, chinese))]
fn explain(py: Python<'_>, folder: PathBuf, psn_no: &str, setl_id: Option<&str>, chinese: bool) -> PyResult<String> {
    let lang = if chinese { Lang::Zh } else { Lang::En };
    py.detach(|| explain_run(&folder, psn_no.trim(), setl_id.map(str::trim), lang)).map_err(|e| failed(&e))
}

/// A ledger or a roster: paths, or a table.
#[derive(FromPyObject)]
enum Given {
    Paths(Vec<PathBuf>),
    Table(PyArrowType<Table>),
}

impl Given {
    fn sources(self, name: &str) -> Result<Vec<Source>, PyErr> {
        match self {
            Given::Paths(paths) => sources(&paths).map_err(|e| failed(&e)),
            Given::Table(PyArrowType(table)) => {
                let bytes = tables::parquet(table).map_err(|e| told(&format!("{name}: {e}\n  give plain columns")))?;
                Ok(vec![Source::Given(name.to_owned(), bytes)])
            }
        }
    }
}

/// Settles files or tables into a folder, as the program does; the manifest as JSON, the dated values that are not
/// confirmed, and whether the roster does not tell when its rows were recorded, though it was asked.
#[pyfunction]
fn settle(
    py: Python<'_>,
    ledger: Given,
    roster: Option<Given>,
    out: PathBuf,
    options: &str,
    file_options: &str,
) -> PyResult<(String, Vec<String>, bool)> {
    let FileOptions { orders, force, threads, memory, papers } = options::read(file_options)?;
    py.detach(|| {
        let options: Options = options::read(options)?;
        let mut rosters = roster.map(|roster| roster.sources("roster")).transpose()?.unwrap_or_default();
        let plan = options.plan(!rosters.is_empty(), false)?;
        if rosters.len() > 1 {
            return Err(told("a roster is one file\n  give one path"));
        }
        let run = Settle {
            ledger: ledger.sources("ledger")?,
            roster: rosters.pop(),
            out,
            orders,
            force,
            papers: Papers { payments: papers, report: papers, payees: None },
            access: Access::Owner,
            threads,
            memory,
            ..plan.run()
        };
        let settled = settle_run(&run, &Silent).map_err(|e| failed(&e))?;
        let unconfirmed = settled.unconfirmed.iter().map(Used::with_status).collect();
        Ok((settled.manifest.to_json(), unconfirmed, settled.nothing_known_on))
    })
}

/// Settles batches in the order of persons.
#[pyclass(name = "Settler", module = "onestop._native", frozen)]
struct PySettler {
    inner: Mutex<Settler>,
    digest: String,
}

#[pymethods]
impl PySettler {
    #[new]
    fn new(py: Python<'_>, options: &str, roster: bool, named: bool) -> PyResult<Self> {
        py.detach(|| {
            let options: Options = options::read(options)?;
            let digest = options.digest();
            let settler = Settler::new(options.plan(roster, named)?).map_err(|e| failed(&e))?;
            Ok(Self { inner: Mutex::new(settler), digest })
        })
    }

    /// SHA-256 over the program's version and all that decides a result beside ledger and roster.
    #[getter]
    fn digest(&self) -> &str {
        &self.digest
    }

    /// Takes rows of the ledger; the batches settled by them, by name.
    fn push<'py>(
        &self,
        py: Python<'py>,
        batch: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<(&'static str, Bound<'py, PyAny>)>> {
        let batch = tables::batch(batch, "ledger")?;
        let settled = py.detach(|| self.settler().push(&batch)).map_err(|e| failed(&e))?;
        tables::to_python(py, settled)
    }

    /// Takes rows of the roster.
    fn push_roster(&self, py: Python<'_>, batch: &Bound<'_, PyAny>) -> PyResult<()> {
        let batch = tables::batch(batch, "roster")?;
        py.detach(|| self.settler().push_roster(&batch)).map_err(|e| failed(&e))
    }

    /// The rest.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&'static str, Bound<'py, PyAny>)>> {
        let settled = py.detach(|| self.settler().finish()).map_err(|e| failed(&e))?;
        tables::to_python(py, settled)
    }

    /// What was done so far, as JSON.
    fn stats(&self) -> PyResult<String> {
        serde_json::to_string(self.settler().stats()).map_err(|e| told(&e.to_string()))
    }

    /// The columns of a ledger that are read, under the names of the contract.
    fn ledger_columns(&self, schema: PyArrowType<Schema>) -> PyResult<Vec<(&'static str, String)>> {
        self.settler().ledger_columns(schema.0).map_err(|e| failed(&e))
    }

    /// The same of a roster.
    fn roster_columns(&self, schema: PyArrowType<Schema>) -> PyResult<Vec<(&'static str, String)>> {
        self.settler().roster_columns(schema.0).map_err(|e| failed(&e))
    }
}

impl PySettler {
    fn settler(&self) -> std::sync::MutexGuard<'_, Settler> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A day written as `YYYY-MM-DD`.
fn day(text: &str) -> PyResult<i32> {
    let day = text.parse().map(date::to_days);
    day.map_err(|_| told(&format!("`{text}` is no date\n  write it as YYYY-MM-DD")))
}
