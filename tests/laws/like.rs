//! Claims that differ in nothing but their money and their day: what laws about a year's total need.

use super::kernel::City;
use super::random::{Bill, bill, billed, blank, identity};
use onestop::model::codes::{Care, Identity, Insutype};
use onestop::policy::document::{LayerDoc, PolicyDoc, RuleDoc};
use onestop::policy::tables::LOCAL_AREA;
use onestop::settle::claims::{Claim, Marks};
use proptest::prelude::*;
use proptest::sample::Index;

/// One identity, or none, and a year of like claims in time order.
///
/// All have one insurance type, area and set of marks, care kinds that no rule tells apart, no outside
/// compensation and no single-disease limit; basic insurance pays within scope.
#[derive(Clone, Debug)]
pub struct LikeClaims {
    /// Held all year.
    pub identity: Option<Identity>,
    /// The claims.
    pub claims: Vec<Claim>,
}

/// One to eight like claims.
pub fn like_claims(city: &'static City) -> impl Strategy<Value = LikeClaims> {
    let first = City::days_of(city.year).0;
    let claims = prop::collection::vec((0i32..365, any::<Index>(), bill(city)), 1..=8);
    let identity = prop_oneof![1 => Just(None), 9 => identity(city).prop_map(Some)];
    (identity, blank(), claims).prop_map(move |(identity, like, rows)| {
        let kinds = not_told_apart(&city.doc, like.care);
        let claim = |(day, care, bill): (i32, Index, Bill)| {
            let bill = Bill { basic: bill.basic.min(bill.scope), ext_comp: 0, ..bill };
            billed(Claim { day: first + day, care: *care.get(&kinds), ..like }, bill)
        };
        let mut claims: Vec<Claim> = rows.into_iter().map(claim).collect();
        claims.sort_by_key(|c| c.day);
        LikeClaims { identity, claims }
    })
}

/// A stay in hospital here, all of it in scope and none of it paid by basic insurance.
pub fn stay(city: &City, day: i32, fee: i64) -> Claim {
    Claim {
        day: City::days_of(city.year).0 + day,
        insutype: Insutype::Resident,
        care: Care::Inpatient,
        fee,
        scope: fee,
        basic: 0,
        recorded_cii: 0,
        recorded_maf: 0,
        ext_comp: 0,
        disease_limit: None,
        area: LOCAL_AREA,
        disease: 0,
        marks: Marks::default(),
    }
}

/// So many millionths of a claim.
pub fn part_of(claim: Claim, part: i64) -> Claim {
    let of = |amount: i64| i64::try_from(i128::from(amount) * i128::from(part) / 1_000_000).unwrap();
    let (burden, basic) = (of(claim.scope - claim.basic), of(claim.basic));
    let outside = of(claim.fee - claim.scope);
    let recorded_cii = claim.recorded_cii.min(burden);
    Claim { fee: basic + burden + outside, scope: basic + burden, basic, recorded_cii, ..claim }
}

/// What is left of a claim without a part of it.
pub fn less(claim: Claim, part: Claim) -> Claim {
    Claim {
        fee: claim.fee - part.fee,
        scope: claim.scope - part.scope,
        basic: claim.basic - part.basic,
        recorded_cii: claim.recorded_cii - part.recorded_cii,
        ..claim
    }
}

/// The care kinds that every layer and every rule treats as this one.
fn not_told_apart(doc: &PolicyDoc, care: Care) -> Vec<Care> {
    let layers = || [&doc.catastrophic, &doc.special_drug, &doc.reassistance].into_iter().flatten();
    let rules = || layers().flat_map(|l: &LayerDoc| &l.rule).chain(&doc.assistance.rule);
    let named = |kinds: &[Care], other: Care| kinds.contains(&care) == kinds.contains(&other);
    let same = |other: &Care| {
        layers().all(|l| named(&l.care, *other))
            && named(&doc.assistance.care, *other)
            && rules().all(|r: &RuleDoc| r.care.is_empty() || named(&r.care, *other))
    };
    Care::ALL.iter().copied().filter(same).collect()
}
