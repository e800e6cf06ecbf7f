//! What a ledger to try things on must be: repeatable, consistent, skewed.

use super::*;
use crate::model::date;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::{self, File};

const POLICIES: [&str; 4] = [
    include_str!("../../data/policies/weihai-2023.toml"),
    include_str!("../../data/policies/weihai-etdz-2017.toml"),
    include_str!("../../data/policies/erenhot-2023.toml"),
    include_str!("../../data/policies/jincheng-2023.toml"),
];

fn policy(text: &str) -> PolicyDoc {
    toml::from_str(text).unwrap()
}

fn year_within(doc: &PolicyDoc) -> i32 {
    date::year_of(doc.policy.from.0) + 1
}

/// A generated folder and its ledger and roster in memory.
struct Made {
    folder: tempfile::TempDir,
    made: Generated,
    ledger: RecordBatch,
    roster: RecordBatch,
}

fn make(doc: &PolicyDoc, persons: u64, year: i32, seed: u64) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let made = generate(doc, &Options { persons, year, seed }, folder.path(), Access::Owner, &mut |_| {}).unwrap();
    let (ledger, roster) = (read(&made.ledger), read(&made.roster));
    Made { folder, made, ledger, roster }
}

fn read(path: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn money(batch: &RecordBatch, name: &str) -> Vec<Option<i128>> {
    batch.column_by_name(name).unwrap().as_primitive::<Decimal128Type>().iter().collect()
}

fn text<'a>(batch: &'a RecordBatch, name: &str) -> Vec<Option<&'a str>> {
    batch.column_by_name(name).unwrap().as_string::<i32>().iter().collect()
}

fn bytes(made: &Made) -> (Vec<u8>, Vec<u8>) {
    (fs::read(&made.made.ledger).unwrap(), fs::read(&made.made.roster).unwrap())
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let doc = policy(POLICIES[0]);
    let one = bytes(&make(&doc, 400, 2024, 7));
    assert_eq!(one, bytes(&make(&doc, 400, 2024, 7)));
    let other = bytes(&make(&doc, 400, 2024, 8));
    assert!(one.0 != other.0 && one.1 != other.1);
}

#[test]
fn a_larger_population_contains_the_smaller() {
    let doc = policy(POLICIES[0]);
    let ids = |made: &Made| text(&made.ledger, "setl_id").into_iter().flatten().map(str::to_owned).collect::<Vec<_>>();
    let mut few = ids(&make(&doc, 50, 2024, 7));
    let mut of_many = ids(&make(&doc, 80, 2024, 7));
    of_many.retain(|id| id.as_str() < "S00000000510000");
    few.sort();
    of_many.sort();
    assert_eq!(few, of_many);
}

#[test]
fn every_policy_gets_a_ledger_whose_parts_add_up() {
    for text_of in POLICIES {
        let doc = policy(text_of);
        let made = make(&doc, 3_000, year_within(&doc), 1);
        assert_eq!(made.made.claims as usize, made.ledger.num_rows());
        assert_eq!(made.made.roster_rows as usize, made.roster.num_rows());
        assert!(made.roster.num_rows() > 200, "{}", doc.policy.id);
        let column = |name: &str| money(&made.ledger, name);
        let (fee, scope, hifp) = (column("medfee_sumamt"), column("inscp_scp_amt"), column("hifp_pay"));
        let parts = ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt"].map(column);
        let basic = ["cvlserv_pay", "hifes_pay", "oth_pay"].map(column);
        let covers = ["hifmi_pay", "hifob_pay", "maf_pay", "ext_comp_amt"].map(column);
        let mut off = 0;
        for row in 0..fee.len() {
            let (Some(fee), Some(scope), Some(hifp)) = (fee[row], scope[row], hifp[row]) else { continue };
            let sum = |columns: &[Vec<Option<i128>>]| columns.iter().map(|c| c[row].unwrap_or(0)).sum::<i128>();
            let whole = parts.iter().all(|p| p[row].is_some());
            let sign = fee.signum();
            let adds_up = !whole || sum(&parts) + scope == fee;
            let paid = hifp + sum(&basic);
            if !adds_up || sign * scope < 0 || sign * (paid + sum(&covers)) > sign * scope {
                off += 1;
            }
        }
        // Only the faulty rows that were asked for.
        assert!(off * 1_000 < fee.len(), "{}: {off} of {}", doc.policy.id, fee.len());
    }
}

#[test]
fn visits_are_skewed_as_in_a_real_ledger() {
    let doc = policy(POLICIES[0]);
    let made = make(&doc, 20_000, 2023, 3);
    let mut visits: BTreeMap<&str, u32> = BTreeMap::new();
    text(&made.ledger, "psn_no").into_iter().flatten().for_each(|p| *visits.entry(p).or_default() += 1);
    let mut counts: Vec<u32> = visits.into_values().collect();
    counts.sort_unstable();
    let at = |share: f64| counts[(counts.len() as f64 * share) as usize];
    assert!((8..=10).contains(&at(0.5)), "median {}", at(0.5));
    assert!((28..=37).contains(&at(0.99)), "99th percentile {}", at(0.99));
    assert!(counts.last().is_some_and(|most| *most > 100), "{:?}", counts.last());
}

#[test]
fn the_hard_cases_are_there() {
    let doc = policy(POLICIES[3]);
    let made = make(&doc, 20_000, 2024, 5);
    let ledger = &made.ledger;
    let some =
        |name: &str| ledger.column_by_name(name).unwrap().len() - ledger.column_by_name(name).unwrap().null_count();
    for name in ["care", "init_setl_id", "mdtrtarea_admvs", "fee_class", "excl_cause", "quota_managed", "disease_limit"]
    {
        assert!(some(name) > 0, "{name}");
    }
    assert_eq!(some("tilt_applied"), 0, "this policy knows no application for a tilt");
    let has = |name: &str, value: &str| text(ledger, name).into_iter().flatten().any(|v| v == value);
    assert!(has("referral", "unreferred") && has("vali_flag", "0") && has("refd_setl_flag", "1"));
    assert!(has("insutype", "340") && has("care", "high_value_drug"));
    let most = money(ledger, "medfee_sumamt").into_iter().flatten().max().unwrap();
    assert!(most > 30_000_000, "{most}");
    let ids: Vec<_> = text(ledger, "setl_id").into_iter().flatten().collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    let copies = ids.len() - distinct.len();
    assert!((1..100).contains(&copies), "{copies}");
    // Named and unnamed refunds.
    let fees = money(ledger, "medfee_sumamt");
    let names = text(ledger, "init_setl_id");
    let refunds: Vec<_> = (0..ids.len().min(fees.len())).filter(|r| fees[*r].is_some_and(|f| f < 0)).collect();
    assert!(refunds.iter().any(|r| names[*r].is_some()) && refunds.iter().any(|r| names[*r].is_none()));
}

#[test]
fn the_roster_has_its_hard_cases() {
    let doc = policy(POLICIES[0]);
    let made = make(&doc, 30_000, 2024, 2);
    let roster = &made.roster;
    let people = text(roster, "psn_no");
    let mut rows: BTreeMap<&str, u32> = BTreeMap::new();
    people.iter().flatten().for_each(|p| *rows.entry(p).or_default() += 1);
    let share = rows.len() as f64 / 30_000.0;
    assert!((0.07..0.09).contains(&share), "{share}");
    assert!(rows.values().any(|n| *n >= 3));
    let identities = text(roster, "identity");
    for code in ["dibao", "tekun", "monitored_sudden", "illness_poor", "other_hardship", "veteran_care", "2303", "7999"]
    {
        assert!(identities.contains(&Some(code)), "{code}");
    }
    assert!(text(roster, "treated_as").iter().any(Option::is_some));
    let day = |name: &str| roster.column_by_name(name).unwrap().as_primitive::<Date32Type>().iter().collect::<Vec<_>>();
    let (begin, end, applied) = (day("begndate"), day("enddate"), day("applied_on"));
    assert!(applied.iter().any(Option::is_some));
    assert!(begin.iter().zip(&end).any(|(b, e)| e < b && e.is_some()), "a period that ends before it begins");
    let first = date::day(2024, 1, 1).unwrap();
    assert!(begin.iter().flatten().any(|b| *b > first + 365), "not begun");
    assert!(end.iter().flatten().any(|e| *e < first), "ended");
}

#[test]
fn claims_stand_in_the_year_in_rough_order_of_time() {
    for (text_of, year) in POLICIES.iter().zip([2024, 2017, 2024, 2023]) {
        let doc = policy(text_of);
        let made = make(&doc, 3_000, year, 1);
        let times = made.ledger.column_by_name("setl_time").unwrap().as_primitive::<TimestampMicrosecondType>();
        let days: Vec<i32> = times.iter().flatten().map(date::day_of_micros).collect();
        let grants = doc.identity.iter().any(|i| i.grant_lookback_months.is_some());
        for day in &days {
            let of = date::year_of(*day);
            assert!(of == year || (grants && of == year - 1), "{}", date::show(*day));
        }
        assert_eq!(grants && days.iter().any(|d| date::year_of(*d) < year), doc.policy.id == "weihai-2023");
        let early = days.iter().filter(|d| **d < doc.policy.from.0).count();
        assert!(early * 1_000 < days.len(), "only faulty rows lie outside of the policy's dates");
    }
}

#[test]
fn a_year_that_the_policy_does_not_reach_is_made_for_runs_as_if() {
    let made = make(&policy(POLICIES[0]), 500, 2019, 1);
    let times = made.ledger.column_by_name("setl_time").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert!(times.len() > 3_000);
    assert!(times.iter().flatten().all(|t| date::year_of(date::day_of_micros(t)) == 2019));
}

#[test]
fn the_last_day_of_the_visit_is_there_where_it_decides_the_year() {
    let text_of = POLICIES[1].replacen("[assistance]", "[switches]\nyear_by = \"enddate\"\n\n[assistance]", 1);
    let made = make(&policy(&text_of), 100, 2020, 1);
    let times = made.ledger.column_by_name("setl_time").unwrap().as_primitive::<TimestampMicrosecondType>();
    let ends = made.ledger.column_by_name("enddate").unwrap().as_primitive::<Date32Type>();
    let pairs = || times.iter().zip(ends.iter()).filter_map(|(t, e)| Some((date::day_of_micros(t?), e?)));
    assert!(pairs().all(|(settled, ended)| ended <= settled && date::year_of(ended) == 2020));
    assert!(pairs().any(|(settled, ended)| ended < settled));
}

#[test]
fn nothing_is_replaced_and_nothing_is_left_behind() {
    let doc = policy(POLICIES[0]);
    let made = make(&doc, 10, 2024, 1);
    let before = bytes(&made);
    let again =
        generate(&doc, &Options { persons: 10, year: 2024, seed: 2 }, made.folder.path(), Access::Owner, &mut |_| {});
    let message = again.unwrap_err().to_string();
    assert!(
        message.contains("ledger.parquet is there already and is left as it is\n  give another --out"),
        "{message}"
    );
    assert_eq!(before, bytes(&made));
    assert_eq!(fs::read_dir(made.folder.path()).unwrap().count(), 2);
}

#[test]
fn numbers_out_of_range_are_refused_with_the_way_out() {
    let doc = policy(POLICIES[0]);
    let folder = tempfile::tempdir().unwrap();
    let refused = |persons, year| {
        generate(&doc, &Options { persons, year, seed: 1 }, folder.path(), Access::Owner, &mut |_| {})
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused(0, 2024), "--persons 0: between 1 and 999999999 can be made\n  give another number");
    assert_eq!(refused(5, 24), "--year 24: no year from 1950 to 9998\n  give a calendar year in four digits");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn progress_ends_with_everybody() {
    let doc = policy(POLICIES[0]);
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    generate(&doc, &Options { persons: 5_000, year: 2023, seed: 1 }, folder.path(), Access::Owner, &mut |done| {
        seen.push(done)
    })
    .unwrap();
    assert!(seen.is_sorted() && seen.len() > 10);
    assert_eq!(seen.last(), Some(&5_000));
}
