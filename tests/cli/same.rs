//! The same bytes in whatever world the program runs, and however the row groups of a ledger are cut.
//!
//! Threads, memory, and the order of rows and files are looked at in `tests/laws/whole_runs.rs`, [`project`]
//! and [`reconcile`]; rows that wait on disk in [`dirt`].
//!
//! [`project`]: super::project
//! [`reconcile`]: super::reconcile
//! [`dirt`]: super::dirt

use super::desk::{Desk, batch, generated, names_in, succeeds, typed_amid};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Environments, each beside the one that the tests run in.
const WORLDS: &[&[(&str, Option<&str>)]] = &[
    &[("TZ", Some("Pacific/Kiritimati")), ("LANG", Some("zh_CN.UTF-8")), ("LC_ALL", Some("zh_CN.UTF-8"))],
    &[("TZ", Some("America/St_Johns")), ("LC_ALL", Some("tr_TR.UTF-8")), ("HOME", None)],
    &[("TZ", Some("Nowhere/At_All")), ("LANG", Some("nonsense")), ("LC_ALL", Some("\u{fffd}")), ("HOME", None)],
    &[
        ("TZ", Some("")),
        ("LANG", None),
        ("LC_ALL", Some("C")),
        ("COLUMNS", Some("1")),
        ("RAYON_NUM_THREADS", Some("1")),
    ],
];

/// Everything in a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let named = |name: String| {
        let bytes = std::fs::read(folder.join(&name)).expect("an output");
        (name, bytes)
    };
    names_in(folder).into_iter().map(named).collect()
}

fn same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>, what: &str) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in one {
        assert!(*bytes == other[name], "{what}: {name}");
    }
}

/// A generated ledger with every kind of fault, and the same one with the identities in it.
fn desk() -> Desk {
    let desk = Desk::new();
    let how = "--policy weihai-2023 --persons 400 --year 2024 --seed 3 --errors all:0.1 --quiet";
    succeeds(&format!("generate {how} --out {}", desk.typed("made")));
    let ledger = batch(&desk.path("made/ledger.parquet"));
    let mut fields: Vec<Field> = ledger.schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    fields.push(Field::new("identity", DataType::Utf8, true));
    let some = |row: usize| [None, Some("dibao"), Some("illness_poor"), Some("monitored"), Some("nobody")][row % 5];
    let mut columns = ledger.columns().to_vec();
    columns.push(Arc::new((0..ledger.num_rows()).map(some).collect::<StringArray>()) as ArrayRef);
    let carrying = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("one more column");
    lay(&desk.path("carrying.parquet"), &carrying, usize::MAX);
    let scenarios =
        "[[scenario]]\nid = \"a\"\nset = { \"ma.A.ratio\" = \"0.80\" }\n[[scenario.claims]]\ngrowth = \"0.1\"\n";
    desk.text("scenarios.toml", scenarios);
    desk
}

/// Writes rows in row groups of so many.
fn lay(path: &Path, rows: &RecordBatch, group: usize) {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).expect("a writer");
    writer.write(rows).expect("rows are written");
    writer.close().expect("the file is closed");
}

/// Every command over the desk's inputs, each with the folder that it writes; all paths are whole.
fn commands(desk: &Desk) -> Vec<(String, &'static str)> {
    let at = desk.folder().display();
    let with = format!("{at}/made/ledger.parquet --roster {at}/made/roster.parquet --policy weihai-2023");
    let project = format!("project {with} --scenarios {at}/scenarios.toml --bootstrap 30 --seed 4");
    vec![
        ("generate --policy jincheng-2023 --persons 100 --year 2024 --errors all:0.2".into(), "generated"),
        (format!("settle {with} --orders"), "settled"),
        (format!("settle {at}/carrying.parquet --policy weihai-2023"), "carried"),
        (project, "projected"),
        (format!("reconcile {at}/settled"), "reconciled"),
    ]
}

#[test]
fn neither_environment_nor_folder_change_a_byte() {
    let desk = desk();
    let at = desk.folder().display();
    let lines = commands(&desk);
    let told = [format!("verify {at}/settled"), "policy show jincheng-2023".to_owned(), "policy list".to_owned()];
    let mut first: Vec<BTreeMap<String, Vec<u8>>> = Vec::new();
    for (line, out) in &lines {
        succeeds(&format!("{line} --out {at}/{out}"));
        first.push(contents(&desk.path(out)));
    }
    let said = |folder: &Path, world: &[(&str, Option<&str>)]| -> Vec<String> {
        let run = |line: &str| {
            // What is said goes by the locale, unless a language is named.
            let outcome = typed_amid(folder, world, &format!("{line} --lang en"));
            assert_eq!(outcome.code, Some(0), "{world:?} {line}\n{}", outcome.stderr);
            outcome.stdout + &outcome.stderr
        };
        let again = lines.iter().map(|(line, out)| {
            std::fs::remove_dir_all(desk.path(out)).expect("an output folder");
            run(&format!("{line} --out {at}/{out}"))
        });
        again.chain(told.iter().map(|line| run(line))).collect()
    };
    let plain = said(desk.folder(), &[]);
    for world in WORLDS {
        let elsewhere = tempfile::tempdir().expect("another folder");
        let here = said(elsewhere.path(), world);
        for (one, other) in plain.iter().zip(&here) {
            assert_eq!(one, other, "{world:?}");
        }
        for ((_, out), expected) in lines.iter().zip(&first) {
            same(expected, &contents(&desk.path(out)), &format!("{out} amid {world:?}"));
        }
        assert!(names_in(elsewhere.path()).is_empty(), "nothing is left in the folder");
    }
}

/// Whoever may read the files, they hold the same.
#[cfg(unix)]
#[test]
fn the_umask_does_not_change_a_byte() {
    let desk = desk();
    let at = desk.folder().display().to_string();
    for (line, out) in commands(&desk) {
        succeeds(&format!("{line} --out {at}/{out} --quiet"));
        let expected = contents(&desk.path(out));
        for umask in ["077", "000"] {
            let program = env!("CARGO_BIN_EXE_onestop");
            std::fs::remove_dir_all(desk.path(out)).expect("an output folder");
            let line = format!("umask {umask} && exec {program} {line} --out {at}/{out} --quiet 2>/dev/null");
            let ended = std::process::Command::new("sh").args(["-c", &line]).status().expect("a shell");
            assert!(ended.success(), "{line}");
            same(&expected, &contents(&desk.path(out)), &format!("{out} under umask {umask}"));
        }
    }
}

/// What a command writes, but for what it says of its inputs.
fn findings(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = contents(folder);
    let manifest = found.get_mut("manifest.json").expect("a manifest");
    let mut read: serde_json::Value = serde_json::from_slice(manifest).expect("JSON");
    for of_inputs in ["inputs", "run", "settled"] {
        if let Some(said) = read.get_mut(of_inputs) {
            said.take();
        }
    }
    *manifest = read.to_string().into_bytes();
    found
}

#[test]
fn neither_row_groups_nor_their_number_change_a_byte() {
    let desk = desk();
    let [whole, carrying] = ["made/ledger.parquet", "carrying.parquet"].map(|name| batch(&desk.path(name)));
    let mut first: Option<Vec<BTreeMap<String, Vec<u8>>>> = None;
    for (group, how) in
        [(usize::MAX, ""), (1_000, "--threads 7 --memory 512M"), (7, "--memory 16M"), (1, "--threads 1")]
    {
        lay(&desk.path("made/ledger.parquet"), &whole, group);
        lay(&desk.path("carrying.parquet"), &carrying, group);
        let run = |(line, out): (String, &str)| {
            succeeds(&format!("{line} --out {} --quiet --force {how}", desk.typed(out)));
            findings(&desk.path(out))
        };
        let lines = commands(&desk).into_iter().filter(|(line, _)| !line.starts_with("generate"));
        let found: Vec<_> = lines.map(run).collect();
        let first = first.get_or_insert_with(|| found.clone());
        for (one, other) in first.iter().zip(&found) {
            same(one, other, &format!("row groups of {group}"));
        }
    }
}

/// A generated ledger hangs on nothing but the policy, its size and the seed.
#[test]
fn what_is_generated_is_the_same_for_all() {
    let [one, other] = [(); 2].map(|()| generated("erenhot-2023", 50, 2024, 8));
    same(&contents(&one.path("made")), &contents(&other.path("made")), "erenhot-2023");
}
