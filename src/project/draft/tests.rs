//! Values set in the shipped policies, and what then stands in their documents.

use super::*;
use crate::policy::{Policy, SHIPPED};
use crate::project::address::{rules, show};

/// A policy with values set: what then stands at paths of its document.
fn set_in(text: &str, settings: &[(&str, &str)], paths: &[&str]) -> Result<Vec<String>, String> {
    let mut draft = Draft::new("mine", text.parse().unwrap());
    for (address, value) in settings {
        draft.set(address, &Setting::of(Given::Text((*value).to_owned()))).map_err(|p| p.to_string())?;
    }
    let table = draft.finish();
    let shown = |path: &&str| {
        let steps: Vec<Step> = path
            .split('.')
            .map(|s| s.parse().map_or_else(|_| Step::Key(s.to_owned()), |n: usize| Step::Nth(n - 1)))
            .collect();
        at(&table, &steps).map_or("-".to_owned(), |v| v.as_str().unwrap_or("a table").to_owned())
    };
    Ok(paths.iter().map(shown).collect())
}

fn text(id: &str) -> String {
    Policy::load(id).unwrap().text
}

fn weihai(settings: &[(&str, &str)], paths: &[&str]) -> Vec<String> {
    set_in(&text("weihai-2023"), settings, paths).unwrap()
}

fn refused(settings: &[(&str, &str)]) -> String {
    set_in(&text("weihai-2023"), settings, &[]).unwrap_err()
}

#[test]
fn a_value_takes_the_place_of_another() {
    let paths = ["assistance.rule.1.brackets.1.ratio", "assistance.rule.1.cap"];
    assert_eq!(weihai(&[("ma.A.ratio", "0.75"), ("ma.A.cap", "80000")], &paths), ["0.75", "80000"]);
}

#[test]
fn what_the_file_leaves_out_may_be_set() {
    assert_eq!(weihai(&[("switches.rounding", "half_even")], &["switches.rounding"]), ["half_even"]);
    assert_eq!(weihai(&[("ma.A.deductible", "1000")], &["assistance.rule.1.deductible"]), ["1000"]);
    assert_eq!(weihai(&[("ra.A.identities.1", "dibao")], &["reassistance.rule.1.identities.1"]), ["dibao"]);
}

#[test]
fn ratios_change_to_six_decimals_and_amounts_to_the_fen() {
    let ratio = |value: &str| weihai(&[("ma.A.ratio", value)], &["assistance.rule.1.brackets.1.ratio"]).remove(0);
    assert_eq!(ratio("+0.05"), "0.75");
    assert_eq!(ratio("-0.70"), "0");
    assert_eq!(ratio("x1.10"), "0.77");
    assert_eq!(ratio("x0.333333333333"), "0.233333");
    // 0.70 x 0.0000007142857… is just under and just over half a millionth.
    assert_eq!(ratio("x0.000000714285"), "0");
    assert_eq!(ratio("x0.000000714286"), "0.000001");
    assert_eq!(ratio("+0.0000005"), "0.700001");
    let cap = |value: &str| weihai(&[("ma.A.cap", value)], &["assistance.rule.1.cap"]).remove(0);
    assert_eq!(cap("+5000"), "75000");
    assert_eq!(cap("-0.01"), "69999.99");
    assert_eq!(cap("x1.10"), "77000");
    assert_eq!(cap("x0.000000071428"), "0");
    assert_eq!(cap("x0.000000071429"), "0.01");
}

#[test]
fn a_change_of_a_rules_ratio_goes_to_every_bracket_above_nought() {
    let paths: Vec<String> = (1..=4).map(|n| format!("catastrophic.rule.2.brackets.{n}.ratio")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let plus = ("cii.A.resident.ratio", "+0.05");
    assert_eq!(weihai(&[plus], &paths), ["0.7", "0.75", "0.8", "0.85"]);
    let nought = ("cii.A.resident.brackets.2.ratio", "0");
    assert_eq!(weihai(&[nought, plus], &paths), ["0.7", "0", "0.8", "0.85"]);
    let error = refused(&[("cii.A.resident.ratio", "0.70")]);
    assert!(error.contains("4 brackets") && error.contains("`cii.A.resident.brackets.1.ratio`"), "{error}");
}

#[test]
fn the_deductible_moves_the_first_bracket_and_the_first_bracket_the_deductible() {
    let paths = ["catastrophic.rule.2.deductible", "catastrophic.rule.2.brackets.1.from"];
    assert_eq!(weihai(&[("cii.A.resident.deductible", "8000")], &paths), ["8000", "8000"]);
    assert_eq!(weihai(&[("cii.A.resident.brackets.1.from", "8000")], &paths), ["8000", "8000"]);
    assert_eq!(weihai(&[("cii.A.resident.deductible", "x1.10")], &paths), ["9900", "9900"]);
    assert_eq!(weihai(&[("cii.A.resident.deductible", "none")], &paths), ["-", "-"]);
}

#[test]
fn an_edge_between_two_brackets_moves_for_both() {
    let paths = ["catastrophic.rule.2.brackets.1.to", "catastrophic.rule.2.brackets.2.from"];
    assert_eq!(weihai(&[("cii.A.resident.brackets.1.to", "120000")], &paths), ["120000", "120000"]);
    assert_eq!(weihai(&[("cii.A.resident.brackets.2.from", "-20000")], &paths), ["80000", "80000"]);
}

#[test]
fn a_deductible_that_is_left_out_is_an_edge_at_nought() {
    let paths = ["assistance.rule.1.deductible", "assistance.rule.1.brackets.1.from"];
    let etdz = |settings: &[(&str, &str)]| set_in(&text("weihai-etdz-2017"), settings, &paths).unwrap();
    assert_eq!(etdz(&[("ma.inpatient.focal.deductible", "500")]), ["500", "500"]);
    assert_eq!(etdz(&[("ma.inpatient.focal.brackets.1.from", "500")]), ["500", "500"]);
}

#[test]
fn a_begin_that_is_left_out_follows_by_itself() {
    let paths = ["assistance.rule.2.deductible", "assistance.rule.2.brackets.1.from"];
    assert_eq!(weihai(&[("ma.B.deductible", "2000")], &paths), ["2000", "-"]);
    assert_eq!(weihai(&[("ma.B.brackets.1.from", "2000")], &paths), ["2000", "2000"]);
}

#[test]
fn edges_that_count_the_excess_do_not_hang_on_the_deductible() {
    let paths = ["assistance.rule.1.deductible", "assistance.rule.1.brackets.1.from"];
    let settings = [("switches.bands", "excess"), ("ma.inpatient.focal.deductible", "500")];
    assert_eq!(set_in(&text("weihai-etdz-2017"), &settings, &paths).unwrap(), ["500", "0"]);
}

#[test]
fn none_takes_a_value_off_takes_a_rule_on_leaves_it() {
    assert_eq!(weihai(&[("ma.A.cap", "none")], &["assistance.rule.1.cap"]), ["-"]);
    let ids = ["reassistance.rule.1.id", "reassistance.rule.2.id", "assistance.rule.1.id", "reassistance"];
    assert_eq!(weihai(&[("ra.A", "off")], &ids[..2]), ["ra.B", "-"]);
    assert_eq!(weihai(&[("ra.A", "on")], &ids[..2]), ["ra.A", "ra.B"]);
    assert_eq!(weihai(&[("reassistance", "off")], &ids[2..]), ["ma.A", "-"]);
    // Whatever goes, goes at the end: the other addresses mean what they meant.
    let all = [("assistance.rule.1", "off"), ("assistance.rule.2", "off"), ("assistance.rule.3.cap", "x2")];
    assert_eq!(weihai(&all, &["assistance.rule.1.id", "assistance.rule.1.cap"]), ["ma.C", "100000"]);
}

#[test]
fn none_is_a_value_of_its_own_in_a_tilt() {
    let cap = ["catastrophic.rule.1.tilt.cap", "catastrophic.rule.2.tilt.cap"];
    let settings = [("cii.tilt5.tilt.cap", "none"), ("cii.tilt3.tilt.cap", "none")];
    assert_eq!(set_in(&text("jincheng-2023"), &settings, &cap).unwrap(), ["none", "none"]);
}

#[test]
fn a_share_of_a_parameter_is_changed_at_its_share() {
    let jincheng = |address: &str, value: &str| {
        set_in(&text("jincheng-2023"), &[(address, value)], &["assistance.rule.4.deductible.share"])
    };
    assert_eq!(jincheng("ma.inpatient.monitored.deductible.share", "-0.05").unwrap(), ["0.05"]);
    let error = jincheng("ma.inpatient.monitored.deductible", "-1000").unwrap_err();
    assert!(error.contains("is a share of a parameter"), "{error}");
    // Which may be more than the whole.
    let settings = [("impoverishment.threshold.share", "x1.10")];
    assert_eq!(weihai(&settings, &["alert.2.threshold.share"]), ["1.65"]);
    assert!(error.contains("`ma.inpatient.monitored.deductible.share`"), "{error}");
}

#[test]
fn what_cannot_be_done_says_what_can() {
    for (settings, needle) in [
        (vec![("ma.A", "0.75")], "is a whole rule or table"),
        (vec![("switches", "half_even")], "is a whole rule or table"),
        (vec![("ma.A", "none")], "is taken away by \"off\""),
        (vec![("ma.A.identities.1", "none")], "is taken away by \"off\""),
        (vec![("ma.A.cap", "off")], "is taken away by \"none\""),
        (vec![("cii.A.resident.brackets.4", "off")], "without it the schedule would have a gap"),
        (vec![("ma.C.pool", "none")], "`ma.C` has no `pool`\n  there are `brackets`, `cap`"),
        (vec![("ma.D", "off")], "nearest are `ma.A`"),
        (vec![("note", "off")], "the policy has no `note`"),
        (vec![("ma.A.deductible", "+100")], "`ma.A` has no `deductible`"),
        (vec![("ma.A.clause", "+1")], "is neither"),
        (vec![("ma.A.ratio", "+0.31")], "0.7 +0.31 is 1.01, above 1"),
        (vec![("ma.A.ratio", "-0.71")], "0.7 -0.71 is -0.01, below 0"),
        (vec![("cii.A.resident.ratio", "+0.21")], "`cii.A.resident.brackets.4.ratio`: 0.8 +0.21"),
        (vec![("ma.A.cap", "x100000000000")], "too large"),
        (vec![("ma.A.cap", "x999999999999.999999999999")], "too large"),
        (vec![("ma.A.ratio", "0.75"), ("ma.A.brackets.1.ratio", "0.80")], "also changes what `ma.A.ratio` changes"),
        (
            vec![("cii.A.resident.deductible", "8000"), ("cii.A.resident.brackets.1.from", "9000")],
            "also changes what `cii.A.resident.deductible` changes",
        ),
    ] {
        let error = refused(&settings);
        assert!(error.contains(needle), "{settings:?}: {error}");
    }
}

#[test]
fn every_ratio_cap_and_deductible_of_every_shipped_policy_can_be_changed() {
    let mut changed = 0;
    for (id, text) in SHIPPED {
        let table: Table = text.parse().unwrap();
        for (rule, path) in rules(&table) {
            let body = at(&table, &path).unwrap();
            let figures = ["ratio", "to_ratio", "cap", "deductible", "threshold", "floor", "above"];
            for key in figures.iter().filter(|k| body.get(**k).is_some_and(Value::is_str) || **k == "ratio") {
                if *key == "ratio" && body.get("brackets").is_none() && body.get("ratio").is_none() {
                    continue;
                }
                let several = rules(&table).iter().filter(|(r, _)| *r == rule).count() > 1;
                let rule = if several { show(&path) } else { rule.clone() };
                let mut draft = Draft::new(id, table.clone());
                draft.set(&format!("{rule}.{key}"), &Setting::Times(Decimal::new(5, 1))).unwrap();
                let halved = draft.finish();
                assert_ne!(halved, table, "{id} {rule}.{key}");
                halved.try_into::<crate::policy::document::PolicyDoc>().unwrap();
                changed += 1;
            }
        }
    }
    assert!(changed > 60, "{changed}");
}

#[test]
fn an_edge_that_is_moved_from_both_sides_is_an_error() {
    let [to, from] = ["cii.A.resident.brackets.1.to", "cii.A.resident.brackets.2.from"];
    for (a, b) in [("+20000", "+20000"), ("120000", "+20000"), ("+20000", "120000"), ("x1.2", "-1")] {
        for (first, second) in [(to, from), (from, to)] {
            let why = refused(&[(first, a), (second, b)]);
            assert!(why.contains(first) && why.contains(second) && why.contains("moves for both"), "{why}");
        }
    }
    assert!(refused(&[("ma.A.ratio", "+0.05"), ("ma.A.brackets.1.ratio", "+0.05")]).contains("keep one"));
    // The same value on both sides is one edge.
    assert_eq!(weihai(&[(to, "120000"), (from, "120000")], &["catastrophic.rule.2.brackets.2.from"]), ["120000"]);
}
