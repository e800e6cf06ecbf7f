//! Runs that are told to stop, that meet another in the same place, or that nobody listens to any more.

use crate::desk::{Desk, generated, names_in, succeeds};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A stop takes no longer than this.
const AT_MOST: Duration = Duration::from_secs(2);

/// Starts a command that writes into `out` of a place of its own, and waits until it has begun to.
fn begun(desk: &Desk, line: &str) -> (Child, PathBuf) {
    let place = desk.path("place");
    let _ = std::fs::create_dir(&place);
    let mut command = Command::new(env!("CARGO_BIN_EXE_onestop"));
    let command = command.args(line.split_whitespace()).arg("--out").arg(place.join("out"));
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let start = Instant::now();
    // A folder that is being filled is hidden; `generate` adds files to one that is not.
    let has_begun = |place: &Path| names_in(place).iter().any(|name| name == ".out.partial" || name == "out");
    while !has_begun(&place) {
        assert!(start.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    (run, place)
}

fn send(signal: &str, run: &Child) {
    let sent = Command::new("kill").args([signal, &run.id().to_string()]).status().expect("the command `kill`");
    assert!(sent.success());
}

/// A command stops at once when told so, says so, and leaves nothing.
fn stops(desk: &Desk, line: &str) {
    for (signal, name, code) in [("-INT", "SIGINT, Ctrl-C", 130), ("-TERM", "SIGTERM", 143)] {
        for wait in [0, 40] {
            let (run, place) = begun(desk, line);
            std::thread::sleep(Duration::from_millis(wait));
            let told = Instant::now();
            send(signal, &run);
            let ended = run.wait_with_output().unwrap();
            let took = told.elapsed();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            let what = format!("{line}, {signal} after {wait} ms");
            assert_eq!(ended.status.code(), Some(code), "{what}: {said}");
            assert_eq!(said, format!("error: stopped ({name}); nothing was published\n  run it again\n"), "{what}");
            assert!(took < AT_MOST, "{what}: it took {took:?}");
            assert!(names_in(&place).is_empty(), "{what}: it left {:?}", names_in(&place));
        }
    }
}

/// A ledger that takes some seconds to settle.
fn long() -> (Desk, String) {
    let desk = generated("weihai-2023", 60_000, 2023, 3);
    let made = desk.typed("made");
    let line = format!("{made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --quiet");
    (desk, line)
}

#[test]
fn every_command_that_writes_stops_when_it_is_told_to() {
    let (desk, inputs) = long();
    stops(&desk, &format!("settle {inputs}"));
    stops(&desk, &format!("settle {inputs} --orders --memory 1M"));
    let scenarios = desk.text("s.toml", "[[scenario]]\nid = \"more\"\nset = { \"ma.A.ratio\" = \"0.9\" }\n");
    stops(&desk, &format!("project {inputs} --scenarios {} --bootstrap 200", scenarios.display()));
    let settled = desk.typed("settled");
    succeeds(&format!("settle {inputs} --audit none --out {settled}"));
    stops(&desk, &format!("reconcile {settled} --quiet"));
    stops(&desk, "generate --policy weihai-2023 --persons 60000 --year 2023 --quiet");
    stops(&desk, "generate --policy weihai-2023 --persons 60000 --year 2023 --errors all:0.02 --quiet");
}

#[test]
fn a_verification_stops_when_it_is_told_to_and_leaves_the_folder_alone() {
    let (desk, inputs) = long();
    let settled = desk.typed("settled");
    succeeds(&format!("settle {inputs} --out {settled}"));
    let before = desk.names();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onestop"));
    let run = command.args(["verify", &settled, "--ledger"]).arg(desk.path("made/ledger.parquet"));
    let run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let start = Instant::now();
    while !desk.names().iter().any(|name| name.ends_with(".partial")) {
        assert!(start.elapsed() < Duration::from_secs(60), "it never settled again");
    }
    let told = Instant::now();
    send("-TERM", &run);
    let ended = run.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(143), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(told.elapsed() < AT_MOST);
    assert_eq!(desk.names(), before);
}

#[test]
fn a_second_run_into_the_same_place_is_refused_and_the_first_goes_on() {
    let (desk, inputs) = long();
    let (first, place) = begun(&desk, &format!("settle {inputs}"));
    let out = place.join("out");
    let line = format!("settle {inputs} --force --out {}", out.display());
    let second = crate::desk::typed_line(&line);
    let what = format!("error: {}: another run is writing there\n", out.display());
    let remedy = "  wait for it to end, or choose another --out\n";
    assert_eq!((second.code, second.stderr), (Some(1), format!("{what}{remedy}")));
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    succeeds(&format!("verify {} --quiet", out.display()));
    succeeds(&line);
    assert_eq!(names_in(&place), ["out"]);
}

#[test]
fn several_may_verify_one_folder_at_a_time() {
    let desk = generated("weihai-2023", 8_000, 2023, 3);
    desk.settle_made("weihai-2023", "settled", "");
    let verify = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onestop"));
        let command =
            command.arg("verify").arg(desk.path("settled")).arg("--ledger").arg(desk.path("made/ledger.parquet"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    for run in [verify(), verify(), verify()] {
        let ended = run.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    assert_eq!(desk.names(), ["made", "settled"]);
}

#[test]
fn where_nothing_can_be_said_the_result_is_there_all_the_same() {
    let desk = generated("weihai-2023", 300, 2023, 4);
    let made = desk.typed("made");
    let inputs = format!("{made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --out");
    desk.settle_made("weihai-2023", "quiet", "");
    let scenarios = desk.text("s.toml", "[[scenario]]\nid = \"more\"\nset = { \"ma.A.ratio\" = \"0.9\" }\n");
    let settled = desk.typed("quiet");
    let program = env!("CARGO_BIN_EXE_onestop");
    for silence in [
        ">/dev/full",
        "2>/dev/full",
        ">/dev/full 2>/dev/full",
        ">&- 2>&-",
        "2>&1 | true",
        "--json | head -c 10",
        "--json >/dev/full",
    ] {
        for (number, line) in [
            format!("settle {inputs}"),
            format!("project --scenarios {} {inputs}", scenarios.display()),
            format!("reconcile {settled} --out"),
        ]
        .iter()
        .enumerate()
        {
            let out = desk.path(&format!("out-{number}"));
            let script = format!("set -o pipefail; {program} {line} {} {silence}", out.display());
            let ended = Command::new("bash").args(["-c", &script]).output().expect("a shell");
            assert_eq!(ended.status.code(), Some(0), "{script}: {}", String::from_utf8_lossy(&ended.stderr));
            assert!(out.join("manifest.json").exists(), "{script}");
            if number == 0 {
                succeeds(&format!("verify {} --quiet", out.display()));
            }
            std::fs::remove_dir_all(out).unwrap();
        }
    }
    // What a command prints is all that it gives: there a full disk is told.
    let script = format!("{program} explain {settled} P000000001 >/dev/full");
    let ended = Command::new("bash").args(["-c", &script]).output().expect("a shell");
    assert_eq!(ended.status.code(), Some(1));
}
