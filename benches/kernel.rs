//! The kernel alone, on one core: nanoseconds a claim for a person without identity, and with all layers.

use divan::counter::ItemsCount;
use onestop::model::codes::{Care, Identity, Insutype};
use onestop::model::date;
use onestop::policy::Policy;
use onestop::policy::compile::{Needs, compile};
use onestop::policy::parameters::Parameters;
use onestop::policy::tables::{LOCAL_AREA, NO_RANK, Tables};
use onestop::settle::claims::{Claims, Marks, NO_DISEASE_LIMIT};
use onestop::settle::holdings::{Holdings, Period};
use onestop::settle::sink::Sink;
use onestop::settle::{Accepted, Scratch, settle_person};

/// Persons, and claims a person.
const PERSONS: usize = 100_000;
const CLAIMS: usize = 10;
/// Persons whose rows are handed on at a time, as in a run.
const RANGE: usize = 10_000;

fn main() {
    divan::main();
}

/// Columns of one person's claims, used for every person.
struct Columns {
    day: Vec<i32>,
    insutype: Vec<Insutype>,
    care: Vec<Care>,
    fee: Vec<i64>,
    basic: Vec<i64>,
    nothing: Vec<i64>,
    limit: Vec<i64>,
    area: Vec<i32>,
    disease: Vec<u32>,
    identity: Vec<u8>,
    marks: Vec<Marks>,
}

impl Columns {
    fn new() -> Self {
        let first = date::day(2023, 1, 1).unwrap();
        let fee = |n: usize| 100_000 * (n as i64 + 3);
        Self {
            day: (0..CLAIMS).map(|n| first + 30 * n as i32).collect(),
            insutype: vec![Insutype::Resident; CLAIMS],
            care: vec![Care::Inpatient; CLAIMS],
            fee: (0..CLAIMS).map(fee).collect(),
            basic: (0..CLAIMS).map(|n| fee(n) / 3).collect(),
            nothing: vec![0; CLAIMS],
            limit: vec![NO_DISEASE_LIMIT; CLAIMS],
            area: vec![LOCAL_AREA; CLAIMS],
            disease: vec![0; CLAIMS],
            identity: vec![NO_RANK; CLAIMS],
            marks: vec![Marks::default(); CLAIMS],
        }
    }

    fn claims(&self) -> Claims<'_> {
        Claims {
            day: &self.day,
            insutype: &self.insutype,
            care: &self.care,
            medfee_sumamt: &self.fee,
            inscp_scp_amt: &self.fee,
            basic_pay: &self.basic,
            recorded_cii: &self.nothing,
            recorded_maf: &self.nothing,
            ext_comp_amt: &self.nothing,
            disease_limit: &self.limit,
            area: &self.area,
            disease: &self.disease,
            identity: &self.identity,
            marks: &self.marks,
        }
    }
}

fn tables() -> Tables {
    let policy = Policy::load("weihai-2023").unwrap();
    compile(&policy.doc, &Parameters::shipped().unwrap(), &[2023], Needs::default()).unwrap().tables
}

/// A kernel's worth of working memory, so that what is measured is settling, not the growing of columns.
struct Desk {
    tables: Tables,
    columns: Columns,
    sink: Sink,
    scratch: Scratch,
    audited: bool,
}

impl Desk {
    fn new(audited: bool) -> Self {
        let tables = tables();
        let sink = Sink::new(&tables, None, audited);
        Self { tables, columns: Columns::new(), sink, scratch: Scratch::default(), audited }
    }

    fn settle_all(&mut self, periods: &[Period]) -> u64 {
        let accepted: Vec<Accepted> = (0..CLAIMS as u32).map(|row| Accepted { row, reversed: false }).collect();
        let claims = self.columns.claims();
        for person in 0..PERSONS {
            if person % RANGE == 0 {
                self.sink.clear();
            }
            settle_person(
                &self.tables,
                &claims,
                &accepted,
                Holdings::Roster(periods),
                &mut self.scratch,
                &mut self.sink,
            );
        }
        assert_eq!(self.sink.audit.row.is_empty(), !self.audited || periods.is_empty());
        self.sink.totals.persons
    }
}

#[divan::bench(sample_count = 20)]
fn without_identity(bencher: divan::Bencher<'_, '_>) {
    let mut desk = Desk::new(true);
    bencher.counter(ItemsCount::new(PERSONS * CLAIMS)).bench_local(|| desk.settle_all(&[]));
}

fn with_identity(bencher: divan::Bencher<'_, '_>, audited: bool) {
    let mut desk = Desk::new(audited);
    let rank = desk.tables.rank_of[Identity::Dibao.index()];
    let periods = [Period { begin: i32::MIN, end: i32::MAX, rank, charge_year: None }];
    bencher.counter(ItemsCount::new(PERSONS * CLAIMS)).bench_local(|| desk.settle_all(&periods));
}

#[divan::bench(sample_count = 20)]
fn all_layers_without_audit(bencher: divan::Bencher<'_, '_>) {
    with_identity(bencher, false);
}

#[divan::bench(sample_count = 20)]
fn all_layers_with_audit(bencher: divan::Bencher<'_, '_>) {
    with_identity(bencher, true);
}
