//! Which of a person's rows count: duplicates, reversals and policy dates, in that order (SPEC 2).

use super::history::{History, Row};
use super::town::Town;
use onestop::model::codes::{Insutype, RejectReason};
use onestop::policy::document::YearBy;
use onestop::policy::tables::LOCAL_AREA;
use std::cmp::Ordering;

/// What becomes of a row before anything is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is settled.
    Counts,
    /// A refund, or the record that it cancels.
    Reversed,
    /// It is rejected.
    Rejected(RejectReason),
}

/// The day that decides year and identity (R1).
pub fn deciding_day(town: &Town, row: &Row) -> i32 {
    match town.doc.switches.year_by {
        YearBy::SetlTime => row.claim.day,
        YearBy::Enddate => row.enddate,
    }
}

/// Numbers of the rows in the order (`setl_time`, `setl_id`), and what becomes of each row.
pub fn standings(town: &Town, history: &History) -> (Vec<usize>, Vec<Standing>) {
    let rows = &history.rows;
    let mut standing = vec![Standing::Counts; rows.len()];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| in_time(&rows[*a], &rows[*b]).then(content(&rows[*a], &rows[*b])).then(a.cmp(b)));

    // Of one setl_id the first stays.
    for (place, row) in order.iter().enumerate() {
        if order[..place].iter().any(|earlier| rows[*earlier].id == rows[*row].id) {
            standing[*row] = Standing::Rejected(RejectReason::DuplicateSetlId);
        }
    }
    reversals(rows, &order, &mut standing);
    let from = town.doc.policy.from.0;
    let until = town.doc.policy.until.map_or(i32::MAX, |d| d.0);
    for (number, row) in rows.iter().enumerate() {
        let within = (from..=until).contains(&deciding_day(town, row)) || history.as_if;
        if standing[number] == Standing::Counts && !within {
            standing[number] = Standing::Rejected(RejectReason::OutsidePolicyPeriod);
        }
    }
    (order, standing)
}

fn in_time(a: &Row, b: &Row) -> Ordering {
    a.time().cmp(&b.time()).then_with(|| a.id.to_string().cmp(&b.id.to_string()))
}

/// Refunds that name their record first, then the others by amount (SPEC 2, step 1; R37).
fn reversals(rows: &[Row], order: &[usize], standing: &mut [Standing]) {
    let records: Vec<usize> =
        order.iter().copied().filter(|r| standing[*r] == Standing::Counts && !rows[*r].is_refund()).collect();
    let refunds: Vec<usize> =
        order.iter().copied().filter(|r| standing[*r] == Standing::Counts && rows[*r].is_refund()).collect();
    let mut cancelled = vec![false; rows.len()];
    let mut matched = vec![None; rows.len()];
    for &refund in &refunds {
        if let Some(named) = rows[refund].init {
            matched[refund] = records.iter().copied().find(|r| rows[*r].id == named && !cancelled[*r]);
            matched[refund].into_iter().for_each(|r| cancelled[r] = true);
        }
    }
    let place = |row: usize| order.iter().position(|r| *r == row);
    for &refund in refunds.iter().filter(|r| rows[**r].init.is_none()) {
        let fits =
            |r: &usize| !cancelled[*r] && place(*r) < place(refund) && rows[*r].claim.fee == -rows[refund].claim.fee;
        matched[refund] = records.iter().rev().copied().find(fits);
        matched[refund].into_iter().for_each(|r| cancelled[r] = true);
    }
    for &refund in &refunds {
        standing[refund] = match matched[refund] {
            Some(_) => Standing::Reversed,
            None => Standing::Rejected(RejectReason::ReversalUnmatched),
        };
    }
    for &record in &records {
        if cancelled[record] {
            standing[record] = Standing::Reversed;
        } else if rows[record].refunded == Some(true) && rows[record].claim.fee > 0 {
            standing[record] = Standing::Rejected(RejectReason::RefundedWithoutReversal);
        }
    }
}

/// The other values of two rows in the order of the table in the contract, null first.
fn content(a: &Row, b: &Row) -> Ordering {
    let key = |r: &Row| {
        let (claim, marks) = (&r.claim, &r.claim.marks);
        let insutype = usize::from(claim.insutype == Insutype::Resident);
        let [hifp, cvlserv, oth] = r.basic();
        let [hifmi, hifob] = r.recorded_cii();
        // What is left out because it is the default is null.
        let said = |value: bool, default: bool| (!r.sparse || value != default).then_some(value);
        let money = [claim.fee, claim.scope, hifp, cvlserv, oth, hifmi, hifob, claim.recorded_maf, claim.ext_comp];
        let hosp_lv = (marks.hosp_lv > 0).then_some(marks.hosp_lv);
        let referral = marks.referral.as_str();
        let referral = (!r.sparse || referral != "none_needed").then_some(referral);
        (
            (insutype, claim.care.as_str(), money, r.refunded, r.init.map(|i| i.to_string())),
            (Some(claim.area).filter(|a| *a != LOCAL_AREA), hosp_lv, marks.fee_class.map(|c| c.as_str())),
            (said(marks.designated, true), referral, said(marks.tilt_applied, false)),
            (marks.excl_cause.map(|c| c.as_str()), said(marks.quota_managed, false), claim.disease_limit),
            ((claim.disease > 0).then_some(claim.disease), r.identity, r.enddate),
        )
    };
    key(a).cmp(&key(b))
}
