//! The paid side: the run's own recorded columns, a file of payments, or another run.

use super::error::ReconcileError;
use super::measure::{ASSISTANCE, ByLayer, CATASTROPHIC, Measure, Measures, TOTAL, Vector, layer, plus};
use super::sheet::{Sheet, needed, optional};
use crate::lang::both;
use crate::ledger::codebook::CodeBook;
use crate::ledger::mask::Mask;
use crate::ledger::schema::{IdType, Kind, Spec};
use crate::model::fen::MAX_SUM;
use crate::settle::outcome::LAYERS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A person and a charge year; [`ANY_YEAR`] where the file says none.
pub type Key = (Box<[u8]>, i32);
/// The year of rows that say none.
pub const ANY_YEAR: i32 = i32::MIN;

/// Columns of a file of payments.
pub const PAID: &[Spec] = &[
    needed("psn_no", Kind::Id),
    optional("setl_id", Kind::Id),
    optional("charge_year", Kind::Code),
    optional("benefit_year", Kind::Code),
    optional("cii_pay", Kind::Money),
    optional("special_drug_pay", Kind::Money),
    optional("ma_pay", Kind::Money),
    optional("ra_pay", Kind::Money),
    optional("oocat_pay", Kind::Money),
    optional("hifmi_pay", Kind::Money),
    optional("hifob_pay", Kind::Money),
    optional("maf_pay", Kind::Money),
    optional("total", Kind::Money),
];
const PSN_NO: usize = 0;
const SETL_ID: usize = 1;
const YEARS: [usize; 2] = [2, 3];
const FIRST_AMOUNT: usize = 4;

/// Payments on one record: its id, the year where it is known, and the amounts.
pub type OnRecord = (Box<[u8]>, Vector);

/// Payments by person, each on its record.
pub type ByPerson = BTreeMap<Box<[u8]>, Vec<OnRecord>>;

/// What was paid.
pub struct PaidSide {
    /// Where it comes from.
    pub origin: Origin,
    /// The figures that it states.
    pub measures: Measures,
    /// Sums by person and year, and whether this run has them too; nothing where the run's own recorded
    /// columns say it.
    sums: BTreeMap<Key, (Vector, AtomicBool)>,
}

/// Where payments come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The recorded columns of the run.
    Recorded,
    /// A file.
    File(PathBuf),
    /// Another run.
    Run(PathBuf),
}

impl PaidSide {
    /// The recorded columns of the run itself.
    pub fn recorded() -> Self {
        let measures = Measures::funds();
        Self { origin: Origin::Recorded, measures, sums: BTreeMap::new() }
    }

    /// Another settle run.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub fn run(dir: &Path, book: &CodeBook, ids: (IdType, &Path)) -> Result<Self, ReconcileError> {
        let path = dir.join("persons.parquet");
        let sheet = Sheet::open(&path, PAID, book)?;
        let measures = Measures((0..LAYERS.len()).map(layer).collect());
        let columns = (0..LAYERS.len()).map(|n| (n, FIRST_AMOUNT + n)).collect();
        let sums = read_sums(&sheet, &columns, ids, &path)?;
        Ok(Self { origin: Origin::Run(dir.to_owned()), measures, sums })
    }

    /// A file of payments, its persons to be masked as those of the run are.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub fn file(
        path: &Path,
        book: &CodeBook,
        mask: Option<&Mask>,
        ids: (IdType, &Path),
    ) -> Result<Self, ReconcileError> {
        let sheet = Sheet::open(path, PAID, book)?.masked(mask);
        let (measures, columns) = stated(&sheet, path)?;
        let sums = read_sums(&sheet, &columns, ids, path)?;
        Ok(Self { origin: Origin::File(path.to_owned()), measures, sums })
    }

    /// Whether every row says its year.
    pub fn says_years(&self) -> bool {
        self.sums.first_key_value().is_none_or(|_| self.sums.keys().all(|(_, year)| *year != ANY_YEAR))
    }

    /// What a person was paid in a year. From any thread.
    pub fn of(&self, psn_no: &[u8], year: i32) -> Vector {
        let mut key: Key = (psn_no.into(), year);
        let mut found = self.sums.get(&key);
        if found.is_none() {
            key.1 = ANY_YEAR;
            found = self.sums.get(&key);
        }
        let Some((vector, seen)) = found else { return Vector::default() };
        seen.store(true, Ordering::Relaxed);
        *vector
    }

    /// Persons and years that were paid and that nobody asked for.
    pub fn unseen(&self) -> impl Iterator<Item = (&Key, &Vector)> {
        let unseen = self
            .sums
            .iter()
            .filter(|(_, (vector, seen))| !seen.load(Ordering::Relaxed) && vector.iter().any(|fen| *fen != 0));
        unseen.map(|(key, (vector, _))| (key, vector))
    }

    /// Payments by record of some persons, where the paid side states records.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub fn records(
        &self,
        persons: &BTreeSet<Box<[u8]>>,
        book: &CodeBook,
        mask: Option<&Mask>,
    ) -> Result<Option<ByPerson>, ReconcileError> {
        let (path, columns) = match &self.origin {
            Origin::Recorded => return Ok(None),
            Origin::Run(dir) => {
                (dir.join("settlement.parquet"), (0..LAYERS.len()).map(|n| (n, FIRST_AMOUNT + n)).collect())
            }
            Origin::File(path) => (path.clone(), Columns::new()),
        };
        // Another run's folder was masked when it was settled.
        let mask = mask.filter(|_| matches!(self.origin, Origin::File(_)));
        let sheet = Sheet::open(&path, PAID, book)?.masked(mask);
        if !sheet.has(SETL_ID) {
            return Ok(None);
        }
        let columns = if columns.is_empty() { stated(&sheet, &path)?.1 } else { columns };
        let parts = sheet.groups(|batch, found: &mut Vec<(Box<[u8]>, OnRecord)>| {
            let (psn_no, setl_id) = (batch.ids(PSN_NO)?, batch.ids(SETL_ID)?);
            let wanted: Vec<usize> = (0..batch.rows()).filter(|row| persons.contains(psn_no.get(*row))).collect();
            if wanted.is_empty() {
                return Ok(());
            }
            let vectors = vectors(batch, &columns)?;
            found.extend(wanted.into_iter().map(|r| (psn_no.get(r).into(), (setl_id.get(r).into(), vectors[r]))));
            Ok(())
        })?;
        let mut records = ByPerson::new();
        for (person, record) in parts.into_iter().flatten() {
            records.entry(person).or_default().push(record);
        }
        records.values_mut().for_each(|r| r.sort());
        Ok(Some(records))
    }
}

/// Columns of amounts: (measure, column of [`PAID`]).
type Columns = Vec<(usize, usize)>;

/// The figures that a file states, and where they stand.
fn stated(sheet: &Sheet, path: &Path) -> Result<(Measures, Columns), ReconcileError> {
    let (mut measures, mut columns) = (Vec::<Measure>::new(), Columns::new());
    let of_column = |column: usize| match PAID[column].name {
        "hifmi_pay" | "hifob_pay" => CATASTROPHIC,
        "maf_pay" => ASSISTANCE,
        "total" => TOTAL,
        _ => layer(column - FIRST_AMOUNT),
    };
    for column in (FIRST_AMOUNT..PAID.len()).filter(|c| sheet.has(*c)) {
        let measure = of_column(column);
        let number = measures.iter().position(|m| *m == measure).unwrap_or_else(|| {
            measures.push(measure);
            measures.len() - 1
        });
        columns.push((number, column));
    }
    for (a, first) in measures.iter().enumerate() {
        for second in &measures[a + 1..] {
            if first.shares_layers(second) {
                let (file, first, second) = (path.to_owned(), first.name, second.name);
                return Err(ReconcileError::Overlap { file, first, second });
            }
        }
    }
    if measures.is_empty() {
        return Err(ReconcileError::NoAmounts { file: path.to_owned(), found: sheet.names() });
    }
    Ok((Measures(measures), columns))
}

fn vectors(batch: &super::sheet::Batch<'_>, columns: &Columns) -> Result<Vec<Vector>, ReconcileError> {
    let mut vectors = vec![Vector::default(); batch.rows()];
    for (measure, column) in columns {
        let fen = batch.money(*column)?;
        vectors.iter_mut().zip(fen).for_each(|(v, fen)| v[*measure] += fen);
    }
    Ok(vectors)
}

fn read_sums(
    sheet: &Sheet,
    columns: &Columns,
    (ids, dir): (IdType, &Path),
    path: &Path,
) -> Result<BTreeMap<Key, (Vector, AtomicBool)>, ReconcileError> {
    if sheet.file.written_id_type(PSN_NO).is_some_and(|found| found != ids) {
        return Err(ReconcileError::OtherIds { file: path.to_owned(), dir: dir.to_owned() });
    }
    let too_large = || ReconcileError::TooLarge { file: path.to_owned() };
    let parts = sheet.groups(|batch, sums: &mut BTreeMap<Key, Stated>| {
        let psn_no = batch.ids(PSN_NO)?;
        let years = match batch.years(YEARS[0])? {
            Some(years) => Some(years),
            None => batch.years(YEARS[1])?,
        };
        let vectors = vectors(batch, columns)?;
        for (row, vector) in vectors.iter().enumerate() {
            let id = psn_no.get(row);
            if id.is_empty() {
                return Err(batch.bad_row(row, both!("psn_no is empty", "psn_no 为空")));
            }
            let sum = sums.entry((id.into(), years.as_ref().map_or(ANY_YEAR, |y| y[row]))).or_default();
            sum.add(vector, size(vector)).ok_or_else(too_large)?;
        }
        Ok(())
    })?;
    let mut sums: BTreeMap<Key, Stated> = BTreeMap::new();
    for (key, stated) in parts.into_iter().flatten() {
        sums.entry(key).or_default().add(&stated.sum, stated.size).ok_or_else(too_large)?;
    }
    Ok(sums.into_iter().map(|(key, stated)| (key, (stated.sum, AtomicBool::default()))).collect())
}

/// What rows of a person and year add up to.
#[derive(Default)]
struct Stated {
    sum: Vector,
    /// The same without signs: no part of the rows comes to more, in whatever order they are added.
    size: i64,
}

impl Stated {
    /// Adds; `None` where it is more than eighteen digits hold.
    fn add(&mut self, vector: &Vector, size: i64) -> Option<()> {
        self.size = self.size.checked_add(size).filter(|size| *size <= MAX_SUM)?;
        self.sum = plus(&self.sum, vector);
        Some(())
    }
}

/// All figures without their signs.
fn size(vector: &Vector) -> i64 {
    vector.iter().fold(0, |sum: i64, fen| sum.saturating_add(fen.saturating_abs()))
}

/// By layer, of amounts that stand in the order of the layers.
pub fn by_layer(columns: &[Vec<i64>], row: usize) -> ByLayer {
    std::array::from_fn(|n| columns[n][row])
}
