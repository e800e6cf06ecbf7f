//! Command lines that make no sense: exit code 2, the culprit named on stderr, and nothing done.

use crate::desk::{Desk, succeeds, typed_in, typed_line};

/// Types each line in an empty folder; all of them end with 2, name the culprit and leave nothing there.
fn misused(lines: &[(&str, &str)]) {
    for (line, culprit) in lines {
        let desk = Desk::new();
        let outcome = typed_in(desk.folder(), line);
        assert_eq!(outcome.code, Some(2), "{line}\n{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error: "), "{line}\n{}", outcome.stderr);
        assert!(outcome.stderr.contains(culprit), "{line}\nwants: {culprit}\n{}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{line}");
        assert!(desk.names().is_empty(), "{line} left {:?}", desk.names());
    }
}

#[test]
fn no_arguments_at_all_print_what_to_try_first() {
    for line in ["", "--lang zh", "--lang=en"] {
        let outcome = typed_line(line);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{line}");
        for tried in ["settle --sample", "explain sample-settlement P000001375", "import FILE"] {
            assert!(outcome.stdout.contains(&format!("  onestop {tried}")), "{}", outcome.stdout);
        }
        assert!(outcome.stdout.lines().count() <= 10, "{}", outcome.stdout);
    }
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = succeeds(&format!("completions {shell}")).stdout;
        for name in ["settle", "reconcile", "--max-rejects", "--lang"] {
            assert!(script.contains(name.trim_start_matches('-')), "{shell}: {name}");
        }
    }
    assert!(succeeds("man").stdout.contains(".SH NAME"));
    let desk = Desk::new();
    let out = desk.typed("pages");
    assert_eq!(succeeds(&format!("man --out {out}")).stdout, "");
    for page in ["onestop.1", "onestop-settle.1", "onestop-policy-check.1"] {
        assert!(std::fs::read_to_string(desk.path("pages").join(page)).unwrap().contains(".SH OPTIONS"), "{page}");
    }
    desk.text("taken", "");
    let refused = typed_line(&format!("man --out {}", desk.typed("taken")));
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.ends_with("\n  check the path, its permissions and the free space\n"), "{}", refused.stderr);
}

#[test]
fn help_and_version_are_no_mistakes() {
    for line in ["--help", "settle --help", "policy --help", "policy check --help", "--version"] {
        let outcome = typed_line(line);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{line}");
        assert!(!outcome.stdout.is_empty(), "{line}");
    }
    assert_eq!(typed_line("--version").stdout, format!("onestop {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn unknown_commands_and_options_are_named() {
    misused(&[
        ("settel", "settel"),
        ("policy burn weihai-2023", "burn"),
        ("settle l.parquet --policy weihai-2023 --out o --colour red", "--colour"),
        ("explain out P1 --clam S1", "--clam"),
    ]);
}

#[test]
fn what_a_command_needs_is_asked_for() {
    misused(&[
        ("settle l.parquet --out o", "--policy <ID|FILE>"),
        ("settle l.parquet --policy weihai-2023", "--out <DIR>"),
        ("settle --policy weihai-2023 --out o", "<LEDGER>"),
        ("settle l.parquet --policy", "--policy"),
        ("generate --persons 5 --year 2023 --out o", "--policy <ID|FILE>"),
        ("generate --policy weihai-2023 --year 2023 --out o", "--persons <N>"),
        ("generate --policy weihai-2023 --persons 5 --out o", "--year <Y>"),
        ("generate --policy weihai-2023 --persons 5 --year 2023", "--out <DIR>"),
        ("explain", "<DIR>"),
        ("explain out", "<PSN_NO>"),
        ("policy show", "<POLICY>"),
        ("policy check", "<POLICY>"),
        ("policy diff weihai-2023", "<B>"),
    ]);
    assert_eq!(typed_line("policy").code, Some(2));
}

#[test]
fn values_that_cannot_be_read_are_named() {
    let settle = |option: &str| format!("settle l.parquet --policy weihai-2023 --out o {option}");
    for (option, culprit) in [
        ("--column psn_no", "`psn_no` is not NAME=THEIRS"),
        ("--column colour=FARBE", "`colour` is no column of the ledger or the roster; known are psn_no, setl_id"),
        ("--memory 0", "`0` is out of range"),
        ("--memory M", "`M` is not a size such as 512M or 4G"),
        ("--memory 4X", "`X` is no unit of size; use K, M, G or T"),
        ("--memory 99999999999T", "`99999999999T` is out of range"),
        ("--memory 1.5G", "1.5G"),
        ("--max-rejects some", "`some` is neither a number of rows such as 100 nor a share such as 0.5%"),
        ("--max-rejects 1.5", "`1.5` is neither"),
        ("--max-rejects x%", "`x%` is neither"),
        ("--max-rejects=-1%", "`-1%` is neither"),
        ("--threads 0", "--threads"),
        ("--threads many", "many"),
        ("--year 0", "--year"),
        ("--year MMXXIII", "MMXXIII"),
        ("--audit some", "some"),
    ] {
        misused(&[(&settle(option), culprit)]);
    }
    misused(&[
        ("generate --policy weihai-2023 --persons 0 --year 2023 --out o", "--persons"),
        ("generate --policy weihai-2023 --persons 5 --year 2023 --seed x --out o", "--seed"),
        ("policy show weihai-2023 --year soon", "soon"),
    ]);
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    misused(&[
        ("settle l.parquet --policy weihai-2023 --out o --quiet --json", "--json"),
        ("settle l.parquet --sample", "--sample"),
        ("settle --sample --policy weihai-2023", "--policy"),
        ("settle --sample --roster r.parquet", "--roster"),
    ]);
}
