//! Laws that hold for every ledger, whatever the policy: tried on random persons and on whole runs.
//!
//! | module | idea |
//! |---|---|
//! | [`kernel`] | the four policies, and the kernel as a plain function |
//! | [`random`] | random claims and identities, crowding at the policy's edges |
//! | [`like`] | claims that differ in nothing but their money and their day |
//! | [`whole_runs`] | the same bytes, whatever the order, the files and the threads |
//!
//! Four of the layers (catastrophic, special drugs, assistance, re-assistance) pay on what a *year*
//! has accumulated. The others go by the single stay: a top-up compares one stay with its share, a
//! single-disease limit and an out-of-catalogue cover are rounded stay by stay. Laws about a year's
//! total are about the four.

#[path = "laws/kernel.rs"]
mod kernel;
#[path = "laws/like.rs"]
mod like;
#[path = "laws/random.rs"]
mod random;
mod support;
#[path = "laws/whole_runs.rs"]
mod whole_runs;

use kernel::{City, cities, shipped};
use like::{LikeClaims, like_claims};
use onestop::model::codes::{Identity, Layer, ScopeReason, Status};
use onestop::policy::document::{LayerDoc, RuleDoc, TiltCap};
use onestop::policy::tables::{NO_RANK, first_preferred, key};
use onestop::policy::value::Amount;
use onestop::settle::claims::Claim;
use onestop::settle::holdings::{Holdings, Period};
use onestop::settle::outcome::{Entry, Money, NO_POOL, PARTS};
use proptest::prelude::*;
use proptest::sample::Index;
use random::{a_year_of_claims, check, period, periods, two_years_of_claims};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// The layers that pay on what the year has accumulated.
const YEARLY: [Layer; 4] = [Layer::Cii, Layer::SpecialDrug, Layer::Ma, Layer::Ra];

/// Which layers of the audit make which column of the settlement.
const COLUMNS: [(Money, &[Layer]); 5] = [
    (Money::CiiPay, &[Layer::Cii]),
    (Money::SpecialDrugPay, &[Layer::SpecialDrug]),
    (Money::MaPay, &[Layer::Ma, Layer::MajorDisease, Layer::TopUp]),
    (Money::RaPay, &[Layer::Ra]),
    (Money::OocatPay, &[Layer::Oocat]),
];

// --- Every row ---------------------------------------------------------------------------------------

#[test]
fn every_row_conserves_its_fee_and_nothing_is_negative() {
    for city in cities() {
        check(3_000, anybody(city), |(claims, reversed, periods)| {
            let settled = city.settle_rows(&claims, &reversed, &periods);
            for (row, claim) in claims.iter().enumerate() {
                let get = |column| settled.get(row, column);
                if reversed[row] {
                    prop_assert_eq!(settled.sink.settlement.status[row], Status::Reversed);
                    prop_assert!(settled.sink.settlement.money.iter().all(|c| c[row] == 0), "reversed row {}", row);
                    continue;
                }
                prop_assert_eq!(PARTS.iter().map(|p| get(*p)).sum::<i64>(), claim.fee, "row {}", row);
                prop_assert_eq!((get(Money::MedfeeSumamt), get(Money::InscpScpAmt)), (claim.fee, claim.scope));
                for column in PARTS.iter().chain(&[Money::BurdenAfterBasic, Money::BurdenAfterCii, Money::MaBase]) {
                    prop_assert!(get(*column) >= 0, "row {}: {:?} is {}", row, column, get(*column));
                }
                // Nobody pays out of nothing: each step comes off what the step before has left.
                let after_cii = get(Money::BurdenAfterBasic) - get(Money::CiiPay) - get(Money::SpecialDrugPay);
                prop_assert_eq!(get(Money::BurdenAfterCii), after_cii, "row {}", row);
                prop_assert!(get(Money::MaPay) + get(Money::RaPay) <= get(Money::MaBase), "row {}", row);
                prop_assert!(get(Money::ExtCompCounted) <= claim.ext_comp, "row {}", row);
            }
            Ok(())
        });
    }
}

#[test]
fn a_persons_years_are_the_sums_of_the_rows_charged_to_them() {
    for city in cities() {
        check(1_500, anybody(city), |(claims, reversed, periods)| {
            let sink = city.settle_rows(&claims, &reversed, &periods).sink;
            let rows = &sink.settlement;
            let charged: BTreeSet<i32> =
                (0..claims.len()).filter(|row| !reversed[*row]).map(|row| rows.charge_year[row]).collect();
            let years: Vec<i32> = sink.persons.year.iter().map(|y| y.charge_year).collect();
            prop_assert_eq!(&years, &charged.into_iter().collect::<Vec<_>>(), "one row a charge year, in order");
            for year in &sink.persons.year {
                for (column, sum) in year.money.iter().enumerate() {
                    let of_year = (0..claims.len()).filter(|row| rows.charge_year[*row] == year.charge_year);
                    prop_assert_eq!(*sum, of_year.map(|row| rows.money[column][row]).sum::<i64>());
                }
                // Every row of an identity has a channel; rows of nobody have nothing to be paid.
                let recorded: i64 = (0..claims.len())
                    .filter(|row| rows.charge_year[*row] == year.charge_year && rows.channel[*row].is_none())
                    .map(|row| rows.money[Money::PayableMa as usize][row])
                    .sum();
                let payable = year.money[Money::PayableMa as usize];
                prop_assert_eq!(year.payable.iter().sum::<i64>() + recorded, payable);
            }
            Ok(())
        });
    }
}

#[test]
fn without_any_identity_a_claim_has_its_row_and_no_assistance() {
    for city in cities() {
        check(300, a_year_of_claims(city), |claims| {
            let settled = city.settle(&claims, &[]);
            let rows = &settled.sink.settlement;
            prop_assert!(rows.reason.iter().all(|r| *r == Some(ScopeReason::NoIdentity)));
            prop_assert!(rows.channel.iter().all(Option::is_none));
            let assistance = [Money::MaBase, Money::MaPay, Money::RaPay, Money::OocatPay, Money::HospBorne];
            prop_assert!(assistance.iter().all(|c| settled.sum(*c) == 0));
            Ok(())
        });
    }
}

// --- The audit ---------------------------------------------------------------------------------------

#[test]
fn the_audit_adds_up_to_the_settlement_and_each_paid_recomputes_from_its_own_entry() {
    for city in cities() {
        check(3_000, anybody(city), |(claims, reversed, periods)| {
            let settled = city.settle_rows(&claims, &reversed, &periods);
            let mut paid: BTreeMap<(usize, Layer), i64> = BTreeMap::new();
            let mut spanned: BTreeMap<(usize, Layer), Vec<&Entry>> = BTreeMap::new();
            let (mut last, mut steps) = (0, 0);
            for (row, step, entry) in settled.entries() {
                // Rows in order, steps 1, 2, … within a row.
                prop_assert!(row >= last, "audit of row {} after that of row {}", row, last);
                steps = if row == last { steps + 1 } else { 1 };
                last = row;
                prop_assert_eq!(step, steps);
                recomputes(entry)?;
                *paid.entry((row, entry.layer)).or_default() += entry.paid;
                if entry.band.is_some() {
                    spanned.entry((row, entry.layer)).or_default().push(entry);
                }
            }
            for row in 0..claims.len() {
                for (column, layers) in COLUMNS {
                    let audited: i64 = layers.iter().filter_map(|l| paid.get(&(row, *l))).sum();
                    prop_assert_eq!(settled.get(row, column), audited, "row {}, {:?}", row, column);
                }
            }
            for entries in spanned.values() {
                covers_its_base(entries)?;
            }
            Ok(())
        });
    }
}

/// Whatever an entry says was paid follows from its own columns.
fn recomputes(entry: &Entry) -> Result<(), TestCaseError> {
    if let Some(band) = entry.band {
        let ratio = entry.ratio_ppm.expect("a bracket has a ratio");
        let gross = half_up(ratio, band.to - band.lo) - half_up(ratio, band.from - band.lo);
        prop_assert_eq!(entry.gross, gross, "{:?}", entry);
        prop_assert!(band.lo <= band.from && band.from < band.to, "{:?}", entry);
    }
    let room = entry.cap.map_or(i64::MAX, |cap| (cap - entry.cap_used).max(0));
    prop_assert_eq!(entry.paid, entry.gross.min(entry.base).min(room), "{:?}", entry);
    prop_assert!(entry.paid >= 0 && entry.cap_used >= 0, "{:?}", entry);
    // A step without a schedule that pays nothing moved nothing, and has no entry.
    prop_assert!(entry.band.is_some() || entry.paid > 0, "{:?}", entry);
    prop_assert!(entry.pool != NO_POOL || entry.cap_used == 0, "{:?}", entry);
    Ok(())
}

/// A ratio in millionths of an amount in fen, half up.
fn half_up(ratio_ppm: i64, amount: i64) -> i64 {
    i64::try_from((i128::from(ratio_ppm) * i128::from(amount) * 2 + 1_000_000).div_euclid(2_000_000)).unwrap()
}

/// The brackets of one layer follow one another and cover exactly what the layer paid on.
fn covers_its_base(entries: &[&Entry]) -> Result<(), TestCaseError> {
    let bands: Vec<_> = entries.iter().filter_map(|e| e.band).collect();
    prop_assert!(bands.windows(2).all(|w| w[0].to == w[1].from && w[1].from == w[1].lo), "{:?}", entries);
    let covered: i64 = bands.iter().map(|b| b.to - b.from).sum();
    prop_assert!(entries.iter().all(|e| e.base == covered), "{:?}", entries);
    Ok(())
}

// --- The year ----------------------------------------------------------------------------------------

/// Holds for every policy and identity where the claims are alike: one insurance type, one set of
/// circumstances, and care kinds that no rule tells apart (in Weihai the three of the shared pool;
/// elsewhere one). Then every layer pays on one accumulated base, `min(F(base), cap)` in all, and what
/// it leaves to the next layer is in sum the same whatever the order.
///
/// It holds no further. Who takes chronic care and stays in hospital under Jincheng's rules gets
/// catastrophic payments on whichever comes later, and assistance at 30 % or 70 % of what that leaves;
/// so do an insurance type that changes, or a claim outside assistance among others inside. Outside
/// compensation is left out as well: it comes off one claim's base, at most to nothing.
#[test]
fn a_years_total_does_not_depend_on_the_order_of_its_claims() {
    for city in cities() {
        let paid = Cell::new(0);
        check(3_000, (like_claims(city), any::<[u32; 8]>()), |(like, order)| {
            let claims = &like.claims;
            let mut numbers: Vec<usize> = (0..claims.len()).collect();
            numbers.sort_by_key(|n| order[*n]);
            // The same bills on the same days, in another order.
            let shuffled: Vec<Claim> =
                claims.iter().zip(&numbers).map(|(c, n)| Claim { day: c.day, ..claims[*n] }).collect();
            let (one, other) = (yearly_totals(city, &like, claims), yearly_totals(city, &like, &shuffled));
            prop_assert_eq!(one, other);
            paid.set(paid.get() + one.iter().sum::<i64>());
            Ok(())
        });
        assert!(paid.get() > 0, "{}: nothing was ever paid", city.name);
    }
}

/// Where [`onestop::orders::proof`] finds no cause, no order whatever gives another total: tried on any
/// claims, identities and grants, not on like ones. And it is no empty promise: of persons with two claims
/// that move, many are proved.
#[test]
fn where_no_cause_is_found_no_order_gives_another_total() {
    for city in cities() {
        let (proved, differed, paid) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let person = (a_year_of_claims(city), periods(city), prop::collection::vec(any::<[u32; 8]>(), 6));
        check(6_000, person, |(claims, periods, orders)| {
            let (causes, apart) = city.order_causes(&claims, &periods);
            let in_time = city.settle(&claims, &periods).benefit();
            let mut differs = false;
            for order in orders {
                let mut numbers: Vec<usize> = (0..claims.len()).collect();
                numbers.sort_by_key(|n| order[*n]);
                let total = city.settle_in_order(&claims, &numbers, &periods).benefit();
                if causes.is_empty() {
                    prop_assert_eq!(total, in_time, "order {:?}", numbers);
                }
                // Claims apart may stand anywhere.
                let (mut moved, last): (Vec<usize>, Vec<usize>) = numbers.iter().partition(|n| !apart[**n]);
                moved.extend(last);
                prop_assert_eq!(total, city.settle_in_order(&claims, &moved, &periods).benefit(), "apart {:?}", apart);
                differs |= total != in_time;
            }
            let moving = claims.iter().filter(|c| c.scope > c.basic).count();
            proved.set(proved.get() + i32::from(causes.is_empty() && moving > 1));
            paid.set(paid.get() + i32::from(causes.is_empty() && moving > 1 && in_time > 0));
            differed.set(differed.get() + i32::from(differs));
            Ok(())
        });
        assert!(proved.get() > 200 && paid.get() > 100, "{}: {} proved", city.name, proved.get());
        assert!(differed.get() > 0, "{}: the order never mattered", city.name);
    }
}

/// Like claims under one identity are what most persons have: they are proved, not tried, but where a
/// stay is topped up.
#[test]
fn the_order_of_like_claims_is_proved_not_to_matter() {
    for city in cities() {
        let (proved, open) = (Cell::new(0), Cell::new(0));
        check(2_000, like_claims(city), |like| {
            let (causes, _) = city.order_causes(&like.claims, &holding(city, like.identity));
            let stay = causes.has(onestop::orders::proof::Cause::StayCover);
            prop_assert!(causes.is_empty() || stay || waits(city), "{}", causes.names());
            let counter = if causes.is_empty() { &proved } else { &open };
            counter.set(counter.get() + 1);
            Ok(())
        });
        assert!(proved.get() > 8 * open.get(), "{}: {} open", city.name, open.get());
    }
}

/// Holds for the same claims as the law of order, and for the same reason (R4): a claim in two parts
/// accumulates what it would have accumulated whole, and cumulative figures are rounded, not claims.
#[test]
fn a_years_total_does_not_depend_on_how_many_claims_it_is_spread_over() {
    for city in cities() {
        check(3_000, (like_claims(city), any::<Index>(), 0i64..=1_000_000), |(like, which, part)| {
            let mut split = like.claims.clone();
            let which = which.index(split.len());
            let whole = split[which];
            let first = like::part_of(whole, part);
            split[which] = first;
            split.insert(which + 1, like::less(whole, first));
            prop_assert_eq!(yearly_totals(city, &like, &like.claims), yearly_totals(city, &like, &split));
            Ok(())
        });
    }
}

/// Holds for the same claims as the law of order: a schedule is never steeper than 1, so that more
/// burden leaves more to the next layer as well as paying more in this one. Nor does it pay more than
/// there was more to bear, but where the year thereby reaches the limit that tilted assistance waits for.
///
/// Among claims that are not alike it need not hold, by the policies' own words: a claim outside
/// assistance may draw catastrophic payments to a later one inside, which then stays below Jincheng's
/// annual limit and so loses the tilted assistance that waits for it (R3).
#[test]
fn more_burden_never_means_less_paid_to_one_identity() {
    for city in cities() {
        let more_paid = Cell::new(0);
        let more = prop_oneof![Just(1), 1i64..1_000, random::amount(city)];
        check(3_000, (like_claims(city), any::<Index>(), more), |(like, which, more)| {
            let mut claims = like.claims.clone();
            let which = which.index(claims.len());
            // The fee stays: what comes into scope was out of the catalogue before.
            claims[which].fee += more;
            let before: i64 = yearly_totals(city, &like, &claims).iter().sum();
            claims[which].scope += more;
            let after: i64 = yearly_totals(city, &like, &claims).iter().sum();
            prop_assert!(after >= before, "{} more in scope: {} instead of {}", more, after, before);
            let limit = if waits(city) { i64::MAX } else { more };
            prop_assert!(after - before <= limit, "{} more in scope, {} more paid", more, after - before);
            more_paid.set(more_paid.get() + i32::from(after > before));
            Ok(())
        });
        assert!(more_paid.get() > 20, "{}: it hardly ever mattered", city.name);
    }
}

/// Whether a layer waits for the year to reach the annual limit (R3).
fn waits(city: &City) -> bool {
    city.doc.reassistance.as_ref().is_some_and(|l| l.conditions.cap_reached)
}

/// What each yearly layer paid over the year.
fn yearly_totals(city: &City, like: &LikeClaims, claims: &[Claim]) -> [i64; 4] {
    let settled = city.settle(claims, &holding(city, like.identity));
    YEARLY.map(|layer| settled.paid_by(&[layer]))
}

fn holding(city: &City, identity: Option<Identity>) -> Vec<Period> {
    identity.iter().map(|i| all_year(city, *i)).collect()
}

// --- Caps --------------------------------------------------------------------------------------------

/// While one identity is held all year. The caps are read from the policy document, not from the audit.
///
/// A payment that is carried counts in its pool but is nobody's to cut (SPEC 2, step 3), and a pool may
/// know two caps where the insurance type changes; so the law is: whoever pays under a cap leaves the
/// pool at most there.
#[test]
fn no_pool_pays_above_the_cap_in_force() {
    for city in cities() {
        let caps = caps_of(city);
        let reached = RefCell::new(BTreeSet::new());
        let person = (random::identity(city), a_year_of_claims(city));
        check(4_000, person, |(identity, claims)| {
            let settled = city.settle(&claims, &[all_year(city, identity)]);
            let mut paid: BTreeMap<u8, i64> = BTreeMap::new();
            for (_, _, entry) in settled.entries().filter(|(_, _, e)| e.pool != NO_POOL) {
                let used = paid.entry(entry.pool).or_default();
                prop_assert_eq!(*used, entry.cap_used, "{:?}", entry);
                *used += entry.paid;
                let rule = city.tables.cites[usize::from(entry.cite)].rule.as_str();
                let cap = caps.get(rule).copied();
                prop_assert_eq!(entry.cap, cap, "{}: {:?}", rule, entry);
                prop_assert!(entry.paid == 0 || cap.is_none_or(|c| *used <= c), "{}: {:?}", rule, entry);
                if entry.paid < entry.gross && cap == Some(*used) {
                    reached.borrow_mut().insert(rule.to_owned());
                }
            }
            Ok(())
        });
        let reached = reached.into_inner();
        let missed: Vec<_> = caps.keys().filter(|rule| !reached.contains(**rule)).collect();
        assert!(missed.is_empty() || cfg!(debug_assertions), "{}: caps never reached: {missed:?}", city.name);
    }
}

/// The cap of every rule that has one, as the document states it, in fen.
fn caps_of(city: &'static City) -> BTreeMap<&'static str, i64> {
    let doc = &city.doc;
    let layers = [&doc.catastrophic, &doc.special_drug, &doc.reassistance];
    let rules = layers.into_iter().flatten().flat_map(|l: &LayerDoc| &l.rule).chain(&doc.assistance.rule);
    let cap = |rule: &'static RuleDoc| match (&rule.cap, &rule.tilt) {
        (Some(Amount::Fixed(fen)), _) => Some(*fen),
        (Some(Amount::Share(_)), _) => panic!("{}: no policy pegs a cap", rule.id),
        (None, Some(tilt)) if tilt.cap == TiltCap::Base => city.parameters.schedule(&tilt.of, city.year)?.cap,
        (None, _) => None,
    };
    rules.filter_map(|rule| Some((rule.id.as_str(), cap(rule)?))).collect()
}

// --- Several identities (R5) -------------------------------------------------------------------------

#[test]
fn the_run_kept_pays_at_least_what_every_run_not_taken_would_have_paid() {
    for city in cities() {
        let compared = Cell::new(0);
        check(3_000, (a_year_of_claims(city), periods(city)), |(claims, periods)| {
            // What a grant pays may be charged to another year than that of the runs.
            prop_assume!(periods.iter().all(|p| p.charge_year.is_none()));
            let settled = city.settle(&claims, &periods);
            for other in settled.sink.persons.runs_not_taken.iter().flatten().flat_map(|runs| runs.split("; ")) {
                let total = other.split_once('=').and_then(|(_, yuan)| yuan.replace('.', "").parse::<i64>().ok());
                prop_assert!(total.is_some_and(|t| t <= settled.benefit()), "{} of {}", other, settled.benefit());
                compared.set(compared.get() + 1);
            }
            Ok(())
        });
        assert!(compared.get() > 50, "{}: hardly anybody held two identities", city.name);
    }
}

/// The part of R5 that holds for everybody, whatever they hold and whenever: whoever gains an identity
/// that changes no layer's choice in the run kept so far can still have that run, so the best of all
/// runs is no worse.
///
/// Where a new identity does change a choice it may cost money, by the rule itself; the three tests at
/// the end of this section work out how. Each layer takes the first identity in order *that it has a
/// rate for*, and no run leaves a layer to nobody.
#[test]
fn an_identity_that_changes_no_layers_choice_never_lowers_a_years_benefit() {
    for city in cities() {
        let (held, kept) = (Cell::new(0), Cell::new(0));
        check(4_000, (a_year_of_claims(city), periods(city), period(city)), |(claims, before, new)| {
            prop_assume!(before.iter().all(|p| p.rank != new.rank));
            let after: Vec<Period> = before.iter().copied().chain([new]).collect();
            if claims.iter().any(|c| new.holds(c.day)) {
                held.set(held.get() + 1);
                if !changes_a_choice(city, &claims, &before, &after) {
                    kept.set(kept.get() + 1);
                    never_lower(city, &claims, &before, &after)?;
                }
            }
            Ok(())
        });
        assert!(kept.get() * 8 > held.get(), "{}: {} of {}", city.name, kept.get(), held.get());
    }
}

/// Whoever holds one identity all year, or none, and gains another for some time, gets no less: for
/// like claims, where nothing is carried, and under policies whose layers wait for nothing. For the old
/// identity keeps the layers that it has a rate for, and what the new one brings in the others costs
/// those less than it pays.
///
/// Left out are Jincheng, whose tilted assistance waits for the annual limit, and whoever loses the old
/// identity to the new one through `exclusive_with`; see below.
#[test]
fn a_second_identity_never_lowers_a_year_of_like_claims() {
    for city in shipped().filter(|c| !waits(c)) {
        let gained = Cell::new(0);
        check(4_000, (like_claims(city), period(city)), |(like, new)| {
            let claims: Vec<Claim> = like.claims.iter().map(|c| Claim { recorded_cii: 0, ..*c }).collect();
            let before = holding(city, like.identity);
            prop_assume!(before.iter().all(|p| p.rank != new.rank));
            let after: Vec<Period> = before.iter().copied().chain([new]).collect();
            if !loses_an_identity(city, &claims, &before, &after) {
                gained.set(gained.get() + i32::from(never_lower(city, &claims, &before, &after)? > 0));
            }
            Ok(())
        });
        assert!(gained.get() > 20, "{}: it hardly ever mattered", city.name);
    }
}

/// In Weihai nobody is poor through illness (60 % above 10 000, up to 50 000) on days of another class.
/// Whoever is then also monitored (50 % above 3 000, up to 10 000, and as much again) may be worse off.
#[test]
fn an_exclusive_identity_may_lower_a_years_benefit_by_the_policys_own_words() {
    let city = shipped_city("weihai-2023");
    let (ill, monitored) = (all_year(city, Identity::IllnessPoor), all_year(city, Identity::Monitored));
    let claims = [like::stay(city, 0, yuan(100_000))];
    assert_eq!(city.settle(&claims, &[ill]).benefit(), yuan(50_000));
    assert_eq!(city.settle(&claims, &[ill, monitored]).benefit(), yuan(20_000));
    assert!(loses_an_identity(city, &claims, &[ill], &[ill, monitored]));
}

/// A catastrophic payment is carried as recorded until somebody holds an identity with a schedule. Here
/// 9 000 were recorded, and the schedule pays nothing below its deductible; assistance makes up for 70 %.
#[test]
fn a_schedule_may_pay_less_than_what_was_carried_before() {
    let city = shipped_city("weihai-2023");
    let (monitored, dibao) = (all_year(city, Identity::Monitored), all_year(city, Identity::Dibao));
    let claims = [Claim { recorded_cii: yuan(9_000), ..like::stay(city, 0, yuan(9_000)) }];
    assert_eq!(city.settle(&claims, &[monitored]).benefit(), yuan(9_000));
    assert_eq!(city.settle(&claims, &[monitored, dibao]).benefit(), yuan(6_300));
}

/// Jincheng pays tilted assistance where the year reached the annual limit (R3). Whoever just reaches it,
/// and on one day holds an identity that brings a catastrophic payment, no longer does.
#[test]
fn a_condition_on_the_whole_year_may_turn_a_gain_into_a_loss() {
    let city = shipped_city("jincheng-2023");
    let monitored = all_year(city, Identity::Monitored);
    let disabled = Period { begin: monitored.begin + 100, ..all_year(city, Identity::DisabledSevere) };
    let claims = [like::stay(city, 0, yuan(88_780)), like::stay(city, 100, yuan(50))];
    // 60 000 of assistance, and 70 % of what is left above 10 000: 88 830 − 60 000 − 10 000 = 18 830.
    assert_eq!(city.settle(&claims, &[monitored]).benefit(), yuan(60_000) + yuan(13_181));
    // 78 % of 50, and 70 % of 88 791 − 3 092.40: eleven yuan short of the limit, and no more.
    assert_eq!(city.settle(&claims, &[monitored, disabled]).benefit(), yuan(39) + 5_998_902);
}

fn shipped_city(id: &str) -> &'static City {
    shipped().find(|c| c.doc.policy.id == id).unwrap()
}

fn all_year(city: &City, identity: Identity) -> Period {
    city.all_year(identity, city.year)
}

fn yuan(yuan: i64) -> i64 {
    yuan * 100
}

/// By how much the benefit grew; an error where it fell.
fn never_lower(city: &City, claims: &[Claim], before: &[Period], after: &[Period]) -> Result<i64, TestCaseError> {
    let [less, more] = [before, after].map(|periods| city.settle(claims, periods).benefit());
    prop_assert!(more >= less, "{} instead of {}", more, less);
    Ok(more - less)
}

/// Whether an identity is out of force on some claim's day because of what was added.
fn loses_an_identity(city: &City, claims: &[Claim], before: &[Period], after: &[Period]) -> bool {
    claims.iter().any(|c| in_force(city, c, before) & !in_force(city, c, after) != 0)
}

/// Whether any layer would take another identity on any claim, in the order of the run kept before.
fn changes_a_choice(city: &City, claims: &[Claim], before: &[Period], after: &[Period]) -> bool {
    let kept = city.settle(claims, before).sink.persons;
    let preferred = kept.year.iter().find(|y| y.charge_year == city.year).map(|y| y.preferred);
    // Everything may be charged to the year of a grant; then nobody says which run was kept.
    let Some(preferred) = preferred else { return true };
    let differs = |c: &Claim| {
        let [one, other] = [before, after].map(|periods| choices(city, c, in_force(city, c, periods), preferred));
        one != other
    };
    claims.iter().any(differs)
}

fn in_force(city: &City, claim: &Claim, periods: &[Period]) -> u16 {
    Holdings::Roster(periods).in_force(&city.tables, claim.day, NO_RANK)
}

/// The identity that each layer takes: insurance, assistance, single-disease limits.
fn choices(city: &City, claim: &Claim, held: u16, preferred: u8) -> [Option<u8>; 4] {
    let year = city.tables.year(city.year).unwrap();
    let key = key(claim.insutype, claim.care, claim.marks.hosp_lv);
    let pick = |layer: &onestop::policy::tables::LayerTable| {
        let covered = layer.covers(claim.care).then(|| layer.pick(key, held, preferred, claim.day));
        covered.flatten().map(|(rank, _)| rank)
    };
    let major = year.major.as_ref().filter(|_| claim.disease_limit.is_some()).map(|m| m.identities & held);
    [
        year.cii.as_ref().and_then(pick),
        year.special_drug.as_ref().and_then(pick),
        pick(&year.ma),
        major.filter(|set| *set != 0).map(|set| first_preferred(set, preferred)),
    ]
}

// --- Random persons ----------------------------------------------------------------------------------

/// Anybody at all: claims of two years, some of them reversed, and identities that come and go.
fn anybody(city: &'static City) -> impl Strategy<Value = (Vec<Claim>, Vec<bool>, Vec<Period>)> {
    let reversed = prop::collection::vec(prop::bool::weighted(0.08), 12);
    (two_years_of_claims(city), reversed, periods(city)).prop_map(|(claims, mut reversed, periods)| {
        reversed.truncate(claims.len());
        (claims, reversed, periods)
    })
}
