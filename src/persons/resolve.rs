//! Which of a person's rows count: duplicates, reversals and policy dates, in that order (SPEC 2).

use super::partition::key_after;
use super::sorted::Sorted;
use crate::model::codes::RejectReason;
use crate::model::date;
use crate::model::fen;
use crate::settle::Accepted;
use std::collections::BTreeMap;
use std::ops::Range;

/// A row that does not count, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Row in the columns.
    pub row: u32,
    /// Why.
    pub reason: RejectReason,
    /// What exactly.
    pub detail: String,
}

/// Working memory, reused from person to person.
#[derive(Debug, Default)]
pub struct Resolver {
    by_id: Vec<u32>,
    ends: Vec<u64>,
    fate: Vec<Fate>,
    open: BTreeMap<i64, Vec<u32>>,
}

/// Rows of a person whose amounts surely add up within [`fen::MAX_SUM`]: assistance paid is added up from at
/// most five columns, and nothing else on a row is larger.
const SURELY_ADD_UP: usize = (fen::MAX_SUM / (5 * fen::MAX_AMOUNT)) as usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Counts,
    Reversed,
    Refused,
}

impl Resolver {
    /// Resolves a person's rows (sorted by time and id) into those accepted, in order, and those refused.
    /// `periods` are the policies' first and last days; none applies the policy to all days.
    pub fn resolve(
        &mut self,
        rows: &Sorted<'_>,
        person: Range<usize>,
        periods: Option<&[(i32, i32)]>,
        accepted: &mut Vec<Accepted>,
        refused: &mut Vec<Refused>,
    ) {
        self.fate.clear();
        self.fate.resize(person.len(), Fate::Counts);
        let refunds = person.clone().any(|r| rows.packed(r).refunded());
        if person.len() > 1 && (refunds || self.may_repeat(rows, &person)) {
            self.duplicates(rows, &person, refused);
        }
        if refunds {
            self.reversals(rows, &person, refused);
        }
        if person.len() > SURELY_ADD_UP {
            self.sums(rows, &person, refused);
        }
        // Usually there is one policy, and a row costs no more than two comparisons.
        match periods {
            None => self.accept(rows, person, |_| true, accepted, refused),
            Some([(from, until)]) => {
                self.accept(rows, person, |day| (*from..=*until).contains(&day), accepted, refused);
            }
            Some(several) => {
                let covered = |day| several.iter().any(|(from, until)| (*from..=*until).contains(&day));
                self.accept(rows, person, covered, accepted, refused);
            }
        }
    }

    /// Refuses the rows, in time order, with which the person's amounts would come to more than any output
    /// holds. The kernel adds up without a look at the sums.
    fn sums(&mut self, rows: &Sorted<'_>, person: &Range<usize>, refused: &mut Vec<Refused>) {
        let start = person.start;
        let mut sum = 0;
        for row in person.clone() {
            if !counts(&self.fate, row - start) {
                continue;
            }
            let amount = rows.largest(row);
            if amount <= fen::MAX_SUM - sum {
                sum += amount;
                continue;
            }
            self.fate[row - start] = Fate::Refused;
            let detail = format!("with it the person's amounts exceed {}", fen::to_text(fen::MAX_SUM));
            refused.push(Refused { row: row as u32, reason: RejectReason::BadValue, detail });
        }
    }

    /// Accepts what is left of the rows, on the days that a policy covers.
    fn accept(
        &self,
        rows: &Sorted<'_>,
        person: Range<usize>,
        covered: impl Fn(i32) -> bool,
        accepted: &mut Vec<Accepted>,
        refused: &mut Vec<Refused>,
    ) {
        let start = person.start;
        for row in person {
            let fate = self.fate[row - start];
            let day = rows.day(row);
            match fate {
                Fate::Refused => {}
                Fate::Counts if !covered(day) => {
                    let detail = date::show(day);
                    refused.push(Refused { row: row as u32, reason: RejectReason::OutsidePolicyPeriod, detail });
                }
                _ => accepted.push(Accepted { row: row as u32, reversed: fate == Fate::Reversed }),
            }
        }
    }

    /// Whether two of the rows may have one id: by their ends, which seldom meet where the ids do not.
    fn may_repeat(&mut self, rows: &Sorted<'_>, person: &Range<usize>) -> bool {
        self.ends.clear();
        self.ends.extend(person.clone().map(|row| {
            let id = rows.setl_id(row);
            let tail = id.last_chunk::<8>().map_or_else(|| key_after(id, 0), |end| u64::from_le_bytes(*end));
            tail ^ (id.len() as u64).rotate_left(48)
        }));
        self.ends.sort_unstable();
        self.ends.windows(2).any(|w| w[0] == w[1])
    }

    /// Of rows with one id the first stays: by time, then by the other values.
    fn duplicates(&mut self, rows: &Sorted<'_>, person: &Range<usize>, refused: &mut Vec<Refused>) {
        let start = person.start;
        let by_id = &mut self.by_id;
        by_id.clear();
        by_id.extend(person.clone().map(|r| r as u32));
        by_id.sort_unstable_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            rows.setl_id(a)
                .cmp(rows.setl_id(b))
                .then_with(|| rows.time(a).cmp(&rows.time(b)))
                .then_with(|| rows.compare_content(a, b))
        });
        let mut first = by_id[0];
        for &row in &by_id[1..] {
            if rows.setl_id(row as usize) != rows.setl_id(first as usize) {
                first = row;
                continue;
            }
            self.fate[row as usize - start] = Fate::Refused;
            let detail = format!("the record of {} stays", rows.show_time(first as usize));
            refused.push(Refused { row, reason: RejectReason::DuplicateSetlId, detail });
        }
    }

    /// Pairs refunds with the records that they cancel (R2): those that name it first, then by amount.
    fn reversals(&mut self, rows: &Sorted<'_>, person: &Range<usize>, refused: &mut Vec<Refused>) {
        let start = person.start;
        let Self { by_id, fate, open, .. } = self;
        if person.len() == 1 {
            by_id.clear();
            by_id.push(start as u32);
        }
        // One row an id, for the refunds that name theirs.
        by_id.retain(|r| fate[*r as usize - start] == Fate::Counts);
        for row in person.clone() {
            let Some(original) = rows.init_setl_id(row).filter(|_| is_refund(rows, row) && counts(fate, row - start))
            else {
                continue;
            };
            let found = by_id.binary_search_by(|r| rows.setl_id(*r as usize).cmp(original)).ok();
            let target = found.map(|i| by_id[i] as usize).filter(|t| counts(fate, *t - start) && !is_refund(rows, *t));
            match target {
                Some(target) => {
                    fate[row - start] = Fate::Reversed;
                    fate[target - start] = Fate::Reversed;
                }
                None => {
                    fate[row - start] = Fate::Refused;
                    let detail = format!("no open record {} of this person", cut(&rows.show_id(original)));
                    refused.push(Refused { row: row as u32, reason: RejectReason::ReversalUnmatched, detail });
                }
            }
        }
        // In time order: what is open by amount is a stack, its top the latest earlier record.
        open.clear();
        for row in person.clone() {
            if !counts(fate, row - start) {
                continue;
            }
            let fee = rows.fee(row);
            if !is_refund(rows, row) {
                open.entry(fee).or_default().push(row as u32);
                continue;
            }
            match open.get_mut(&-fee).and_then(Vec::pop) {
                Some(target) => {
                    fate[row - start] = Fate::Reversed;
                    fate[target as usize - start] = Fate::Reversed;
                }
                None => {
                    fate[row - start] = Fate::Refused;
                    let detail = format!("no earlier open record of {}", fen::to_text(-fee));
                    refused.push(Refused { row: row as u32, reason: RejectReason::ReversalUnmatched, detail });
                }
            }
        }
        for row in person.clone() {
            if counts(fate, row - start) && rows.packed(row).refunded() && rows.fee(row) > 0 {
                fate[row - start] = Fate::Refused;
                let detail = "flagged as refunded, but no refund row cancels it".to_owned();
                refused.push(Refused { row: row as u32, reason: RejectReason::RefundedWithoutReversal, detail });
            }
        }
    }
}

/// An id as a detail quotes it; long ones are cut.
fn cut(id: &str) -> String {
    id.chars().take(40).collect()
}

fn counts(fate: &[Fate], index: usize) -> bool {
    fate[index] == Fate::Counts
}

fn is_refund(rows: &Sorted<'_>, row: usize) -> bool {
    rows.packed(row).refunded() && rows.fee(row) < 0
}
