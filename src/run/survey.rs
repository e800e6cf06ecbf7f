//! A first look at the ledger: who is in it, and whether its rows lie in the order of persons already.

use super::error::RunError;
use super::progress::{Progress, Step};
use super::read::BATCH_ROWS;
use crate::ledger::decode;
use crate::ledger::open::Ledger;
use crate::ledger::row_group::Columns;
use crate::ledger::rows::Ids;
use crate::ledger::schema::LedgerColumn;
use crate::model::date;
use crate::persons::partition::{Cuts, Sample, Sampler};
use crate::policy::document::YearBy;
use arrow::error::ArrowError;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// What the first look found.
#[derive(Default)]
pub(crate) struct Survey {
    /// Ranges of persons.
    pub(crate) cuts: Cuts,
    /// Set where the rows lie in the order of persons.
    pub(crate) in_order: Option<InOrder>,
}

/// A ledger whose rows lie in the order of persons.
pub(crate) struct InOrder {
    /// Its row groups in that order.
    pub(crate) groups: Vec<Group>,
    /// Every calendar year in it, also those of rows that will be rejected.
    pub(crate) years: BTreeSet<i32>,
}

/// A person's id as sortable bytes.
type Id = Box<[u8]>;

/// A row group: its file, its number there, its first and last person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) file: usize,
    pub(crate) group: usize,
    pub(crate) persons: Option<(Id, Id)>,
}

/// Looks at `psn_no`, to cut the persons into ranges; where the footers promise that the rows lie in the
/// order of persons, at the dates too, to see whether they keep it and which years there are.
pub(crate) fn survey(ledger: &Ledger, year_by: YearBy, progress: &dyn Progress) -> Result<Survey, RunError> {
    let Some(sampler) = Sampler::new(ledger.rows()) else { return Ok(Survey::default()) };
    progress.begin(Step::Survey, ledger.rows());
    let psn_no = LedgerColumn::PsnNo as usize;
    let dates = if year_by == YearBy::Enddate { LedgerColumn::Enddate } else { LedgerColumn::SetlTime } as usize;
    let promised = promised_order(ledger);
    let wanted: &[usize] = if promised.is_some() { &[psn_no, dates] } else { &[psn_no] };
    let groups = promised.clone().unwrap_or_else(|| ledger.row_groups());
    let all = Mutex::new((Sample::default(), BTreeSet::new()));
    let looks = groups.into_par_iter().map(|(file, group)| {
        let (mut sample, mut ids, mut look) = (Sample::default(), Ids::default(), Look::default());
        ledger.files[file].read::<RunError>(group, wanted, BATCH_ROWS, |columns| {
            if let Some(array) = columns.get(psn_no) {
                ids.clear();
                decode::ids(array, &mut ids).map_err(RunError::defect("reading psn_no"))?;
                let given = || (0..ids.len()).map(|row| ids.get(row)).filter(|id| !id.is_empty());
                given().filter(|id| sampler.takes(id)).for_each(|id| sample.add(id));
                if promised.is_some() {
                    look.persons(given());
                }
            }
            look.years(columns, dates).map_err(RunError::defect("reading dates"))?;
            progress.advance(columns.rows() as u64);
            Ok(())
        })?;
        let mut all = all.lock().unwrap_or_else(|e| e.into_inner());
        all.0.merge(sample);
        all.1.append(&mut look.years);
        Ok::<_, RunError>((look.kept, Group { file, group, persons: look.first.zip(look.last) }))
    });
    let looks: Vec<(bool, Group)> = looks.collect::<Result<_, _>>()?;
    progress.end();
    let (sample, years) = all.into_inner().unwrap_or_else(|e| e.into_inner());
    let kept = promised.is_some() && looks.iter().all(|(kept, _)| *kept);
    let groups: Vec<Group> = looks.into_iter().map(|(_, group)| group).collect();
    let in_order = (kept && follow_each_other(&groups)).then_some(InOrder { groups, years });
    Ok(Survey { cuts: sampler.cuts(&sample), in_order })
}

/// Whether each row group begins with the last person of the one before, or a later one.
fn follow_each_other(groups: &[Group]) -> bool {
    let mut ranges = groups.iter().filter_map(|group| group.persons.as_ref());
    let mut last = None;
    ranges.all(|(first, end)| last.replace(end).is_none_or(|last| last <= first))
}

/// What was seen of a row group.
struct Look {
    first: Option<Id>,
    last: Option<Id>,
    /// Whether no person came after a later one.
    kept: bool,
    years: BTreeSet<i32>,
}

impl Default for Look {
    fn default() -> Self {
        Self { first: None, last: None, kept: true, years: BTreeSet::new() }
    }
}

impl Look {
    fn persons<'a>(&mut self, ids: impl Iterator<Item = &'a [u8]>) {
        let mut before: Option<&[u8]> = None;
        for id in ids {
            match before {
                Some(before) => self.kept &= before <= id,
                None => {
                    self.kept &= self.last.as_deref().is_none_or(|last| last <= id);
                    self.first.get_or_insert_with(|| Box::from(id));
                }
            }
            before = Some(id);
        }
        if let Some(last) = before {
            self.last = Some(Box::from(last));
        }
    }

    fn years(&mut self, columns: &Columns<'_>, dates: usize) -> Result<(), ArrowError> {
        let Some(array) = columns.get(dates) else { return Ok(()) };
        let mut times = Vec::with_capacity(array.len());
        decode::times(array, &mut times)?;
        let mut last = None;
        for day in times.into_iter().filter(|t| decode::readable(*t)).map(date::day_of_micros) {
            if last.replace(day) != Some(day) {
                self.years.insert(date::year_of(day));
            }
        }
        Ok(())
    }
}

/// The row groups in the order of persons, where the footers say that there is one.
fn promised_order(ledger: &Ledger) -> Option<Vec<(usize, usize)>> {
    let mut groups = Vec::new();
    for (file, group) in ledger.row_groups() {
        let input = &ledger.files[file];
        let leaf = input.leaf(LedgerColumn::PsnNo as usize)?;
        let chunk = input.metadata.metadata().row_group(group);
        if chunk.num_rows() > 0 {
            let (first, last) = bounds(chunk.column(leaf).statistics()?)?;
            groups.push((first, last, file, group));
        }
    }
    groups.sort();
    let follow = groups.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    follow.then(|| groups.into_iter().map(|(_, _, file, group)| (file, group)).collect())
}

/// The least and the greatest id that statistics tell of, as sortable bytes.
fn bounds(statistics: &Statistics) -> Option<(Vec<u8>, Vec<u8>)> {
    let int = |value: i64| decode::int_id(value).to_vec();
    match statistics {
        Statistics::ByteArray(s) => Some((s.min_opt()?.data().to_vec(), s.max_opt()?.data().to_vec())),
        Statistics::Int32(s) => Some((int(i64::from(*s.min_opt()?)), int(i64::from(*s.max_opt()?)))),
        Statistics::Int64(s) => Some((int(*s.min_opt()?), int(*s.max_opt()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(first: &str, last: &str) -> Group {
        let id = |text: &str| Box::from(text.as_bytes());
        Group { file: 0, group: 0, persons: Some((id(first), id(last))) }
    }

    #[test]
    fn row_groups_may_share_a_person_where_they_meet_and_no_more() {
        let nobody = Group { persons: None, ..group("", "") };
        assert!(follow_each_other(&[]));
        assert!(follow_each_other(&[group("a", "b"), nobody.clone(), group("b", "b"), group("b", "c")]));
        assert!(!follow_each_other(&[group("a", "c"), nobody, group("b", "d")]));
    }

    #[test]
    fn order_is_looked_at_over_the_ends_of_batches() {
        let mut look = Look::default();
        for batch in [&["a", "a", "b"][..], &[], &["b", "c"]] {
            look.persons(batch.iter().map(|id| id.as_bytes()));
        }
        assert!(look.kept);
        assert_eq!((look.first.as_deref(), look.last.as_deref()), (Some(&b"a"[..]), Some(&b"c"[..])));
        look.persons([&b"b"[..]].into_iter());
        assert!(!look.kept);
    }
}
