//! Histories drawn from bytes: who is who when, what was billed, what was refunded.

use super::aim::Sketch;
use super::bills::bill;
use super::counts::deciding_day;
use super::dice::Dice;
use super::history::{History, Row, Tenure};
use super::holds::{Stretch, granted, stretches};
use super::outcome::Live;
use super::town::{Town, towns};
use onestop::model::codes::{Care, ExclCause, FeeClass, Identity, Insutype, Referral};
use onestop::model::date;
use onestop::policy::document::YearBy;
use onestop::policy::tables::{FOREIGN_AREA, LOCAL_AREA};
use onestop::settle::claims::{Claim, Marks};

/// Most claims of a history, before refunds and repeated records.
const CLAIMS: usize = 12;

/// The history that bytes stand for, and how many of its amounts were aimed.
pub fn history(bytes: &[u8]) -> (History, usize) {
    let dice = &mut Dice::new(bytes);
    let number = dice.below(towns().len());
    let town = &towns()[number];
    let as_if = dice.one_in(6);
    let (first, last) = town.span();
    let from = dice.within(first, last);
    let years = (from, (from + dice.below(3) as i32).min(last));
    let span = (date::day(years.0, 1, 1).expect("a day"), date::day(years.1, 12, 31).expect("a day"));

    let roster = match dice.below(9) {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some((0..1 + dice.below(4)).map(|_| tenure(town, span, dice)).collect::<Vec<_>>()),
    };
    let stands: Option<Vec<Stretch>> =
        roster.as_ref().map(|r| stretches(town, r).into_iter().filter_map(Result::ok).collect());
    let days = days_of_interest(town, span, stands.as_deref().unwrap_or(&[]));
    let certified = [identity(town, dice), identity(town, dice)];

    let like = dice.one_in(2).then(|| blank(town, dice));
    let insutype = dice.one_of(Insutype::ALL);
    let mut rows: Vec<Row> = Vec::new();
    for n in 0..1 + dice.below(CLAIMS) {
        let claim = like.filter(|_| dice.below(8) > 0).unwrap_or_else(|| blank(town, dice));
        let insutype = if dice.one_in(10) { dice.one_of(Insutype::ALL) } else { insutype };
        let day = match (dice.below(6), rows.last()) {
            (0, Some(before)) => before.claim.day,
            (0..=2, _) => dice.one_of(&days).clamp(span.0, span.1),
            _ => dice.within(span.0, span.1),
        };
        let identity = match (&roster, dice.below(10)) {
            (None, 0) => None,
            (None, 1..=2) => Some(certified[1]),
            (None, _) => Some(certified[0]),
            (Some(_), 0) => Some(certified[0]),
            (Some(_), _) => None,
        };
        let second = i64::from(dice.byte() % 3) * 43_199;
        let enddate = match town.doc.switches.year_by {
            YearBy::SetlTime => day,
            YearBy::Enddate => (day - dice.within(0, 40) + 5).clamp(span.0, span.1),
        };
        let (sparse, spread) = (dice.one_in(2), dice.byte());
        let (id, claim) = (n as u32 * 37 % 101 + 1, Claim { day, insutype, ..claim });
        rows.push(Row { id, second, claim, enddate, refunded: None, init: None, identity, sparse, spread });
    }
    rows.sort_by_key(Row::time);
    let whom = stands.as_deref().unwrap_or(&[]);
    let preferred = whom.get(dice.below(whom.len())).map(|s| s.identity);
    let mut sketch = Sketch::new(town, preferred);
    for (number, row) in rows.iter_mut().enumerate() {
        let claim = Claim { day: deciding_day(town, row), ..bill(town, row.claim, dice) };
        let mut live = match &stands {
            Some(stands) => Live::on_roster(town, number, claim, stands),
            None => Live::certified(town, number, claim, row.identity),
        };
        sketch.lay(&mut live, dice);
        row.claim = Claim { day: row.claim.day, ..live.claim };
    }
    let aimed = sketch.aimed;
    repeat(&mut rows, dice);
    refund(&mut rows, span, dice);
    let turn = dice.below(rows.len());
    rows.rotate_left(turn);
    (History { town: number, as_if, rows, roster }, aimed)
}

/// An identity, mostly one that the policy names.
fn identity(town: &Town, dice: &mut Dice<'_>) -> Identity {
    match dice.below(8) {
        0 => dice.one_of(Identity::ALL),
        _ => dice.one_of(&town.doc.policy.listed_order),
    }
}

fn tenure(town: &Town, (first, last): (i32, i32), dice: &mut Dice<'_>) -> Tenure {
    let identity = match (granted(town), dice.below(4)) {
        (Some(granted), 0) => granted,
        _ => identity(town, dice),
    };
    let (begin, end) = match dice.below(8) {
        0..=3 => (first, Some(last)),
        4 => (first - dice.within(0, 400), None),
        5 => {
            let day = dice.within(first, last);
            (day, Some(day))
        }
        _ => {
            let begin = dice.within(first - 30, last);
            (begin, Some(begin + dice.within(-1, 400)))
        }
    };
    let applied_on = (dice.below(8) > 0).then(|| dice.within(first, last));
    let treated_as = dice.one_in(2).then(|| self::identity(town, dice));
    Tenure { identity, begin, end, applied_on, treated_as }
}

/// Days on which something begins or ends, and those beside them.
fn days_of_interest(town: &Town, (first, last): (i32, i32), stretches: &[Stretch]) -> Vec<i32> {
    let mut days = vec![first, last, town.tables.from, town.tables.until.min(last)];
    for year in date::year_of(first)..=date::year_of(last) {
        days.extend([date::day(year, 1, 1), date::day(year, 12, 31)].into_iter().flatten());
    }
    days.extend(town.doc.out_of_catalogue.iter().flat_map(|r| [r.from, r.until]).flatten().map(|d| d.0));
    days.extend(town.doc.assistance.rule.iter().flat_map(|r| [r.from, r.until]).flatten().map(|d| d.0));
    days.extend(stretches.iter().flat_map(|s| [s.begin, s.end.min(last)]));
    days.into_iter().flat_map(|d| [d - 1, d, d + 1]).collect()
}

/// A claim without its money and its day.
fn blank(town: &Town, dice: &mut Dice<'_>) -> Claim {
    let care = match dice.below(8) {
        0..=2 => Care::Inpatient,
        3 => dice.one_of(Care::ALL),
        _ => dice.one_of(&town.doc.assistance.care),
    };
    let area = [LOCAL_AREA, LOCAL_AREA, LOCAL_AREA, 140_502, 152_501, 371_002, FOREIGN_AREA, 14, 150];
    let marks = Marks {
        hosp_lv: dice.below(4) as u8,
        fee_class: if dice.one_in(4) { None } else { Some(dice.one_of(FeeClass::ALL)) },
        designated: !dice.one_in(16),
        referral: if dice.one_in(6) {
            Referral::Unreferred
        } else {
            dice.one_of(&[Referral::NoneNeeded, Referral::Referred])
        },
        tilt_applied: dice.below(3) > 0,
        excl_cause: dice.one_in(12).then(|| dice.one_of(ExclCause::ALL)),
        quota_managed: dice.one_in(2),
    };
    Claim {
        day: 0,
        insutype: Insutype::Resident,
        care,
        fee: 0,
        scope: 0,
        basic: 0,
        recorded_cii: 0,
        recorded_maf: 0,
        ext_comp: 0,
        disease_limit: None,
        area: dice.one_of(&area),
        disease: dice.below(3) as u32,
        marks,
    }
}

/// Some records come again: under the same number, or as another one of the same fee.
fn repeat(rows: &mut Vec<Row>, dice: &mut Dice<'_>) {
    for n in 0..rows.len() {
        match dice.below(40) {
            0 => {
                let mut copy = rows[n].clone();
                match dice.below(7) {
                    0 => copy.claim.recorded_maf += 1,
                    1 => copy.second = (copy.second + 1) % 86_400,
                    2 => copy.claim.marks.designated = !copy.claim.marks.designated,
                    3 => copy.claim.disease = (copy.claim.disease + 1) % 3,
                    4 => copy.sparse = !copy.sparse,
                    5 => copy.spread = copy.spread.wrapping_add(1),
                    _ => {}
                }
                rows.push(copy);
            }
            1 => {
                let mut copy = rows[n].clone();
                copy.id = 200 + n as u32;
                copy.second = (copy.second + i64::from(dice.byte() % 2)) % 86_400;
                rows.push(copy);
            }
            _ => {}
        }
    }
}

/// Some records are refunded, by name or by amount, and some refunds are at fault.
fn refund(rows: &mut Vec<Row>, (first, last): (i32, i32), dice: &mut Dice<'_>) {
    if dice.below(3) > 0 {
        return;
    }
    for n in 0..rows.len() {
        let kind = dice.below(30);
        if kind > 8 {
            continue;
        }
        // Flagged without a fee: an ordinary claim (R24), and nothing that a refund could cancel.
        if rows[n].claim.fee == 0 {
            rows[n].refunded = Some(true);
            continue;
        }
        if dice.one_in(2) {
            rows[n].refunded = Some(true);
        }
        let original = rows[n].clone();
        let later = (original.claim.day + dice.within(0, 200)).min(last);
        let day = if dice.one_in(6) { (original.claim.day - dice.within(0, 30)).max(first) } else { later };
        let id = 100 + rows.len() as u32;
        let init = (kind < 5).then_some(original.id);
        let refund = negated(&original, id, day, init);
        match kind {
            // Flagged, and nothing cancels it.
            0 => rows[n].refunded = Some(true),
            // By another amount than the record's.
            2 | 6 => {
                let claim = Claim { fee: refund.claim.fee - 1, ..refund.claim };
                rows.push(Row { claim, ..refund });
            }
            // Twice.
            3 | 7 => {
                rows.push(Row { id: id + 300, second: (refund.second + 7) % 86_400, ..refund.clone() });
                rows.push(refund);
            }
            // Of a record that is not there; of a refund, before that one is looked at.
            4 if dice.one_in(2) => {
                let named = if dice.one_in(2) { Some(9_999) } else { None };
                rows.push(negated(&original, id, day, Some(id + 300)));
                rows.push(Row { id: id + 300, init: named, ..refund });
            }
            _ => rows.push(refund),
        }
    }
    if dice.one_in(3) {
        let n = dice.below(rows.len());
        rows[n].refunded.get_or_insert(false);
    }
}

fn negated(row: &Row, id: u32, day: i32, init: Option<u32>) -> Row {
    let c = row.claim;
    let claim = Claim {
        day,
        fee: -c.fee,
        scope: -c.scope,
        basic: -c.basic,
        recorded_cii: -c.recorded_cii,
        recorded_maf: -c.recorded_maf,
        ext_comp: -c.ext_comp,
        disease_limit: None,
        ..c
    };
    Row { id, claim, enddate: day, refunded: Some(true), init, ..row.clone() }
}
