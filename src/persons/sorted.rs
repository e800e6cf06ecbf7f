//! The rows of one range of persons, brought together and sorted: what is settled.
//!
//! Rows that stand in that order already, as those of a ledger sorted by person do, are only copied.

use super::gather::{BASIC, CII, EXT, FEE, Gathered, MAF, Place, Role, SCOPE, Values};
use super::order::{order, starts_in_order};
use super::piece::Piece;
use crate::ledger::intern::Texts;
use crate::ledger::marks::Packed;
use crate::ledger::normalise::{Normaliser, Roles};
use crate::ledger::reject::id_text;
use crate::ledger::rows::{Ids, Layout, NULL, column};
use crate::ledger::schema::{IdType, LedgerColumn as C};
use crate::model::codes::{Care, Insutype};
use crate::model::date;
use crate::settle::claims::{Claims, Marks};
use chrono::DateTime;
use std::cmp::Ordering;
use std::ops::Range;

/// How packed rows are read as claims.
#[derive(Clone, Debug)]
pub struct Reading {
    layout: Layout,
    roles: Vec<Role>,
    /// Type of `psn_no`.
    pub psn_no: IdType,
    /// Type of `setl_id`.
    pub setl_id: IdType,
    /// Whether the ledger carries identities.
    pub has_identity: bool,
}

impl Reading {
    /// How the rows of a normaliser are read.
    pub fn new(normaliser: &Normaliser<'_>, roles: &Roles, psn_no: IdType, setl_id: IdType) -> Self {
        let layout = normaliser.layout.clone();
        let money = |name: C| match name {
            C::MedfeeSumamt => Role::Sum(FEE),
            C::InscpScpAmt => Role::Sum(SCOPE),
            C::HifmiPay | C::HifobPay => Role::Sum(CII),
            C::ExtCompAmt => Role::Sum(EXT),
            C::DiseaseLimit => Role::Limit,
            name if roles.basic.contains(&name) => Role::Sum(BASIC),
            name if roles.recorded_maf.contains(&name) => Role::Sum(MAF),
            _ => Role::Other,
        };
        let mut of = vec![Role::Other; layout.columns()];
        of[column::SETL_TIME] = Role::Time;
        of[column::MARKS] = Role::Marks;
        of[column::AREA] = Role::Area;
        of[column::DISEASE] = Role::Disease;
        of[column::MONEY..].iter_mut().zip(layout.money.iter()).for_each(|(role, name)| *role = money(*name));
        if let Some(day) = layout.day() {
            of[day] = Role::Day;
        }
        let has_identity = normaliser.columns.contains(&(C::Identity as usize));
        Self { layout, roles: of, psn_no, setl_id, has_identity }
    }

    /// Brings the rows of a range together and sorts them by person, time and id. `None` where a piece
    /// cannot be read.
    pub fn sort<'a>(&'a self, pieces: Vec<Piece<'a>>, texts: &'a Texts) -> Option<Sorted<'a>> {
        let count = pieces.iter().map(Piece::rows).sum();
        let mut ids = [(); 3].map(|()| Ids::default());
        let mut scratch = Vec::new();
        let mut times = Vec::with_capacity(count);
        let (mut starts, mut id_bytes) = (Vec::with_capacity(pieces.len()), Vec::with_capacity(pieces.len()));
        for piece in &pieces {
            starts.push(times.len() as u32);
            let numbers = piece.ids(&mut ids, &mut scratch)?;
            id_bytes.push(numbers);
            let time = |position| position == column::SETL_TIME;
            piece.numbers(numbers, column::SETL_TIME + 1, &mut scratch, time, |_, values| match values {
                Values::Same(time, rows) => times.resize(times.len() + rows, time),
                Values::Each(values) => times.extend_from_slice(values),
            })?;
        }
        let [psn_no, setl_id, init_setl_id] = ids;
        let in_order = starts_in_order(&psn_no, &setl_id, &times);
        let (order, persons, place) = match in_order {
            Some(persons) => ((0..count as u32).collect(), persons, None),
            None => {
                let (order, persons) = order(&psn_no, &setl_id, &times);
                let mut place = vec![0u32; count];
                order.iter().enumerate().for_each(|(to, from)| place[*from as usize] = to as u32);
                (order, persons, Some(place))
            }
        };
        let mut claims = Gathered::new(count);
        let wanted = |position: usize| self.roles[position] != Role::Other;
        for ((piece, start), numbers) in pieces.iter().zip(&starts).zip(&id_bytes) {
            let start = *start as usize;
            let place = place.as_ref().map_or(Place::From(start), |p| Place::Each(&p[start..start + piece.rows()]));
            piece.numbers(*numbers, self.roles.len(), &mut scratch, wanted, |position, values| {
                claims.take(self.roles[position], values, place);
            })?;
        }
        if self.layout.day().is_none() {
            claims.day = claims.time.iter().map(|t| date::day_of_micros(*t)).collect();
        }
        let gathered = |ids: Ids| if place.is_some() { ids.gather(&order) } else { ids };
        Some(Sorted {
            reading: self,
            texts,
            pieces,
            starts,
            id_bytes,
            psn_no: gathered(psn_no),
            setl_id: gathered(setl_id),
            init_setl_id,
            order,
            persons,
            insutype: claims.packed.iter().map(|p| p.insutype()).collect(),
            care: claims.packed.iter().map(|p| p.care()).collect(),
            marks: claims.packed.iter().map(|p| p.marks()).collect(),
            identity: Vec::new(),
            claims,
        })
    }
}

/// The rows of one range, in the order (person, time, id).
#[derive(Debug)]
pub struct Sorted<'a> {
    reading: &'a Reading,
    texts: &'a Texts,
    pieces: Vec<Piece<'a>>,
    /// First row of each piece, and length of its ids.
    starts: Vec<u32>,
    id_bytes: Vec<usize>,
    psn_no: Ids,
    setl_id: Ids,
    /// As they came; `order` tells which one stands where.
    init_setl_id: Ids,
    order: Vec<u32>,
    persons: Vec<u32>,
    claims: Gathered,
    insutype: Vec<Insutype>,
    care: Vec<Care>,
    marks: Vec<Marks>,
    identity: Vec<u8>,
}

impl Sorted<'_> {
    /// Fills in the ledger's identities by rank, as told of a row's codes and its deciding day.
    pub fn certify(&mut self, rank: impl Fn(Packed, i32) -> u8) {
        let rows = self.claims.packed.iter().zip(&self.claims.day);
        self.identity = rows.map(|(packed, day)| rank(*packed, *day)).collect();
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// Row ranges of the persons, in order.
    pub fn persons(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.persons.windows(2).map(|w| w[0] as usize..w[1] as usize)
    }

    /// The columns that the kernel reads.
    pub fn claims(&self) -> Claims<'_> {
        let amount = |a: usize| self.claims.amounts[a].as_slice();
        Claims {
            day: &self.claims.day,
            insutype: &self.insutype,
            care: &self.care,
            medfee_sumamt: amount(FEE),
            inscp_scp_amt: amount(SCOPE),
            basic_pay: amount(BASIC),
            recorded_cii: amount(CII),
            recorded_maf: amount(MAF),
            ext_comp_amt: amount(EXT),
            disease_limit: &self.claims.disease_limit,
            area: &self.claims.area,
            disease: &self.claims.disease,
            identity: &self.identity,
            marks: &self.marks,
        }
    }

    /// Times, in microseconds.
    pub fn times(&self) -> &[i64] {
        &self.claims.time
    }

    /// Numbers of the disease codes.
    pub fn diseases(&self) -> &[u32] {
        &self.claims.disease
    }

    /// Where a row stands: file and row.
    pub fn origin(&self, row: usize) -> u64 {
        self.content(column::ORIGIN, row) as u64
    }

    /// The small codes of a row.
    #[inline]
    pub fn packed(&self, row: usize) -> Packed {
        self.claims.packed[row]
    }

    /// The day that decides year and identity.
    #[inline]
    pub fn day(&self, row: usize) -> i32 {
        self.claims.day[row]
    }

    /// Person of a row, as sortable bytes.
    #[inline]
    pub fn psn_no(&self, row: usize) -> &[u8] {
        self.psn_no.get(row)
    }

    /// Record of a row, as sortable bytes.
    #[inline]
    pub fn setl_id(&self, row: usize) -> &[u8] {
        self.setl_id.get(row)
    }

    /// Time of a row.
    #[inline]
    pub fn time(&self, row: usize) -> i64 {
        self.claims.time[row]
    }

    /// The record that a refund cancels.
    pub fn init_setl_id(&self, row: usize) -> Option<&[u8]> {
        Some(self.init_setl_id.get(self.order[row] as usize)).filter(|id| !id.is_empty())
    }

    /// The fee of a row; negative on a refund.
    #[inline]
    pub fn fee(&self, row: usize) -> i64 {
        self.claims.amounts[FEE][row]
    }

    /// The largest amount of a row that is no refund: everything that it is paid or owed is within it.
    pub fn largest(&self, row: usize) -> i64 {
        [FEE, CII, MAF].map(|amount| self.claims.amounts[amount][row]).into_iter().fold(0, i64::max)
    }

    /// The time of a row, for people.
    pub fn show_time(&self, row: usize) -> String {
        let time = DateTime::from_timestamp_micros(self.time(row));
        time.map_or_else(String::new, |t| t.naive_utc().to_string())
    }

    /// A record's id, for people.
    pub fn show_id(&self, setl_id: &[u8]) -> String {
        id_text(setl_id, self.reading.setl_id)
    }

    /// Any number of a row. Few rows are ever asked, so it is looked up where it waits.
    fn content(&self, position: usize, row: usize) -> i64 {
        let arena = self.order[row];
        let piece = self.starts.partition_point(|s| *s <= arena) - 1;
        self.pieces[piece].number_at(self.id_bytes[piece], position, (arena - self.starts[piece]) as usize)
    }

    /// Orders two records of one id and time by their other values, in the order of the contract's
    /// table, null first.
    pub fn compare_content(&self, a: usize, b: usize) -> Ordering {
        let (x, y) = (self.packed(a), self.packed(b));
        let text = |position: usize, row: usize| match self.content(position, row) {
            NULL => None,
            number => self.texts.get(number as u32),
        };
        let by_text = |position: usize| text(position, a).cmp(&text(position, b));
        let by_number = |position: usize| self.content(position, a).cmp(&self.content(position, b));
        // None is the least number there is.
        let money = |names: &dyn Fn(C) -> bool| {
            let named = self.reading.layout.money.iter().enumerate().filter(|(_, name)| names(**name));
            named.map(|(n, _)| by_number(column::MONEY + n)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        };
        x.order_insutype()
            .cmp(&y.order_insutype())
            .then_with(|| by_text(column::MED_TYPE))
            .then_with(|| x.order_care().cmp(&y.order_care()))
            .then_with(|| money(&|c| c < C::RefdSetlFlag))
            .then_with(|| x.order_refunded().cmp(&y.order_refunded()))
            .then_with(|| self.init_setl_id(a).cmp(&self.init_setl_id(b)))
            .then_with(|| x.order_vali_flag().cmp(&y.order_vali_flag()))
            .then_with(|| money(&|c| c > C::RefdSetlFlag && c < C::DiseaseLimit))
            .then_with(|| by_number(column::AREA))
            .then_with(|| x.order_tail().cmp(&y.order_tail()))
            .then_with(|| money(&|c| c == C::DiseaseLimit))
            .then_with(|| by_text(column::DISEASE))
            .then_with(|| x.order_identity().cmp(&y.order_identity()))
            .then_with(|| self.day(a).cmp(&self.day(b)))
            .then_with(|| self.origin(a).cmp(&self.origin(b)))
    }
}
