//! The README's own examples hold: its policy form and parameters form are read and applied as printed.

use onestop::policy::Policy;
use onestop::policy::check::check_with;
use onestop::policy::compile::{Needs, compile};
use onestop::policy::parameters::Parameters;

const README: &str = include_str!("../README.md");

fn toml_blocks() -> Vec<&'static str> {
    README.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_printed_form_of_a_policy_can_be_applied_with_the_printed_parameters() {
    let [policy, values] = toml_blocks()[..] else { panic!("the README prints one policy and one parameters file") };
    let policy = Policy::parse("README", policy, "README").unwrap();
    let mut parameters = Parameters::shipped().unwrap();
    parameters.lay("README", values).unwrap();
    let findings = check_with(&policy.doc, &parameters, &[2024]);
    assert_eq!(findings, []);
    let compiled = compile(&policy.doc, &parameters, &[2024], Needs { subsidies: true }).unwrap();
    assert_eq!(compiled.tables.years[0].ma.schedules.len(), 3);
}

#[test]
fn every_shipped_policy_and_option_is_named() {
    for (id, _) in onestop::policy::SHIPPED {
        assert!(README.contains(id), "{id}");
    }
    for option in [
        "--params",
        "--codes",
        "--column",
        "--recorded-maf",
        "--year",
        "--as-if",
        "--audit",
        "--strict",
        "--orders",
        "--paid",
        "--errors",
        "--findings",
        "--scenarios",
        "--init",
        "--bootstrap",
        "--seed",
        "--solve",
        "--budget",
        "--fund",
        "--within",
        "--step",
        "--as-known",
        "--as-of",
    ] {
        assert!(README.contains(option), "{option}");
    }
}

/// Every line that the README prints of a command's output, but for "…".
fn printed(nth: usize) -> impl Iterator<Item = &'static str> {
    let block = README.split("```text\n").nth(nth).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    block.lines().map(str::trim_end).filter(|l| !l.is_empty() && l.trim() != "…")
}

#[test]
fn the_outputs_are_printed_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let program = env!("CARGO_BIN_EXE_onestop");
        let done = std::process::Command::new(program)
            .env("LC_ALL", "C")
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let summary = run(&["settle", "--sample"]);
    let story = run(&["explain", "sample-settlement", "P000001375", "--lang", "en"]);
    let checks = run(&["verify", "sample-settlement"]);
    let planted = ["--persons", "3000", "--year", "2024", "--errors", "all:0.05", "--out", "made", "--quiet"];
    run(&[&["generate", "--policy", "weihai-2023"][..], &planted].concat());
    let inputs = ["settle", "made/ledger.parquet", "--roster", "made/roster.parquet", "--policy", "weihai-2023"];
    run(&[&inputs[..], &["--out", "run", "--quiet"]].concat());
    run(&["reconcile", "run", "--out", "audit", "--quiet"]);
    let findings = run(&["explain", "run", "P000000814", "--findings", "audit", "--lang", "en"]);
    let projection = run(&["project", "--sample"]);
    for (nth, least, text) in [(1, 5, summary), (2, 5, story), (3, 5, checks), (4, 4, findings), (5, 6, projection)] {
        assert!(printed(nth).count() >= least);
        for line in printed(nth) {
            assert!(text.lines().any(|l| l.trim_end() == line), "not printed any more: {line}");
        }
    }
}
