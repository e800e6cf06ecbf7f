//! What the tests of `onestop project` share: the inputs of a budget office, runs over them, and the referee,
//! which adds up every row of `projection.parquet` anew from a settlement of the same inputs.

use crate::causes::read;
use crate::desk::{Desk, batch, generated, lay, succeeds, typed_line};
use crate::support::program::Outcome;
use crate::support::table::{Row, Table, fen, yuan};
use arrow::array::{AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The shipped policies, each with a year that the shipped parameters know.
pub const POLICIES: [(&str, i32); 4] =
    [("weihai-2023", 2024), ("weihai-etdz-2017", 2019), ("erenhot-2023", 2024), ("jincheng-2023", 2024)];

/// One test for each of [`POLICIES`] of a check that takes its number.
macro_rules! under_every_policy {
    ($($check:ident)+) => {$(
        mod $check {
            #[test]
            fn weihai_2023() {
                super::$check(0);
            }
            #[test]
            fn weihai_etdz_2017() {
                super::$check(1);
            }
            #[test]
            fn erenhot_2023() {
                super::$check(2);
            }
            #[test]
            fn jincheng_2023() {
                super::$check(3);
            }
        }
    )+};
}
pub(crate) use under_every_policy;

/// The files of a projection.
pub const FILES: [&str; 5] =
    ["manifest.json", "people.parquet", "projection.json", "projection.parquet", "report.html"];

// --- The referee ----------------------------------------------------------------------------------------------

/// Funds with their layers; the first two are of one insurance type each.
const FUNDS: [(&str, &[&str]); 6] = [
    ("basic_insurance", &["basic_pay"]),
    ("catastrophic_insurance", &["cii_pay", "special_drug_pay"]),
    ("medical_assistance", &["ma_pay", "ra_pay", "oocat_pay"]),
    ("institutions", &["hosp_borne"]),
    ("outside_compensation", &["ext_comp_counted"]),
    ("persons", &["psn_burden"]),
];

/// Fund, layer, identity, care; nothing = all.
pub type Key = [String; 4];

/// What a row of `projection.parquet` states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub persons: i128,
    pub claims: i128,
    pub paid: i128,
}

/// All cells of a scenario with something in them.
pub type Cells = BTreeMap<Key, Cell>;

/// A cell being added up: person and charge year by their weight, claims, money.
#[derive(Default)]
struct Sum<'a> {
    persons: BTreeMap<[&'a str; 2], i128>,
    claims: i128,
    paid: i128,
}

/// Funds by their names, with the insurance type of those that have one, and their layers.
fn funds() -> Vec<(String, Option<&'static str>, &'static [&'static str])> {
    let by_type = |fund: &str, layers| ["310", "390"].map(|t| (format!("{fund}_{t}"), Some(t), layers)).to_vec();
    let named = |(fund, layers): &(&str, &'static [&str])| match *fund {
        "basic_insurance" | "catastrophic_insurance" => by_type(fund, *layers),
        _ => vec![((*fund).to_owned(), None, *layers)],
    };
    FUNDS.iter().flat_map(named).collect()
}

/// Adds up a settlement; each person's year counts as often as `weight` says.
pub fn weighted(settlement: &Table, weight: impl Fn(&Row) -> i128) -> Cells {
    let funds = funds();
    let mut sums: BTreeMap<[&str; 4], Sum<'_>> = BTreeMap::new();
    for row in &settlement.rows {
        let text = |column: &str| row.get(column).map_or("none", String::as_str);
        let weight = weight(row);
        for (fund, _, layers) in funds.iter().filter(|(_, insutype, _)| insutype.is_none_or(|t| row["insutype"] == t)) {
            let amount = |layer: &&'static str| (*layer, fen(&row[*layer]).expect("an amount"));
            let mut amounts: Vec<(&str, i128)> = layers.iter().map(amount).collect();
            if layers.len() > 1 {
                amounts.push(("", amounts.iter().map(|(_, amount)| amount).sum()));
            }
            for (layer, amount) in amounts.into_iter().filter(|(_, amount)| *amount > 0) {
                for (identity, care) in
                    [("", ""), (text("identity"), ""), ("", text("care")), (text("identity"), text("care"))]
                {
                    let sum = sums.entry([fund, layer, identity, care]).or_default();
                    sum.persons.insert([text("psn_no"), text("charge_year")], weight);
                    sum.claims += weight;
                    sum.paid += weight * amount;
                }
            }
        }
    }
    let cell = |sum: Sum<'_>| Cell { persons: sum.persons.values().sum(), claims: sum.claims, paid: sum.paid };
    sums.into_iter().map(|(key, sum)| (key.map(str::to_owned), cell(sum))).collect()
}

// --- What a projection says -----------------------------------------------------------------------------------

/// The files of a projection, read.
pub struct Projection {
    pub table: Table,
    pub people: Table,
    pub json: Value,
}

impl Projection {
    /// Reads a folder on a desk.
    pub fn of(desk: &Desk, folder: &str) -> Self {
        let text = std::fs::read_to_string(desk.path(folder).join("projection.json")).expect("a projection");
        Self {
            table: read(desk, folder, "projection.parquet"),
            people: read(desk, folder, "people.parquet"),
            json: serde_json::from_str(&text).expect("projection.json is JSON"),
        }
    }

    /// The scenarios in the order of `projection.json`.
    pub fn ids(&self) -> Vec<&str> {
        self.json["scenarios"].as_array().expect("scenarios").iter().map(|s| s["id"].as_str().expect("id")).collect()
    }

    /// A scenario of `projection.json`.
    pub fn scenario(&self, id: &str) -> &Value {
        let scenarios = self.json["scenarios"].as_array().expect("scenarios");
        scenarios.iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("no scenario `{id}`: {:?}", self.ids()))
    }

    fn figures(&self, scenario: &str, columns: [&str; 3]) -> Cells {
        let mut cells = Cells::new();
        for row in self.table.rows.iter().filter(|row| row["scenario"] == scenario) {
            let key = ["fund", "layer", "identity", "care"].map(|c| row.get(c).cloned().unwrap_or_default());
            let [persons, claims] = [columns[0], columns[1]].map(|c| row[c].parse().expect("a count"));
            let cell = Cell { persons, claims, paid: fen(&row[columns[2]]).expect("an amount") };
            assert!(cells.insert(key, cell).is_none(), "{scenario}: two rows for one cell: {row:?}");
        }
        cells
    }

    /// What the rows of a scenario state.
    pub fn cells(&self, scenario: &str) -> Cells {
        self.figures(scenario, ["persons", "claims", "paid"])
    }

    /// What they state as the change from the baseline.
    pub fn changes(&self, scenario: &str) -> Cells {
        self.figures(scenario, ["persons_change", "claims_change", "paid_change"])
    }

    /// The row of a whole fund.
    pub fn row(&self, scenario: &str, fund: &str) -> Option<&Row> {
        let layers = FUNDS.iter().find(|(name, _)| fund.starts_with(name)).expect("a fund").1;
        let layer = (layers.len() == 1).then_some(layers[0]);
        self.table.rows.iter().find(|row| {
            let of = |column: &str| row.get(column).map(String::as_str);
            (of("scenario"), of("fund"), of("layer")) == (Some(scenario), Some(fund), layer)
                && of("identity").is_none()
                && of("care").is_none()
        })
    }

    /// What a whole fund pays.
    pub fn total(&self, scenario: &str, fund: &str) -> i128 {
        self.row(scenario, fund).map_or(0, |row| fen(&row["paid"]).expect("an amount"))
    }

    /// Checks every row of a scenario against what was expected of it and of the baseline.
    pub fn agrees(&self, scenario: &str, expected: &Cells, baseline: &Cells) {
        let (told, changes) = (self.cells(scenario), self.changes(scenario));
        let keys: BTreeSet<&Key> = expected.keys().chain(baseline.keys()).collect();
        let missing: Vec<_> = keys.iter().filter(|key| !told.contains_key(**key)).collect();
        let more: Vec<_> = told.keys().filter(|key| !keys.contains(key)).collect();
        assert!(missing.is_empty() && more.is_empty(), "{scenario}: rows missing: {missing:?}; too many: {more:?}");
        for key in keys {
            let [cell, before] = [expected, baseline].map(|cells| cells.get(key).copied().unwrap_or_default());
            let change = Cell {
                persons: cell.persons - before.persons,
                claims: cell.claims - before.claims,
                paid: cell.paid - before.paid,
            };
            assert_eq!(told[key], cell, "{scenario}: {key:?}");
            assert_eq!(changes[key], change, "{scenario}: {key:?}: change");
        }
    }
}

// --- The office -------------------------------------------------------------------------------------------------

/// A desk with inputs and the policy in force.
pub struct Office {
    pub desk: Desk,
    pub policy: String,
    /// Ledger and, where there is one, roster, as they are typed.
    pub inputs: String,
}

impl Office {
    /// A generated ledger in which assistance is common: everybody on the roster, one in fifty of the others.
    pub fn new((policy, year): (&str, i32), seed: u32) -> Self {
        let desk = generated(policy, 2_500, year, seed);
        let roster = read(&desk, "made", "roster.parquet");
        let held: BTreeSet<&String> = roster.rows.iter().filter_map(|row| row.get("psn_no")).collect();
        let path = desk.path("made/ledger.parquet");
        let ledger = batch(&path);
        let ids = ledger.column_by_name("psn_no").expect("persons").as_string::<i32>();
        let stays = |id: &str| held.iter().any(|h| *h == id) || id.ends_with("00") || id.ends_with("50");
        let kept: BooleanArray = ids.iter().map(|id| Some(id.is_none_or(stays))).collect();
        lay(&path, &filter_record_batch(&ledger, &kept).expect("fewer rows"));
        let made = desk.typed("made");
        Self {
            desk,
            policy: policy.to_owned(),
            inputs: format!("{made}/ledger.parquet --roster {made}/roster.parquet"),
        }
    }

    /// `ledger.parquet` and, where it lies there, `roster.parquet` of a desk.
    pub fn at(desk: Desk, policy: &str) -> Self {
        let mut inputs = desk.typed("ledger.parquet");
        if desk.path("roster.parquet").exists() {
            inputs = format!("{inputs} --roster {}", desk.typed("roster.parquet"));
        }
        Self { desk, policy: policy.to_owned(), inputs }
    }

    /// Puts the first identity that the roster gives each person into the ledger, and leaves the roster away.
    pub fn with_identities_in_the_ledger(&mut self, roster: &[Row]) -> Vec<Row> {
        let mut first: BTreeMap<&String, &String> = BTreeMap::new();
        for (person, identity) in roster.iter().filter_map(|row| row.get("psn_no").zip(row.get("identity"))) {
            first.entry(person).or_insert(identity);
        }
        let mut ledger = read(&self.desk, "made", "ledger.parquet").rows;
        for row in &mut ledger {
            if let Some(identity) = row.get("psn_no").and_then(|person| first.get(person)) {
                row.insert("identity".to_owned(), (*identity).clone());
            }
        }
        self.desk.ledger("ledger.parquet", &ledger);
        self.inputs = self.desk.typed("ledger.parquet");
        ledger
    }

    /// The line of a projection with this text as its file of scenarios.
    pub fn line(&self, scenarios: &str, more: &str) -> String {
        let file = self.desk.text("scenarios.toml", scenarios);
        let out = self.desk.typed("plan");
        format!("project {} --policy {} --scenarios {} --out {out} {more}", self.inputs, self.policy, file.display())
    }

    /// Runs it.
    pub fn project(&self, scenarios: &str, more: &str) -> Outcome {
        typed_line(&self.line(scenarios, more))
    }

    /// Runs it quietly, insists that all went well, and reads what it left.
    pub fn projected(&self, scenarios: &str, more: &str) -> Projection {
        let outcome = self.project(scenarios, &format!("--quiet --force {more}"));
        assert_eq!(outcome.code, Some(0), "{scenarios}\n{}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "a quiet run");
        Projection::of(&self.desk, "plan")
    }

    /// Settles the same inputs under a policy and adds the settlement up.
    pub fn settled(&self, policy: &str, more: &str) -> Cells {
        self.settled_from(&self.inputs, policy, more)
    }

    /// The same from other inputs.
    pub fn settled_from(&self, inputs: &str, policy: &str, more: &str) -> Cells {
        let out = self.desk.typed("out");
        succeeds(&format!("settle {inputs} --policy {policy} --out {out} --quiet --force {more}"));
        weighted(&self.desk.read("settlement"), |_| 1)
    }

    /// Settles under another text of the policy.
    pub fn settled_under(&self, text: &Text, more: &str) -> Cells {
        let path = self.desk.text("edited.toml", &text.0);
        self.settled(&path.display().to_string(), more)
    }
}

/// A scenario as it stands in the file.
pub fn scenario(id: &str, body: &str) -> String {
    format!("[[scenario]]\nid = \"{id}\"\n{}\n\n", body.trim())
}

/// A scenario that sets values of the policy, one a line.
pub fn sets(id: &str, values: &str) -> String {
    let lines: Vec<&str> = values.lines().map(str::trim).collect();
    scenario(id, &format!("[scenario.set]\n{}", lines.join("\n")))
}

/// An amount times a factor in thousandths, half up to the fen.
pub fn times_text(amount: &str, thousandths: i128) -> String {
    yuan((fen(amount).expect("an amount") * thousandths * 2 + 1_000) / 2_000)
}

// --- Policies changed by hand -------------------------------------------------------------------------------------

/// The text of a policy file, to be changed as an editor would.
#[derive(Clone)]
pub struct Text(pub String);

impl Text {
    /// A shipped policy.
    pub fn of(policy: &str) -> Self {
        let shipped = onestop::policy::SHIPPED.iter().find(|(id, _)| *id == policy).expect("it is shipped");
        Self(shipped.1.to_owned())
    }

    /// Puts a value in the place of the first such text of a rule, or of a table.
    pub fn put(mut self, rule: &str, old: &str, new: &str) -> Self {
        let named = self.0.find(&format!("id = \"{rule}\"")).or_else(|| self.0.find(&format!("\n[{rule}]\n")));
        let start = named.unwrap_or_else(|| panic!("no rule `{rule}`"));
        let at = start + self.0[start..].find(old).unwrap_or_else(|| panic!("`{rule}` has no `{old}`"));
        self.0.replace_range(at..at + old.len(), new);
        self
    }

    /// Adds text at the end.
    pub fn plus(mut self, text: &str) -> Self {
        self.0.push_str(text);
        self
    }

    /// Takes a rule out.
    pub fn out(self, rule: &str) -> Self {
        self.filtered(rule, |block| block.contains(&format!("\nid = \"{rule}\"\n")))
    }

    /// Takes a table out with all that belongs to it.
    pub fn table_out(self, table: &str) -> Self {
        let headings = [format!("[{table}]\n"), format!("[[{table}.")];
        self.filtered(table, |block| headings.iter().any(|h| block.starts_with(h)))
    }

    fn filtered(self, what: &str, out: impl Fn(&str) -> bool) -> Self {
        let mut blocks = vec![String::new()];
        for line in self.0.lines() {
            if line.starts_with('[') {
                blocks.push(String::new());
            }
            let block = blocks.last_mut().expect("a block");
            block.push_str(line);
            block.push('\n');
        }
        let whole = blocks.len();
        blocks.retain(|block| !out(block));
        assert!(blocks.len() < whole, "nothing of `{what}` stands in the policy");
        Self(blocks.concat())
    }
}
