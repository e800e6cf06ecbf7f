//! The same ledger as batches in the order of persons, of whatever size: the same rows.

use super::{Desk, Folder, Row, read, read_table, reasons, scatter, write};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use onestop::batches::{Plan, Settler};
use onestop::ledger::codebook::CodeBook;
use onestop::policy::Policy;
use onestop::policy::parameters::Parameters;
use std::collections::BTreeMap;

/// The outputs that grow person by person.
const GROWING: [&str; 4] = ["settlement", "audit", "persons", "alerts"];

/// Settles a ledger in batches of at most `most` rows, the roster at once or by and by, and compares every row
/// with what the program wrote.
pub(super) fn agree(desk: &Desk, plain: &Folder, most: usize, what: &str) {
    let ledger = read(&desk.in_order_of_persons(1)[0]);
    let mut settler = Settler::new(plan(desk)).expect("the policies go together");
    settler.push_roster(&read(&desk.roster)).expect("the roster fits");
    let mut outputs: BTreeMap<&str, Vec<RecordBatch>> = BTreeMap::new();
    let (mut at, mut turn) = (0, 0);
    while at < ledger.num_rows() {
        let rows = (1 + scatter(desk.seed, turn) as usize % most).min(ledger.num_rows() - at);
        for (name, batch) in settler.push(&ledger.slice(at, rows)).expect("the rows fit") {
            outputs.entry(name).or_default().push(batch);
        }
        (at, turn) = (at + rows, turn + 1);
    }
    for (name, batch) in settler.finish().expect("the rest fits") {
        outputs.entry(name).or_default().push(batch);
    }
    let stats = settler.stats();
    assert_eq!(stats.settlement_rows + stats.ledger_rejects, stats.ledger_rows, "{what}: no row is lost");
    assert_eq!(stats.ledger_rows, desk.rows as u64, "{what}");
    let rows = |name: &str| match outputs.get(name) {
        Some(batches) => {
            let file = desk.folder.path().join("batches.parquet");
            write(&file, &concat_batches(&batches[0].schema(), batches).expect("one schema"));
            std::fs::read(file).expect("the file")
        }
        None => Vec::new(),
    };
    for name in GROWING {
        let (ours, native) = (rows(name), read_table(&plain[&format!("{name}.parquet")]).rows);
        let ours = if ours.is_empty() { Vec::new() } else { read_table(&ours).rows };
        assert!(ours == native, "{what}: {name} differs, {} rows instead of {}", ours.len(), native.len());
    }
    let sorted = |mut rows: Vec<Row>| {
        rows.sort();
        rows
    };
    assert_eq!(sorted(reasons(&rows("rejects"))), sorted(reasons(&plain["rejects.parquet"])), "{what}: rejects");
}

fn plan(desk: &Desk) -> Plan {
    let policies = desk.policy.split(',').map(|policy| Policy::load(policy).expect("a policy")).collect();
    let (parameters, book) = (Parameters::with_file(None).expect("parameters"), CodeBook::load(None).expect("codes"));
    Plan { roster: true, ..Plan::new(policies, parameters, book) }
}
