//! A person's rows of the output files, and nobody else's.

use crate::lang::{Both, Told, both, io};
use crate::ledger::error::LedgerError;
use crate::ledger::open::{guarded, options};
use crate::ledger::watched::Watched;
use crate::model::fen;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::DateTime;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Why outputs cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Not the output folder of a run.
    #[error("{path}: {source}\n  give the output folder of a settle run", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("{path}: {message}\n  settle again; the folder seems damaged", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was said.
        message: Both,
    },
    /// Nobody of that number.
    #[error("the person asked for has no claim in {dir}\n  check the number; a rejected row stands in rejects.parquet", dir = dir.display())]
    NoPerson {
        /// The person.
        psn_no: String,
        /// The folder.
        dir: PathBuf,
    },
    /// The person has no such claim.
    #[error("the person asked for has no claim {setl_id} in {dir}\n  leave out --claim to see all of them", dir = dir.display())]
    NoClaim {
        /// The person.
        psn_no: String,
        /// The claim.
        setl_id: String,
        /// The folder.
        dir: PathBuf,
    },
    /// The key is not the one that the run was masked with.
    #[error("{dir}: {why}\n  give the key that it was settled with, or none where it was settled without", dir = dir.display())]
    Mask {
        /// The folder.
        dir: PathBuf,
        /// In words.
        why: Both,
    },
    /// Not the output folder of a reconciliation.
    #[error("{out} holds no findings\n  give the output folder of `onestop reconcile`", out = out.display())]
    NotFindings {
        /// The folder.
        out: PathBuf,
    },
    /// Findings about another run.
    #[error("the findings in {out} are about another run than {dir}\n  reconcile {dir} again", out = out.display(), dir = dir.display())]
    OtherRun {
        /// The folder of findings.
        out: PathBuf,
        /// The run.
        dir: PathBuf,
    },
    /// The run was made without an audit.
    #[error("{dir} holds no audit.parquet\n  settle again without `--audit none`", dir = dir.display())]
    NoAudit {
        /// The folder.
        dir: PathBuf,
    },
}

impl Told for ExplainError {
    fn zh(&self) -> String {
        match self {
            ExplainError::Io { path, source } => {
                format!("{}：{}\n  请给出 settle 的输出目录", path.display(), io(source))
            }
            ExplainError::Damaged { path, message } => {
                format!("{}：{}\n  该输出目录可能已损坏，请重新结算", path.display(), message.zh)
            }
            ExplainError::NoPerson { dir, .. } => {
                format!("{} 中没有该人员的结算\n  请核对人员编号；被退回的行见 rejects.parquet", dir.display())
            }
            ExplainError::NoClaim { setl_id, dir, .. } => {
                format!("{} 中没有该人员的结算 {setl_id}\n  不写 --claim 可查看其全部结算", dir.display())
            }
            ExplainError::Mask { dir, why } => {
                format!("{}：{}\n  请给出结算时所用的密钥；结算时未用密钥的，不要给出", dir.display(), why.zh)
            }
            ExplainError::NotFindings { out } => {
                format!("{} 中没有核对结果\n  请给出 `onestop reconcile` 的输出目录", out.display())
            }
            ExplainError::OtherRun { out, dir } => {
                format!("{} 中的核对结果不是针对 {dir} 的\n  请重新核对 {dir}", out.display(), dir = dir.display())
            }
            ExplainError::NoAudit { dir } => {
                format!("{} 中没有 audit.parquet\n  请重新结算，不要写 `--audit none`", dir.display())
            }
        }
    }
}

/// Rows of one file.
#[derive(Debug, Default)]
pub struct Rows {
    batches: Vec<RecordBatch>,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    batch: &'a RecordBatch,
    at: usize,
}

impl Rows {
    /// A person's rows of a file; only row groups that may hold the person are decoded.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn of(dir: &Path, name: &str, psn_no: &str) -> Result<Self, ExplainError> {
        let path = dir.join(name);
        File::open(&path).map_err(|source| ExplainError::Io { path: path.clone(), source })?;
        let damaged = |message: Both| ExplainError::Damaged { path: path.clone(), message };
        let unread = |error: LedgerError| match error {
            LedgerError::Parquet { message, .. } => damaged(message),
            other => damaged(Both::of(&other)),
        };
        let opened = guarded(name, None, || {
            let builder = Watched::whole(&path, options())?;
            let groups: Vec<usize> = (0..builder.metadata().num_row_groups())
                .filter(|g| may_hold(builder.metadata().row_group(*g), psn_no))
                .collect();
            builder.with_row_groups(groups).build()
        });
        let mut reader = opened.map_err(unread)?;
        let mut rows = Rows::default();
        while let Some(batch) = guarded(name, None, || reader.next().transpose().map_err(Into::into)).map_err(unread)? {
            let ids =
                batch.column_by_name("psn_no").ok_or_else(|| damaged(both!("no column psn_no", "没有 psn_no 列")))?;
            let ids = cast(ids, &DataType::Utf8).map_err(|e| damaged(Both::foreign(e)))?;
            let mine: BooleanArray = ids.as_string::<i32>().iter().map(|id| Some(id == Some(psn_no))).collect();
            let batch = filter_record_batch(&batch, &mine).map_err(|e| damaged(Both::foreign(e)))?;
            if batch.num_rows() > 0 {
                rows.batches.push(batch);
            }
        }
        Ok(rows)
    }

    /// The rows, in file order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| Row { batch, at }))
    }

    /// The rows as they were read.
    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

/// A value as text; null as nothing.
pub(crate) fn cell(column: &ArrayRef, row: usize) -> Option<String> {
    let nulls = column.logical_nulls();
    if nulls.is_some_and(|n| n.is_null(row)) {
        return None;
    }
    ArrayFormatter::try_new(column, &FormatOptions::default()).ok()?.value(row).try_to_string().ok()
}

/// Whether a row group's statistics allow the person; without statistics, yes.
fn may_hold(group: &RowGroupMetaData, psn_no: &str) -> bool {
    let column = group.columns().iter().find(|c| c.column_path().string() == "psn_no");
    match column.and_then(|c| c.statistics()) {
        Some(Statistics::ByteArray(s)) => {
            let below = s.min_opt().is_some_and(|min| psn_no.as_bytes() < min.data());
            // A maximum may be cut short, and then is no bound for texts that go on.
            let above = s.max_is_exact() && s.max_opt().is_some_and(|max| psn_no.as_bytes() > max.data());
            !below && !above
        }
        Some(Statistics::Int64(s)) => psn_no
            .parse::<i64>()
            .is_ok_and(|id| s.min_opt().is_none_or(|min| id >= *min) && s.max_opt().is_none_or(|max| id <= *max)),
        _ => true,
    }
}

impl Row<'_> {
    fn column(&self, name: &str) -> Option<&ArrayRef> {
        self.batch.column_by_name(name).filter(|c| c.is_valid(self.at))
    }

    /// A text, or an id of either type; empty where there is none.
    pub fn text(&self, name: &str) -> String {
        let Some(column) = self.column(name) else { return String::new() };
        match column.data_type() {
            DataType::Int64 => column.as_primitive::<Int64Type>().value(self.at).to_string(),
            DataType::Utf8 => column.as_string::<i32>().value(self.at).to_owned(),
            _ => String::new(),
        }
    }

    /// An amount in fen.
    pub fn fen(&self, name: &str) -> Option<i64> {
        let raw = self.decimal(name)?;
        i64::try_from(raw).ok()
    }

    /// A ratio in millionths.
    pub fn ratio(&self, name: &str) -> Option<i64> {
        self.decimal(name).and_then(|raw| i64::try_from(raw).ok())
    }

    fn decimal(&self, name: &str) -> Option<i128> {
        let column = self.column(name)?;
        let array = column.as_primitive_opt::<Decimal128Type>()?;
        Some(array.value(self.at))
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        Some(self.column(name)?.as_boolean_opt()?.value(self.at))
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i32> {
        let column = self.column(name)?;
        Some(column.as_primitive_opt::<Int32Type>()?.value(self.at))
    }

    /// An instant, as it is read.
    pub fn time(&self, name: &str) -> String {
        let time =
            self.column(name).and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>()).map(|c| c.value(self.at));
        let shown = time.and_then(DateTime::from_timestamp_micros);
        shown.map_or_else(String::new, |t| t.naive_utc().format("%Y-%m-%d %H:%M:%S").to_string())
    }

    /// An amount for people.
    pub fn money(&self, name: &str) -> String {
        self.fen(name).map_or_else(|| "—".to_owned(), |fen| fen::to_grouped(i128::from(fen)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let (dir, out) = (|| PathBuf::from("run"), || PathBuf::from("found"));
        let source = std::io::ErrorKind::NotFound.into();
        let flaw = || both!("no", "有误");
        let (psn_no, setl_id) = (|| "P1".to_owned(), "S7".to_owned());
        for (error, facts) in [
            (ExplainError::Io { path: dir(), source }, ["run", "文件不存在"]),
            (ExplainError::Damaged { path: dir(), message: flaw() }, ["run", "有误"]),
            (ExplainError::NoPerson { psn_no: psn_no(), dir: dir() }, ["run", "rejects.parquet"]),
            (ExplainError::NoClaim { psn_no: psn_no(), setl_id, dir: dir() }, ["run", "S7"]),
            (ExplainError::Mask { dir: dir(), why: flaw() }, ["run", "有误"]),
            (ExplainError::NotFindings { out: out() }, ["found", "onestop reconcile"]),
            (ExplainError::OtherRun { out: out(), dir: dir() }, ["found", "run"]),
            (ExplainError::NoAudit { dir: dir() }, ["run", "audit.parquet"]),
        ] {
            two_lines(&error, &facts);
            assert!(!error.zh().contains("P1"), "persons are named with --verbose alone");
        }
    }
}
