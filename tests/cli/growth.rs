//! `onestop project`: more and dearer claims, more persons; each scenario against a settlement of a ledger that the
//! test changes by hand.

use crate::budget::{Cells, Office, POLICIES, Projection, scenario, times_text, under_every_policy, weighted};
use crate::causes::read;
use crate::desk::{Desk, Edit, holds, stay};
use crate::support::table::{Row, fen, yuan};
use std::collections::BTreeMap;

/// What grows with a fee.
const AMOUNTS: [&str; 11] = [
    "medfee_sumamt",
    "inscp_scp_amt",
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifdm_pay",
    "oth_pay",
    "hifmi_pay",
    "hifob_pay",
    "maf_pay",
    "ext_comp_amt",
];
/// The columns that make up basic insurance.
const BASIC: [&str; 5] = ["hifp_pay", "cvlserv_pay", "hifes_pay", "hifdm_pay", "oth_pay"];

/// An office whose ledger holds what was settled and nothing else, with the care kind of each claim.
pub struct Clean {
    pub office: Office,
    ledger: Vec<Row>,
    roster: String,
}

impl Clean {
    /// Claims that were accepted and stand; basic insurance is one amount on each, so that the rounding of the
    /// sum is the rounding of the part.
    pub fn new(policy: usize, seed: u32) -> Self {
        let mut office = Office::new(POLICIES[policy], seed);
        office.settled(&office.policy, "");
        let settlement = office.desk.read("settlement");
        let stands = settlement.rows.iter().filter(|row| row["status"] != "reversed");
        let mut care: BTreeMap<[String; 2], &String> =
            stands.map(|row| (["psn_no", "setl_id"].map(|c| row[c].clone()), &row["care"])).collect();
        let mut ledger = Vec::new();
        for mut row in read(&office.desk, "made", "ledger.parquet").rows {
            let Some(id) = row.get("psn_no").zip(row.get("setl_id")).map(|(p, s)| [p.clone(), s.clone()]) else {
                continue;
            };
            let parts = BASIC.iter().filter(|c| row.get(**c).is_some_and(|amount| fen(amount) != Some(0))).count();
            // Each record once; what was removed is no record a second time.
            let Some(care) = care.remove(&id).filter(|_| parts <= 1) else { continue };
            row.insert("care".to_owned(), care.clone());
            for column in ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt"] {
                row.remove(column);
            }
            ledger.push(row);
        }
        let roster = office.desk.typed("made/roster.parquet");
        office.desk.ledger("clean.parquet", &ledger);
        office.inputs = format!("{} --roster {roster}", office.desk.typed("clean.parquet"));
        Self { office, ledger, roster }
    }

    /// The settlement of it.
    pub fn baseline(&self) -> Cells {
        self.office.settled(&self.office.policy, "")
    }

    /// Settles another ledger with the same roster; every row of it counts.
    fn settled(&self, ledger: &[Row]) -> Cells {
        self.office.desk.ledger("changed.parquet", ledger);
        let inputs = format!("{} --roster {}", self.office.desk.typed("changed.parquet"), self.roster);
        let cells = self.office.settled_from(&inputs, &self.office.policy, "");
        assert_eq!(self.office.desk.manifest()["counts"]["ledger_rejects"], 0);
        cells
    }

    /// The ledger with the amounts of some claims multiplied.
    pub fn scaled(&self, thousandths: i128, which: impl Fn(&Row) -> bool) -> Vec<Row> {
        let grown = |row: &Row| {
            let (mut row, grows) = (row.clone(), which(row));
            for column in AMOUNTS.iter().filter(|_| grows) {
                if let Some(amount) = row.get_mut(*column) {
                    *amount = times_text(amount, thousandths);
                }
            }
            row
        };
        self.ledger.iter().map(grown).collect()
    }
}

under_every_policy! {
    fees_that_grow_are_the_settlement_of_a_ledger_that_has_grown
    claims_that_double_are_the_settlement_of_a_ledger_with_every_record_twice
    more_persons_weigh_more
}

fn of_care(care: &'static str) -> impl Fn(&Row) -> bool {
    move |row| row["care"] == care
}

fn of_level(level: &'static str) -> impl Fn(&Row) -> bool {
    move |row| row.get("hosp_lv").map(String::as_str) == Some(level)
}

fn fees_that_grow_are_the_settlement_of_a_ledger_that_has_grown(case: usize) {
    let clean = Clean::new(case, 31);
    let baseline = clean.baseline();
    let all = clean.settled(&clean.scaled(1_060, |_| true));
    let fallen = clean.settled(&clean.scaled(900, |_| true));
    let stays = clean.settled(&clean.scaled(1_125, of_care("inpatient")));
    let without = clean.settled(&clean.scaled(0, of_care("inpatient")));
    let third = clean.settled(&clean.scaled(1_060, |row| of_level("3")(row) && row["care"] == "inpatient"));
    let fees = |growth: &str, more: &str| format!("[[scenario.fees]]\ngrowth = \"{growth}\"\n{more}\n");
    let both =
        [fees("0.125", "care = [\"inpatient\"]"), fees("-0.05", "care = [\"chronic\", \"outpatient\"]")].concat();
    let scenarios = [
        scenario("all", &fees("0.06", "")),
        scenario("fallen", &fees("-0.10", "")),
        scenario("stays", &fees("0.125", "care = [\"inpatient\"]")),
        scenario("without", &fees("-1.00", "care = [\"inpatient\"]")),
        scenario("third", &fees("0.06", "care = [\"inpatient\"]\nhosp_lv = [3]")),
        scenario("two", &both),
    ];
    let projection = clean.office.projected(&scenarios.concat(), "");
    projection.agrees("baseline", &baseline, &baseline);
    for (id, cells) in [("all", &all), ("fallen", &fallen), ("stays", &stays), ("without", &without), ("third", &third)]
    {
        assert_ne!(*cells, baseline, "{id}");
        projection.agrees(id, cells, &baseline);
    }
    let rows = clean.scaled(1_125, of_care("inpatient"));
    let less = |row: &Row| {
        let outpatient = ["chronic", "outpatient"].contains(&row["care"].as_str());
        let scale = |(column, value): (&String, &String)| {
            let scaled = outpatient && AMOUNTS.contains(&column.as_str());
            (column.clone(), if scaled { times_text(value, 950) } else { value.clone() })
        };
        row.iter().map(scale).collect::<Row>()
    };
    let two = clean.settled(&rows.iter().map(less).collect::<Vec<_>>());
    projection.agrees("two", &two, &baseline);
}

/// A stay at a hospital without a level is of level 0.
#[test]
fn a_filter_on_levels_takes_hospitals_without_one_as_level_0() {
    let ledger = [stay("P1", "S1").with("hosp_lv", "3"), stay("P2", "S2"), stay("P3", "S3").with("hosp_lv", "11")];
    let office = Office::at(Desk::with(&ledger, &["P1", "P2", "P3"].map(|p| holds(p, "dibao"))), "weihai-2023");
    let level =
        |id: &str, levels: &str| scenario(id, &format!("[[scenario.fees]]\ngrowth = \"0.10\"\nhosp_lv = {levels}"));
    let scenarios = [level("third", "[3]"), level("none", "[0]"), level("both", "[0, 3]"), level("second", "[2]")];
    let projection = office.projected(&scenarios.concat(), "");
    let fees = |id: &str| yuan(projection.total(id, "basic_insurance_390"));
    assert_eq!(["third", "none", "both", "second"].map(fees), ["15500.00", "16000.00", "16500.00", "15000.00"]);
}

/// 1 234.565 and its like are rounded half up, part by part.
#[test]
fn a_grown_amount_is_rounded_half_up_to_the_fen() {
    let row =
        stay("P1", "S1").with("medfee_sumamt", "10000.10").with("inscp_scp_amt", "8000.10").with("hifp_pay", "5000.10");
    let office = Office::at(Desk::with(&[row], &[holds("P1", "dibao")]), "weihai-2023");
    let fees = |id: &str, growth: &str| scenario(id, &format!("[[scenario.fees]]\ngrowth = \"{growth}\""));
    let projection = office.projected(&[fees("up", "0.05"), fees("down", "-0.05")].concat(), "");
    // 5 000.10 × 1.05 = 5 250.105; × 0.95 = 4 750.095.
    assert_eq!(projection.total("up", "basic_insurance_390"), 525_011);
    assert_eq!(projection.total("down", "basic_insurance_390"), 475_010);
}

fn claims_that_double_are_the_settlement_of_a_ledger_with_every_record_twice(case: usize) {
    let clean = Clean::new(case, 32);
    let baseline = clean.baseline();
    let twice = |which: &dyn Fn(&Row) -> bool| {
        let again = |row: &Row| row.clone().with("setl_id", &format!("{}~", row["setl_id"]));
        let copies = clean.ledger.iter().filter(|row| which(row)).map(again);
        clean.settled(&clean.ledger.iter().cloned().chain(copies).collect::<Vec<_>>())
    };
    let all = twice(&|_| true);
    let stays = twice(&of_care("inpatient"));
    let first = twice(&|row| of_level("1")(row));
    let left: Vec<Row> = clean.ledger.iter().filter(|row| row["care"] != "chronic").cloned().collect();
    let without = clean.settled(&left);
    let claims = |id: &str, growth: &str, more: &str| {
        scenario(id, &format!("[[scenario.claims]]\ngrowth = \"{growth}\"\n{more}"))
    };
    let scenarios = [
        claims("all", "1.00", ""),
        claims("stays", "1", "care = [\"inpatient\"]"),
        claims("first", "1.00", "hosp_lv = [1]"),
        claims("without", "-1.00", "care = [\"chronic\"]"),
    ];
    let projection = clean.office.projected(&scenarios.concat(), "");
    for (id, cells) in [("all", &all), ("stays", &stays), ("first", &first), ("without", &without)] {
        assert_ne!(*cells, baseline, "{id}");
        projection.agrees(id, cells, &baseline);
    }
}

#[test]
fn a_part_of_the_claims_is_drawn_by_the_seed() {
    let office = Office::new(POLICIES[0], 33);
    let claims = |id: &str, growth: &str| {
        scenario(id, &format!("[[scenario.claims]]\ngrowth = \"{growth}\"\ncare = [\"outpatient\"]"))
    };
    let scenarios = [claims("more", "0.30"), claims("fewer", "-0.30"), claims("more than twice", "1.30")].concat();
    let count = |projection: &Projection, id: &str, care: &str| -> i128 {
        let key = ["persons", "psn_burden", "", care].map(str::to_owned);
        projection.cells(id).get(&key).map_or(0, |cell| cell.claims)
    };
    let first = office.projected(&scenarios, "--seed 1");
    let before = count(&first, "baseline", "outpatient");
    for (id, percent) in [("more", 130), ("fewer", 70), ("more than twice", 230)] {
        let after = count(&first, id, "outpatient") * 100;
        let spread = before * 5;
        assert!((after - before * percent).abs() < spread, "{id}: {before} claims, {} after", after / 100);
        assert_eq!(count(&first, id, "inpatient"), count(&first, "baseline", "inpatient"), "{id}");
    }
    let again = office.projected(&scenarios, "--seed 1");
    let other = office.projected(&scenarios, "--seed 2");
    for id in ["more", "fewer", "more than twice"] {
        assert_eq!(first.cells(id), again.cells(id), "{id}");
        assert_ne!(first.cells(id), other.cells(id), "{id}");
    }
    assert_eq!(first.cells("baseline"), other.cells("baseline"));
}

fn more_persons_weigh_more(case: usize) {
    let policy = POLICIES[case].0;
    let office = Office::new(POLICIES[case], 34);
    let baseline = office.settled(policy, "");
    let settlement = office.desk.read("settlement");
    let persons = office.desk.read("persons");
    let key = |row: &Row| ["psn_no", "charge_year"].map(|c| row[c].clone());
    let preferred: BTreeMap<[String; 2], &String> =
        persons.rows.iter().filter_map(|row| Some((key(row), row.get("identity_preferred")?))).collect();
    let of = |row: &Row| preferred.get(&key(row)).map_or("none", |identity| identity.as_str());
    let doubled = weighted(&settlement, |_| 2);
    let dibao = weighted(&settlement, |row| if of(row) == "dibao" { 2 } else { 1 });
    let nobody = weighted(&settlement, |_| 0);
    let but_dibao = weighted(&settlement, |row| i128::from(of(row) != "dibao"));
    let others = weighted(&settlement, |row| if ["none", "tekun"].contains(&of(row)) { 3 } else { 1 });
    let persons = |id: &str, growth: &str, more: &str| {
        scenario(id, &format!("[[scenario.persons]]\ngrowth = \"{growth}\"\n{more}"))
    };
    let scenarios = [
        persons("all", "1.00", ""),
        persons("dibao", "1.00", "identities = [\"dibao\"]"),
        persons("nobody", "-1.00", ""),
        persons("but dibao", "-1", "identities = [\"dibao\"]"),
        persons("others", "2.00", "identities = [\"none\", \"tekun\"]"),
    ];
    let projection = office.projected(&scenarios.concat(), "");
    for (id, cells) in
        [("all", &doubled), ("dibao", &dibao), ("nobody", &nobody), ("but dibao", &but_dibao), ("others", &others)]
    {
        projection.agrees(id, cells, &baseline);
    }
    let [before, after, none] = ["baseline", "all", "nobody"].map(|id| {
        let mut rows = projection.people.rows.iter();
        rows.find(|row| row["scenario"] == id && !row.contains_key("identity")).expect("a row of all")
    });
    assert_eq!([&none["persons"], &none["winners"], &none["losers"]], ["0", "0", "0"], "{policy}");
    assert!(["burden_mean", "burden_p50", "burden_p99"].iter().all(|column| !none.contains_key(*column)), "{none:?}");
    let counts = [before, after].map(|row| row["persons"].parse::<u32>().expect("a count"));
    assert_eq!(counts[0] * 2, counts[1], "{policy}");
    for column in ["burden_mean", "burden_p50", "burden_p90", "burden_p99"] {
        assert_eq!(before[column], after[column], "{policy}: {column}");
    }
}
