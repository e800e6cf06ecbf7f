//! What the outputs say about each other and about the inputs, on ledgers of every shipped policy.

use crate::desk::{Desk, generated, names_in, typed_line};
use crate::support::contract::{AUDIT, PARTS, SETTLEMENT, is_money, settlement_money};
use crate::support::laws;
use crate::support::table::{self, Row, Table, fen, yuan};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A generated ledger, settled; and what the program printed with `--json`.
struct Made {
    desk: Desk,
    json: Value,
    policy: &'static str,
}

/// Ledgers that between them hold every status and reject.
fn made() -> impl Iterator<Item = Made> {
    let runs = [("weihai-2023", 2023), ("weihai-etdz-2017", 2019), ("erenhot-2023", 2023), ("jincheng-2023", 2023)];
    runs.into_iter().map(|(policy, year)| make(policy, year))
}

fn make(policy: &'static str, year: i32) -> Made {
    let desk = generated(policy, 400, year, 5);
    let [made, out] = ["made", "out"].map(|n| desk.typed(n));
    let files = names_in(&desk.path("made"));
    assert_eq!(files, ["ledger.parquet", "roster.parquet"]);
    let line =
        format!("settle {made}/ledger.parquet --roster {made}/roster.parquet --policy {policy} --out {out} --json");
    let outcome = typed_line(&line);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let json = serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}\n{}", outcome.stdout));
    Made { desk, json, policy }
}

impl Made {
    fn input(&self, name: &str) -> Table {
        table::read(&self.desk.path("made").join(name)).unwrap()
    }
}

fn money(row: &Row, column: &str) -> i128 {
    fen(&row[column]).expect("an amount")
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>, column: &str) -> i128 {
    rows.into_iter().map(|row| money(row, column)).sum()
}

/// How often each value of a column occurs; nulls are left out.
fn tally(table: &Table, column: &str) -> Value {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for value in table.rows.iter().filter_map(|r| r.get(column)) {
        *counts.entry(value).or_default() += 1;
    }
    serde_json::to_value(counts).unwrap()
}

#[test]
fn every_law_holds_under_every_policy() {
    for made in made() {
        let [settlement, audit, rejects] = ["settlement", "audit", "rejects"].map(|n| made.desk.read(n));
        let ledger = made.input("ledger.parquet");
        let broken = [
            laws::columns("settlement", &settlement, SETTLEMENT),
            laws::columns("audit", &audit, AUDIT),
            laws::every_row_once(ledger.rows.len(), &settlement, &rejects),
            laws::conservation(&settlement),
            laws::audit_adds_up(&settlement, &audit),
        ]
        .concat();
        assert!(broken.is_empty(), "{}: {broken:#?}", made.policy);
        assert!(settlement.rows.iter().any(|r| r["status"] == "settled"), "{}", made.policy);
        assert!(!rejects.rows.is_empty(), "{}: the generator puts faults in", made.policy);
    }
}

#[test]
fn every_ledger_row_ends_in_exactly_one_of_settlement_and_rejects() {
    for made in made() {
        let ledger = made.input("ledger.parquet");
        let id = |row: &Row| ["psn_no", "setl_id"].map(|c| row.get(c).cloned().unwrap_or_default());
        let mut given: Vec<[String; 2]> = ledger.rows.iter().map(id).collect();
        let settlement = made.desk.read("settlement");
        let mut ended: Vec<[String; 2]> = settlement.rows.iter().map(id).collect();
        let mut rows_rejected = BTreeSet::new();
        for reject in made.desk.read("rejects").rows.iter().filter(|r| r["source"] == "ledger") {
            let row: usize = reject["row"].parse().unwrap();
            assert!(rows_rejected.insert(row), "{}: row {row} is rejected twice", made.policy);
            assert_eq!(id(reject), given[row - 1], "{}: row {row}", made.policy);
            ended.push(id(reject));
        }
        given.sort();
        ended.sort();
        assert_eq!(ended, given, "{}", made.policy);
        let accepted: BTreeSet<[String; 2]> = settlement.rows.iter().map(id).collect();
        assert_eq!(accepted.len(), settlement.rows.len(), "{}: a record is settled once", made.policy);
    }
}

#[test]
fn the_settlement_is_ordered_by_person_time_and_record() {
    for made in made() {
        let settlement = made.desk.read("settlement");
        let keys: Vec<[&String; 3]> =
            settlement.rows.iter().map(|r| ["psn_no", "setl_time", "setl_id"].map(|c| &r[c])).collect();
        assert!(keys.is_sorted(), "{}", made.policy);
    }
}

#[test]
fn the_steps_of_a_claim_count_from_1() {
    for made in made() {
        let mut last: Option<([String; 2], u32)> = None;
        for row in made.desk.read("audit").rows {
            let claim = ["psn_no", "setl_id"].map(|c| row[c].clone());
            let step = row["step"].parse::<u32>().unwrap();
            let expected = last.filter(|(before, _)| *before == claim).map_or(1, |(_, step)| step + 1);
            assert_eq!(step, expected, "{}: {row:?}", made.policy);
            last = Some((claim, step));
        }
    }
}

#[test]
fn what_is_reversed_is_nothing_in_every_money_column() {
    for made in made() {
        let settlement = made.desk.read("settlement");
        for row in settlement.rows.iter().filter(|r| r["status"] == "reversed") {
            assert!(settlement_money().iter().all(|c| money(row, c) == 0), "{}: {row:?}", made.policy);
        }
    }
}

#[test]
fn the_json_counts_are_those_of_the_files() {
    for made in made() {
        let counts = &made.json["counts"];
        let tables: BTreeMap<&str, Table> =
            ["settlement", "audit", "persons", "alerts", "subsidies", "rejects"].map(|n| (n, made.desk.read(n))).into();
        let rejects = |source: &str| tables["rejects"].rows.iter().filter(|r| r["source"] == source).count();
        let persons: BTreeSet<&String> = tables["settlement"].rows.iter().map(|r| &r["psn_no"]).collect();
        for (name, expected) in [
            ("ledger_rows", made.input("ledger.parquet").rows.len()),
            ("roster_rows", made.input("roster.parquet").rows.len()),
            ("settlement_rows", tables["settlement"].rows.len()),
            ("audit_rows", tables["audit"].rows.len()),
            ("persons", persons.len()),
            ("ledger_rejects", rejects("ledger")),
            ("roster_rejects", rejects("roster")),
            ("subsidies", tables["subsidies"].rows.len()),
            ("other_charge_years", 0),
        ] {
            assert_eq!(counts[name], expected, "{}: {name}", made.policy);
        }
        for (name, table, column) in [
            ("by_status", "settlement", "status"),
            ("by_reason", "settlement", "reason"),
            ("rejects_by_reason", "rejects", "reason"),
            ("alerts", "alerts", "alert"),
        ] {
            assert_eq!(counts[name], tally(&tables[table], column), "{}: {name}", made.policy);
        }
        for (name, table) in &tables {
            let file = format!("{name}.parquet");
            assert_eq!(made.json["outputs"][&file]["rows"], table.rows.len(), "{}: {file}", made.policy);
        }
    }
}

#[test]
fn the_json_is_a_part_of_the_manifest() {
    for made in made() {
        let manifest = made.desk.manifest();
        assert_eq!(made.json["program"], "onestop");
        assert_eq!(made.json["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(made.json["policy"], made.policy);
        assert_eq!(made.json["counts"], manifest["counts"]);
        assert_eq!(made.json["control_totals"], manifest["control_totals"]["all"]);
        assert_eq!(made.json["by_fund"], manifest["control_totals"]["by_fund"]);
        assert_eq!(made.json["subsidies"], manifest["control_totals"]["subsidies"]);
        assert_eq!(made.json["outputs"], manifest["outputs"]);
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// An entry of the manifest has the size and digest of the file.
fn digests_match(entry: &Value, path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(entry["size"], bytes.len(), "{}", path.display());
    assert_eq!(entry["sha256"], sha256(&bytes), "{}", path.display());
}

#[test]
fn the_manifest_digests_are_those_of_the_files() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    for made in made() {
        let manifest = made.desk.manifest();
        let outputs = manifest["outputs"].as_object().unwrap();
        let mut files = names_in(&made.desk.path("out"));
        files.retain(|name| name != "manifest.json");
        assert_eq!(outputs.keys().collect::<Vec<_>>(), files.iter().collect::<Vec<_>>());
        for (name, entry) in outputs {
            digests_match(entry, &made.desk.path("out").join(name));
        }
        let inputs = manifest["inputs"].as_array().unwrap();
        let sources: Vec<&str> = inputs.iter().map(|i| i["source"].as_str().unwrap()).collect();
        assert_eq!(sources, ["ledger", "roster"]);
        for entry in inputs {
            let path = Path::new(entry["path"].as_str().unwrap());
            digests_match(entry, path);
            assert_eq!(entry["rows"], table::read(path).unwrap().rows.len());
        }
        let policy = std::fs::read(data.join("policies").join(made.policy).with_extension("toml")).unwrap();
        assert_eq!(manifest["policy"]["sha256"], sha256(&policy));
        assert_eq!(manifest["policy"]["origin"], "shipped");
        let parameters = std::fs::read(data.join("parameters.toml")).unwrap();
        assert_eq!(manifest["parameters"]["sha256"], sha256(&parameters));
    }
}

/// Sums of every money column over some rows, as the manifest writes them.
fn totals(rows: &[&Row]) -> Value {
    let sums: BTreeMap<&str, String> =
        settlement_money().iter().map(|c| (*c, yuan(sum(rows.iter().copied(), c)))).collect();
    serde_json::to_value(sums).unwrap()
}

#[test]
fn the_control_totals_are_the_sums_of_the_settlement() {
    for made in made() {
        let settlement = made.desk.read("settlement");
        let control = &made.desk.manifest()["control_totals"];
        let of = |chosen: &dyn Fn(&Row) -> bool| settlement.rows.iter().filter(|r| chosen(r)).collect::<Vec<_>>();
        assert_eq!(control["all"], totals(&of(&|_| true)), "{}", made.policy);
        let identity = |row: &Row| row.get("identity").cloned().unwrap_or_else(|| "none".to_owned());
        let identities: BTreeSet<String> = settlement.rows.iter().map(identity).collect();
        let by_identity = control["by_identity"].as_object().unwrap();
        assert_eq!(by_identity.keys().cloned().collect::<BTreeSet<_>>(), identities, "{}", made.policy);
        for (name, sums) in by_identity {
            assert_eq!(*sums, totals(&of(&|r| identity(r) == *name)), "{}: {name}", made.policy);
        }
        for (name, sums) in control["by_insutype"].as_object().unwrap() {
            assert_eq!(*sums, totals(&of(&|r| r["insutype"] == *name)), "{}: {name}", made.policy);
        }
    }
}

#[test]
fn the_funds_bear_the_whole_fee_among_them() {
    for made in made() {
        let settlement = made.desk.read("settlement");
        let funds = made.desk.manifest()["control_totals"]["by_fund"].clone();
        let fund = |name: &str| fen(funds[name].as_str().unwrap()).unwrap();
        let of = |insutype: &str, columns: &[&str]| {
            let rows = settlement.rows.iter().filter(|r| insutype.is_empty() || r["insutype"] == insutype);
            rows.map(|r| columns.iter().map(|c| money(r, c)).sum::<i128>()).sum::<i128>()
        };
        for insutype in ["310", "390"] {
            assert_eq!(fund(&format!("basic_insurance_{insutype}")), of(insutype, &["basic_pay"]));
            let catastrophic = of(insutype, &["cii_pay", "special_drug_pay"]);
            assert_eq!(fund(&format!("catastrophic_insurance_{insutype}")), catastrophic);
        }
        assert_eq!(fund("medical_assistance"), of("", &["ma_pay", "ra_pay", "oocat_pay"]));
        assert_eq!(fund("institutions"), of("", &["hosp_borne"]));
        assert_eq!(fund("outside_compensation"), of("", &["ext_comp_counted"]));
        assert_eq!(fund("persons"), of("", &["psn_burden"]));
        let whole: i128 = funds.as_object().unwrap().keys().map(|name| fund(name)).sum();
        assert_eq!(whole, of("", PARTS));
        assert_eq!(whole, of("", &["medfee_sumamt"]));
        let subsidies = made.desk.read("subsidies");
        let told = made.desk.manifest()["control_totals"]["subsidies"].as_str().and_then(fen);
        assert_eq!(told, Some(sum(&subsidies.rows, "subsidy")), "{}", made.policy);
        assert!(subsidies.rows.iter().all(|r| money(r, "standard") == money(r, "subsidy") + money(r, "own_part")));
    }
}

#[test]
fn persons_are_the_sums_of_the_settlement_by_charge_year() {
    for made in made() {
        let mut expected: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
        for row in made.desk.read("settlement").rows.into_iter().filter(|r| r["status"] != "reversed") {
            expected.entry((row["psn_no"].clone(), row["charge_year"].clone())).or_default().push(row);
        }
        let persons = made.desk.read("persons");
        let keys: Vec<(String, String)> =
            persons.rows.iter().map(|r| (r["psn_no"].clone(), r["charge_year"].clone())).collect();
        assert_eq!(keys, expected.keys().cloned().collect::<Vec<_>>(), "{}", made.policy);
        for (row, claims) in persons.rows.iter().zip(expected.values()) {
            for column in settlement_money() {
                assert_eq!(money(row, column), sum(claims, column), "{}: {row:?}, {column}", made.policy);
            }
            for channel in ["instant", "year_end", "application"] {
                let paid = claims.iter().filter(|c| c.get("channel").is_some_and(|c| c == channel));
                assert_eq!(money(row, &format!("payable_{channel}")), sum(paid, "payable_ma"), "{}", made.policy);
            }
        }
    }
}

#[test]
fn money_is_decimal_in_every_file() {
    use arrow::datatypes::DataType;
    use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
    let made = make("jincheng-2023", 2023);
    for name in ["settlement", "audit", "persons", "alerts", "subsidies"] {
        let file = std::fs::File::open(made.desk.path("out").join(name).with_extension("parquet")).unwrap();
        // As a reader sees it that knows nothing of Arrow.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
        for field in reader.schema().fields() {
            let float = matches!(field.data_type(), DataType::Float16 | DataType::Float32 | DataType::Float64);
            assert!(!float, "{name}: {field}");
            if is_money(field.name()) {
                assert_eq!(*field.data_type(), DataType::Decimal128(18, 2), "{name}: {field}");
            }
        }
    }
}
