//! `onestop policy`: list, show, check, diff. Broken policies stand in `tests/errors`, one finding each.

use crate::desk::{Desk, holds, stay, typed_line};
use crate::support::program::Outcome;
use onestop::model::fen::to_grouped;
use onestop::policy::document::{Conditions, PolicyDoc, RuleDoc, TiltCap};
use onestop::policy::value::Amount;
use onestop::policy::{Policy, SHIPPED};
use std::path::{Path, PathBuf};

/// Runs it and insists that all went well.
fn told(line: &str) -> String {
    let Outcome { code, stdout, stderr } = typed_line(line);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{line}");
    stdout
}

#[test]
fn the_list_names_every_shipped_policy_with_its_dates_and_document() {
    let list = told("policy list");
    assert_eq!(list.lines().count(), SHIPPED.len());
    for ((id, _), line) in SHIPPED.iter().zip(list.lines()) {
        let header = Policy::load(id).unwrap().doc.policy;
        let until = header.until.map_or("open".to_owned(), |d| d.to_string());
        let dates = format!("{} to {until}", header.from);
        for said in [&id.to_string(), &dates, &header.document, &header.title] {
            assert!(line.contains(said.as_str()), "{said}\n{line}");
        }
    }
}

// --- show -------------------------------------------------------------------------------------------------

/// The lines of a rule: from the one that opens with its name up to the next name or blank line.
fn lines_of<'a>(shown: &'a str, rule: &str) -> Vec<&'a str> {
    let opens = |line: &str| line.strip_prefix("  ").is_some_and(|l| l.split_whitespace().next() == Some(rule));
    let start = shown.lines().position(opens).unwrap_or_else(|| panic!("no rule `{rule}` in\n{shown}"));
    let more = |line: &&str| line.starts_with("   ");
    let first = shown.lines().nth(start);
    first.into_iter().chain(shown.lines().skip(start + 1).take_while(more)).collect()
}

/// One line of a rule says all of it.
fn says(policy: &str, lines: &[&str], words: &[&str]) {
    let found = lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(found, "{policy}: no line says {words:?}:\n{}", lines.join("\n"));
}

/// An amount as it must be readable: fixed, or a share of a named parameter.
fn in_words(amount: &Amount) -> String {
    match amount {
        Amount::Fixed(fen) => to_grouped(i128::from(*fen)),
        Amount::Share(share) if share.share.percent() == "100 %" => format!("[{}", share.of),
        Amount::Share(share) => format!("{} of [{}", share.share.percent(), share.of),
    }
}

fn every_rule(doc: &PolicyDoc) -> Vec<&RuleDoc> {
    let layers = [&doc.catastrophic, &doc.special_drug, &doc.reassistance];
    layers.into_iter().flatten().flat_map(|l| &l.rule).chain(&doc.assistance.rule).collect()
}

fn shows_rule(policy: &str, shown: &str, rule: &RuleDoc) {
    let lines = lines_of(shown, &rule.id);
    let say = |words: &[&str]| says(policy, &lines, words);
    let cited = |clause: &Option<String>| format!("（{}）", clause.as_ref().unwrap_or(&rule.clause));
    let deductible_clause = cited(&rule.deductible_clause);
    match (&rule.tilt, &rule.deductible) {
        (Some(tilt), _) => {
            say(&["base schedule", &tilt.of]);
            say(&["deductible", &format!("{} of the base", tilt.deductible_share.percent())]);
            say(&["ratios", &format!("+ {} points", tilt.ratio_plus.percent())]);
            say(&["cap", if tilt.cap == TiltCap::None { "none" } else { "that of the base" }]);
        }
        (None, Some(amount)) => say(&["deductible", &in_words(amount), &deductible_clause]),
        (None, None) => say(&["deductible", "none", &deductible_clause]),
    }
    for bracket in &rule.brackets {
        let ratio = format!("{}  from ", bracket.ratio.percent());
        let to = bracket.to.as_ref().map_or("and above".to_owned(), |to| format!("to {}", in_words(to)));
        let first = Amount::Fixed(0);
        let from = in_words(bracket.from.as_ref().or(rule.deductible.as_ref()).unwrap_or(&first));
        say(&["ratio", &ratio, &from, &to, &cited(&bracket.clause)]);
    }
    if rule.tilt.is_none() {
        let cap = rule.cap.as_ref().map_or("none".to_owned(), |c| format!("{} a year", in_words(c)));
        say(&["cap", &cap, &cited(&rule.cap_clause)]);
    }
    for identity in &rule.identities {
        say(&["for", identity.as_str(), identity.label()]);
    }
    for kind in &rule.insutype {
        say(&["for", kind.as_str()]);
    }
    for care in &rule.care {
        say(&["for", care.as_str()]);
    }
}

fn shows_covers(policy: &str, shown: &str, doc: &PolicyDoc) {
    let say = |rule: &str, words: &[&str]| says(policy, &lines_of(shown, rule), words);
    for rule in &doc.top_up {
        say(&rule.id, &[&rule.to_ratio.percent(), &rule.clause]);
    }
    for share in doc.major_disease.iter().flat_map(|m| &m.share) {
        say(&share.id, &[&share.ratio.percent(), &share.clause]);
    }
    for rule in &doc.hospital_limit {
        for limit in &rule.limits {
            say(&rule.id, &[&format!("class {}", limit.fee_class), &limit.ratio.percent(), &rule.clause]);
        }
    }
    for rule in &doc.out_of_catalogue {
        say(&rule.id, &[&rule.ratio.percent(), &rule.clause]);
        if let Some(until) = rule.until {
            say(&rule.id, &[&until.to_string()]);
        }
    }
    for note in &doc.note {
        say(&note.id, &[&note.above.percent(), &format!("level {}", note.hosp_lv), &note.clause]);
    }
    for alert in &doc.alert {
        say(&alert.id, &[&format!("above {}", in_words(&alert.threshold)), &alert.clause]);
    }
    for subsidy in &doc.subsidy {
        say(&subsidy.id, &[&in_words(&subsidy.standard), &subsidy.clause]);
        for amount in subsidy.amount.iter().chain(&subsidy.floor) {
            say(&subsidy.id, &[&in_words(amount)]);
        }
        if let Some(share) = subsidy.share {
            say(&subsidy.id, &[&share.percent()]);
        }
    }
}

#[test]
fn show_says_every_ratio_deductible_and_cap_of_every_shipped_policy() {
    for (id, _) in SHIPPED {
        let shown = told(&format!("policy show {id}"));
        let doc = Policy::load(id).unwrap().doc;
        assert!(shown.starts_with(&format!("{id}  {}\n{}\n", doc.policy.document, doc.policy.title)), "{shown}");
        every_rule(&doc).into_iter().for_each(|rule| shows_rule(id, &shown, rule));
        shows_covers(id, &shown, &doc);
        let whole: Vec<&str> = shown.lines().collect();
        for conditions in layer_conditions(&doc) {
            if let Some(area) = &conditions.area {
                says(id, &whole, &["conditions", &format!("area {area}")]);
            }
            if conditions.cap_reached {
                says(id, &whole, &["conditions", "reached the annual limit"]);
            }
        }
        for channel in &doc.channel {
            says(id, &whole, &[channel.channel.as_str(), channel.channel.label(), &channel.clause]);
        }
    }
}

fn layer_conditions(doc: &PolicyDoc) -> impl Iterator<Item = &Conditions> {
    [&doc.catastrophic, &doc.special_drug, &doc.reassistance].into_iter().flatten().map(|l| &l.conditions)
}

#[test]
fn show_resolves_shares_of_dated_values_for_a_year() {
    let shown = told("policy show jincheng-2023 --year 2023");
    // Ten per cent of the 29 178 of 2022, and half of the base deductible of 10 000.
    says("jincheng-2023", &lines_of(&shown, "ma.inpatient.monitored"), &["deductible", "= 2,917.80 in 2023"]);
    assert!(shown.contains("deductible 10,000.00; 75 % above"), "{shown}");
    let desk = Desk::new();
    let income = "[[value]]\nparameter = \"per-capita disposable income, Shanxi\"\nyear = 2022\nvalue = \"30000\"\n";
    let params = desk.text("params.toml", income);
    let shown = told(&format!("policy show jincheng-2023 --year 2023 --params {}", params.display()));
    says("jincheng-2023", &lines_of(&shown, "ma.inpatient.monitored"), &["deductible", "= 3,000.00 in 2023"]);
    let shown = told("policy show jincheng-2023 --year 2031");
    says("jincheng-2023", &lines_of(&shown, "ma.inpatient.monitored"), &["deductible", "(no value for 2031)"]);
}

// --- diff -------------------------------------------------------------------------------------------------

#[test]
fn a_policy_does_not_differ_from_itself() {
    for (id, _) in SHIPPED {
        assert_eq!(told(&format!("policy diff {id} {id}")), "The two policies say the same.\n");
    }
}

#[test]
fn the_difference_of_a_copy_is_what_was_changed() {
    let (_, text) = SHIPPED.iter().find(|(id, _)| *id == "weihai-2023").unwrap();
    let changed = text
        .replacen("id = \"weihai-2023\"", "id = \"mine\"", 1)
        .replacen("cap = \"70000\"", "cap = \"80000\"", 1)
        .replacen(
            "id = \"ra.B\"\nidentities = [\"dibao_margin\", \"monitored\"]",
            "id = \"ra.B\"\nidentities = [\"monitored\"]",
            1,
        );
    let desk = Desk::new();
    let mine = desk.text("mine.toml", &changed);
    let diff = told(&format!("policy diff weihai-2023 {}", mine.display()));
    let words: Vec<Vec<&str>> = diff.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(
        words,
        [
            vec!["医疗救助", "medical", "assistance"],
            vec!["ma.A", "cap", "封顶线"],
            vec!["weihai-2023", "70,000.00", "a", "year（二（三）3）"],
            vec!["mine", "80,000.00", "a", "year（二（三）3）"],
            vec![],
            vec!["再救助（倾斜救助）", "re-assistance"],
            vec!["ra.B", "for", "对象"],
            vec!["weihai-2023", "低保边缘家庭成员", "dibao_margin,", "防止返贫监测对象", "monitored（二（三）3）"],
            vec!["mine", "防止返贫监测对象", "monitored（二（三）3）"],
        ],
        "{diff}"
    );
}

#[test]
fn what_only_one_of_two_policies_says_stands_against_a_dash() {
    let diff = told("policy diff weihai-etdz-2017 weihai-2023");
    let lines: Vec<&str> = diff.lines().collect();
    let cap = lines.iter().position(|l| l.trim() == "ma.A cap 封顶线").unwrap();
    assert!(lines[cap + 1].trim().starts_with("weihai-etdz-2017  —"), "{diff}");
    assert!(lines[cap + 2].trim().starts_with("weihai-2023") && lines[cap + 2].contains("70,000.00"), "{diff}");
}

// --- check ------------------------------------------------------------------------------------------------

#[test]
fn the_shipped_policies_check_without_an_error() {
    for (id, _) in SHIPPED {
        let found = told(&format!("policy check {id}"));
        assert!(!found.contains(": error: "), "{found}");
        let last = found.lines().last().unwrap();
        let warnings = found.lines().count() - 1;
        assert_eq!(last, format!("{id}: can be applied; {warnings} warnings"));
    }
}

#[test]
fn a_copy_of_a_shipped_policy_checks_as_well() {
    let desk = Desk::new();
    for (id, text) in SHIPPED {
        let mine = desk.text("mine.toml", text);
        let own = told(&format!("policy check {}", mine.display()));
        let theirs = told(&format!("policy check {id}"));
        assert_eq!(own.lines().last(), theirs.lines().last());
    }
}

/// A broken policy of the gallery, with what `policy check` must say about it.
///
/// What it says stands in the file itself, in comments at its top: `#> ` before a line of stdout, `#! `
/// before one of stderr; `@` stands for the file's path as it was typed.
struct Broken {
    path: PathBuf,
    stdout: String,
    stderr: String,
}

impl Broken {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap();
        let typed = path.display().to_string();
        let told = |mark: &str| -> String {
            let lines = text.lines().filter_map(|l| l.strip_prefix(mark));
            lines.map(|l| format!("{}\n", l.strip_prefix(' ').unwrap_or(l).replace('@', &typed))).collect()
        };
        Self { stdout: told("#>"), stderr: told("#!"), path }
    }

    /// A policy that can be applied, with remarks only.
    fn only_warns(&self) -> bool {
        self.stderr.is_empty() && !self.stdout.contains(": error: ")
    }
}

/// The gallery, by name.
fn gallery() -> Vec<Broken> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths.into_iter().map(Broken::read).collect()
}

#[test]
fn every_broken_policy_is_found_out_with_the_words_that_its_file_states() {
    let mut wrong = Vec::new();
    for broken in gallery() {
        let outcome = typed_line(&format!("policy check {}", broken.path.display()));
        let expected = (Some(if broken.only_warns() { 0 } else { 1 }), &broken.stdout, &broken.stderr);
        let found = (outcome.code, &outcome.stdout, &outcome.stderr);
        if found != expected {
            let (name, (code, out, err)) = (broken.path.file_name().unwrap().display(), found);
            wrong.push(format!(
                "{name}: found {code:?}\n{out}{err}expected {:?}\n{}{}",
                expected.0, expected.1, expected.2
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_kind_of_finding_has_its_broken_policy() {
    let names: Vec<String> =
        gallery().iter().map(|b| b.path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    for kind in [
        "gap",
        "overlap",
        "ratio-above-one",
        "clause-absent",
        "clause-empty",
        "duplicate-ids",
        "unknown-identity",
        "identity-not-listed",
        "care-not-in-layer",
        "reassistance-without-assistance",
        "cap-reached-without-cap",
        "dates-outside",
        "two-rules-for-one-claim",
        "parameter-of-no-year",
        "no-channel",
    ] {
        assert!(names.iter().any(|n| n == kind), "{kind} is missing among {names:?}");
    }
}

#[test]
fn no_broken_policy_is_applied() {
    for broken in gallery().iter().filter(|b| !b.only_warns()) {
        let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
        let outcome = desk.run(desk.settle_under(&broken.path.display().to_string()));
        assert_eq!(outcome.code, Some(1), "{}", broken.path.display());
        assert_eq!(desk.names(), ["ledger.parquet", "roster.parquet"], "{}", broken.path.display());
    }
}

#[test]
fn a_finding_about_a_section_has_its_line_too() {
    let base = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/no-channel.toml"));
    let text = base.unwrap().replace("[policy]", "[policy] # the header").replace("\"第二条\"", "\"\"");
    let desk = Desk::new();
    let mine = desk.text("mine.toml", &text);
    let found = typed_line(&format!("policy check {}", mine.display())).stdout;
    for heading in ["[policy]", "[[channel]]"] {
        let line = text.lines().position(|l| l.starts_with(heading)).unwrap() + 1;
        let begins = format!("{}:{line}: error: ", mine.display());
        assert!(found.lines().any(|l| l.starts_with(&begins)), "{heading}\n{found}");
    }
}

#[test]
fn a_parameter_that_a_user_gives_is_not_missing() {
    let desk = Desk::new();
    let value = "[[value]]\nparameter = \"income, Atlantis\"\nyear = 2022\nvalue = \"30000\"\n";
    let params = desk.text("params.toml", value);
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/parameter-of-no-year.toml");
    let found = told(&format!("policy check {} --params {}", broken.display(), params.display()));
    assert_eq!(found, "parameter-of-no-year: can be applied; 0 warnings\n");
}
