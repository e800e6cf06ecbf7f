//! The order of rows by person, time and record.

use super::digits::{EIGHT_ZEROS, common_start, digits_of, is_digits};
use super::partition::key_after;
use crate::ledger::rows::Ids;
use crate::model::date::MICROS_PER_SECOND;
use std::cmp::Ordering;

/// Where each person starts, and the last one ends, in rows that already stand by person, time and record;
/// `None` where they do not.
pub fn starts_in_order(psn_no: &Ids, setl_id: &Ids, times: &[i64]) -> Option<Vec<u32>> {
    let mut starts = Vec::new();
    for row in 0..psn_no.len() {
        let order = match row.checked_sub(1) {
            None => Ordering::Less,
            Some(before) => psn_no.get(before).cmp(psn_no.get(row)),
        };
        match order {
            Ordering::Less => starts.push(row as u32),
            Ordering::Equal => {
                let by_time = times[row - 1].cmp(&times[row]);
                if by_time.then_with(|| setl_id.get(row - 1).cmp(setl_id.get(row))).is_gt() {
                    return None;
                }
            }
            Ordering::Greater => return None,
        }
    }
    starts.push(psn_no.len() as u32);
    Some(starts)
}

/// The order of rows by person, time and id, and where each person starts in it.
pub fn order(psn_no: &Ids, setl_id: &Ids, times: &[i64]) -> (Vec<u32>, Vec<u32>) {
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

    #[test]
    fn what_stands_in_order_is_seen_to() {
        let ids = |texts: &[&str]| {
            let mut ids = Ids::default();
            texts.iter().for_each(|t| ids.push(t.as_bytes()));
            ids
        };
        let starts = |persons: &[&str], times: &[i64], records: &[&str]| {
            let (persons, records) = (ids(persons), ids(records));
            let found = starts_in_order(&persons, &records, times);
            if let Some(starts) = &found {
                let identity: Vec<u32> = (0..times.len() as u32).collect();
                assert_eq!(order(&persons, &records, times), (identity, starts.clone()));
            }
            found
        };
        assert_eq!(starts(&["a", "a", "b"], &[1, 2, 0], &["z", "y", "x"]), Some(vec![0, 2, 3]));
        assert_eq!(starts(&["a", "a"], &[1, 1], &["x", "x"]), Some(vec![0, 2]));
        assert_eq!(starts(&["a", "a"], &[1, 1], &["y", "x"]), None);
        assert_eq!(starts(&["a", "a"], &[2, 1], &["x", "y"]), None);
        assert_eq!(starts(&["b", "a"], &[1, 2], &["x", "y"]), None);
        assert_eq!(starts(&[], &[], &[]), Some(vec![0]));
    }
}
