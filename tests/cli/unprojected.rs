//! `onestop project` where it must not go on: what is said, where it points to, and that nothing is left behind.

use crate::budget::{FILES, Office, Projection, scenario, sets};
use crate::desk::{Desk, holds, names_in, stay, typed_in, typed_line};
use crate::support::program::Outcome;

fn office() -> Office {
    let desk = Desk::with(&[stay("P1", "S1"), stay("P2", "S2")], &[holds("P1", "dibao"), holds("P2", "monitored")]);
    Office::at(desk, "weihai-2023")
}

/// The run failed with 1, said all of these words, and left nothing.
fn failed(office: &Office, scenarios: &str, more: &str, words: &[&str]) -> Outcome {
    office.desk.text("scenarios.toml", "");
    let before = office.desk.names();
    let outcome = office.project(scenarios, more);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{scenarios}\n{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: "), "{scenarios}\n{}", outcome.stderr);
    assert!(outcome.stderr.lines().count() > 1, "what is wrong and what to do: {}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{scenarios}\nwants: {word}\n{}", outcome.stderr);
    }
    assert_eq!(office.desk.names(), before, "{scenarios}\nsomething was left");
    outcome
}

/// The same, and the message names the file and the line on which this stands.
fn points_to(office: &Office, scenarios: &str, line: &str, words: &[&str]) {
    let number = scenarios.lines().position(|l| l.contains(line)).expect("such a line") + 1;
    let outcome = failed(office, scenarios, "", words);
    assert!(outcome.stderr.contains("scenarios.toml"), "{}", outcome.stderr);
    let places = [format!("line {number}"), format!("scenarios.toml:{number}")];
    let told = places.iter().any(|place| {
        let rest = outcome.stderr.split_once(place.as_str()).map(|(_, rest)| rest);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    assert!(told, "{scenarios}\nwants line {number}\n{}", outcome.stderr);
}

#[test]
fn an_address_that_is_not_there_is_told_with_what_is_there() {
    let office = office();
    let head = "# 方案\n\n";
    for (value, words) in [
        ("\"ma.A.rate\" = \"0.75\"", &["ma.A.rate", "ratio", "cap"][..]),
        ("\"ma.Z.ratio\" = \"0.75\"", &["ma.Z.ratio", "ma.A"]),
        ("\"switches.colour\" = \"red\"", &["switches.colour", "rounding"]),
        ("\"nothing\" = \"off\"", &["nothing", "assistance"]),
        ("\"cii.A.resident.brackets.5.ratio\" = \"0.5\"", &["cii.A.resident.brackets.5", "4"]),
        ("\"cii.A.resident.brackets.0.ratio\" = \"0.5\"", &["cii.A.resident.brackets.0"]),
        ("\"ma.A.brackets.1.height\" = \"0.5\"", &["height", "ratio"]),
        ("\"ma.A.ratio.share\" = \"0.5\"", &["ma.A.ratio.share"]),
    ] {
        points_to(&office, &format!("{head}{}", sets("A", value)), value, words);
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_told_with_its_address() {
    let office = office();
    for (value, words) in [
        ("\"ma.A.ratio\" = true", &["ma.A.ratio"][..]),
        ("\"ma.A.ratio\" = 0.75", &["ma.A.ratio"]),
        ("\"ma.A.ratio\" = 1", &["ma.A.ratio"]),
        ("\"ma.A.ratio\" = \"much\"", &["ma.A.ratio", "much"]),
        ("\"ma.A.ratio\" = \"1.50\"", &["ma.A", "outside 0 to 1"]),
        ("\"ma.A.ratio\" = \"+0.40\"", &["ma.A.ratio", "0.7 +0.40 is 1.1, above 1"]),
        ("\"ma.A.ratio\" = \"x\"", &["ma.A.ratio"]),
        ("\"ma.A.ratio\" = []", &["ma.A.ratio"]),
        ("\"ma.A.cap\" = \"80000.001\"", &["ma.A.cap"]),
        ("\"ma.A.cap\" = \"-100000\"", &["ma.A"]),
        ("\"ma.A.clause\" = \"x1.10\"", &["ma.A.clause"]),
        ("\"ma.A\" = \"0.70\"", &["ma.A"]),
        ("\"ma.A.ratio\" = \"none\"", &["ma.A.ratio"]),
        ("\"assistance\" = \"off\"", &["assistance"]),
        ("\"switches.rounding\" = \"sideways\"", &["sideways", "half_even"]),
        ("\"cii.A.resident.ratio\" = \"0.70\"", &["cii.A.resident", "brackets.1.ratio"]),
        ("\"cii.A.resident.brackets.1.to\" = \"5000\"", &["cii.A.resident"]),
    ] {
        points_to(&office, &sets("A", value), value, words);
    }
}

/// What can be added to or multiplied is a fixed ratio or amount.
#[test]
fn a_step_on_a_share_of_a_parameter_is_refused() {
    let office = Office { policy: "erenhot-2023".to_owned(), ..office() };
    let value = "\"ma.inpatient.S3.deductible\" = \"x1.10\"";
    points_to(&office, &sets("A", value), value, &["ma.inpatient.S3.deductible"]);
}

#[test]
fn a_range_that_is_none_is_told() {
    let office = office();
    for range in [
        "0.80..0.60 step 0.05",
        "0.60..0.80",
        "0.60..0.80 step 0",
        "0.60..0.80 step -0.05",
        "0.60.. step 0.05",
        "low..high step 1",
        "0.60..0.80 step 0.03",
    ] {
        let value = format!("\"ma.A.ratio\" = \"{range}\"");
        points_to(&office, &sets("A", &value), &value, &[range]);
    }
    let past = "\"ma.A.ratio\" = \"0.60..0.80 step 0.03\"";
    points_to(&office, &sets("A", past), past, &["ma.A.ratio", "0.78", "0.81"]);
}

/// What an officer's keyboard, or habit, may write.
#[test]
fn slips_of_the_pen_are_told_with_what_was_probably_meant() {
    let office = office();
    for (text, line, words) in [
        (sets("A", "\"ma.A.ratio\" = “0.75”"), "0.75", &["`“`", "`\"`"][..]),
        (sets("A", "“ma.A.ratio” = \"0.75\""), "0.75", &["`“`", "`\"`"]),
        (sets("A", "\"ma.A.ratio\" = \"75%\""), "75%", &["`ma.A.ratio = 75%`", "write \"0.75\""]),
        (sets("A", "\"ma.A.ratio\" = \"75\""), "75", &["outside 0 to 1", "write \"0.75\" for 75 %"]),
        (sets("A", "\"ma.A.ratio\" = \"+5%\""), "+5%", &["\"x1.05\"", "\"+0.05\""]),
        (sets("A", "\"ma.A.cap\" = \"8万元\""), "8万元", &["write \"80000\""]),
        (sets("A", "\"ma.A.ratio\" = \"0.60~0.80 step 0.05\""), "step", &["write \"0.60..0.80 step 0.05\""]),
        (sets("A", "ma.A.ratio = \"0.75\""), "ma.A.ratio", &["in quotes as a whole", "\"ma.A.ratio\" = "]),
        (sets("A", "\"ma.A.ratio\" = \"0.75\"\ntitle = \"方案一\""), "title", &["`title`", "[scenario.set]"]),
        (scenario("A", "[[scenario.fees]]\ngrowth = \"6%\""), "6%", &["`6%`", "write \"0.06\""]),
        (scenario("A", "[[scenario.fees]]\ngrowth = \"0.06\"\ncare = \"inpatient\""), "care", &["[\"inpatient\"]"]),
        (scenario("A", "[scenario.fees]\ngrowth = \"0.06\""), "[scenario.fees]", &["[[scenario.fees]]"]),
    ] {
        points_to(&office, &text, line, words);
    }
    // 方案 as GBK.
    std::fs::write(office.desk.path("gbk.toml"), b"# \xB7\xBD\xB0\xB8\n").expect("a file");
    let line = format!(
        "project {} --policy weihai-2023 --scenarios {} --out {}",
        office.inputs,
        office.desk.typed("gbk.toml"),
        office.desk.typed("plan")
    );
    let outcome = typed_line(&line);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("gbk.toml") && outcome.stderr.contains("UTF-8"), "{}", outcome.stderr);
}

#[test]
fn ids_are_there_once_and_none_is_baseline() {
    let office = office();
    let one = |id: &str| sets(id, "\"ma.A.ratio\" = \"0.75\"");
    points_to(
        &office,
        &format!("{}# again\n{}", one("A"), one("B").replace("\"B\"", "\"A\" # twice")),
        "# twice",
        &["A"],
    );
    points_to(&office, &one("baseline"), "baseline", &["baseline"]);
    points_to(&office, &one(""), "id = \"\"", &[]);
    points_to(&office, "[[scenario]]\ntitle = \"x\"\n", "[[scenario]]", &["id"]);
}

/// A file without any scenario asks for the baseline alone.
#[test]
fn a_file_without_a_scenario_gives_the_baseline_alone() {
    let office = office();
    let baseline = office.settled("weihai-2023", "");
    for text in ["", "# 方案\n", "[burden]\nincome = \"36000\"\n"] {
        let projection = office.projected(text, "");
        assert_eq!(projection.ids(), ["baseline"], "{text}");
        projection.agrees("baseline", &baseline, &baseline);
        assert!(projection.table.rows.iter().all(|row| row["scenario"] == "baseline"), "{text}");
    }
}

#[test]
fn unknown_keys_and_names_are_told() {
    let office = office();
    let of = |body: &str| scenario("A", body);
    for (text, line, words) in [
        (format!("colour = \"red\"\n{}", of("")), "colour", &["colour"][..]),
        (of("colour = \"red\""), "colour", &["colour"]),
        (of("[[scenario.fees]]\ngrowth = \"0.05\"\ncolour = \"red\""), "colour", &["colour"]),
        (of("[[scenario.fees]]\ngrowth = \"0.05\"\ncare = [\"dental\"]"), "dental", &["dental", "inpatient"]),
        (of("[[scenario.fees]]\ngrowth = \"0.05\"\nhosp_lv = [4]"), "hosp_lv", &["4"]),
        (of("[[scenario.fees]]\ngrowth = \"a lot\""), "a lot", &["a lot"]),
        (of("[[scenario.fees]]\ngrowth = 0.05"), "0.05", &[]),
        (of("[[scenario.fees]]\ngrowth = \"-1.5\""), "-1.5", &["-1.5"]),
        (of("[[scenario.claims]]\ncare = [\"inpatient\"]"), "[[scenario.claims]]", &["growth"]),
        (of("[[scenario.claims]]\ngrowth = \"-2\""), "-2", &["-2"]),
        (of("[[scenario.persons]]\ngrowth = \"-1.01\""), "-1.01", &["-1.01"]),
        (of("[[scenario.persons]]\ngrowth = \"0.1\"\nidentities = [\"rich\"]"), "rich", &["rich", "dibao"]),
        (of("[[scenario.identities]]\nfrom = [\"dibao\"]\nto = \"rich\""), "rich", &["rich", "dibao"]),
        (of("[[scenario.identities]]\nfrom = [\"none\"]\nto = \"dibao\""), "none", &["none"]),
        (of("[[scenario.identities]]\nfrom = []\nto = \"dibao\""), "from", &["from"]),
        (of("[[scenario.parameters]]\nparameter = \"income\"\ngrowth = \"0.1\""), "\"income\"", &["income"]),
        (
            of("[[scenario.parameters]]\nparameter = \"per-capita disposable income, Shandong\""),
            "parameter = ",
            &["growth", "value"],
        ),
        (of("policy = \"atlantis-2023\""), "atlantis", &["atlantis-2023", "jincheng-2023"]),
        (of("policy = \"nowhere.toml\""), "nowhere", &["nowhere.toml"]),
        (of("as_if = true"), "as_if", &["as_if", "policy"]),
        (
            format!("[[fund]]\nfund = \"gold\"\nresidents = 1\nper_resident = \"1\"\n\n{}", of("")),
            "gold",
            &["gold", "medical_assistance"],
        ),
        (format!("[burden]\nincome = 36000\n\n{}", of("")), "income", &["income"]),
        ("[[scenario]\nid = \"A\"\n".to_owned(), "[[scenario]", &[]),
    ] {
        points_to(&office, &text, line, words);
    }
}

#[test]
fn more_scenarios_than_can_be_meant_are_refused() {
    let office = office();
    let grid = "\"ma.A.ratio\" = \"0.0001..0.5000 step 0.0001\"\n\"ma.B.ratio\" = \"0.01..0.50 step 0.01\"";
    failed(&office, &sets("grid", grid), "", &["scenarios.toml", "5000 (ma.A.ratio) × 50 (ma.B.ratio)", "100000"]);
    let million = "\"ma.A.cap\" = \"1..1000000 step 1\"";
    points_to(&office, &sets("grid", million), million, &["ma.A.cap", "more than 100000 values"]);
}

#[test]
fn the_help_names_every_option() {
    let help = typed_line("project --help");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for option in ["--scenarios", "--solve", "--budget", "--within", "--step", "--bootstrap", "--sample", "--init"] {
        assert!(help.stdout.contains(option), "{option} is not in:\n{}", help.stdout);
    }
}

#[test]
fn what_does_not_fit_the_options_is_misuse() {
    let office = office();
    let file = office.desk.text("scenarios.toml", &sets("A", "\"ma.A.ratio\" = \"0.75\"")).display().to_string();
    let out = office.desk.typed("plan");
    let inputs = &office.inputs;
    let before = office.desk.names();
    for (line, culprit) in [
        (format!("project {inputs} --policy weihai-2023 --out {out}"), "--scenarios"),
        (format!("project {inputs} --policy weihai-2023 --out {out} --solve ma.A.ratio"), "--budget"),
        (format!("project {inputs} --policy weihai-2023 --scenarios {file}"), "--out"),
        (format!("project {inputs} --scenarios {file} --out {out}"), "--policy"),
        (format!("project --policy weihai-2023 --scenarios {file} --out {out}"), "<LEDGER>"),
        (
            format!("project {inputs} --policy weihai-2023 --policy jincheng-2023 --scenarios {file} --out {out}"),
            "--policy",
        ),
        (format!("project {inputs} --policy weihai-2023 --scenarios {file} --out {out} --quiet --json"), "--json"),
        (
            format!("project {inputs} --policy weihai-2023 --scenarios {file} --out {out} --bootstrap many"),
            "--bootstrap",
        ),
        (format!("project {inputs} --policy weihai-2023 --scenarios {file} --out {out} --colour red"), "--colour"),
    ] {
        let outcome = typed_line(&line);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{line}\n{}", outcome.stderr);
        assert!(outcome.stderr.contains(culprit), "{line}\nwants: {culprit}\n{}", outcome.stderr);
    }
    let outcome =
        typed_line(&format!("project {inputs} --policy weihai-2023,jincheng-2023 --scenarios {file} --out {out}"));
    assert!(matches!(outcome.code, Some(1 | 2)) && outcome.stderr.contains("policy"), "{}", outcome.stderr);
    assert_eq!(office.desk.names(), before);
}

#[test]
fn a_goal_that_cannot_be_sought_says_why() {
    let office = office();
    let before = office.desk.names();
    let out = office.desk.typed("plan");
    for (goal, word) in [
        ("--solve ma.A.rate --within 0.5..0.9 --step 0.1 --budget 100", "ma.A.rate"),
        ("--solve ma.A.ratio --within 0.5..0.9 --step 0.1 --budget 100 --fund gold", "gold"),
        ("--solve ma.A.ratio --within 0.9..0.5 --step 0.1 --budget 100", "0.9..0.5"),
        ("--solve ma.A.ratio --within 0.5 --step 0.1 --budget 100", "0.5"),
        ("--solve ma.A.ratio --within 0.5..0.9 --step 0 --budget 100", "0"),
        ("--solve ma.A.ratio --within 0.60..0.80 --step 0.03 --budget 100", "0.78 or at 0.81"),
        ("--solve ma.A.ratio --within 0.5..1.5 --step 0.1 --budget 100", "ma.A"),
        ("--solve ma.A.ratio --within 0.5..0.9 --step 0.1 --budget much", "much"),
        ("--solve ma.A --within 0.5..0.9 --step 0.1 --budget 100", "ma.A"),
    ] {
        let line = format!("project {} --policy weihai-2023 --out {out} {goal}", office.inputs);
        let outcome = typed_line(&line);
        assert!(matches!(outcome.code, Some(1 | 2)), "{goal}: {:?}\n{}", outcome.code, outcome.stderr);
        assert!(outcome.stderr.starts_with("error: ") && outcome.stderr.contains(word), "{goal}\n{}", outcome.stderr);
        assert_eq!(office.desk.names(), before, "{goal}");
    }
}

#[test]
fn a_value_that_a_scenario_lacks_is_told_before_the_ledger_is_read() {
    let office = office();
    office.desk.text("ledger.parquet", "no Parquet at all");
    let value = "\"ma.B.deductible\" = { of = \"income of Atlantis\", share = \"0.10\", year = -1 }";
    let outcome = failed(
        &office,
        &sets("with income", value),
        "--year 2024",
        &["income of Atlantis", "of any year", "with income", "ma.B", "line 2"],
    );
    assert!(!outcome.stderr.contains("ledger.parquet"), "{}", outcome.stderr);
    let income = "[burden]\nincome = { of = \"income of Atlantis\", year = -1 }\n\n";
    let text = format!("{income}{}", sets("A", "\"ma.A.ratio\" = \"0.75\""));
    let outcome = failed(&office, &text, "--year 2024", &["income of Atlantis", "no value is known", "line 2"]);
    assert!(!outcome.stderr.contains("ledger.parquet"), "{}", outcome.stderr);
    let text = sets("A", "\"ma.A.ratio\" = \"0.75\"");
    failed(&office, &text, "--year 2024", &["ledger.parquet"]);
    failed(&office, &text, "--year 2030", &["2030"]);
}

/// Without `--year` the years are those of the ledger; at the latest before a claim is settled.
#[test]
fn a_value_that_a_scenario_lacks_is_told_without_a_year_too() {
    let office = office();
    let value = "\"ma.B.deductible\" = { of = \"income of Atlantis\", share = \"0.10\", year = -1 }";
    failed(&office, &sets("with income", value), "", &["income of Atlantis", "of any year", "with income"]);
    // A value that other years have is missed once the years are known.
    let long_ago = "[burden]\nincome = { of = \"per-capita disposable income, Shandong\", year = -40 }\n";
    failed(&office, long_ago, "", &["per-capita disposable income, Shandong", "1983", "[burden]"]);
    let early = value.replace("income of Atlantis", "per-capita disposable income, Shandong").replace("-1", "-9");
    failed(&office, &sets("early", &early), "", &["per-capita disposable income, Shandong", "2014", "early"]);
    // What a user gives helps.
    let params = office
        .desk
        .text("params.toml", "[[value]]\nparameter = \"income of Atlantis\"\nyear = 2022\nvalue = \"20000\"\n");
    office.projected(&sets("with income", value), &format!("--params {}", params.display()));
}

#[test]
fn values_without_a_publication_are_refused_where_the_run_is_strict() {
    let office = Office { policy: "erenhot-2023".to_owned(), ..office() };
    failed(&office, &sets("A", "\"ma.inpatient.S2.ratio\" = \"0.85\""), "--strict", &["--strict"]);
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let office = office();
    let out = office.desk.typed("plan");
    let line = format!("project {} --policy weihai-2023 --scenarios nowhere.toml --out {out}", office.inputs);
    let outcome = typed_line(&line);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("error: ") && outcome.stderr.contains("nowhere.toml"), "{}", outcome.stderr);
    let text = sets("A", "\"ma.A.ratio\" = \"0.75\"");
    let office = Office { inputs: office.desk.typed("nowhere.parquet"), ..office };
    failed(&office, &text, "", &["nowhere.parquet"]);
}

#[test]
fn an_earlier_projection_is_replaced_only_where_that_is_asked_for() {
    let office = office();
    let [first, second] = ["0.75", "0.80"].map(|ratio| sets("A", &format!("\"ma.A.ratio\" = \"{ratio}\"")));
    office.projected(&first, "");
    let before = Projection::of(&office.desk, "plan").cells("A");
    let names = office.desk.names();
    let outcome = office.project(&second, "");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.contains("--force"), "{}", outcome.stderr);
    assert_eq!(office.desk.names(), names);
    assert_eq!(Projection::of(&office.desk, "plan").cells("A"), before, "nothing is touched");
    let outcome = office.project(&second, "--force --quiet");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_ne!(Projection::of(&office.desk, "plan").cells("A"), before);
    assert_eq!(names_in(&office.desk.path("plan")), FILES);
    assert_eq!(office.desk.names(), names);
    // A failed run leaves the earlier one as it is.
    let outcome = office.project(&sets("A", "\"ma.A.rate\" = \"0.75\""), "--force");
    assert_eq!(outcome.code, Some(1));
    assert_eq!(names_in(&office.desk.path("plan")), FILES);
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let office = office();
    office.desk.make_folder("plan");
    office.desk.text("plan/letter.txt", "to be kept");
    let text = sets("A", "\"ma.A.ratio\" = \"0.75\"");
    for more in ["", "--force"] {
        failed(&office, &text, more, &["plan"]);
        assert_eq!(names_in(&office.desk.path("plan")), ["letter.txt"], "{more}");
    }
}

#[test]
fn the_example_of_a_scenarios_file_is_written_once_and_is_accepted() {
    let desk = Desk::new();
    let outcome = typed_in(desk.folder(), "project --init mine.toml");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(desk.names(), ["mine.toml"]);
    let text = std::fs::read_to_string(desk.path("mine.toml")).expect("the example");
    assert!(text.lines().any(|line| line.starts_with('#')) && text.contains("[[scenario]]"), "{text}");
    let again = typed_in(desk.folder(), "project --init mine.toml");
    assert_eq!((again.code, again.stdout.as_str()), (Some(1), ""));
    assert!(again.stderr.contains("mine.toml"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(desk.path("mine.toml")).expect("the example"), text);
    let other = typed_in(desk.folder(), "project --init nowhere/mine.toml");
    assert_eq!(other.code, Some(1), "{}", other.stderr);

    // It is made for the sample's policy.
    desk.ledger("ledger.parquet", &[stay("P1", "S1"), stay("P2", "S2")]);
    desk.roster(&[holds("P1", "dibao"), holds("P2", "monitored")]);
    let inputs = "ledger.parquet --roster roster.parquet --policy weihai-2023";
    let outcome = typed_in(desk.folder(), &format!("project {inputs} --scenarios mine.toml --out plan --quiet"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(Projection::of(&desk, "plan").ids().len() > 1);
}
