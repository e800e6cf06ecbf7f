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
    for option in ["--params", "--codes", "--column", "--recorded-maf", "--year", "--as-if", "--audit", "--strict"] {
        assert!(README.contains(option), "{option}");
    }
}
