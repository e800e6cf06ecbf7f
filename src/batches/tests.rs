use super::*;
use crate::ledger::codebook::CodeBook;
use crate::model::date;
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;

/// 2024-05-01, in days.
const MAY: i32 = 19_844;

fn settler() -> Settler {
    let policies = vec![Policy::load("weihai-2023").unwrap()];
    let plan = Plan::new(policies, Parameters::shipped().unwrap(), CodeBook::load(None).unwrap());
    Settler::new(Plan { roster: true, ..plan }).unwrap()
}

/// A stay of 1 000 yuan for each of these persons; a blank one is nobody.
fn claims(persons: &[&str], first: usize) -> Vec<(&'static str, ArrayRef)> {
    let texts = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..persons.len()).map(of)))
    };
    let money = |fen: i128| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![fen; persons.len()]).with_precision_and_scale(18, 2).unwrap())
    };
    let time = i64::from(MAY) * date::MICROS_PER_DAY;
    vec![
        ("psn_no", texts(&|row| persons[row].to_owned())),
        ("setl_id", texts(&|row| format!("S{}", first + row))),
        ("setl_time", Arc::new(TimestampMicrosecondArray::from(vec![time; persons.len()]))),
        ("insutype", texts(&|_| "390".to_owned())),
        ("care", texts(&|_| "inpatient".to_owned())),
        ("medfee_sumamt", money(100_000)),
        ("inscp_scp_amt", money(90_000)),
        ("hifp_pay", money(50_000)),
    ]
}

fn batch(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn roster(persons: &[&str]) -> RecordBatch {
    let texts = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..persons.len()).map(of)))
    };
    batch(vec![
        ("psn_no", texts(&|row| persons[row].to_owned())),
        ("identity", texts(&|_| "dibao".to_owned())),
        ("begndate", Arc::new(Date32Array::from(vec![MAY - 100; persons.len()]))),
    ])
}

fn rows(tables: Tables) -> Vec<(&'static str, usize)> {
    tables.into_iter().map(|(name, batch)| (name, batch.num_rows())).collect()
}

fn said(error: BatchError) -> String {
    error.to_string()
}

#[test]
fn a_person_goes_on_over_batches_and_holds_an_identity_pushed_before() {
    let mut settler = settler();
    settler.push_roster(&roster(&["P2"])).unwrap();
    for (persons, first) in [(&["P1", "P2"][..], 0), (&["P2"], 2), (&["", "P2", "P3"], 3)] {
        assert_eq!(rows(settler.push(&batch(claims(persons, first))).unwrap()), []);
    }
    let tables = rows(settler.finish().unwrap());
    let count = |name: &str| tables.iter().filter(|(n, _)| *n == name).map(|(_, rows)| rows).sum::<usize>();
    assert_eq!((count("settlement"), count("persons"), count("rejects")), (5, 3, 1));
    assert!(count("audit") > 0, "nobody was assisted");
    let stats = settler.stats();
    assert_eq!((stats.ledger_rows, stats.persons_in_ledger, stats.persons), (6, 3, 3));
    assert_eq!((stats.settlement_rows, stats.ledger_rejects, stats.roster_rows), (5, 1, 1));
    assert_eq!(stats.fen[0], 500_000);
}

#[test]
fn rows_without_a_person_do_not_wait_for_one() {
    let mut settler = settler();
    let nobody = vec![""; ROWS + 1];
    assert_eq!(rows(settler.push(&batch(claims(&nobody, 0))).unwrap()), [("rejects", ROWS)]);
    assert_eq!(rows(settler.finish().unwrap()), [("rejects", 1)]);
}

#[test]
fn persons_out_of_order_end_it_for_good() {
    let mut settler = settler();
    let error = said(settler.push(&batch(claims(&["P1", "P3", "P2"], 0))).unwrap_err());
    assert!(error.contains("row 3") && !error.contains("P2"), "{error}");
    assert!(matches!(settler.push(&batch(claims(&["P4"], 3))), Err(BatchError::Failed)));
    assert!(matches!(settler.finish(), Err(BatchError::Failed)));
}

#[test]
fn a_settler_finishes_once() {
    let mut settler = settler();
    settler.push(&batch(claims(&["P1"], 0))).unwrap();
    settler.finish().unwrap();
    assert!(matches!(settler.finish(), Err(BatchError::Finished)));
    assert!(matches!(settler.push_roster(&roster(&["P2"])), Err(BatchError::Finished)));
}

#[test]
fn batches_have_the_columns_of_the_first() {
    let mut settler = settler();
    settler.push(&batch(claims(&["P1"], 0))).unwrap();
    let mut fewer = claims(&["P2"], 1);
    fewer.swap(0, 1);
    settler.push(&batch(fewer.clone())).unwrap();
    fewer.push(("maf_pay", fewer[7].1.clone()));
    let error = said(settler.push(&batch(fewer)).unwrap_err());
    assert!(error.contains("has column `maf_pay`"), "{error}");
}

#[test]
fn money_without_fen_and_ids_of_two_types_are_refused() {
    let mut coarse = claims(&["P1"], 0);
    coarse[5].1 = arrow::compute::cast(&coarse[5].1, &DataType::Decimal128(18, 1)).unwrap();
    let error = said(settler().push(&batch(coarse)).unwrap_err());
    assert!(error.contains("medfee_sumamt") && error.contains("decimal(18,2)"), "{error}");
    let mut settler = settler();
    settler.push_roster(&roster(&["P1"])).unwrap();
    let mut numbers = claims(&["P1"], 0);
    numbers[0].1 = Arc::new(Int64Array::from(vec![1]));
    assert!(said(settler.push(&batch(numbers)).unwrap_err()).contains("one type"));
}
