//! Runs that are told to stop, that meet another in the same place, or that nobody listens to any more.

use crate::desk::{Desk, generated, names_in, succeeds};
use crate::support::program;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A stop takes no longer than this.
const AT_MOST: Duration = Duration::from_secs(2);

/// Starts a command that writes into `out` of a place of its own, and waits until it has begun to.
fn begun(desk: &Desk, line: &str) -> (Child, PathBuf) {
    let place = desk.path("place");
    let _ = std::fs::create_dir(&place);
    // Whoever runs the tests in the background may have them ignore signals.
    let mut command = Command::new("env");
    command.env("LC_ALL", "C").args(["--default-signal=INT,HUP,TERM", env!("CARGO_BIN_EXE_onestop")]);
    let command = command.args(line.split_whitespace()).arg("--out").arg(place.join("out"));
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let start = Instant::now();
    // A folder that is being filled is hidden; `generate` adds files to one that is not.
    let has_begun = |place: &Path| names_in(place).iter().any(|name| name == ".out.onestop-partial" || name == "out");
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

/// The same, held still some time after it had begun; a run that ended before is started again.
fn held(desk: &Desk, line: &str, wait: Duration) -> (Child, PathBuf) {
    let mut wait = wait;
    for _ in 0..20 {
        let (mut run, place) = begun(desk, line);
        std::thread::sleep(wait);
        send("-STOP", &run);
        let still = names_in(&place).iter().any(|name| name == ".out.onestop-partial" || name == ".out.onestop-lock");
        if still && run.try_wait().unwrap().is_none() {
            return (run, place);
        }
        send("-CONT", &run);
        run.wait().unwrap();
        std::fs::remove_dir_all(&place).unwrap();
        wait /= 2;
    }
    panic!("{line} is always done before it can be held");
}

/// A command stops at once when told so, says so, and leaves nothing.
fn stops(desk: &Desk, line: &str) {
    for (signal, name, code) in [("-INT", "SIGINT, Ctrl-C", 130), ("-TERM", "SIGTERM", 143), ("-HUP", "SIGHUP", 129)] {
        let mut waits = vec![0, 0, 0, 0, 0, 0, 40];
        let mut seen = 0;
        while let Some(wait) = waits.pop().filter(|_| seen < 2) {
            let (run, place) = held(desk, line, Duration::from_millis(wait));
            send(signal, &run);
            let told = Instant::now();
            send("-CONT", &run);
            let ended = run.wait_with_output().unwrap();
            let took = told.elapsed();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            let what = format!("{line}, {signal} after {wait} ms");
            if said.contains("after it had published") || ended.status.success() {
                // Held in the moment before.
                assert!(took < AT_MOST, "{what}: it took {took:?}");
                std::fs::remove_dir_all(&place).unwrap();
                continue;
            }
            seen += 1;
            assert_eq!(ended.status.code(), Some(code), "{what}: {said}");
            assert_eq!(said, format!("error: stopped ({name}); nothing was published\n  run it again\n"), "{what}");
            assert!(took < AT_MOST, "{what}: it took {took:?}");
            assert!(names_in(&place).is_empty(), "{what}: it left {:?}", names_in(&place));
        }
        assert!(seen > 0, "{line}, {signal}: always published before it stopped");
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
    let mut stopped = 0;
    // Now while it settles again, now while it compares.
    for wait in [0, 50, 100, 200, 300, 400, 600, 800] {
        let mut command = program::command();
        let run = command.args(["verify", &settled, "--ledger"]).arg(desk.path("made/ledger.parquet"));
        let run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let start = Instant::now();
        while !desk.names().iter().any(|name| name.ends_with(".onestop-partial")) {
            assert!(start.elapsed() < Duration::from_secs(60), "it never settled again");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(wait));
        let told = Instant::now();
        let _ = Command::new("kill").args(["-TERM", &run.id().to_string()]).status();
        let ended = run.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(desk.names(), before, "{said}");
        if ended.status.code() == Some(143) {
            assert_eq!(said, "error: stopped (SIGTERM); nothing was published\n  run it again\n");
            assert!(told.elapsed() < AT_MOST, "after {wait} ms");
            stopped += 1;
        } else {
            assert!(ended.status.success(), "it was done before it was told to stop: {said}");
        }
    }
    assert!(stopped > 0);
}

#[test]
fn a_signal_that_is_to_be_ignored_is_ignored() {
    let desk = generated("weihai-2023", 20_000, 2023, 3);
    let made = desk.typed("made");
    let line = format!("settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --quiet");
    let script = format!("trap '' INT HUP; exec {} {line} --out {}", env!("CARGO_BIN_EXE_onestop"), desk.typed("out"));
    let run = Command::new("sh").env("LC_ALL", "C").args(["-c", &script]).spawn().expect("a shell");
    let start = Instant::now();
    while !desk.names().iter().any(|name| name == ".out.onestop-partial") {
        assert!(start.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    for signal in ["-INT", "-HUP"] {
        // It may be done already.
        let _ = Command::new("kill").args([signal, &run.id().to_string()]).stderr(Stdio::null()).status();
    }
    assert!(run.wait_with_output().unwrap().status.success());
    succeeds(&format!("verify {} --quiet", desk.typed("out")));
}

#[test]
fn a_second_run_into_the_same_place_is_refused_and_the_first_goes_on() {
    let (desk, inputs) = long();
    let (first, place) = held(&desk, &format!("settle {inputs}"), Duration::ZERO);
    let out = place.join("out");
    let line = format!("settle {inputs} --force --out {}", out.display());
    let second = crate::desk::typed_line(&line);
    let what = format!("error: {}: another run is writing there\n", out.display());
    let remedy = "  wait for it to end, or choose another --out\n";
    assert_eq!((second.code, second.stderr), (Some(1), format!("{what}{remedy}")));
    send("-CONT", &first);
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
        let mut command = program::command();
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
            let ended = Command::new("bash").env("LC_ALL", "C").args(["-c", &script]).output().expect("a shell");
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
    let ended = Command::new("bash").env("LC_ALL", "C").args(["-c", &script]).output().expect("a shell");
    assert_eq!(ended.status.code(), Some(1));
}
