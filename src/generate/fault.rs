//! Faulty rows: a sprinkle of each thing that a settlement run rejects or counts, because a ledger
//! without them shows nothing of how a run deals with them.

use super::claim::{Claim, Needed};
use super::rng::Rng;
use super::scenario::Scenario;
use crate::model::date::MICROS_PER_DAY;

/// Faulty rows in a million.
const FAULTY: u64 = 500;
/// Rows in a million whose fee parts do not add up.
const PARTS_OFF: u64 = 50;
/// A record number that nobody has.
const NO_RECORD: u32 = 4_999;

/// What is wrong with a row, under the names of the reject reasons.
#[derive(Clone, Copy, Debug)]
enum Fault {
    VoidRecord,
    NullRequired,
    BadValue,
    UnknownInsutype,
    UnknownMedType,
    NegativeAmount,
    ScopeExceedsFee,
    PaymentsExceedFee,
    ReversalUnmatched,
    RefundedWithoutReversal,
    OutsidePolicyPeriod,
}

const FAULTS: [(Fault, u32); 11] = [
    (Fault::VoidRecord, 4),
    (Fault::NullRequired, 3),
    (Fault::BadValue, 2),
    (Fault::UnknownInsutype, 3),
    (Fault::UnknownMedType, 3),
    (Fault::NegativeAmount, 2),
    (Fault::ScopeExceedsFee, 2),
    (Fault::PaymentsExceedFee, 2),
    (Fault::ReversalUnmatched, 2),
    (Fault::RefundedWithoutReversal, 2),
    (Fault::OutsidePolicyPeriod, 2),
];

const NEEDED: [Needed; 8] = [
    Needed::PsnNo,
    Needed::SetlId,
    Needed::SetlTime,
    Needed::Insutype,
    Needed::MedType,
    Needed::Fee,
    Needed::Scope,
    Needed::Hifp,
];

/// Spoils a row, rarely. Rows that are part of a reversal are left alone by the caller.
pub fn spoil(rng: &mut Rng, scenario: &Scenario, claim: &mut Claim<'_>) {
    let bill = &mut claim.bill;
    if rng.chance(PARTS_OFF) {
        bill.preselfpay_amt += rng.between(1, 5_000);
        return;
    }
    if !rng.chance(FAULTY) {
        return;
    }
    let Some(fault) = rng.weighted(&FAULTS) else { return };
    match fault {
        Fault::VoidRecord => claim.valid = false,
        Fault::NullRequired => claim.missing = rng.pick(&NEEDED).copied(),
        Fault::BadValue => match rng.below(3) {
            0 => claim.referral = Some("by_telephone"),
            1 => claim.fee_class = Some("9"),
            _ => claim.excl_cause = Some("lightning"),
        },
        Fault::UnknownInsutype => claim.insutype = rng.pick(&["340", "391", "510"]).copied().unwrap_or("340"),
        Fault::UnknownMedType => {
            claim.med_type = rng.pick(&["81", "9999", "XY"]).copied().unwrap_or("81");
            claim.care = None;
        }
        Fault::NegativeAmount => bill.hifp_pay = -bill.hifp_pay - 1,
        Fault::ScopeExceedsFee => bill.inscp_scp_amt = bill.medfee_sumamt + rng.between(1, 10_000),
        Fault::PaymentsExceedFee => {
            bill.ext_comp_amt = bill.medfee_sumamt - bill.basic() + rng.between(1, 10_000);
        }
        Fault::ReversalUnmatched => {
            *bill = bill.each(|fen| -fen);
            claim.refunded = true;
            claim.cancels = Some(NO_RECORD);
        }
        Fault::RefundedWithoutReversal => claim.refunded = true,
        Fault::OutsidePolicyPeriod => {
            if let Some(outside) = scenario.outside {
                let day = rng.between(i64::from(outside.first), i64::from(outside.last));
                claim.at = day * MICROS_PER_DAY + claim.at.rem_euclid(MICROS_PER_DAY);
                claim.enddate = day as i32;
            }
        }
    }
}
