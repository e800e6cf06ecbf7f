//! Scenarios files: every error with its line, and what to do.

use super::tests::{INCOME, parse};
use super::*;

#[test]
fn every_error_has_its_line() {
    let scenario = "[[scenario]]\nid = \"s\"\n";
    let below = |body: &str| format!("{scenario}{body}");
    let set = |value: &str| below(&format!("[scenario.set]\n\"ma.B.cap\" = \"9000\"\n{value}"));
    let fees = |body: &str| below(&format!("[[scenario.fees]]\n{body}"));
    let persons = |body: &str| below(&format!("[[scenario.persons]]\n{body}"));
    let identities = |body: &str| below(&format!("[[scenario.identities]]\n{body}"));
    let parameter = |body: &str| below(&format!("[[scenario.parameters]]\n{body}"));
    let fund = |body: &str| format!("[[fund]]\nresidents = 1\nper_resident = \"10\"\n{body}");
    let ours = "fund = \"medical_assistance\"\n";
    let grid = "[scenario.set]\n\"ma.A.ratio\" = \"0..1 step 0.001\"\n\"ma.B.ratio\" = \"0..1 step 0.01\"";
    let lists = format!("[\"1..99999 step 1\", {}]", "\"1..3 step 1\"");
    for (text, line, needle) in [
        // The form.
        ("[[scenario]]\nid = 3".to_owned(), 2, "invalid type: integer `3`, expected a string"),
        (below("colour = \"red\""), 3, "unknown field `colour`"),
        ("[[scenario]]\ntitle = \"t\"".into(), 1, "missing field `id`"),
        (fees("growth = 0.06"), 4, "expected a figure in quotes"),
        (fees("growth = [0.06]"), 4, "expected a figure in quotes"),
        (fees("growth = \"0.06\"\ncare = [\"dental\"]"), 5, "unknown care `dental`; known are chronic"),
        (fees("growth = \"0.06\"\nhosp_lv = [-1]"), 5, "invalid value: integer `-1`"),
        (fees("grow = \"0.06\""), 4, "unknown field `grow`"),
        (identities("from = [\"nobleman\"]\nto = \"dibao\""), 4, "unknown identity `nobleman`"),
        (set("\"ma.B.cap\" = \"1\""), 5, "duplicate key"),
        ("[burden]\nincome = 36000".into(), 2, "expected an amount in quotes"),
        (fund("fund = 1"), 4, "expected a string"),
        ("[[fund]]\nresidents = -1".into(), 2, "invalid value: integer `-1`"),
        // Scenarios.
        ("\n[[scenario]]\nid = \" \"".into(), 3, "an empty id"),
        ("\n[[scenario]]\nid = \"baseline\"".into(), 3, "the id `baseline` is taken"),
        (
            below(&format!("policy = \"jincheng-2023\"\n{scenario}policy = \"jincheng-2023\"")),
            5,
            "on line 2, is called `s`",
        ),
        (below(""), 2, "the scenario `s` changes nothing"),
        (below("[scenario.set]"), 2, "the scenario `s` changes nothing"),
        (below("as_if = true"), 3, "`as_if` goes with `policy`"),
        (below("policy = \"atlantis\""), 3, "policy `atlantis` is neither shipped nor a file"),
        (
            below(grid),
            2,
            "`s` stands for 1001 (ma.A.ratio) × 101 (ma.B.ratio) scenarios, and the file for more than 100000",
        ),
        (below("[scenario.set]\n\"ma.A.ratio\" = \"0.75\"\ntitle = \"t\""), 5, "`title` stands below [scenario.set]"),
        (below("[scenario.set]\npolicy = \"jincheng-2023\""), 4, "`policy` stands below [scenario.set]"),
        // Values.
        (set("\"ma.A.ratio\" = []"), 5, "`ma.A.ratio`: an empty list has no value"),
        (set("\"ma.A.ratio\" = 0.75"), 5, "`ma.A.ratio`: `0.75` is a float"),
        (set("\"ma.A.ratio\" = [\"0.70\", 0.75]"), 5, "`ma.A.ratio`: `0.75` is a float"),
        (set("\"ma.A.ratio\" = \"0.6..0.7\""), 5, "`ma.A.ratio`: the range `0.6..0.7` has no step"),
        (
            set("\"ma.A.ratio\" = \"0.60..0.80 step 0.03\""),
            5,
            "`0.60..0.80 step 0.03` steps past its end; it may end at 0.78 or at 0.81",
        ),
        (set(&format!("\"ma.A.cap\" = {lists}")), 5, "`ma.A.cap`: the list has too many values"),
        (
            set("\"ma.A.ratio\" = \"high\""),
            5,
            "`ma.A.ratio = high` makes policy `weihai-2023` invalid: `high` is not a ratio",
        ),
        (set("\"ma.A.ratio\" = true"), 5, "expected a ratio in quotes"),
        (set("\"ma.A.colour\" = \"red\""), 5, "unknown field `colour`, expected one of `id`, `identities`"),
        (set("\"switches.rounding\" = \"up\""), 5, "unknown variant `up`, expected `half_up` or `half_even`"),
        (set("\"ma.A.clause\" = \"none\""), 5, "missing field `clause`"),
        (set("\"assistance\" = \"off\""), 5, "missing field `assistance`"),
        (set("\"ma.D.ratio\" = \"0.75\""), 5, "no rule and no table of that name"),
        (set("ma.A.ratio = \"0.75\""), 5, "in quotes as a whole, such as \"ma.A.ratio\" ="),
        (set("ma.A.ratio = [\"0.75\", \"0.80\"]\nma.A.cap = \"1\""), 5, "in quotes as a whole, such as \"ma.A."),
        (
            set("ma.B.deductible = { of = \"income\", share = \"0.10\" }"),
            5,
            "in quotes as a whole, such as \"ma.B.deductible\" =",
        ),
        (set("assistance.exclude_unreferred = \"x\""), 5, "as a whole, such as \"assistance.exclude_unreferred\" ="),
        (set("special_drug.ratio = \"0.75\""), 5, "as a whole, such as \"special_drug.ratio\" ="),
        (set("assistance = \"x\""), 5, "is a whole rule or table"),
        (
            set("cii.A.resident.brackets.1.ratio = \"0.75\""),
            5,
            "as a whole, such as \"cii.A.resident.brackets.1.ratio\" =",
        ),
        (set("\"ma.B.identities\" = [\"dibao_margin\"]"), 5, "write a value that is a list in brackets of its own"),
        // What the policy then means.
        (set("\"ma.A\" = \"off\""), 5, "take `ra.A` away, too, by \"off\""),
        (set("\"ma.A.ratio\" = \"1.50\""), 5, "bracket 1: the ratio 1.5 is outside 0 to 1"),
        (set("\"ma.A.ratio\" = \"75\""), 5, "the ratio 75 is outside 0 to 1\n  write \"0.75\" for 75 %; see"),
        (
            set("\"ma.A.ratio\" = \"75%\""),
            5,
            "`75%` is not a ratio; write it in quotes, such as \"0.70\", in `assistance.rule.brackets.ratio`\n  write \"0.75\"; see",
        ),
        (set("\"ma.A.ratio\" = \"+5%\""), 5, "write \"x1.05\" for +5% of what it is, or \"+0.05\" for so many"),
        (set("\"ma.A.cap\" = \"8万元\""), 5, "\n  write \"80000\"; see"),
        (set("\"ma.A.cap\" = 80000"), 5, "\n  write \"80000\"; see"),
        (set("\"ma.A.rate\" = \"0.75\""), 5, "\n  `ma.A.ratio` is the ratio of the rule's bracket; see"),
        (
            set("\"cii.A.resident.rate\" = \"75%\""),
            5,
            "\n  `cii.A.resident.brackets.1.ratio` is the ratio of the rule's first",
        ),
        (set("\"cii.A.resident.brackets.1.to\" = \"5000\""), 5, "`cii.A.resident`: bracket 1"),
        (
            set("\"ma.B.brackets.1.ratio\" = \"0.6\"\n\"ma.B.ratio\" = \"0.7\""),
            6,
            "what `ma.B.brackets.1.ratio` changes",
        ),
        // Growth.
        (fees("growth = []"), 4, "an empty list has no value"),
        (fees("growth = \"much\""), 4, "`fees`: `much` is no growth"),
        (
            fees("growth = \"6%\"\nhosp_lv = [3]"),
            4,
            "`fees(level 3)`: `6%` is no growth\n  write \"0.06\": a growth as a share of 1",
        ),
        (fees("growth = \"-1.000001\""), 4, "`-1.000001` leaves less than nothing"),
        (fees("growth = \"3%~9% step 3%\""), 4, "write \"0.03..0.09 step 0.03\""),
        (persons("growth = \"-1.01\""), 4, "`-1.01` leaves less than nothing"),
        (fees("growth = \"99.01\""), 4, "more than a hundredfold"),
        (fees("growth = \"0.0000001\""), 4, "more than six decimals"),
        (fees("growth = \"0..0.1\""), 4, "has no step"),
        (fees("growth = \"0.06\"\nhosp_lv = [1,\n4]"), 5, "hospital level 4 does not exist"),
        (persons("growth = \"0.00001\""), 4, "more than four decimals"),
        (persons("growth = \"0.1\"\nidentities = [\"nobleman\"]"), 5, "unknown identity `nobleman`\n  known are tekun"),
        // Identities.
        (identities("from = []\nto = \"dibao\""), 4, "`from` names no identity"),
        (identities("from = [\"dibao\"]\nto = \"dibao\""), 4, "`dibao` becomes itself"),
        (
            identities(
                "from = [\"dibao\"]\nto = \"tekun\"\n[[scenario.identities]]\nfrom = [\"dibao\"]\nto = \"orphan\"",
            ),
            7,
            "`dibao` becomes two identities",
        ),
        // Parameters.
        (
            parameter("parameter = \"income, Shandong\"\ngrowth = \"0.05\""),
            4,
            "nearest are `per-capita disposable income, Shan",
        ),
        (parameter(&format!("parameter = \"{INCOME}\"")), 4, "either `growth` or `value`"),
        (
            parameter(&format!("parameter = \"{INCOME}\"\ngrowth = \"0.1\"\nvalue = \"3\"")),
            4,
            "either `growth` or `value`",
        ),
        (parameter(&format!("parameter = \"{INCOME}\"\nvalue = \"-3\"")), 5, "`-3` is below 0"),
        (parameter(&format!("parameter = \"{INCOME}\"\nvalue = \"many\"")), 5, "`many` is no amount: not a number"),
        (
            parameter(&format!("parameter = \"{INCOME}\"\ngrowth = \"0.1\"\nyear = 1999")),
            4,
            "has no value of 1999 that could grow\n  there are values of 2021, 2022, 2023, 2024; give",
        ),
        (parameter(&format!("parameter = \"{INCOME}\"\ngrowth = \"-1\"")), 5, "`-1` leaves nothing of the value"),
        (parameter(&format!("parameter = \"{INCOME}\"\nvalue = \"4万\"")), 5, "not a number\n  write \"40000\": yuan"),
        (
            parameter("parameter = \"colour\"\nvalue = \"1\"\nyear = 2026"),
            4,
            "no value is known for a parameter `colour`",
        ),
        (
            parameter("parameter = \"catastrophic base schedule, Jincheng, residents\"\ngrowth = \"0.1\""),
            4,
            "is a base schedule, not a value",
        ),
        // Income and funds.
        ("[burden]\nincome = \"-1\"".into(), 2, "is below 0"),
        ("[burden]\nincome = { of = \"income\" }".into(), 2, "no value is known for a parameter `income`"),
        (fund("fund = \"treasure\""), 4, "unknown fund `treasure`\n  known are basic_insurance_310"),
        (fund(&format!("{ours}other = \"lots\"")), 5, "`lots` is no amount"),
        (format!("{}{}", fund(ours), fund(ours)), 8, "has two sources"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        let at = format!("line {line}");
        let place = error.split(&at).nth(1).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        assert!(place && error.starts_with("plan.toml"), "{text}\n--- wanted {at}, {needle}\n{error}");
        assert!(error.contains(needle), "{text}\n--- wanted {needle}\n{error}");
        // What, and what to do.
        assert!(error.lines().count() > 1, "{error}");
    }
}

#[test]
fn errors_of_a_grid_name_the_value() {
    let error =
        parse("[[scenario]]\nid = \"s\"\n[scenario.set]\n\"ma.A.ratio\" = \"+0.00..+0.40 step 0.10\"").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("plan.toml, line 4: `ma.A.ratio`: 0.7 +0.40 is 1.1, above 1"), "{text}");
    assert!(matches!(error.problem(), Some(Problem::Beyond { .. })));
}

#[test]
fn the_whole_of_a_file_is_limited_and_not_only_a_grid() {
    let grid = "[[scenario]]\nid = \"a\"\n[[scenario.fees]]\ngrowth = \"0..0.5 step 0.00001\"\n";
    let twice = format!("{grid}{}", grid.replace("\"a\"", "\"b\""));
    let error = parse(&twice).unwrap_err().to_string();
    let points = "plan.toml, line 6: `b` stands for 50001 (fees) scenarios, and the file for more than 100000";
    assert!(error.starts_with(points), "{error}");
    let one =
        format!("{}[[scenario]]\nid = \"c\"\npolicy = \"jincheng-2023\"", grid.replace("0.5 step", "0.99999 step"));
    let error = parse(&one).unwrap_err().to_string();
    assert!(error.starts_with("plan.toml, line 6: `c` stands for 1 scenarios, and the file"), "{error}");
}

#[test]
fn lines_that_the_parser_refuses_say_what_to_do() {
    let below = |body: &str| format!("[[scenario]]\nid = \"s\"\n{body}");
    let fees = |body: &str| below(&format!("[[scenario.fees]]\n{body}"));
    for (text, line, remedy) in [
        (fees("growth = “0.06”"), 4, "write `\"` for `“`"),
        (below("[scenario.set]\n“ma.A.ratio” = \"0.75\""), 4, "write `\"` for `“`"),
        (below("[scenario.set]\n\"ma.A.ratio\" = [\"0.70\"，\"0.75\"]"), 4, "write `,` for `，`"),
        (below("[scenario.set]\n\"ma.A.ratio\" = 75%"), 4, "write the value in quotes"),
        (below("[scenario.fees]\ngrowth = \"0.06\""), 3, "in double brackets, such as [[scenario.fees]]"),
        ("[scenario]\nid = \"s\"".to_owned(), 1, "in double brackets"),
        (below("[[scenario.set]]\n\"ma.A.ratio\" = \"0.75\""), 3, "in single brackets: [scenario.set]"),
        (below("[scenario.set]\n\"ma.A.ratio\" = \"0.75\"\n[scenario.set]"), 5, "put what belongs under one heading"),
        (below("\"ma.A.ratio\" = \"0.75\""), 3, "stand under the heading [scenario.set]"),
        (fees("growth = \"0.06\"\ncare = \"inpatient\""), 5, "write a list in brackets"),
        (fees("growth = \"0.06\"\nhosp_lv = [\"3\"]"), 5, "a whole number without quotes"),
        (below("policy = \"jincheng-2023\"\nas_if = \"true\""), 4, "write true or false"),
        (fees("growth = 0.06"), 4, "correct the file"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        let (said, told) = error.rsplit_once("\n  ").unwrap();
        assert!(said.contains(&format!("at line {line},")), "{text}\n--- wanted line {line}\n{error}");
        assert!(told.contains(remedy), "{text}\n--- wanted {remedy}\n{error}");
        assert!(told.ends_with("; `onestop project --init FILE` writes a commented example"), "{error}");
    }
}

#[test]
fn a_file_in_another_encoding_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml");
    // 方案 as GBK.
    std::fs::write(&file, b"# \xB7\xBD\xB0\xB8\n").unwrap();
    let (policy, parameters) = (Policy::load("weihai-2023").unwrap(), Parameters::shipped().unwrap());
    let error = Plan::read(&file, &policy, &parameters).unwrap_err().to_string();
    assert!(error.contains("plan.toml: the file is not in UTF-8\n"), "{error}");
}
