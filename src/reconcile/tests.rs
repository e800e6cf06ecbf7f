//! Laws of the search: what a hypothesis pays is found as that hypothesis, and causes add up whatever was paid.

use super::hypothesis::Hypothesis;
use super::measure::{ASSISTANCE, CATASTROPHIC, Measures, TOTAL, Vector, layer, minus, plus};
use super::search::{Explained, Question, Trials, investigate};
use super::variants::Variants;
use super::world::{Bench, Fate, History, Record, Settlement};
use crate::model::codes::{Care, Insutype, Referral};
use crate::model::date;
use crate::policy::Policy;
use crate::policy::compile::{Needs, compile};
use crate::policy::eras::Eras;
use crate::policy::parameters::Parameters;
use crate::policy::tables::{LOCAL_AREA, NO_RANK};
use crate::settle::claims::{Claim, Marks};
use crate::settle::holdings::Period;
use crate::settle::outcome::LAYERS;
use std::collections::{BTreeMap, BTreeSet};

const YEAR: i32 = 2024;

fn variants(id: &str) -> Variants {
    let (policy, parameters) = (Policy::load(id).unwrap(), Parameters::shipped().unwrap());
    let tables = compile(&policy.doc, &parameters, &[YEAR - 1, YEAR], Needs::default()).unwrap().tables;
    Variants::new(Eras::new(vec![(&policy.doc, tables)]).unwrap())
}

fn day(month: u32, day: u32) -> i32 {
    date::day(YEAR, month, day).unwrap()
}

/// A stay with so much left after basic insurance, in yuan.
fn record(number: u8, month: u32, left: i64, fate: Fate) -> Record {
    let claim = Claim {
        day: day(month, 10),
        insutype: Insutype::Resident,
        care: Care::Inpatient,
        fee: (left + 7_000) * 100,
        scope: (left + 5_000) * 100,
        basic: 500_000,
        recorded_cii: 0,
        recorded_maf: 0,
        ext_comp: 0,
        disease_limit: None,
        area: LOCAL_AREA,
        disease: 0,
        marks: Marks::default(),
    };
    let time = i64::from(claim.day);
    // Entered in another order than they happened.
    let origin = u64::from(number ^ 1);
    Record { setl_id: Box::from([number]), time, origin, claim, policy: 0, certified: NO_RANK, fate }
}

/// 低保边缘 for some months, 低保 later, and a claim of every kind that can go wrong.
fn history(variants: &Variants) -> History {
    let rank = |code: &str| {
        let identities = &variants.eras().all[0].tables.identity_at;
        identities.iter().position(|i| i.as_str() == code).unwrap() as u8
    };
    let plain = |rank, begin, end| Period { begin, end, rank, charge_year: None };
    let mut records = vec![
        record(0, 1, 4_000, Fate::Counts),
        record(1, 3, 21_000, Fate::Counts),
        record(2, 3, 21_000, Fate::Duplicate(1)),
        record(3, 4, 8_000, Fate::Reversed),
        record(4, 5, 6_000, Fate::Counts),
        record(5, 6, 5_000, Fate::Counts),
        record(6, 7, 17_000, Fate::Counts),
        record(7, 8, 3_000, Fate::Counts),
        record(8, 11, 52_000, Fate::Counts),
        record(9, 12, 9_000, Fate::Counts),
    ];
    records[4].claim.ext_comp = 150_000;
    records[5].claim.marks.designated = false;
    records[7].claim.marks.referral = Referral::Unreferred;
    let mut ranks = vec![rank("dibao_margin"), rank("dibao")];
    let periods = vec![plain(ranks[0], day(2, 1), day(8, 31)), plain(ranks[1], day(10, 1), day(11, 30))];
    ranks.sort_unstable();
    History { psn_no: Box::from(*b"P1"), records, periods: Some(vec![periods]), ranks }
}

/// Payments as a settlement makes them, by record.
fn by_record(history: &History, settled: &Settlement, measures: &Measures) -> BTreeMap<u32, Vector> {
    let records = settled.records(history.records.len(), YEAR);
    (0..).zip(records.iter().map(|layers| measures.of(layers))).collect()
}

fn sum(explained: &[Explained]) -> Vector {
    explained.iter().fold(Vector::default(), |sum, e| plus(&sum, &e.amount))
}

fn paid_sides() -> [Measures; 3] {
    [Measures(vec![CATASTROPHIC, ASSISTANCE]), Measures(vec![TOTAL]), Measures((0..LAYERS.len()).map(layer).collect())]
}

#[test]
fn what_a_hypothesis_pays_is_found_as_that_hypothesis() {
    let mut seen = BTreeSet::new();
    for id in ["weihai-2023", "jincheng-2023", "erenhot-2023"] {
        let variants = variants(id);
        let (mut bench, history) = (Bench::new(&variants), history(&variants));
        let due = bench.settle(&history.world(), false).unwrap();
        let trials = Trials::new(&mut bench, &history, due.clone(), None, &|_| false);
        assert!(trials.trials.len() > 12, "{id}");
        for measures in paid_sides() {
            for records in [false, true] {
                for (hypothesis, settled) in &trials.trials {
                    let cause = hypothesis.cause(&variants);
                    let stated = by_record(&history, settled, &measures);
                    let (paid, due) = (measures.of(&settled.year(YEAR)), measures.of(&due.year(YEAR)));
                    let question = Question {
                        history: &history,
                        measures: &measures,
                        year: YEAR,
                        paid,
                        elsewhere: Vector::default(),
                        by_record: records.then_some(&stated),
                        missing: None,
                    };
                    if paid == due {
                        continue;
                    }
                    let found = investigate(&mut bench, &trials, &question);
                    assert_eq!(found.len(), 1, "{id}, {hypothesis:?}: {found:?}");
                    assert!(found[0].exact);
                    assert_eq!(sum(&found), minus(&paid, &due));
                    let listed = found[0].also_fits.iter().any(|also| also == cause.as_str());
                    assert!(found[0].cause == cause || listed, "{id}, {hypothesis:?}: {found:?}");
                    seen.insert(cause.as_str());
                }
            }
        }
    }
    for cause in [
        "identity_ignored",
        "identity_after_end",
        "identity_before_begin",
        "identity_outside_dates",
        "another_identity",
        "processing_order",
        "reversal_not_netted",
        "duplicate_paid",
        "ext_comp_not_off",
        "unreferred_paid",
        "undesignated_paid",
        "deductible_not_taken",
        "deductible_twice",
        "deductible_per_stay",
        "cap_not_applied",
        "cap_per_stay",
        "previous_year_schedule",
        "catastrophic_missing",
        "catastrophic_not_paid",
        "claim_not_paid",
        "assistance_not_paid",
    ] {
        assert!(seen.contains(cause), "{cause} is never tried: {seen:?}");
    }
}

#[test]
fn causes_add_up_whatever_was_paid() {
    let variants = variants("weihai-2023");
    let (mut bench, history) = (Bench::new(&variants), history(&variants));
    let due = bench.settle(&history.world(), false).unwrap();
    let trials = Trials::new(&mut bench, &history, due.clone(), None, &|_| false);
    let mut random = 88_172_645_463_325_252u64;
    let mut next = |below: i64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below.unsigned_abs()) as i64
    };
    for measures in paid_sides() {
        let due = measures.of(&due.year(YEAR));
        for _ in 0..60 {
            let base = trials.trials[next(trials.trials.len() as i64) as usize].1.year(YEAR);
            let mut paid = measures.of(&base);
            for fen in paid.iter_mut().take(measures.0.len()) {
                *fen = match next(4) {
                    0 => next(5_000_000),
                    1 => (*fen + next(7) - 3).max(0),
                    2 => *fen / 2,
                    _ => *fen,
                };
            }
            if paid == due {
                continue;
            }
            let question = Question {
                history: &history,
                measures: &measures,
                year: YEAR,
                paid,
                elsewhere: Vector::default(),
                by_record: None,
                missing: None,
            };
            let found = investigate(&mut bench, &trials, &question);
            assert_eq!(sum(&found), minus(&paid, &due), "{found:?}");
            let unexplained = found.iter().any(|e| e.cause.as_str() == "unexplained");
            assert!(found.iter().all(|e| e.exact != unexplained), "{found:?}");
            let again = investigate(&mut bench, &trials, &question);
            assert_eq!(found, again);
        }
    }
}

#[test]
fn hypotheses_come_in_the_documented_order_of_causes() {
    let variants = variants("weihai-2023");
    let (mut bench, history) = (Bench::new(&variants), history(&variants));
    let due = bench.settle(&history.world(), false).unwrap();
    let all = Hypothesis::all(&history, &due, &variants, Some(&BTreeSet::from([9])));
    let causes: Vec<_> = all.iter().map(|h| h.cause(&variants)).collect();
    assert!(causes.is_sorted());
    assert_eq!(causes[0].as_str(), "late_claim");
}
