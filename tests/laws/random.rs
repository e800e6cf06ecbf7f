//! Random claims, identities and persons for a policy; amounts crowd at its edges and caps.

#![allow(dead_code)] // Each test file takes the part that it needs.

use super::kernel::City;
use onestop::model::codes::{Care, ExclCause, FeeClass, Identity, Insutype, Referral};
use onestop::model::date;
use onestop::policy::tables::{FOREIGN_AREA, LOCAL_AREA};
use onestop::settle::claims::{Claim, Marks};
use onestop::settle::holdings::Period;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::ops::Range;

/// Runs a law on random cases: so many in a release build, an eighth of them in a dev build.
///
/// The cases are the same on every run, so that a red run is red for everybody; `PROPTEST_RNG_SEED`
/// looks elsewhere, `PROPTEST_CASES` longer.
pub fn check<S: Strategy>(cases: u32, strategy: S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let given = Config { failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_230_101),
        fixed => fixed,
    };
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => given.cases,
        None if cfg!(debug_assertions) => cases / 8 + 1,
        None => cases,
    };
    let config = Config { cases, rng_seed, max_global_rejects: cases, ..given };
    if let Err(broken) = TestRunner::new(config).run(&strategy, law) {
        panic!("{broken}");
    }
}

/// An amount in fen: at an edge or cap of the policy or one fen beside it, the way from one edge to
/// another, nothing, or anything from a fen to a million yuan.
pub fn amount(city: &City) -> impl Strategy<Value = i64> + Clone + use<> {
    let edges = city.edges();
    let beside = -1i64..=1;
    prop_oneof![
        3 => (select(edges.clone()), beside.clone()).prop_map(|(edge, off)| edge + off),
        2 => (select(edges.clone()), select(edges), beside).prop_map(|(a, b, off)| ((a - b).abs() + off).max(0)),
        4 => (1u32..=8, 0i64..=1_000_000).prop_map(|(digits, part)| 10i64.pow(digits) * part / 1_000_000),
        1 => Just(0),
    ]
}

/// A part of something, in millionths: often none or all of it.
fn part() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![3 => Just(0), 1 => Just(1_000_000), 4 => 0i64..=1_000_000]
}

/// The money of a claim, such as the ledger's own checks let through.
#[derive(Clone, Copy, Debug)]
pub struct Bill {
    /// Total fee.
    pub fee: i64,
    /// Within scope.
    pub scope: i64,
    /// Basic insurance.
    pub basic: i64,
    /// Catastrophic payment recorded.
    pub recorded_cii: i64,
    /// Assistance recorded.
    pub recorded_maf: i64,
    /// Outside compensation.
    pub ext_comp: i64,
}

/// A bill whose burden after basic insurance is one of [`amount`].
pub fn bill(city: &City) -> impl Strategy<Value = Bill> + Clone + use<> {
    (amount(city), amount(city), part(), part(), part(), part(), 0u8..20).prop_map(
        |(burden, other, basic, outside, recorded, ext, odd)| {
            let basic = other * basic / 1_000_000;
            // Now and then basic insurance pays more than is in scope.
            let scope = if odd == 0 { basic / 2 } else { basic + burden };
            let fee = scope.max(basic) + other * outside / 1_000_000;
            let ext_comp = (fee - basic) * ext / 1_000_000;
            // And the catastrophic payment recorded is more than there was to pay.
            let recorded_cii = burden * recorded / if odd == 1 { 300_000 } else { 1_000_000 };
            Bill { fee, scope, basic, recorded_cii, recorded_maf: other / 3, ext_comp }
        },
    )
}

/// The small codes: mostly what lets a claim into every layer.
pub fn marks() -> impl Strategy<Value = Marks> + Clone {
    let referral = prop_oneof![
        6 => Just(Referral::NoneNeeded),
        2 => Just(Referral::Referred),
        1 => Just(Referral::Unreferred)
    ];
    let cause = prop_oneof![9 => Just(None), 1 => select(ExclCause::ALL).prop_map(Some)];
    let fee_class = prop_oneof![1 => Just(None), 2 => select(FeeClass::ALL).prop_map(Some)];
    let designated = prop::bool::weighted(0.95);
    (0u8..4, fee_class, designated, referral, prop::bool::weighted(0.6), cause, any::<bool>()).prop_map(
        |(hosp_lv, fee_class, designated, referral, tilt_applied, excl_cause, quota_managed)| Marks {
            hosp_lv,
            fee_class,
            designated,
            referral,
            tilt_applied,
            excl_cause,
            quota_managed,
        },
    )
}

/// A care kind, mostly one that some layer of the policy covers.
pub fn care() -> impl Strategy<Value = Care> + Clone {
    prop_oneof![
        6 => Just(Care::Inpatient),
        3 => Just(Care::Chronic),
        2 => Just(Care::SpecialDrug),
        1 => Just(Care::HighValueDrug),
        1 => Just(Care::Outpatient),
        1 => Just(Care::Other),
    ]
}

/// Where treated: here, or in one of the provinces that the policies name, or elsewhere.
pub fn area() -> impl Strategy<Value = i32> + Clone {
    prop_oneof![6 => Just(LOCAL_AREA), 2 => Just(140_502), 2 => Just(152_501), 1 => Just(371_002), 1 => Just(FOREIGN_AREA)]
}

/// A claim without its money and its day.
pub fn blank() -> impl Strategy<Value = Claim> + Clone {
    (select(Insutype::ALL), care(), area(), marks()).prop_map(|(insutype, care, area, marks)| Claim {
        day: 0,
        insutype,
        care,
        fee: 0,
        scope: 0,
        basic: 0,
        recorded_cii: 0,
        recorded_maf: 0,
        ext_comp: 0,
        disease_limit: None,
        area,
        disease: 0,
        marks,
    })
}

/// A claim on one of so many days of a year (the first has the number 0).
pub fn claim(city: &'static City, days: Range<i32>) -> impl Strategy<Value = Claim> + Clone {
    let first = City::days_of(city.year).0;
    let limit = prop_oneof![4 => Just(None), 1 => amount(city).prop_map(Some)];
    (days, blank(), bill(city), limit).prop_map(move |(day, blank, bill, disease_limit)| Claim {
        day: first + day,
        disease_limit,
        ..billed(blank, bill)
    })
}

/// A claim with this bill.
pub fn billed(claim: Claim, bill: Bill) -> Claim {
    let Bill { fee, scope, basic, recorded_cii, recorded_maf, ext_comp } = bill;
    Claim { fee, scope, basic, recorded_cii, recorded_maf, ext_comp, ..claim }
}

/// Claims of one benefit year in time order.
pub fn a_year_of_claims(city: &'static City) -> impl Strategy<Value = Vec<Claim>> + Clone {
    in_time_order(prop::collection::vec(claim(city, 0..365), 1..9))
}

/// Claims of two benefit years in time order.
pub fn two_years_of_claims(city: &'static City) -> impl Strategy<Value = Vec<Claim>> + Clone {
    in_time_order(prop::collection::vec(claim(city, 0..730), 1..13))
}

fn in_time_order(claims: impl Strategy<Value = Vec<Claim>> + Clone) -> impl Strategy<Value = Vec<Claim>> + Clone {
    claims.prop_map(|mut claims| {
        claims.sort_by_key(|c| c.day);
        claims
    })
}

/// An identity, mostly one that the policy names.
pub fn identity(city: &City) -> impl Strategy<Value = Identity> + Clone + use<> {
    prop_oneof![9 => select(city.doc.policy.listed_order.clone()), 1 => select(Identity::ALL)]
}

/// An identity for some time within two years. One that is granted on application has its window (R7).
pub fn period(city: &'static City) -> impl Strategy<Value = Period> + Clone {
    let first = City::days_of(city.year).0;
    let all_year = prop::bool::weighted(0.4);
    (identity(city), all_year, -60..700, 0..500).prop_map(move |(identity, all_year, begin, length)| {
        let rank = city.rank(identity);
        match city.tables.grant_lookback[usize::from(rank)] {
            Some(months) => grant(rank, first + begin, months),
            None if all_year => Period { end: first + 730, ..city.all_year(identity, city.year) },
            None => Period { begin: first + begin, end: first + begin + length, rank, charge_year: None },
        }
    })
}

/// From the first of the month so many months before the application to the end of its year.
fn grant(rank: u8, applied_on: i32, months: u16) -> Period {
    let year = date::year_of(applied_on);
    let begin = date::month_start(applied_on, -i32::from(months)).unwrap();
    Period { begin, end: City::days_of(year).1, rank, charge_year: Some(year) }
}

/// What a person holds: nothing, or several periods that may overlap. One application a year.
pub fn periods(city: &'static City) -> impl Strategy<Value = Vec<Period>> + Clone {
    prop::collection::vec(period(city), 0..5).prop_map(|mut periods| {
        let mut granted = Vec::new();
        periods.retain(|p| {
            let again = p.charge_year.is_some() && granted.contains(&p.charge_year);
            granted.push(p.charge_year);
            !again
        });
        periods
    })
}
