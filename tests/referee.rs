//! The kernel against a second, slow and obvious implementation of the schedules and the waterfall.
//!
//! Whoever changes the kernel need not read this; whoever doubts a figure finds it worked out here in
//! plain decimals, from the policy document. [`waterfall`] takes one schedule and one identity's year at a
//! time; [`histories`] takes whole persons, with all that the contract says of them, in large numbers:
//!
//! ```text
//! ONESTOP_REFEREE_YEARS=3000000 cargo test --release --locked --test referee whole_persons -- --nocapture
//! ```

#[path = "referee/crowd.rs"]
mod crowd;
#[path = "referee/histories/mod.rs"]
mod histories;
#[path = "laws/kernel.rs"]
mod kernel;
#[path = "laws/random.rs"]
mod random;
#[path = "referee/subsidies.rs"]
mod subsidies;
mod support;
#[path = "referee/waterfall.rs"]
mod waterfall;
#[path = "referee/whole_run.rs"]
mod whole_run;

use histories::aim::smallest;
use kernel::{City, Settled, cities};
use onestop::model::codes::{Identity, Insutype, Layer, Status};
use onestop::policy::document::{Accumulation, Conditions, LayerDoc, RuleDoc};
use onestop::policy::tables::{LayerTable, NO_RANK, Schedule as Compiled, key};
use onestop::settle::claims::Claim;
use onestop::settle::layers::{Accumulators, Payer, Terms, pay};
use onestop::settle::outcome::Money;
use proptest::prelude::*;
use proptest::sample::Index;
use random::{Bill, billed, check};
use rust_decimal::Decimal;
use std::cell::RefCell;
use std::collections::BTreeSet;
use waterfall::{Book, Point, Referee, Schedule, yuan};

/// The largest burden that is tried, in fen: beyond every cap of every policy.
const MOST: i64 = 300_000_000;

#[test]
fn every_schedule_pays_the_same_at_every_edge_and_cap_and_a_fen_beside_it() {
    let mut compared = 0;
    for city in cities() {
        for year in [city.year, city.year + 1] {
            compared += compare_schedules(city, year);
        }
    }
    assert!(compared > 50_000, "only {compared} payments were compared");
}

#[test]
fn a_year_under_weihai_2023_comes_to_the_same() {
    compare_years("weihai-2023", &["cii", "special_drug", "ma", "ra"]);
}

#[test]
fn a_year_under_weihai_etdz_2017_comes_to_the_same() {
    compare_years("weihai-etdz-2017", &["ma"]);
}

#[test]
fn a_year_under_erenhot_2023_comes_to_the_same() {
    compare_years("erenhot-2023", &["cii", "ma", "ra"]);
}

#[test]
fn a_year_under_jincheng_2023_comes_to_the_same() {
    compare_years("jincheng-2023", &["cii", "ma", "ra", "hosp_borne", "oocat"]);
}

/// Person-years that are usually compared: about fifty seconds on two cores.
const YEARS: u64 = if cfg!(debug_assertions) { 20_000 } else { 800_000 };

/// What must come up among so many: else the histories have gone stale, and agree on nothing much.
const MUST_HAPPEN: [&str; 38] = [
    "a change of identity",
    "another than the first listed identity pays more",
    "application",
    "care_not_covered",
    "carried",
    "charged to another year",
    "charity_referral",
    "cii",
    "cii cut",
    "cii over its limit",
    "duplicate_setl_id",
    "excluded_cause",
    "fee_class_missing",
    "hosp_borne",
    "impoverishment",
    "instant",
    "ma",
    "ma cut",
    "ma over its limit",
    "major_disease",
    "no_identity",
    "not_designated",
    "oocat",
    "oocat cut",
    "out_of_catalogue_share",
    "outside_policy_period",
    "ra",
    "ra cut",
    "ra over its limit",
    "refunded_without_reversal",
    "relapse",
    "reversal_unmatched",
    "reversed",
    "settled",
    "special_drug cut",
    "top_up cut",
    "unreferred",
    "year_end",
];

#[test]
fn histories_of_whole_persons_come_to_the_same() {
    let seen = crowd::compare_years(YEARS);
    println!(
        "{} person-years of {} histories compared: {} claims, {} amounts aimed at an edge, a limit or a threshold",
        seen.years, seen.histories, seen.claims, seen.aimed
    );
    seen.happened.iter().for_each(|(what, times)| println!("{times:>9} {what}"));
    let missed: Vec<_> = MUST_HAPPEN.iter().filter(|what| !seen.happened.contains_key(**what)).collect();
    assert!(missed.is_empty() || seen.years < 20_000, "never came up: {missed:?}");
    assert!(seen.aimed * 4 > seen.claims, "too few amounts at edges");
}

#[test]
fn any_bytes_make_a_history_that_can_be_compared() {
    for bytes in [&[][..], &[255; 7], &[7; 400], &[1, 0, 0, 2, 9, 250, 3, 128, 77, 31, 5]] {
        histories::compare(bytes).unwrap();
    }
}

#[test]
fn runs_of_the_program_come_to_the_same_with_a_roster() {
    for town in 0..histories::town::ON_FILE {
        whole_run::compare(town, true, 1_000_000);
    }
}

#[test]
fn runs_of_the_program_come_to_the_same_with_identities_in_the_ledger() {
    for town in 0..histories::town::ON_FILE {
        whole_run::compare(town, false, 2_000_000);
    }
}

// --- Schedules ---------------------------------------------------------------------------------------

/// Compares every schedule of a year; the number of payments compared.
fn compare_schedules(city: &City, year: i32) -> usize {
    let doc = &city.doc;
    let tables = city.tables.year(year).unwrap();
    let assistance = LayerDoc {
        care: doc.assistance.care.clone(),
        conditions: Conditions::default(),
        clause: String::new(),
        rule: doc.assistance.rule.clone(),
    };
    let layers = [
        ("cii", doc.catastrophic.as_ref(), tables.cii.as_ref()),
        ("special_drug", doc.special_drug.as_ref(), tables.special_drug.as_ref()),
        ("ma", Some(&assistance), Some(&tables.ma)),
        ("ra", doc.reassistance.as_ref(), tables.ra.as_ref()),
    ];
    let mut compared = 0;
    for (name, written, compiled) in layers {
        assert_eq!(written.is_some(), compiled.is_some(), "{}: {name}", city.name);
        let (Some(written), Some(compiled)) = (written, compiled) else { continue };
        for rule in &written.rule {
            let referee = Referee { doc, parameters: &city.parameters, year, identity: None };
            let expected = referee.of_rule(name, rule);
            let mut seen = BTreeSet::new();
            for (who, found) in compiled_for(city, year, written, compiled, rule) {
                let what = format!("{} in {year}, rule {}, {who}", city.name, rule.id);
                match (&expected, found) {
                    (None, found) => assert!(found.is_none(), "{what}: the base schedule is not set"),
                    (Some(_), None) => panic!("{what}: no schedule"),
                    // Many identities and care kinds share one compiled schedule; once is enough.
                    (Some(expected), Some(found)) => {
                        if seen.insert(std::ptr::from_ref(found)) {
                            compared += compare_schedule(&what, expected, found);
                        }
                    }
                }
            }
        }
    }
    compared
}

/// What the kernel finds for everybody and everything that a rule names.
fn compiled_for<'a>(
    city: &City,
    year: i32,
    layer: &LayerDoc,
    table: &'a LayerTable,
    rule: &RuleDoc,
) -> Vec<(String, Option<&'a Compiled>)> {
    let who: Vec<Option<Identity>> =
        if rule.anyone { vec![None] } else { rule.identities.iter().copied().map(Some).collect() };
    let care = if rule.care.is_empty() { &layer.care } else { &rule.care };
    let insutype = if rule.insutype.is_empty() { Insutype::ALL } else { &rule.insutype };
    let mut found = Vec::new();
    for identity in who {
        for (care, insutype) in care.iter().flat_map(|c| insutype.iter().map(move |i| (*c, *i))) {
            for level in 0..4 {
                let rank = identity.map_or(NO_RANK, |i| city.rank(i));
                let held = identity.map_or(0, |_| 1 << rank);
                // An optional rule without its base schedule must not make room for that of anyone.
                let schedule = table
                    .pick(key(insutype, care, level), held, rank, City::days_of(year).0)
                    .and_then(|(picked, schedule)| (picked == rank).then_some(schedule));
                found.push((format!("{identity:?} {insutype} {care} level {level}"), schedule));
            }
        }
    }
    found
}

/// Compares what two forms of one schedule pay between any two points of interest.
fn compare_schedule(what: &str, expected: &Schedule, compiled: &Compiled) -> usize {
    let points: Vec<i64> = points(expected).into_iter().collect();
    let terms = Terms { round: Default::default(), accumulation: Accumulation::Year };
    let payer = Payer { claim: 0, layer: Layer::Ma, identity: 0 };
    let mut compared = 0;
    for (n, &from) in points.iter().enumerate() {
        let so_far = expected.cap().map_or(expected.of(yuan(from)), |cap| cap.min(expected.of(yuan(from))));
        // Others may have used the pool up to its last fen, or wholly, or more than this cap allows.
        let nearly = expected.cap().map_or(so_far, |cap| cap - yuan(1));
        for paid in BTreeSet::from([so_far, nearly, nearly + yuan(1), nearly + yuan(2)]) {
            for &to in &points[n..] {
                let mut accumulators = Accumulators::default();
                accumulators.base[usize::from(compiled.base)] = from;
                accumulators.paid[usize::from(compiled.pool)] = fen(paid);
                let found = pay(compiled, to - from, terms, payer, &mut accumulators, &mut Vec::new());
                let expected = expected.pays(yuan(from), yuan(to - from), paid);
                assert_eq!(yuan(found), expected, "{what}: from {} to {}, {paid} paid", yuan(from), yuan(to));
                assert_eq!(accumulators.base[usize::from(compiled.base)], to, "{what}");
                assert_eq!(accumulators.paid[usize::from(compiled.pool)], fen(paid) + found, "{what}");
                compared += 1;
            }
        }
    }
    compared
}

/// Edges, and where the cap is reached; each with a fen either side, in fen.
fn points(schedule: &Schedule) -> BTreeSet<i64> {
    let cap = schedule.cap().and_then(|cap| smallest(|base| schedule.of(yuan(base)) >= cap));
    let edges = schedule.edges().into_iter().map(fen).chain(cap).chain([0, 7, 33_333, MOST]);
    edges.flat_map(|e| e - 1..=e + 1).filter(|fen| *fen >= 0).collect()
}

/// Yuan as fen.
fn fen(yuan: Decimal) -> i64 {
    let fen = (yuan * Decimal::ONE_HUNDRED).normalize();
    assert_eq!(fen.scale(), 0, "{yuan} is a whole number of fen");
    i64::try_from(fen).unwrap()
}

// --- Person-years ------------------------------------------------------------------------------------

/// A claim to be: its burden is aimed at a point of the year that the claims before it have left.
#[derive(Clone, Debug)]
struct Visit {
    blank: Claim,
    bill: Bill,
    limit: Option<i64>,
    /// A large bill passes every point at once and leaves none to aim at.
    small: bool,
    aim: Option<(Index, i64)>,
}

/// One identity's year.
#[derive(Clone, Debug)]
struct Case {
    second_year: bool,
    identity: Option<Identity>,
    certified: bool,
    visits: Vec<Visit>,
}

/// What came up in all cases together.
#[derive(Debug, Default)]
struct Seen {
    years: usize,
    claims: usize,
    /// Burdens that lie at a point of a schedule or one fen beside it.
    aimed: usize,
    /// Layers that paid, and what else happened.
    happened: BTreeSet<String>,
}

fn cases_of(city: &'static City) -> impl Strategy<Value = Case> {
    // A year of like visits goes deeper into one pool; one of all sorts mixes pools.
    let day = 0i32..365;
    let aim = (any::<Index>(), -1i64..=1, 0u8..10);
    let visit = (random::blank(), random::bill(city), random::amount(city), 0u8..5, any::<bool>(), aim);
    let visits = (random::blank(), any::<bool>(), prop::collection::vec((day, visit), 1..9));
    let identity = prop_oneof![1 => Just(None), 12 => random::identity(city).prop_map(Some)];
    (any::<bool>(), identity, any::<bool>(), visits).prop_map(|(second_year, identity, certified, visits)| {
        let (like, alike, visits) = visits;
        let visit = |(day, (blank, bill, limit, limited, small, (point, off, aimed))): (i32, _)| {
            let blank = Claim { day, ..if alike { like } else { blank } };
            Visit {
                blank,
                bill,
                limit: (limited == 0 && !alike).then_some(limit),
                small,
                aim: (aimed < 8).then_some((point, off)),
            }
        };
        let mut visits: Vec<Visit> = visits.into_iter().map(visit).collect();
        visits.sort_by_key(|v| v.blank.day);
        Case { second_year, identity, certified, visits }
    })
}

/// Compares random years of a policy; each of these layers must have paid somewhere.
fn compare_years(id: &str, layers: &[&str]) {
    let mut claims = 0;
    for city in cities().iter().filter(|c| c.doc.policy.id == id) {
        let seen = RefCell::new(Seen::default());
        check(6_000, cases_of(city), |case| compare_year(city, &case, &mut seen.borrow_mut()));
        let seen = seen.into_inner();
        let missed: Vec<_> = layers.iter().filter(|l| !seen.happened.contains(**l)).collect();
        assert!(missed.is_empty(), "{}: {missed:?} never paid; {seen:?}", city.name);
        assert!(seen.aimed * 12 > seen.claims, "{}: too few amounts at edges; {seen:?}", city.name);
        claims += seen.claims;
    }
    let enough = if cfg!(debug_assertions) { 2_000 } else { 20_000 };
    assert!(claims > enough, "{id}: only {claims} claims were compared");
}

/// Compares one year claim by claim and column by column.
fn compare_year(city: &City, case: &Case, seen: &mut Seen) -> Result<(), TestCaseError> {
    let year = city.year + i32::from(case.second_year);
    let referee = Referee { doc: &city.doc, parameters: &city.parameters, year, identity: case.identity };
    referee.assert_plain_readings();
    let claims = claims_of(&referee, case, seen);
    let found = match case.identity {
        identity if case.certified => city.settle_certified(&claims, identity),
        Some(identity) => city.settle(&claims, &[city.all_year(identity, year)]),
        None => city.settle(&claims, &[]),
    };
    let expected = referee.year(&claims);
    for (row, verdict) in expected.iter().enumerate() {
        for &(column, amount) in &verdict.money {
            let found = yuan(found.get(row, column));
            let what = format!("{}, {:?}: {column:?} of claim {row}", city.name, case.identity);
            prop_assert_eq!(found, amount, "{} of {:#?}\n{:#?}", what, claims, expected);
        }
        let status = &found.sink.settlement;
        prop_assert_eq!(status.reason[row], verdict.reason, "claim {} of {:#?}", row, claims);
        prop_assert_eq!(status.status[row] == Status::Settled, verdict.reason.is_none());
        let applied = case.identity.filter(|_| verdict.reason.is_none()).map_or(NO_RANK, |i| city.rank(i));
        prop_assert_eq!(status.identity[row], applied);
    }
    seen.years += 1;
    seen.claims += claims.len();
    note(&found, seen);
    Ok(())
}

/// Lays out the claims one by one, each burden where the case aims it.
fn claims_of(referee: &Referee<'_>, case: &Case, seen: &mut Seen) -> Vec<Claim> {
    let first = City::days_of(referee.year).0;
    let mut book = Book::default();
    let mut claims = Vec::new();
    for visit in &case.visits {
        let day = first + visit.blank.day;
        let given = Claim { disease_limit: visit.limit, ..billed(Claim { day, ..visit.blank }, visit.bill) };
        let plain = if visit.small { with_burden(given, (given.scope - given.basic).max(0) / 64) } else { given };
        let rules = referee.rules(&plain);
        let aimed = visit.aim.as_ref().and_then(|(index, off)| {
            let ahead: Vec<Point> = rules.points().into_iter().filter(|p| !p.reached(&book)).collect();
            let point = ahead.get(index.index(ahead.len().max(1)))?;
            let burden = smallest(|burden| {
                let mut book = book.clone();
                referee.settle(&rules, &mut book, &with_burden(plain, burden), true);
                point.reached(&book)
            })?;
            Some(with_burden(plain, (burden + off).max(0)))
        });
        seen.aimed += usize::from(aimed.is_some());
        let claim = aimed.unwrap_or(plain);
        referee.settle(&rules, &mut book, &claim, true);
        claims.push(claim);
    }
    claims
}

/// The same claim with another burden after basic insurance, and as much out of scope as before.
fn with_burden(claim: Claim, burden: i64) -> Claim {
    let scope = claim.basic + burden;
    let outside = claim.fee - claim.scope.max(claim.basic);
    Claim { scope, fee: scope + outside, ext_comp: claim.ext_comp.min(burden + outside), ..claim }
}

fn note(found: &Settled, seen: &mut Seen) {
    let mut layers = BTreeSet::new();
    for (_, _, entry) in found.entries() {
        if entry.paid > 0 {
            layers.insert(entry.layer.as_str().to_owned());
        }
        if entry.paid < entry.gross {
            layers.insert(format!("{} cut", entry.layer));
        }
    }
    if found.sum(Money::HospBorne) > 0 {
        layers.insert("hosp_borne".to_owned());
    }
    seen.happened.extend(layers);
}
