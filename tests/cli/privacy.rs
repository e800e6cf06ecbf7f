//! Who can read what: files of the owner's alone, no person in an error text, persons masked by a key.

use crate::desk::{Desk, Edit as _, Sheet, batch, generated, holds, lay, names_in, stay, succeeds, typed_line};
use crate::support::contract::Kind;
use crate::support::table::{self, Row};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{cast, sort_to_indices, take_record_batch};
use arrow::datatypes::DataType;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// The mode of a folder, and that of all files in it, which is one.
fn modes(folder: &Path) -> [u32; 2] {
    let mut files: Vec<u32> = names_in(folder).iter().map(|name| mode(&folder.join(name))).collect();
    files.dedup();
    assert_eq!(files.len(), 1, "files of {} differ: {files:?}", folder.display());
    [mode(folder), files[0]]
}

// --- Files ------------------------------------------------------------------------------------------------------

#[test]
fn outputs_are_the_owners_alone_unless_it_is_said_otherwise() {
    let desk = generated("weihai-2023", 60, 2023, 1);
    assert_eq!(modes(&desk.path("made")), [0o700, 0o600]);
    let made = desk.typed("made");
    let inputs = format!("{made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --quiet");
    let scenarios = desk.text("s.toml", "[[scenario]]\nid = \"more\"\nset = { \"ma.A.ratio\" = \"0.9\" }\n");
    desk.settle_made("weihai-2023", "settled", "");
    let lines = [
        format!("settle {inputs}"),
        format!("project {inputs} --scenarios {}", scenarios.display()),
        format!("reconcile {} --quiet", desk.typed("settled")),
        "generate --policy weihai-2023 --persons 20 --year 2023 --errors all:0.2 --quiet".to_owned(),
    ];
    for (number, line) in lines.iter().enumerate() {
        for (who, wanted) in [
            ("", [0o700, 0o600]),
            ("--readable-by owner", [0o700, 0o600]),
            ("--readable-by group", [0o750, 0o640]),
            ("--readable-by everyone", [0o755, 0o644]),
        ] {
            let out = desk.path(&format!("place{number}/out"));
            succeeds(&format!("{line} {who} --out {}", out.display()));
            assert_eq!(modes(&out), wanted, "{line} {who}");
            assert_eq!(mode(out.parent().unwrap()), wanted[0], "{line} {who}: the folder that was made for it");
            std::fs::remove_dir_all(out.parent().unwrap()).unwrap();
        }
    }
}

#[test]
fn a_linked_output_is_refused_and_what_it_leads_to_left_alone() {
    let desk = generated("weihai-2023", 20, 2023, 1);
    let theirs = desk.make_folder("theirs");
    std::fs::set_permissions(&theirs, Permissions::from_mode(0o755)).unwrap();
    desk.text("theirs/holiday.jpg", "the sea");
    let made = desk.typed("made");
    for (name, leads_to) in [("link", theirs.clone()), ("loose", desk.path("nowhere"))] {
        symlink(leads_to, desk.path(name)).unwrap();
        let out = desk.typed(name);
        for line in [
            format!(
                "settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --force --out {out}"
            ),
            format!("settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --out {out}/"),
            format!("generate --policy weihai-2023 --persons 5 --year 2023 --out {out}"),
        ] {
            let outcome = typed_line(&line);
            assert_eq!(outcome.code, Some(1), "{line}");
            let said = "is a symbolic link, and links are not followed\n  name the folder itself with --out\n";
            assert!(outcome.stderr.ends_with(said), "{line}: {}", outcome.stderr);
        }
    }
    assert_eq!(names_in(&theirs), ["holiday.jpg"]);
    assert_eq!(desk.names(), ["link", "loose", "made", "theirs"]);
}

#[test]
fn links_under_the_names_beside_the_output_lead_nowhere() {
    let desk = generated("weihai-2023", 20, 2023, 1);
    desk.make_folder("theirs");
    desk.text("theirs/holiday.jpg", "the sea");
    symlink(desk.path("theirs"), desk.path(".out.onestop-partial")).unwrap();
    desk.settle_made("weihai-2023", "out", "");
    assert_eq!(names_in(&desk.path("theirs")), ["holiday.jpg"]);
    symlink(desk.path("theirs"), desk.path(".out.onestop-old")).unwrap();
    let made = desk.typed("made");
    let inputs = format!("{made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023");
    let outcome = typed_line(&format!("settle {inputs} --force --out {}", desk.typed("out")));
    assert!(outcome.stderr.contains(".out.onestop-old: is no output of an earlier run"), "{}", outcome.stderr);
    std::fs::remove_file(desk.path(".out.onestop-old")).unwrap();
    symlink(desk.path("theirs/lock"), desk.path(".out.onestop-lock")).unwrap();
    let outcome = typed_line(&format!("settle {inputs} --force --out {}", desk.typed("out")));
    assert!(outcome.stderr.contains(".out.onestop-lock: Too many levels of symbolic links"), "{}", outcome.stderr);
    assert_eq!(outcome.code, Some(1));
    assert_eq!(names_in(&desk.path("theirs")), ["holiday.jpg"]);
}

#[test]
fn names_in_a_manifest_lead_nowhere() {
    let desk = generated("weihai-2023", 20, 2023, 1);
    desk.settle_made("weihai-2023", "out", "");
    let digest = "0".repeat(64);
    desk.text("secret.parquet", "no concern of theirs");
    let manifest = desk.path("out/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for name in ["../secret.parquet", "/etc/passwd", "sub/x.parquet", ".."] {
        let entry =
            format!("\"outputs\": {{\n    \"{name}\": {{\"rows\": 1, \"size\": 20, \"sha256\": \"{digest}\"}},");
        std::fs::write(&manifest, text.replacen("\"outputs\": {", &entry, 1)).unwrap();
        let outcome = typed_line(&format!("verify {}", desk.typed("out")));
        assert_eq!(outcome.code, Some(1), "{name}");
        assert!(outcome.stderr.contains("is no name of a file in this folder"), "{name}: {}", outcome.stderr);
        assert!(!outcome.stdout.contains("no concern"), "{name}");
    }
}

// --- Error texts ------------------------------------------------------------------------------------------------

#[test]
fn an_error_names_the_person_only_where_that_is_asked_for() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    desk.done(desk.settle());
    let [out, ledger] = [desk.typed("out"), desk.typed("ledger.parquet")];
    for line in [
        format!("explain {out} 110101199001011234"),
        format!("explain {out} P1 --claim S9"),
        format!("verify {out} --ledger {ledger} --person 110101199001011234"),
    ] {
        let person = if line.contains("P1") { "P1" } else { "110101199001011234" };
        let outcome = typed_line(&line);
        assert_eq!(outcome.code, Some(1), "{line}");
        assert!(outcome.stderr.contains("the person asked for"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains(person), "{}", outcome.stderr);
        let outcome = typed_line(&format!("{line} --verbose"));
        assert!(outcome.stderr.ends_with(&format!("  the person is {person}\n")), "{}", outcome.stderr);
    }
}

// --- Masked persons ---------------------------------------------------------------------------------------------

const KEY: [u8; 20] = [0xaa; 20];

/// A desk with a generated ledger in which persons have numbers that stand nowhere else, and a key.
fn with_key(errors: &str) -> (Desk, String) {
    let desk = Desk::new();
    let made = desk.typed("made");
    succeeds(&format!(
        "generate --policy weihai-2023 --persons 400 --year 2023 --seed 2 {errors} --out {made} --quiet"
    ));
    std::fs::write(desk.path("key"), KEY).unwrap();
    let inputs = format!("{made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --quiet");
    (desk, inputs)
}

/// Rows of an output by what is not the person, and the persons.
fn without_persons(path: &Path) -> (Vec<Row>, Vec<Option<String>>) {
    let mut rows = table::read(path).unwrap().rows;
    let persons = rows.iter_mut().map(|row| row.remove("psn_no")).collect();
    (rows, persons)
}

/// Whether a text holds a person number of a generated ledger.
fn names_somebody(text: &[u8]) -> bool {
    let is_number = |window: &[u8]| window[0] == b'P' && window[1..].iter().all(u8::is_ascii_digit);
    text.windows(10).any(is_number)
}

#[test]
fn masked_outputs_say_the_same_of_persons_whom_nobody_can_name() {
    let (desk, inputs) = with_key("");
    let [open, masked, key] = ["open", "masked", "key"].map(|n| desk.typed(n));
    succeeds(&format!("settle {inputs} --orders --out {open}"));
    succeeds(&format!("settle {inputs} --orders --out {masked} --mask {key}"));
    assert_eq!(names_in(Path::new(&open)), names_in(Path::new(&masked)));
    let mut masks = BTreeMap::new();
    for name in names_in(Path::new(&open)).iter().filter(|n| n.ends_with(".parquet")) {
        let [mut one, mut other] = [&open, &masked].map(|dir| {
            let (rows, persons) = without_persons(&Path::new(dir).join(name));
            rows.into_iter().zip(persons).collect::<Vec<_>>()
        });
        one.sort();
        other.sort();
        let [rows, others] = [&one, &other].map(|all| all.iter().map(|(row, _)| row).collect::<Vec<_>>());
        assert_eq!(rows, others, "{name}");
        if name == "settlement.parquet" {
            for ((_, person), (_, mask)) in one.into_iter().zip(other) {
                let (person, mask) = (person.unwrap(), mask.unwrap());
                assert_eq!(mask.len(), 32);
                assert_eq!(*masks.entry(person).or_insert_with(|| mask.clone()), mask);
            }
        }
    }
    let distinct: std::collections::BTreeSet<&String> = masks.values().collect();
    assert!(masks.len() > 100 && distinct.len() == masks.len());
    for name in names_in(Path::new(&masked)) {
        let path = Path::new(&masked).join(&name);
        let text = match name.strip_suffix(".parquet") {
            Some(_) => format!("{:?}", table::read(&path).unwrap().rows).into_bytes(),
            None => std::fs::read(&path).unwrap(),
        };
        assert!(!names_somebody(&text), "{name} names somebody");
        assert!(!names_somebody(&std::fs::read(&path).unwrap()), "{name} holds a number in its statistics");
    }
}

#[test]
fn a_large_ledger_in_the_order_of_persons_is_not_in_that_of_their_masks() {
    let desk = generated("weihai-2023", 14_000, 2023, 2);
    std::fs::write(desk.path("key"), KEY).unwrap();
    let rows = batch(&desk.path("made/ledger.parquet"));
    assert!(rows.num_rows() > 131_072, "one range of persons is cut into no others: {} rows", rows.num_rows());
    let order = sort_to_indices(rows.column_by_name("psn_no").unwrap(), None, None).unwrap();
    lay(&desk.path("ledger.parquet"), &take_record_batch(&rows, &order).unwrap());
    let [open, masked, key, ledger] = ["open", "masked", "key", "ledger.parquet"].map(|n| desk.typed(n));
    let inputs = format!("{ledger} --roster {} --policy weihai-2023 --quiet", desk.typed("made/roster.parquet"));
    succeeds(&format!("settle {inputs} --out {open}"));
    succeeds(&format!("settle {inputs} --out {masked} --mask {key}"));
    succeeds(&format!("verify {masked} --ledger {ledger} --mask {key} --quiet"));
    let totals = |dir: &str| {
        let text = std::fs::read_to_string(Path::new(dir).join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        (manifest["counts"].clone(), manifest["control_totals"].clone())
    };
    assert_eq!(totals(&open), totals(&masked));
}

#[test]
fn a_masked_number_is_the_keyed_hash_that_the_manual_says() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    std::fs::write(desk.path("key"), KEY).unwrap();
    desk.done(desk.settle().option("--mask", desk.path("key")));
    // printf P1 | openssl dgst -sha256 -mac HMAC -macopt hexkey:aaaa…aa, of which the first 32 digits.
    assert_eq!(desk.read("settlement").rows[0]["psn_no"], "51e9d87255705cb93b565169297e28a4");
}

#[test]
fn a_key_that_could_be_guessed_is_refused() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let key = desk.text("key", "secret");
    let outcome = desk.run(desk.settle().option("--mask", &key));
    let what = format!("error: {}: a key of 6 bytes could be guessed; 16 are the least\n", key.display());
    let remedy = "  make one with `head -c 32 /dev/urandom > FILE`, and keep it\n";
    assert_eq!((outcome.code, outcome.stderr), (Some(1), format!("{what}{remedy}")));
}

#[test]
fn a_masked_run_is_verified_explained_and_reconciled_with_its_key() {
    let (desk, inputs) = with_key("--errors all:0.2");
    let [open, masked, key] = ["open", "masked", "key"].map(|n| desk.typed(n));
    let ledger = desk.typed("made/ledger.parquet");
    succeeds(&format!("settle {inputs} --out {open}"));
    succeeds(&format!("settle {inputs} --out {masked} --mask {key}"));
    let person = table::read(&desk.path("open/persons.parquet")).unwrap().rows[0]["psn_no"].clone();

    // Against itself without the key; made again with it.
    succeeds(&format!("verify {masked}"));
    let without = succeeds(&format!("verify {masked} --ledger {ledger}"));
    assert!(without.stdout.contains("the person numbers are masked; give the key with --mask"), "{}", without.stdout);
    let again = succeeds(&format!("verify {masked} --ledger {ledger} --mask {key}"));
    assert!(again.stdout.contains("settled again"), "{}", again.stdout);
    let one = succeeds(&format!("verify {masked} --ledger {ledger} --mask {key} --person {person}"));
    assert!(!names_somebody(one.stdout.as_bytes()), "{}", one.stdout);
    let told = succeeds(&format!("explain {masked} {person} --mask {key}"));
    assert!(!names_somebody(told.stdout.as_bytes()), "{}", told.stdout);
    let plain = succeeds(&format!("explain {open} {person}"));
    assert_eq!(plain.stdout.lines().skip(1).collect::<Vec<_>>(), told.stdout.lines().skip(1).collect::<Vec<_>>());

    // What was paid is found to be the same of the same persons.
    let [gaps, masked_gaps] = ["gaps", "masked-gaps"].map(|n| desk.typed(n));
    succeeds(&format!("reconcile {open} --out {gaps} --quiet"));
    succeeds(&format!("reconcile {masked} --out {masked_gaps} --quiet --mask {key}"));
    for name in ["findings.parquet", "adjustments.parquet"] {
        let [mut one, mut other] = [&gaps, &masked_gaps].map(|dir| without_persons(&Path::new(dir).join(name)).0);
        one.sort();
        other.sort();
        assert!(!one.is_empty());
        assert_eq!(one, other, "{name}");
    }

    // Without the key, with another, or with one where there is none.
    for (line, why) in [
        (format!("explain {masked} {person}"), "the person numbers are masked; give the key with --mask"),
        (format!("explain {open} {person} --mask {key}"), "the person numbers are not masked"),
    ] {
        let outcome = typed_line(&line);
        assert_eq!(outcome.code, Some(1), "{line}");
        assert!(outcome.stderr.contains(why) && !names_somebody(outcome.stderr.as_bytes()), "{}", outcome.stderr);
    }
    std::fs::write(desk.path("other"), [7; 32]).unwrap();
    let other = desk.typed("other");
    for (line, why) in [
        (format!("reconcile {masked}"), "the person numbers are masked; give the key with --mask"),
        (format!("reconcile {masked} --mask {other}"), "the person numbers are masked with another key"),
        (format!("reconcile {open} --mask {key}"), "the person numbers are not masked"),
    ] {
        let outcome = typed_line(&format!("{line} --out {}", desk.typed("none")));
        assert_eq!(outcome.code, Some(1), "{line}");
        assert!(outcome.stderr.contains(why), "{line}: {}", outcome.stderr);
    }
    let outcome = typed_line(&format!("reconcile {masked} --mask {key} --paid {open} --out {}", desk.typed("none")));
    assert!(outcome.stderr.contains("its person numbers are masked otherwise"), "{}", outcome.stderr);
}

#[test]
fn payments_of_real_persons_are_held_against_a_masked_run() {
    let desk = Desk::with(&[stay("P1", "S1"), stay("P2", "S2")], &[holds("P1", "tekun"), holds("P2", "dibao")]);
    std::fs::write(desk.path("key"), KEY).unwrap();
    let key = desk.typed("key");
    desk.done(desk.settle().option("--mask", desk.path("key")));
    let paid = [("P1", "S1"), ("P2", "S2")].map(|(person, record)| {
        let cell = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Row::from([cell("psn_no", person), cell("setl_id", record), cell("total", "1.00")])
    });
    let columns = [("psn_no", Kind::Text), ("setl_id", Kind::Text), ("total", Kind::Amount)];
    let columns = columns.map(|(name, kind)| (name.to_owned(), kind));
    table::write(&desk.path("paid.parquet"), &columns, &paid);
    let line = format!("reconcile {} --paid {} --mask {key}", desk.typed("out"), desk.typed("paid.parquet"));
    succeeds(&format!("{line} --out {} --quiet", desk.typed("gaps")));
    let gaps = table::read(&desk.path("gaps/adjustments.parquet")).unwrap();
    let found: std::collections::BTreeSet<&str> = gaps.rows.iter().map(|r| r["psn_no"].as_str()).collect();
    assert!(found.contains("51e9d87255705cb93b565169297e28a4"), "{found:?}");
    assert!(found.iter().all(|p| p.len() == 32), "{found:?}");
}

#[test]
fn a_gap_is_told_by_institution_of_masked_persons_too() {
    let at = |id: &str, month: u32| {
        stay("P1", id).with("setl_time", &format!("2023-{month:02}-10T09:00:00")).with("maf_pay", "2100")
    };
    let places: ArrayRef = Arc::new(StringArray::from(vec!["H1", "H2"]));
    let desk = Desk::new();
    desk.roster(&[holds("P1", "dibao").with("enddate", "2023-05-31")]);
    Sheet::of(&[at("S1", 3), at("S2", 6)]).put("fixmedins_code", places).lay(&desk, "ledger.parquet");
    std::fs::write(desk.path("key"), KEY).unwrap();
    desk.done(desk.settle().option("--mask", desk.path("key")));
    let [out, gaps, key] = ["out", "gaps", "key"].map(|n| desk.typed(n));
    succeeds(&format!("reconcile {out} --out {gaps} --mask {key} --quiet"));
    let text = std::fs::read_to_string(desk.path("gaps/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let places = manifest["totals"]["by_institution"].as_object().expect("institutions");
    assert_eq!(places.keys().collect::<Vec<_>>(), ["H2"]);
}

#[test]
fn ids_of_two_types_are_refused_of_masked_persons_too() {
    // Masked, `7` and `007` would be two persons, and nobody would be told.
    let desk = Desk::new();
    Sheet::of(&[stay("007", "S1")]).lay(&desk, "ledger.parquet");
    desk.roster(&[holds("7", "tekun")]);
    let numbers = batch(&desk.path("roster.parquet"));
    let schema = numbers.schema();
    let columns = schema.fields().iter().zip(numbers.columns()).map(|(field, column)| {
        let column = if field.name() == "psn_no" { cast(column, &DataType::Int64).unwrap() } else { column.clone() };
        (field.name().clone(), column, true)
    });
    lay(&desk.path("roster.parquet"), &RecordBatch::try_from_iter_with_nullable(columns).unwrap());
    std::fs::write(desk.path("key"), KEY).unwrap();
    for settle in [desk.settle(), desk.settle().option("--mask", desk.path("key"))] {
        let outcome = desk.run(settle);
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("ids must be of one type throughout"), "{}", outcome.stderr);
    }
}
