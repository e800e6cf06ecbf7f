//! The rows of one range of persons, brought together and sorted: what is settled.

use crate::ledger::marks::Packed;
use crate::ledger::normalise::{Normaliser, Roles, column};
use crate::ledger::reject::id_text;
use crate::ledger::schema::{IdType, LedgerColumn as C};
use crate::model::codes::{Care, Insutype};
use crate::settle::claims::{Claims, Marks, NO_DISEASE_LIMIT};
use arrow::array::{Array, AsArray, BinaryArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int32Type, Int64Type, SchemaRef, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use chrono::DateTime;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// How a normalised batch is read as claims.
#[derive(Clone, Debug)]
pub struct Reading {
    schema: SchemaRef,
    basic: Vec<usize>,
    recorded_cii: Vec<usize>,
    recorded_maf: Vec<usize>,
    money: Vec<(C, usize)>,
    /// Type of `psn_no`.
    pub psn_no: IdType,
    /// Type of `setl_id`.
    pub setl_id: IdType,
    /// Whether the ledger carries identities.
    pub has_identity: bool,
}

impl Reading {
    /// How batches of a normaliser are read.
    pub fn new(normaliser: &Normaliser<'_>, roles: &Roles, psn_no: IdType, setl_id: IdType) -> Self {
        let at = |columns: &[C]| columns.iter().filter_map(|c| normaliser.position(*c)).collect();
        Self {
            schema: normaliser.schema(),
            basic: at(&roles.basic),
            recorded_cii: at(&[C::HifmiPay, C::HifobPay]),
            recorded_maf: at(&roles.recorded_maf),
            money: normaliser.money.iter().filter_map(|c| Some((*c, normaliser.position(*c)?))).collect(),
            psn_no,
            setl_id,
            has_identity: normaliser.columns.contains(&(C::Identity as usize)),
        }
    }

    /// Brings the rows of a range together and sorts them by person, time and id.
    ///
    /// # Errors
    /// If Arrow cannot gather the rows.
    pub fn sort(&self, pieces: &[RecordBatch], texts: &Arc<[Box<str>]>) -> Result<Sorted, ArrowError> {
        let all = concat_batches(&self.schema, pieces)?;
        let ids = all.column(column::PSN_NO).as_binary::<i32>();
        let setl_ids = all.column(column::SETL_ID).as_binary::<i32>();
        let times = all.column(column::SETL_TIME).as_primitive::<Int64Type>().values();
        let ranks = person_ranks(ids);
        let mut keys: Vec<(u32, i64, u32)> =
            ranks.iter().enumerate().map(|(row, rank)| (*rank, times[row], row as u32)).collect();
        keys.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| {
                let order = setl_ids.value(a.2 as usize).cmp(setl_ids.value(b.2 as usize));
                order.then(a.2.cmp(&b.2))
            })
        });
        let mut persons = Vec::new();
        for (row, key) in keys.iter().enumerate() {
            if row == 0 || keys[row - 1].0 != key.0 {
                persons.push(row as u32);
            }
        }
        persons.push(keys.len() as u32);
        let order = UInt32Array::from_iter_values(keys.iter().map(|k| k.2));
        let batch = take_record_batch(&all, &order)?;
        Ok(Sorted::new(batch, persons, self, texts))
    }
}

/// For every row the rank of its person among the persons of the range.
fn person_ranks(ids: &BinaryArray) -> Vec<u32> {
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut ranks: Vec<u32> = Vec::with_capacity(ids.len());
    for row in 0..ids.len() {
        let id = ids.value(row);
        let number = *numbers.entry(id).or_insert_with(|| {
            distinct.push(id);
            distinct.len() as u32 - 1
        });
        ranks.push(number);
    }
    let mut order: Vec<u32> = (0..distinct.len() as u32).collect();
    order.sort_unstable_by_key(|n| distinct[*n as usize]);
    let mut rank_of = vec![0u32; distinct.len()];
    for (rank, number) in order.iter().enumerate() {
        rank_of[*number as usize] = rank as u32;
    }
    for rank in &mut ranks {
        *rank = rank_of[*rank as usize];
    }
    ranks
}

/// The rows of one range, in the order (person, time, id).
#[derive(Debug)]
pub struct Sorted {
    batch: RecordBatch,
    persons: Vec<u32>,
    texts: Arc<[Box<str>]>,
    money: Vec<(C, usize)>,
    psn_no_type: IdType,
    setl_id_type: IdType,
    insutype: Vec<Insutype>,
    care: Vec<Care>,
    marks: Vec<Marks>,
    identity: Vec<u8>,
    basic_pay: Vec<i64>,
    recorded_cii: Vec<i64>,
    recorded_maf: Vec<i64>,
    ext_comp_amt: Vec<i64>,
    disease_limit: Vec<i64>,
}

impl Sorted {
    fn new(batch: RecordBatch, persons: Vec<u32>, reading: &Reading, texts: &Arc<[Box<str>]>) -> Self {
        let rows = batch.num_rows();
        let packed = batch.column(column::MARKS).as_primitive::<UInt64Type>().values();
        let sum = |positions: &[usize]| {
            let mut sums = vec![0i64; rows];
            for position in positions {
                let column = batch.column(*position).as_primitive::<Int64Type>();
                for (sum, value) in sums.iter_mut().zip(column) {
                    *sum += value.unwrap_or(0);
                }
            }
            sums
        };
        let at = |name: C| reading.money.iter().find(|(c, _)| *c == name).map(|(_, p)| *p);
        let disease_limit = match at(C::DiseaseLimit) {
            Some(position) => {
                let column = batch.column(position).as_primitive::<Int64Type>();
                column.iter().map(|v| v.unwrap_or(NO_DISEASE_LIMIT)).collect()
            }
            None => vec![NO_DISEASE_LIMIT; rows],
        };
        let ext = at(C::ExtCompAmt).map_or_else(Vec::new, |p| vec![p]);
        Self {
            insutype: packed.iter().map(|p| Packed(*p).insutype()).collect(),
            care: packed.iter().map(|p| Packed(*p).care()).collect(),
            marks: packed.iter().map(|p| Packed(*p).marks()).collect(),
            identity: Vec::new(),
            basic_pay: sum(&reading.basic),
            recorded_cii: sum(&reading.recorded_cii),
            recorded_maf: sum(&reading.recorded_maf),
            ext_comp_amt: sum(&ext),
            disease_limit,
            texts: texts.clone(),
            money: reading.money.clone(),
            psn_no_type: reading.psn_no,
            setl_id_type: reading.setl_id,
            persons,
            batch,
        }
    }

    /// Fills in the ledger's identities by rank.
    pub fn certify(&mut self, rank: impl Fn(Packed) -> u8) {
        let packed = self.batch.column(column::MARKS).as_primitive::<UInt64Type>().values();
        self.identity = packed.iter().map(|p| rank(Packed(*p))).collect();
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Row ranges of the persons, in order.
    pub fn persons(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.persons.windows(2).map(|w| w[0] as usize..w[1] as usize)
    }

    /// The columns that the kernel reads.
    pub fn claims(&self) -> Claims<'_> {
        let money = |name: C| {
            let position = self.money.iter().find(|(c, _)| *c == name).map_or(column::SETL_TIME, |(_, p)| *p);
            self.batch.column(position).as_primitive::<Int64Type>().values().as_ref()
        };
        Claims {
            day: self.batch.column(column::DAY).as_primitive::<Int32Type>().values(),
            insutype: &self.insutype,
            care: &self.care,
            medfee_sumamt: money(C::MedfeeSumamt),
            inscp_scp_amt: money(C::InscpScpAmt),
            basic_pay: &self.basic_pay,
            recorded_cii: &self.recorded_cii,
            recorded_maf: &self.recorded_maf,
            ext_comp_amt: &self.ext_comp_amt,
            disease_limit: &self.disease_limit,
            area: self.batch.column(column::AREA).as_primitive::<Int32Type>().values(),
            disease: self.diseases(),
            identity: &self.identity,
            marks: &self.marks,
        }
    }

    /// Persons' ids, as sortable bytes.
    pub fn psn_nos(&self) -> &BinaryArray {
        self.batch.column(column::PSN_NO).as_binary()
    }

    /// Records' ids, as sortable bytes.
    pub fn setl_ids(&self) -> &BinaryArray {
        self.batch.column(column::SETL_ID).as_binary()
    }

    /// Times, in microseconds.
    pub fn times(&self) -> &[i64] {
        self.batch.column(column::SETL_TIME).as_primitive::<Int64Type>().values()
    }

    /// Numbers of the disease codes.
    pub fn diseases(&self) -> &[u32] {
        self.batch.column(column::DISEASE).as_primitive::<UInt32Type>().values()
    }

    /// Where a row stands: file and row.
    pub fn origin(&self, row: usize) -> u64 {
        self.batch.column(column::ORIGIN).as_primitive::<UInt64Type>().value(row)
    }

    /// The small codes of a row.
    #[inline]
    pub fn packed(&self, row: usize) -> Packed {
        Packed(self.batch.column(column::MARKS).as_primitive::<UInt64Type>().value(row))
    }

    /// The day that decides year and identity.
    pub fn day(&self, row: usize) -> i32 {
        self.batch.column(column::DAY).as_primitive::<Int32Type>().value(row)
    }

    /// Person of a row.
    pub fn psn_no(&self, row: usize) -> &[u8] {
        self.psn_nos().value(row)
    }

    /// Record of a row.
    pub fn setl_id(&self, row: usize) -> &[u8] {
        self.setl_ids().value(row)
    }

    /// Time of a row.
    pub fn time(&self, row: usize) -> i64 {
        self.times()[row]
    }

    /// The record that a refund cancels.
    pub fn init_setl_id(&self, row: usize) -> Option<&[u8]> {
        let ids = self.batch.column(column::INIT_SETL_ID).as_binary::<i32>();
        ids.is_valid(row).then(|| ids.value(row))
    }

    /// The fee of a row; negative on a refund.
    pub fn fee(&self, row: usize) -> i64 {
        self.claims().medfee_sumamt[row]
    }

    /// The time of a row, for people.
    pub fn show_time(&self, row: usize) -> String {
        let time = DateTime::from_timestamp_micros(self.time(row));
        time.map_or_else(String::new, |t| t.naive_utc().to_string())
    }

    /// A record's id, for people.
    pub fn show_id(&self, setl_id: &[u8]) -> String {
        id_text(setl_id, self.setl_id_type)
    }

    /// Type of `psn_no`.
    pub fn psn_no_type(&self) -> IdType {
        self.psn_no_type
    }

    /// Orders two records of one id and time by their other values, in the order of the contract's
    /// table, null first.
    pub fn compare_content(&self, a: usize, b: usize) -> Ordering {
        let (x, y) = (self.packed(a), self.packed(b));
        let visit = |row: usize| {
            let number = self.batch.column(column::MED_TYPE).as_primitive::<UInt32Type>().value(row);
            (number != 0).then(|| &*self.texts[number as usize])
        };
        let disease = |row: usize| {
            let number = self.diseases()[row];
            (number != 0).then(|| &*self.texts[number as usize])
        };
        let area = |row: usize| self.batch.column(column::AREA).as_primitive::<Int32Type>().value(row);
        let money = |names: &dyn Fn(C) -> bool| {
            let mut order = Ordering::Equal;
            for (name, position) in &self.money {
                if order == Ordering::Equal && names(*name) {
                    let column = self.batch.column(*position).as_primitive::<Int64Type>();
                    let value = |row: usize| column.is_valid(row).then(|| column.value(row));
                    order = value(a).cmp(&value(b));
                }
            }
            order
        };
        x.order_insutype()
            .cmp(&y.order_insutype())
            .then_with(|| visit(a).cmp(&visit(b)))
            .then_with(|| x.order_care().cmp(&y.order_care()))
            .then_with(|| money(&|c| c < C::RefdSetlFlag))
            .then_with(|| x.order_refunded().cmp(&y.order_refunded()))
            .then_with(|| self.init_setl_id(a).cmp(&self.init_setl_id(b)))
            .then_with(|| x.order_vali_flag().cmp(&y.order_vali_flag()))
            .then_with(|| money(&|c| c > C::RefdSetlFlag && c < C::DiseaseLimit))
            .then_with(|| area(a).cmp(&area(b)))
            .then_with(|| x.order_tail().cmp(&y.order_tail()))
            .then_with(|| money(&|c| c == C::DiseaseLimit))
            .then_with(|| disease(a).cmp(&disease(b)))
            .then_with(|| x.order_identity().cmp(&y.order_identity()))
            .then_with(|| self.day(a).cmp(&self.day(b)))
            .then_with(|| self.origin(a).cmp(&self.origin(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_rank_by_their_bytes() {
        let ids = BinaryArray::from(vec![&b"b"[..], b"a", b"b", b"ab"]);
        assert_eq!(person_ranks(&ids), [2, 0, 2, 1]);
    }
}
