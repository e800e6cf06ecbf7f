//! All or nothing: whatever call of the system fails, and whenever the program is killed, the output folder
//! is absent, or the run that was to be replaced, or the whole new run; and the next run clears up.

use crate::desk::{Desk, generated, names_in, succeeds};
use crate::support::program::{self, Outcome};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Bytes of the files in a folder, by name.
type Bytes = BTreeMap<String, Vec<u8>>;

fn bytes_of(folder: &Path) -> Option<Bytes> {
    folder.exists().then(|| {
        let read = |name: &String| std::fs::read(folder.join(name)).expect("a file");
        names_in(folder).into_iter().map(|name| (name.clone(), read(&name))).collect()
    })
}

/// The library of `faults.c`, built once.
fn faults() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("faults.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/faults.c");
        let mut build = Command::new("cc");
        build.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
        let built = build.output().expect("a C compiler, which Rust links with, too");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (folder, library)
    });
    library
}

/// A command that writes into a folder, and what it writes there.
struct Job {
    /// What is typed, but for `--out`.
    line: String,
    out: PathBuf,
    /// What is there before, if anything.
    old: Option<Bytes>,
    new: Bytes,
    /// What lies beside the output.
    beside: Vec<String>,
}

impl Job {
    /// Runs `line` into `out` on the desk, over the output of `before` where that is given.
    fn new(desk: &Desk, line: &str, before: Option<&str>) -> Self {
        let out = desk.make_folder("place").join("out");
        let write = |line: &str| {
            succeeds(&format!("{line} --quiet --out {}", out.display()));
            let written = bytes_of(&out).expect("an output");
            let manifest: serde_json::Value = serde_json::from_slice(&written["manifest.json"]).expect("JSON");
            let stated = manifest["outputs"].as_object().expect("outputs").keys();
            let found = written.keys().filter(|name| *name != "manifest.json");
            assert!(stated.eq(found), "what lies in the folder is what the manifest states: {:?}", written.keys());
            std::fs::remove_dir_all(&out).unwrap();
            written
        };
        let (new, old) = (write(line), before.map(write));
        assert_ne!(old.as_ref(), Some(&new), "the old run must be told from the new one");
        let force = if before.is_some() { "--force" } else { "" };
        let line = format!("{line} {force} --quiet");
        Self { line, out, old, new, beside: vec!["out".to_owned()] }
    }

    fn place(&self) -> &Path {
        self.out.parent().expect("a place")
    }

    /// Puts what was there before in its place, and nothing else.
    fn reset(&self) {
        for name in names_in(self.place()) {
            std::fs::remove_dir_all(self.place().join(&name))
                .or_else(|_| std::fs::remove_file(self.place().join(&name)))
                .unwrap();
        }
        if let Some(old) = &self.old {
            std::fs::create_dir(&self.out).unwrap();
            old.iter().for_each(|(name, bytes)| std::fs::write(self.out.join(name), bytes).unwrap());
        }
    }

    fn command(&self) -> Command {
        let mut command = program::command();
        command.args(self.line.split_whitespace()).arg("--out").arg(&self.out);
        command
    }

    /// The program with a fault; how many calls it came to, where it ended by itself.
    fn faulty(&self, how: &str, at: usize) -> (Outcome, Option<i32>, usize) {
        let count = tempfile::NamedTempFile::new().unwrap();
        let mut command = self.command();
        let command = command.env("LD_PRELOAD", faults()).env("FAULT_HOW", how).env("FAULT_AT", at.to_string());
        let Output { status, stdout, stderr } = command.env("FAULT_COUNT", count.path()).output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let calls = std::fs::read_to_string(count.path()).unwrap().parse().unwrap_or(0);
        (Outcome { code: status.code(), stdout: text(stdout), stderr: text(stderr) }, status.signal(), calls)
    }

    /// Nothing half-written stands in the output's place.
    fn whole(&self, what: &str) -> bool {
        let found = bytes_of(&self.out);
        let is_new = found.as_ref() == Some(&self.new);
        assert!(
            is_new || found == self.old,
            "{what}: neither the old output nor the new: {:?}",
            found.map(|f| f.into_keys().collect::<Vec<_>>())
        );
        is_new
    }

    /// The next run, without faults, succeeds and leaves nothing beside its output.
    fn next(&self, what: &str) {
        if self.old.is_none() && self.out.exists() {
            std::fs::remove_dir_all(&self.out).unwrap();
        }
        let output = self.command().output().expect("it starts");
        assert!(output.status.success(), "{what}: the next run: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(bytes_of(&self.out).as_ref(), Some(&self.new), "{what}: the next run");
        assert_eq!(names_in(self.place()), self.beside, "{what}: beside the next run's output");
    }
}

/// Every call in turn fails in this way; how many runs that were.
fn every_call(job: &Job, how: &str) -> usize {
    job.reset();
    let (outcome, _, calls) = job.faulty("none", 0);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(job.whole("without faults"));
    assert!(calls > 15, "only {calls} calls were seen");
    let mut ended = [0; 3];
    // Workers may come in another order, and with it a few calls more.
    for at in 1..=calls + 2 {
        let what = format!("{how} at call {at} of {calls}");
        job.reset();
        let (outcome, signal, _) = job.faulty(how, at);
        let is_new = job.whole(&what);
        match (outcome.code, signal) {
            (Some(0), None) => {
                assert!(is_new, "{what}: done, and nothing there");
                ended[0] += 1;
            }
            (Some(1), None) => {
                assert!(outcome.stderr.starts_with("error: "), "{what}: {}", outcome.stderr);
                assert!(outcome.stderr.lines().count() > 1, "{what}: {}", outcome.stderr);
                assert!(!outcome.stderr.contains("panicked"), "{what}: {}", outcome.stderr);
                assert!(!is_new, "{what}: failed, and yet published: {}", outcome.stderr);
                ended[1] += 1;
            }
            (None, Some(9)) => ended[2] += 1,
            other => panic!("{what}: ended with {other:?}: {}", outcome.stderr),
        }
        if how == "full" {
            let beside: &[String] = if is_new || job.old.is_some() { &job.beside } else { &[] };
            assert_eq!(names_in(job.place()), beside, "{what}: something was left");
        }
        job.next(&what);
    }
    let [done, failed, killed] = ended;
    match how {
        "kill" | "torn" => assert!(killed >= calls - 2, "{how}: {ended:?} of {calls}"),
        // What cannot be removed in the end is no failure: the lock, the run that was replaced.
        _ => {
            let removed = 4 + job.old.as_ref().map_or(0, |old| old.len() + 1);
            assert!(failed + removed >= calls, "{how}: {ended:?} of {calls}");
        }
    }
    assert!(done >= 1, "{how}: the last ones come after the end; {ended:?}");
    calls + 2
}

/// The same in several ways.
fn every_call_in(job: &Job, ways: [&str; 2]) {
    let runs: usize = ways.iter().map(|how| every_call(job, how)).sum();
    println!("{runs} runs with a fault");
}

/// A settle run whose rows wait on disk.
fn settling() -> (Desk, String) {
    let desk = generated("weihai-2023", 150, 2023, 5);
    let made = desk.typed("made");
    let line = format!(
        "settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --memory 1K --threads 2"
    );
    (desk, line)
}

#[test]
fn a_first_run_is_all_or_nothing_whatever_call_fails() {
    let (desk, line) = settling();
    let job = Job::new(&desk, &line, None);
    every_call_in(&job, ["error", "full"]);
}

#[test]
fn a_first_run_is_all_or_nothing_whenever_it_is_killed() {
    let (desk, line) = settling();
    let job = Job::new(&desk, &line, None);
    every_call_in(&job, ["kill", "torn"]);
}

#[test]
fn a_run_that_is_replaced_is_there_until_the_new_one_is_whatever_call_fails() {
    let (desk, line) = settling();
    let job = Job::new(&desk, &line, Some(&format!("{line} --audit none")));
    every_call_in(&job, ["error", "full"]);
}

#[test]
fn a_run_that_is_replaced_is_there_until_the_new_one_is_whenever_it_is_killed() {
    let (desk, line) = settling();
    let job = Job::new(&desk, &line, Some(&format!("{line} --audit none")));
    every_call_in(&job, ["kill", "torn"]);
}

#[test]
fn a_projection_is_all_or_nothing() {
    let (desk, line) = settling();
    let scenarios = desk.text("s.toml", "[[scenario]]\nid = \"more\"\nset = { \"ma.A.ratio\" = \"0.9\" }\n");
    let line = line.replacen("settle", "project", 1);
    let job = Job::new(&desk, &format!("{line} --scenarios {}", scenarios.display()), None);
    every_call_in(&job, ["full", "torn"]);
}

#[test]
fn a_reconciliation_is_all_or_nothing() {
    let (desk, line) = settling();
    let settled = desk.typed("settled");
    succeeds(&format!("{line} --quiet --out {settled}"));
    let job = Job::new(&desk, &format!("reconcile {settled} --memory 1K --threads 2"), None);
    every_call_in(&job, ["full", "torn"]);
}

#[test]
fn an_imported_ledger_is_all_or_nothing() {
    let desk = Desk::new();
    let rows = "1;1;2023-05-06;390;21;9;8;7\n2;2;2023-05-06;390;21;9.999;8;7\n".repeat(400);
    let heads = "psn_no;setl_id;setl_time;insutype;med_type;medfee_sumamt;inscp_scp_amt;hifp_pay\n";
    let export = desk.text("export.csv", &format!("{heads}{rows}"));
    let out = desk.make_folder("place").join("ledger.parquet");
    let line = format!("import {} --force --quiet", export.display());
    let job = Job { line, out, old: None, new: Bytes::new(), beside: vec![] };
    let wholes = ["ledger.parquet", "ledger.rejects.csv"];
    let (outcome, _, calls) = job.faulty("none", 0);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let new = bytes_of(job.place()).unwrap();
    assert!(new.keys().eq(&wholes) && calls > 8, "{:?}, {calls} calls", new.keys());
    for old in [false, true] {
        for (how, at) in
            ["error", "full", "kill", "torn"].into_iter().flat_map(|how| (1..=calls + 1).map(move |at| (how, at)))
        {
            let what = format!("{how} at call {at} of {calls}");
            job.reset();
            if old {
                wholes.iter().for_each(|name| std::fs::write(job.place().join(name), "of before").unwrap());
            }
            let (outcome, signal, _) = job.faulty(how, at);
            assert!(!outcome.stderr.contains("panicked"), "{what}: {}", outcome.stderr);
            let found = bytes_of(job.place()).unwrap();
            for name in wholes {
                match found.get(name) {
                    Some(bytes) if *bytes == new[name] => {}
                    Some(bytes) => assert!(old && bytes == b"of before", "{what}: half of {name}"),
                    None => assert!(!old, "{what}: {name} is gone"),
                }
            }
            match (outcome.code, signal) {
                (Some(0), None) => assert!(found.get(wholes[0]) == new.get(wholes[0]), "{what}: done, and not there"),
                (Some(1), None) => {
                    assert!(outcome.stderr.lines().count() > 1, "{what}: {}", outcome.stderr);
                    assert!(
                        how != "full" || found.keys().all(|name| wholes.contains(&&**name)),
                        "{what}: {:?}",
                        found.keys()
                    );
                }
                (None, Some(9)) => {}
                other => panic!("{what}: ended with {other:?}: {}", outcome.stderr),
            }
            assert!(job.command().status().expect("it starts").success(), "{what}: the next import");
            assert!(bytes_of(job.place()).unwrap() == new, "{what}: the next import");
        }
    }
}

#[test]
fn every_file_is_synced_before_the_folder_stands_in_its_place_and_the_place_after_that() {
    let (desk, line) = settling();
    let job = Job::new(&desk, &line, None);
    job.reset();
    let trace = desk.path("trace");
    let mut command = job.command();
    let run = command.env("LD_PRELOAD", faults()).env("FAULT_TRACE", &trace).output().expect("it starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let trace = std::fs::read_to_string(trace).unwrap();
    let calls: Vec<(&str, &str)> = trace.lines().filter_map(|line| line.split_once(' ')).collect();
    let at = |what: &str, path: &str| calls.iter().position(|call| *call == (what, path));
    let [place, out] = [job.place(), &job.out].map(|path| path.display().to_string());
    let renamed = at("rename", &out).expect("the folder is put in its place");
    let partial = format!("{place}/.out.onestop-partial");
    let synced = at("sync", &partial).expect("the folder is synced");
    let mut files = 0;
    for (_, file) in calls.iter().filter(|(what, path)| *what == "make" && path.starts_with(&partial)) {
        // Rows that wait have no name any more, and nobody needs them after the run.
        if at("unlink", file).is_none() {
            assert!(at("sync", file).is_some_and(|at| at < synced), "{file} is not synced before its folder\n{trace}");
            files += 1;
        }
    }
    assert_eq!(files, job.new.len(), "{trace}");
    assert!(synced < renamed, "{trace}");
    assert!(calls[renamed..].contains(&("sync", &place)), "the place is not synced\n{trace}");
}

/// Numbers that look random and are the same every time.
fn shares(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

#[test]
fn killed_at_fifty_moments_a_run_leaves_the_old_output_or_the_new_one() {
    let desk = generated("weihai-2023", 6_000, 2023, 6);
    let made = desk.typed("made");
    let line = format!("settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --memory 1M");
    let job = Job::new(&desk, &line, Some(&format!("{line} --audit none")));
    job.reset();
    let start = Instant::now();
    assert!(job.command().status().unwrap().success());
    let whole = start.elapsed();
    job.reset();
    let (mut killed, mut replaced) = (0, 0);
    for (number, share) in shares(7).enumerate() {
        let mut run = job.command().stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(whole.mul_f64(share));
        run.kill().expect("a process to kill");
        killed += usize::from(run.wait().unwrap().signal() == Some(9));
        // What is left of it stands in the way of nobody: the next one is not cleared up for.
        let is_new = job.whole(&format!("kill number {number}"));
        replaced += usize::from(is_new);
        if is_new {
            job.reset();
        }
        if killed == 50 {
            break;
        }
        assert!(number < 500, "it is done before it is killed: {killed} of {number}");
    }
    println!("{killed} killed; {replaced} had published");
    job.next("after fifty kills");
}

#[test]
fn a_run_that_is_cleared_up_after_is_told() {
    let desk = generated("weihai-2023", 50, 2023, 6);
    let made = desk.typed("made");
    desk.make_folder(".out.onestop-partial");
    desk.text(".out.onestop-partial/settlement.parquet", "half of it");
    let out = desk.typed("out");
    let outcome = succeeds(&format!(
        "settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --out {out}"
    ));
    let note = format!("note: removed what a run that was killed had left: {}\n", desk.typed(".out.onestop-partial"));
    assert!(outcome.stderr.contains(&note), "{}", outcome.stderr);
    assert_eq!(desk.names(), ["made", "out"]);
}

/// Runs a script of the shell in which a file system can be mounted; `None` where that is not allowed.
fn with_mounts(script: &str) -> Option<Output> {
    let may = Command::new("unshare").env("LC_ALL", "C").args(["-rm", "true"]).status().is_ok_and(|s| s.success());
    if !may {
        eprintln!("skipped: nothing can be mounted here; the faults of faults.c stand for it");
        return None;
    }
    Some(Command::new("unshare").env("LC_ALL", "C").args(["-rm", "sh", "-c", script]).output().expect("a shell"))
}

#[test]
fn on_a_disk_that_is_too_small_nothing_is_left() {
    let desk = generated("weihai-2023", 400, 2023, 8);
    let made = desk.typed("made");
    let disk = desk.make_folder("disk");
    let (mut full, mut done) = (0, 0);
    for kilobytes in (4..=640).step_by(12) {
        let script = format!(
            "mount -t tmpfs -o size={kilobytes}k none {disk} && {program} settle {made}/ledger.parquet \
             --roster {made}/roster.parquet --policy weihai-2023 --memory 1K --quiet --out {disk}/out; code=$?; ls -A {disk} {disk}/out; exit $code",
            disk = disk.display(),
            program = env!("CARGO_BIN_EXE_onestop"),
        );
        let Some(output) = with_mounts(&script) else { return };
        let [said, listed] = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        match output.status.code() {
            Some(0) => {
                assert!(listed.contains("manifest.json"), "{kilobytes} k: {listed}");
                done += 1;
            }
            Some(1) => {
                assert!(said.contains("No space left on device"), "{kilobytes} k: {said}");
                assert!(!listed.contains("out") && !listed.contains("partial"), "{kilobytes} k: {listed}");
                full += 1;
            }
            code => panic!("{kilobytes} k: {code:?} {said}"),
        }
    }
    assert!(full > 5 && done > 5, "{full} too small, {done} large enough");
}

#[test]
fn without_memory_nothing_is_published() {
    let desk = generated("weihai-2023", 3_000, 2023, 9);
    let made = desk.typed("made");
    let line = format!("settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023 --threads 2");
    let job = Job::new(&desk, &line, None);
    let (mut died, mut done) = (0, 0);
    for megabytes in (20..=300).step_by(20) {
        job.reset();
        let script = format!("ulimit -v {}; exec \"$0\" \"$@\"", megabytes * 1_024);
        let args = job.line.split_whitespace();
        let mut command = Command::new("sh");
        let command = command
            .env("LC_ALL", "C")
            .args(["-c", &script, env!("CARGO_BIN_EXE_onestop")])
            .args(args)
            .arg("--out")
            .arg(&job.out);
        let ended = command.output().expect("a shell");
        let is_new = job.whole(&format!("{megabytes} MB"));
        assert_eq!(is_new, ended.status.success(), "{megabytes} MB: {}", String::from_utf8_lossy(&ended.stderr));
        if is_new {
            done += 1
        } else {
            died += 1
        }
        job.next(&format!("after {megabytes} MB"));
    }
    assert!(died > 2 && done > 2, "{died} died, {done} had enough");
}

#[test]
fn a_folder_that_is_taken_away_under_a_run_fails_it() {
    let desk = generated("weihai-2023", 12_000, 2023, 9);
    let made = desk.typed("made");
    let line = format!("settle {made}/ledger.parquet --roster {made}/roster.parquet --policy weihai-2023");
    let job = Job::new(&desk, &line, None);
    let mut seen = 0;
    for _ in 0..20 {
        job.reset();
        let run = job.command().stderr(Stdio::piped()).spawn().expect("it starts");
        let partial = job.place().join(".out.onestop-partial");
        let start = Instant::now();
        while !partial.exists() && start.elapsed() < Duration::from_secs(20) {}
        std::thread::sleep(Duration::from_millis(5));
        let taken = std::fs::rename(&partial, desk.path("taken")).is_ok();
        let ended = run.wait_with_output().unwrap();
        let is_new = job.whole("taken away");
        assert_eq!(is_new, ended.status.success());
        if taken && !is_new {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(1), "{said}");
            assert!(said.contains("nothing was published"), "{said}");
            seen += 1;
        }
        let _ = std::fs::remove_dir_all(desk.path("taken"));
        if seen == 3 {
            break;
        }
    }
    assert!(seen > 0, "it was never taken away in time");
    job.next("after it was taken away");
}
