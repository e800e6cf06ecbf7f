//! The rows of one range of persons, brought together and sorted: what is settled.

use super::digits::{EIGHT_ZEROS, common_start, digits_of, is_digits};
use super::pack::{Found, Unpacker};
use super::partition::key_after;
use super::store::{Piece, unit};
use crate::ledger::marks::Packed;
use crate::ledger::normalise::{Normaliser, Roles};
use crate::ledger::reject::id_text;
use crate::ledger::rows::{Ids, Layout, NULL, column};
use crate::ledger::schema::{IdType, LedgerColumn as C};
use crate::model::codes::{Care, Insutype};
use crate::model::date::{self, MICROS_PER_SECOND};
use crate::settle::claims::{Claims, Marks, NO_DISEASE_LIMIT};
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

/// What a column of numbers is to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Time,
    Day,
    Marks,
    Area,
    Disease,
    Limit,
    /// Summed up into one of the amounts.
    Sum(usize),
    /// Only tells duplicates apart, or rejects.
    Other,
}

/// The amounts that the kernel reads, each the sum of some columns.
const FEE: usize = 0;
const SCOPE: usize = 1;
const BASIC: usize = 2;
const CII: usize = 3;
const MAF: usize = 4;
const EXT: usize = 5;
const AMOUNTS: usize = 6;

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
    pub fn sort<'a>(&'a self, pieces: Vec<Piece<'a>>, texts: &'a [Box<str>]) -> Option<Sorted<'a>> {
        let count = pieces.iter().map(|p| p.rows).sum();
        let mut ids = [(); 3].map(|()| Ids::default());
        let mut numbers = Vec::new();
        let mut times = Vec::with_capacity(count);
        let (mut starts, mut id_bytes) = (Vec::with_capacity(pieces.len()), Vec::with_capacity(pieces.len()));
        for piece in &pieces {
            starts.push(times.len() as u32);
            let mut unpacker = Unpacker::new(&piece.bytes, piece.rows);
            for ids in &mut ids {
                unpacker.ids(ids, &mut numbers)?;
            }
            id_bytes.push(piece.bytes.len() - unpacker.rest().len());
            match unpacker.numbers(unit(column::SETL_TIME), &mut numbers)? {
                Found::Same(time) => times.resize(times.len() + piece.rows, time),
                Found::Each => times.extend_from_slice(&numbers),
            }
        }
        let (order, persons) = order(&ids[0], &ids[1], &times);
        let mut place = vec![0u32; count];
        order.iter().enumerate().for_each(|(to, from)| place[*from as usize] = to as u32);
        let mut claims = Gathered::new(count);
        for (piece, (start, ids)) in pieces.iter().zip(starts.iter().zip(&id_bytes)) {
            let place = &place[*start as usize..*start as usize + piece.rows];
            let mut unpacker = Unpacker::new(&piece.bytes[*ids..], piece.rows);
            for (position, role) in self.roles.iter().enumerate() {
                match role {
                    Role::Other => unpacker.skip_numbers()?,
                    role => {
                        let found = unpacker.numbers(unit(position), &mut numbers)?;
                        claims.take(*role, found, &numbers, place);
                    }
                }
            }
        }
        if self.layout.day().is_none() {
            claims.day = claims.time.iter().map(|t| date::day_of_micros(*t)).collect();
        }
        let [psn_no, setl_id, init_setl_id] = ids;
        Some(Sorted {
            reading: self,
            texts,
            pieces,
            starts,
            id_bytes,
            psn_no: psn_no.gather(&order),
            setl_id: setl_id.gather(&order),
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

/// The order of rows by person, time and id, and where each person starts in it.
fn order(psn_no: &Ids, setl_id: &Ids, times: &[i64]) -> (Vec<u32>, Vec<u32>) {
    let by_id = |a: u32, b: u32| setl_id.get(a as usize).cmp(setl_id.get(b as usize)).then(a.cmp(&b));
    let persons = PersonKeys::new(psn_no);
    let (order, starts): (Vec<u32>, Vec<u32>);
    if let Some((mut keys, time_bits)) = narrow_keys(&persons, times) {
        // One number tells person and time, so rows are sorted by it, and those alike by record.
        keys.sort_unstable_by_key(|k| k.0);
        for alike in keys.chunk_by_mut(|a, b| a.0 == b.0).filter(|rows| rows.len() > 1) {
            alike.sort_unstable_by(|a, b| by_id(a.1, b.1));
        }
        starts = person_starts(&keys, |a, b| a.0 >> time_bits == b.0 >> time_bits);
        order = keys.into_iter().map(|k| k.1).collect();
    } else {
        let mut keys: Vec<(u64, i64, u32)> =
            persons.keys.iter().zip(times).zip(0..).map(|((key, time), row)| (*key, *time, row)).collect();
        let by_person = |a: &(u64, i64, u32), b: &(u64, i64, u32)| {
            let id = |row: u32| psn_no.get(row as usize);
            a.0.cmp(&b.0).then_with(|| if persons.exact { Ordering::Equal } else { id(a.2).cmp(id(b.2)) })
        };
        keys.sort_unstable_by(|a, b| by_person(a, b).then(a.1.cmp(&b.1)).then_with(|| by_id(a.2, b.2)));
        starts = person_starts(&keys, |a, b| by_person(a, b).is_eq());
        order = keys.into_iter().map(|k| k.2).collect();
    }
    (order, starts)
}

/// Where each person starts in sorted rows, and where the last one ends.
fn person_starts<T>(rows: &[T], same_person: impl Fn(&T, &T) -> bool) -> Vec<u32> {
    let first = |row: &usize| *row == 0 || !same_person(&rows[*row - 1], &rows[*row]);
    (0..rows.len()).filter(first).chain([rows.len()]).map(|row| row as u32).collect()
}

/// Persons as numbers that sort as they do.
struct PersonKeys {
    keys: Vec<u64>,
    /// Whether equal numbers are one person.
    exact: bool,
}

impl PersonKeys {
    /// Numbers of the eight bytes after those that all have in common: in a range of persons, that is
    /// mostly all there is. Where they are digits, of four bits each.
    fn new(ids: &Ids) -> Self {
        let first = if ids.is_empty() { &[][..] } else { ids.get(0) };
        let (mut common, mut longest, mut shortest) = (first.len(), 0, usize::MAX);
        for row in 0..ids.len() {
            let id = ids.get(row);
            if !id.starts_with(&first[..common]) {
                common = common_start(id, first);
            }
            (longest, shortest) = (longest.max(id.len()), shortest.min(id.len()));
        }
        let mut keys: Vec<u64> = (0..ids.len()).map(|row| key_after(ids.get(row), common)).collect();
        let exact = shortest == longest && longest <= common + 8;
        // Ids that end sooner are filled with zeros, as is what stands behind the last digit.
        let unused = 8 * (common + 8).saturating_sub(longest) as u32;
        let text = |key: u64| if unused == 0 { key } else { EIGHT_ZEROS << (64 - unused) | key >> unused };
        if exact && unused < 64 && keys.iter().all(|k| is_digits(text(*k))) {
            keys.iter_mut().for_each(|k| *k = digits_of(text(*k)));
        }
        Self { keys, exact }
    }
}

/// Rows by one number each, if person and time fit into it: the bits that the time takes, too.
fn narrow_keys(persons: &PersonKeys, times: &[i64]) -> Option<(Vec<(u64, u32)>, u32)> {
    let (first, last) = (times.iter().copied().min()?, times.iter().copied().max()?);
    let low = persons.keys.iter().copied().min()?;
    let high = persons.keys.iter().copied().max()?;
    let seconds = times.iter().all(|t| (t - first) % MICROS_PER_SECOND == 0);
    let unit = if seconds { MICROS_PER_SECOND as u64 } else { 1 };
    let time_bits = u64::BITS - (last.abs_diff(first) / unit).leading_zeros();
    let person_bits = u64::BITS - (high - low).leading_zeros();
    if !persons.exact || time_bits >= u64::BITS || time_bits + person_bits > u64::BITS {
        return None;
    }
    let key = |key: &u64, time: &i64| ((key - low) << time_bits) | (time.abs_diff(first) / unit);
    let keys = persons.keys.iter().zip(times).zip(0..).map(|((k, t), row)| (key(k, t), row));
    Some((keys.collect(), time_bits))
}

/// The columns that the kernel reads, in order.
#[derive(Debug)]
struct Gathered {
    time: Vec<i64>,
    day: Vec<i32>,
    packed: Vec<Packed>,
    area: Vec<i32>,
    disease: Vec<u32>,
    disease_limit: Vec<i64>,
    amounts: [Vec<i64>; AMOUNTS],
}

impl Gathered {
    fn new(rows: usize) -> Self {
        Self {
            time: vec![0; rows],
            day: vec![0; rows],
            packed: vec![Packed::default(); rows],
            area: vec![0; rows],
            disease: vec![0; rows],
            disease_limit: vec![NO_DISEASE_LIMIT; rows],
            amounts: [(); AMOUNTS].map(|()| vec![0; rows]),
        }
    }

    /// Puts a piece's column where its rows belong.
    fn take(&mut self, role: Role, found: Found, numbers: &[i64], place: &[u32]) {
        fn put<T: Copy>(column: &mut [T], found: Found, numbers: &[i64], place: &[u32], of: impl Fn(T, i64) -> T) {
            match found {
                Found::Same(value) => place.iter().for_each(|p| column[*p as usize] = of(column[*p as usize], value)),
                Found::Each => {
                    for (place, value) in place.iter().zip(numbers) {
                        column[*place as usize] = of(column[*place as usize], *value);
                    }
                }
            }
        }
        match role {
            Role::Time => put(&mut self.time, found, numbers, place, |_, v| v),
            Role::Day => put(&mut self.day, found, numbers, place, |_, v| v as i32),
            Role::Marks => put(&mut self.packed, found, numbers, place, |_, v| Packed(v as u64)),
            Role::Area => put(&mut self.area, found, numbers, place, |_, v| v as i32),
            Role::Disease => put(&mut self.disease, found, numbers, place, |_, v| v as u32),
            Role::Limit if found == Found::Same(NULL) => {}
            Role::Limit => {
                put(
                    &mut self.disease_limit,
                    found,
                    numbers,
                    place,
                    |_, v| if v == NULL { NO_DISEASE_LIMIT } else { v },
                );
            }
            Role::Sum(_) if matches!(found, Found::Same(0 | NULL)) => {}
            Role::Sum(amount) => {
                let add = |sum: i64, v: i64| if v == NULL { sum } else { sum.wrapping_add(v) };
                put(&mut self.amounts[amount], found, numbers, place, add);
            }
            Role::Other => {}
        }
    }
}

/// The rows of one range, in the order (person, time, id).
#[derive(Debug)]
pub struct Sorted<'a> {
    reading: &'a Reading,
    texts: &'a [Box<str>],
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
        let (piece, start, ids) = (&self.pieces[piece], self.starts[piece], self.id_bytes[piece]);
        let look = || {
            let mut unpacker = Unpacker::new(piece.bytes.get(ids..)?, piece.rows);
            (0..position).try_for_each(|_| unpacker.skip_numbers())?;
            unpacker.number_at(unit(position), (arena - start) as usize)
        };
        // All columns were read once, so none is damaged.
        look().unwrap_or(NULL)
    }

    /// Orders two records of one id and time by their other values, in the order of the contract's
    /// table, null first.
    pub fn compare_content(&self, a: usize, b: usize) -> Ordering {
        let (x, y) = (self.packed(a), self.packed(b));
        let text = |position: usize, row: usize| match self.content(position, row) {
            0 | NULL => None,
            number => self.texts.get(number as usize).map(|t| &**t),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(persons: &[&str], times: &[i64], records: &[&str]) -> (Vec<u32>, Vec<u32>) {
        let ids = |texts: &[&str]| {
            let mut ids = Ids::default();
            texts.iter().for_each(|t| ids.push(t.as_bytes()));
            ids
        };
        order(&ids(persons), &ids(records), times)
    }

    #[test]
    fn rows_stand_by_person_time_and_record() {
        let (order, persons) = ordered(&["b", "a", "b", "a"], &[2, 9, 2, 1], &["y", "", "x", ""]);
        assert_eq!((order, persons), (vec![3, 1, 2, 0], vec![0, 2, 4]));
    }

    #[test]
    fn persons_sort_by_their_bytes_however_long() {
        let persons = ["P1234567890A", "P12", "P1234567890", "P1", "P1\0", "P1234567890A"];
        let (order, starts) = ordered(&persons, &[5, 4, 3, 2, 1, 0], &[""; 6]);
        assert_eq!(order, [3, 4, 1, 2, 5, 0]);
        assert_eq!(starts, [0, 1, 2, 3, 4, 6]);
    }

    #[test]
    fn digits_sort_as_numbers_and_times_within_a_second_count() {
        let persons = ["P0000019", "P0000020", "P0000003", "P0000019", "P0000020"];
        let (order, starts) = ordered(&persons, &[5, 1_000_000, 3, 4, 2_000_000], &[""; 5]);
        assert_eq!((order, starts), (vec![2, 3, 0, 1, 4], vec![0, 1, 3, 5]));
        let mut letters = persons;
        letters[2] = "P00000A3";
        assert_eq!(ordered(&letters, &[5, 1, 3, 4, 2], &[""; 5]).0, [3, 0, 1, 4, 2]);
    }

    #[test]
    fn no_rows_are_no_persons() {
        assert_eq!(ordered(&[], &[], &[]), (vec![], vec![0]));
    }
}
