//! What fuzzing found, and small damages of sound files, once more on every run of the tests.
//!
//! `tests/fuzz` holds the fuzzer's targets, what is done with the bytes and the seeds; this file replays what is
//! kept there and a fixed number of mutations, the same on every run.

#[path = "fuzz/bodies.rs"]
mod bodies;
#[path = "fuzz/seeds.rs"]
mod seeds;

use bodies::{Chance, damaged, footer_of, with_footer};
use std::alloc::System;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Ends the tests where far more is asked for than files of a few kilobytes can need.
#[global_allocator]
static ALLOCATOR: cap::Cap<System> = cap::Cap::new(System, 1 << 30);

/// What is kept for a target: names and bytes.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = corpus(target);
    let mut kept: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file of the corpus")))
        .collect();
    kept.sort();
    kept
}

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

#[test]
#[ignore = "writes the seeds of ledgers anew"]
fn write_the_seeds() {
    std::fs::create_dir_all(corpus("ledger")).unwrap();
    for (name, bytes) in seeds::all() {
        std::fs::write(corpus("ledger").join(name).with_extension("parquet"), bytes).unwrap();
    }
}

/// Runs a body on everything that is kept for a target, and on so many mutations of it and of other seeds.
fn holds(target: &str, others: &[&str], mutations: usize, body: impl Fn(&[u8])) {
    let mut seeds = kept(target);
    seeds.extend(others.iter().map(|path| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        (path.display().to_string(), std::fs::read(&path).expect("a seed"))
    }));
    let try_out = |bytes: &[u8], what: &dyn Fn() -> String| {
        if catch_unwind(AssertUnwindSafe(|| body(bytes))).is_err() {
            let kept = std::env::temp_dir().join(format!("onestop-corpus-{target}"));
            std::fs::write(&kept, bytes).expect("the bytes are kept");
            panic!("{}; the bytes lie in {}", what(), kept.display());
        }
    };
    for (name, bytes) in &seeds {
        try_out(bytes, &|| name.clone());
    }
    seeds.retain(|(_, bytes)| !bytes.is_empty());
    let mut chance = Chance::new(20_230_101);
    for number in 0..mutations {
        let [seed, other] = [(); 2].map(|()| chance.below(seeds.len()));
        let (name, seed) = &seeds[seed];
        let bytes = mutated(target, seed, &seeds[other].1, &mut chance);
        try_out(&bytes, &|| format!("mutation {number}, of {name}"));
    }
}

/// A mutation; of a Parquet file mostly of its footer alone or of its pages alone, so that it still opens.
fn mutated(target: &str, seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    match footer_of(seed).filter(|at| target == "ledger" && *at > 0 && chance.below(8) > 0) {
        None => damaged(seed, other, chance),
        Some(at) if chance.below(2) == 0 => {
            with_footer(&seed[..at], &damaged(&seed[at..seed.len() - 8], other, chance))
        }
        Some(at) => {
            let mut pages = damaged(&seed[..at], other, chance);
            pages.resize(at, 0);
            pages.extend_from_slice(&seed[at..]);
            pages
        }
    }
}

#[test]
fn the_seeds_are_sound() {
    for (name, bytes) in seeds::all() {
        assert!(bodies::ledger(&bytes), "{name}");
    }
}

#[test]
fn any_bytes_are_a_ledger_or_an_error() {
    quietly();
    holds("ledger", &[], 8_000, |bytes| {
        bodies::ledger(bytes);
    });
}

#[test]
fn any_byte_of_a_ledger_may_be_wrong_and_any_number_of_them_missing() {
    quietly();
    for name in ["plain.parquet", "snappy.parquet"] {
        let sound = std::fs::read(corpus("ledger").join(name)).expect("a seed");
        for at in 0..sound.len() {
            bodies::ledger(&sound[..at]);
            for turned in [sound[at] ^ 1, sound[at] ^ 0x80, 0xff] {
                let mut bytes = sound.clone();
                bytes[at] = turned;
                bodies::ledger(&bytes);
            }
        }
    }
}

#[test]
fn any_text_is_a_policy_or_an_error() {
    let shipped = ["weihai-2023", "weihai-etdz-2017", "erenhot-2023", "jincheng-2023"];
    let paths = shipped.map(|id| format!("data/policies/{id}.toml"));
    holds("policy", &paths.each_ref().map(String::as_str), 20_000, bodies::policy);
}

#[test]
fn any_text_is_a_parameters_file_or_an_error() {
    holds("parameters", &["data/parameters.toml", "tests/laws/odd-parameters.toml"], 10_000, bodies::parameters);
}

#[test]
fn any_text_is_a_scenarios_file_or_an_error() {
    let paths = ["data/scenarios/sample.toml", "data/scenarios/example.toml"];
    holds("scenarios", &paths, 2_000, bodies::scenarios);
}

#[test]
fn any_person_is_settled_to_the_fen() {
    holds("kernel", &[], 20_000, bodies::kernel);
}

/// The panics that the library catches are not shown, as the program does not show them.
fn quietly() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !onestop::ledger::open::is_guarded() {
            shown(panic);
        }
    }));
}
