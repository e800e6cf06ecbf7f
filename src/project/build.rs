//! Changes made: what the kernel is given under a scenario, or under one of its changes alone.

use super::base::{Base, Depth, Set};
use super::change::{Change, Dated, Growth, Kind, Weight};
use super::error::{Problem, ScenarioError};
use super::nearest::nearest;
use super::setting::{Given, Setting};
use crate::lang::both;
use crate::model::codes::Identity;
use crate::policy::Policy;
use crate::policy::compile::with_sudden;
use crate::policy::parameters::{NotAltered, Parameters};

/// What the kernel needs once changes are made.
#[derive(Clone, Debug)]
pub struct Built {
    /// The policy. Where values were set, its text is that of the file and then the list of changes:
    /// it names the policy, but is not its document.
    pub policy: Policy,
    /// The policy holds outside its dates, too.
    pub as_if: bool,
    /// The dated values.
    pub parameters: Parameters,
    /// Growth of fees, one after the other.
    pub fees: Vec<Growth>,
    /// Growth of the number of claims, one after the other.
    pub claims: Vec<Growth>,
    /// Weights of persons, one after the other; `monitored` means `monitored_sudden`, too.
    pub persons: Vec<Weight>,
    /// What every identity of the roster becomes, by [`Identity::index`]. All changes speak of the roster as
    /// it is, and `monitored_sudden` goes with `monitored` where no change names it.
    pub becomes: [Identity; Identity::COUNT],
}

/// Makes changes on one baseline, many times.
#[derive(Clone, Debug)]
pub struct Builder<'a> {
    base: Base,
    parameters: &'a Parameters,
    name: &'a str,
    depth: Depth,
}

impl<'a> Builder<'a> {
    /// A builder on a baseline; `name` is that of the scenarios file, for errors.
    ///
    /// # Errors
    /// [`ScenarioError`]: the baseline's text is no TOML.
    pub fn new(baseline: &Policy, parameters: &'a Parameters, name: &'a str) -> Result<Self, ScenarioError> {
        let base = Base::of(baseline.clone()).map_err(|e| Problem::Policy(e).at(name, None))?;
        Ok(Self { base, parameters, name, depth: Depth::Form })
    }

    /// The same, which also looks whether a changed policy can be meant, and blames the value that makes it so.
    pub fn thorough(self) -> Self {
        Self { depth: Depth::Meaning, ..self }
    }

    /// Makes changes: all of a scenario's, or one alone.
    ///
    /// # Errors
    /// [`ScenarioError`] for what cannot be meant. A change that only another one makes possible, such as
    /// a value of another policy, cannot be made alone.
    pub fn build(&self, changes: &[&Change]) -> Result<Built, ScenarioError> {
        let (policy, as_if) = self.policy(changes)?;
        let mut built = Built {
            policy,
            as_if,
            parameters: self.parameters.clone(),
            fees: Vec::new(),
            claims: Vec::new(),
            persons: Vec::new(),
            becomes: std::array::from_fn(|n| Identity::ALL[n]),
        };
        let mut named = [false; Identity::COUNT];
        for change in changes {
            let wrong = |problem: Problem| problem.at(self.name, change.line);
            match &change.kind {
                Kind::Policy { .. } | Kind::Set { .. } => {}
                Kind::Fees(growth) => built.fees.push(growth.clone()),
                Kind::Claims(growth) => built.claims.push(growth.clone()),
                Kind::Persons(weight) => {
                    built.persons.push(Weight { identities: with_sudden(&weight.identities), ..weight.clone() });
                }
                Kind::Identities { from, to } => {
                    for &identity in from {
                        if std::mem::replace(&mut named[identity.index()], true) {
                            return Err(wrong(Problem::BecomesTwo(identity)));
                        }
                        built.becomes[identity.index()] = *to;
                    }
                }
                Kind::Parameter { name, year, to } => {
                    let done = match to {
                        Dated::Growth(ppm) => built.parameters.grow(name, *year, *ppm),
                        Dated::Value(fen) => built.parameters.put(name, *year, *fen),
                    };
                    done.map_err(|why| wrong(not_altered(self.parameters, name, *year, why)))?;
                }
            }
        }
        if !named[Identity::MonitoredSudden.index()] && named[Identity::Monitored.index()] {
            built.becomes[Identity::MonitoredSudden.index()] = built.becomes[Identity::Monitored.index()];
        }
        Ok(built)
    }

    /// The policy with all values set, and whether it holds outside its dates, too.
    fn policy(&self, changes: &[&Change]) -> Result<(Policy, bool), ScenarioError> {
        let read;
        let (mut base, mut outside) = (&self.base, false);
        let other = changes.iter().find_map(|change| match &change.kind {
            Kind::Policy { origin, as_if } => Some((change, origin, *as_if)),
            _ => None,
        });
        if let Some((change, origin, as_if)) = other {
            outside = as_if;
            base = match &change.loaded {
                Some(base) => base,
                None => {
                    let policy = Policy::load(origin).and_then(Base::of);
                    read = policy.map_err(|e| Problem::Policy(e).at(self.name, change.line))?;
                    &read
                }
            };
        }
        let settings = changes.iter().filter_map(|change| match &change.kind {
            Kind::Set { address, value } => {
                Some(Set { address, setting: value, label: &change.label, line: Some(change.line) })
            }
            _ => None,
        });
        Ok((base.with(&settings.collect::<Vec<_>>(), self.name, self.depth)?, outside))
    }
}

/// Makes changes on a baseline once; [`Builder`] does it many times without reading the policy again.
///
/// # Errors
/// [`ScenarioError`] as for [`Builder::build`].
pub fn build(
    changes: &[&Change],
    baseline: &Policy,
    parameters: &Parameters,
    name: &str,
) -> Result<Built, ScenarioError> {
    Builder::new(baseline, parameters, name)?.build(changes)
}

/// The policy with one value set, for `--solve ADDRESS`.
///
/// # Errors
/// [`ScenarioError`]: the address leads nowhere, or what stands there cannot have that value.
pub fn set_alone(address: &str, value: &str, baseline: &Policy) -> Result<Policy, ScenarioError> {
    let base = Base::of(baseline.clone()).map_err(|e| Problem::Policy(e).at(SOLVE, None))?;
    let setting = Setting::of(Given::Text(value.to_owned()));
    let label = setting.label(address);
    base.with(&[Set { address, setting: &setting, label: &label, line: None }], SOLVE, Depth::Meaning)
}

/// The values that `--within A..B --step S` stands for.
///
/// # Errors
/// [`ScenarioError`]: the range cannot be read, runs downwards, or has too many values.
pub fn candidates(within: &str, step: &str) -> Result<Vec<String>, ScenarioError> {
    super::choice::between(within, step).map_err(|problem| problem.at("--within", None))
}

/// What errors of a typed address name as their place.
const SOLVE: &str = "--solve";

fn not_altered(parameters: &Parameters, name: &str, year: Option<i32>, why: NotAltered) -> Problem {
    match why {
        NotAltered::NoValue => {
            Problem::NoParameter { name: name.to_owned(), nearest: nearest(name, parameters.names()) }
        }
        NotAltered::Schedule => Problem::Schedule(name.to_owned()),
        NotAltered::NoYear(years) => {
            let years = years.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
            let years = both!("there are values of {years}", "现有 {years} 年的值");
            Problem::NoYear { name: name.to_owned(), year: year.unwrap_or_default(), years }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::codes::Care;
    use crate::policy::compile::{Needs, compile};
    use crate::policy::parameters::Standing;
    use crate::policy::value::Amount;
    use crate::project::scenario::{Plan, Scenario};
    use std::path::Path;

    fn weihai() -> (Policy, Parameters) {
        (Policy::load("weihai-2023").unwrap(), Parameters::shipped().unwrap())
    }

    fn scenario(body: &str) -> Scenario {
        let (policy, parameters) = weihai();
        let text = format!("[[scenario]]\nid = \"s\"\n{body}");
        Plan::parse("plan.toml", &text, Path::new(""), &policy, &parameters).unwrap().scenarios.remove(0)
    }

    fn built(body: &str) -> Built {
        let (policy, parameters) = weihai();
        let scenario = scenario(body);
        build(&scenario.changes.iter().collect::<Vec<_>>(), &policy, &parameters, "plan.toml").unwrap()
    }

    #[test]
    fn without_changes_everything_is_the_baseline() {
        let (policy, parameters) = weihai();
        let built = build(&[], &policy, &parameters, "plan.toml").unwrap();
        assert_eq!((built.policy.text, built.policy.origin), (policy.text, policy.origin));
        assert!(!built.as_if && built.fees.is_empty() && built.claims.is_empty() && built.persons.is_empty());
        assert_eq!(built.becomes, Identity::ALL);
        assert_eq!(built.parameters.texts, parameters.texts);
    }

    #[test]
    fn set_values_are_those_that_the_compiler_sees() {
        let built = built("[scenario.set]\n\"cii.A.resident.deductible\" = \"8000\"\n\"ma.A.cap\" = \"none\"");
        let rule = &built.policy.doc.catastrophic.as_ref().unwrap().rule[1];
        assert_eq!(rule.deductible, Some(Amount::Fixed(800_000)));
        assert_eq!(rule.brackets[0].from, Some(Amount::Fixed(800_000)));
        assert_eq!(built.policy.doc.assistance.rule[0].cap, None);
        compile(&built.policy.doc, &built.parameters, &[2023], Needs { subsidies: true }).unwrap();
    }

    #[test]
    fn dates_tables_and_lists_are_set_as_they_stand_in_a_policy() {
        let built = built(
            "[scenario.set]\n\"policy.until\" = 2030-12-31\n\"ma.B.identities\" = [[\"dibao_margin\"]]\n\
             \"ma.B.deductible\" = { of = \"per-capita disposable income, Shandong\", share = \"0.10\", year = -1 }\n\
             \"assistance.exclude_causes.causes\" = [[\"fight\"]]\n\"assistance.exclude_causes.clause\" = \"x\"",
        );
        let doc = &built.policy.doc;
        assert_eq!(doc.policy.until.unwrap().to_string(), "2030-12-31");
        assert_eq!(doc.assistance.rule[1].identities, [Identity::DibaoMargin]);
        assert!(matches!(&doc.assistance.rule[1].deductible, Some(Amount::Share(s)) if s.year == -1));
        assert_eq!(doc.assistance.exclude_causes.as_ref().unwrap().clause, "x");
    }

    #[test]
    fn equal_changes_give_one_text_and_none_the_files_own() {
        let text = |values: &str| built(&format!("[scenario.set]\n{values}")).policy.text;
        let (policy, _) = weihai();
        assert_eq!(text("\"ra.B\" = \"on\"\n\"ma.A.ratio\" = \"0.70\""), policy.text);
        let up = text("\"ma.A.ratio\" = \"0.75\"");
        assert_eq!(up, text("\n\"ma.A.ratio\" = \"0.75\""));
        assert!(up.starts_with(&policy.text) && up.ends_with("# As if:\n# ma.A.ratio = 0.75\n"));
        assert_ne!(up, text("\"ma.A.ratio\" = \"0.76\""));
    }

    #[test]
    fn another_policy_takes_the_values_of_its_scenario() {
        let body = "policy = \"jincheng-2023\"\nas_if = true\n[scenario.set]\n\"ma.inpatient.dibao.ratio\" = \"0.75\"";
        let both = built(body);
        assert_eq!((both.policy.doc.policy.id.as_str(), both.as_if), ("jincheng-2023", true));
        assert_eq!(both.policy.doc.assistance.rule[1].brackets[0].ratio.0, 750_000);
        // Alone, the value belongs to no rule of the baseline.
        let (policy, parameters) = weihai();
        let builder = Builder::new(&policy, &parameters, "plan.toml").unwrap();
        let changes = scenario(body).changes;
        assert_eq!(builder.build(&[&changes[0]]).unwrap().policy.doc.policy.id, "jincheng-2023");
        assert!(builder.build(&[&changes[1]]).unwrap_err().to_string().starts_with("plan.toml, line 6: `ma.inpatient"));
    }

    #[test]
    fn fees_claims_and_persons_are_listed_in_order() {
        let built = built(
            "[[scenario.fees]]\ngrowth = \"0.06\"\ncare = [\"inpatient\"]\n[[scenario.fees]]\ngrowth = \"0.01\"\n\
             [[scenario.claims]]\ngrowth = \"-0.05\"\nhosp_lv = [0]\n\
             [[scenario.persons]]\ngrowth = \"0.10\"\nidentities = [\"monitored\"]",
        );
        let growth = |ppm, care: &[Care], lv: &[u8]| Growth { ppm, care: care.to_vec(), hosp_lv: lv.to_vec() };
        assert_eq!(built.fees, [growth(1_060_000, &[Care::Inpatient], &[]), growth(1_010_000, &[], &[])]);
        assert_eq!(built.claims, [growth(950_000, &[], &[0])]);
        let monitored = vec![Identity::Monitored, Identity::MonitoredSudden];
        assert_eq!(built.persons, [Weight { ppm: 1_100_000, identities: monitored, none: false }]);
    }

    #[test]
    fn identities_speak_of_the_roster_as_it_is() {
        let one = |from: &str, to: &str| format!("[[scenario.identities]]\nfrom = [\"{from}\"]\nto = \"{to}\"\n");
        let becomes = |body: String, identity: Identity| built(&body).becomes[identity.index()];
        let chain = || one("dibao_margin", "dibao") + &one("dibao", "tekun");
        assert_eq!(becomes(chain(), Identity::DibaoMargin), Identity::Dibao);
        assert_eq!(becomes(chain(), Identity::Dibao), Identity::Tekun);
        assert_eq!(becomes(chain(), Identity::Fanpin), Identity::Fanpin);
        // The sudden kind goes along unless it is named itself.
        assert_eq!(becomes(one("monitored", "dibao"), Identity::MonitoredSudden), Identity::Dibao);
        let apart = one("monitored", "dibao") + &one("monitored_sudden", "tekun");
        assert_eq!(becomes(apart, Identity::MonitoredSudden), Identity::Tekun);
        assert_eq!(becomes(one("monitored_sudden", "dibao"), Identity::Monitored), Identity::Monitored);
    }

    #[test]
    fn parameters_grow_or_are_replaced() {
        let name = "per-capita disposable income, Shandong";
        let value = |body: &str| {
            let built = built(&format!("[[scenario.parameters]]\nparameter = \"{name}\"\n{body}"));
            let value = built.parameters.value(name, 2022).unwrap();
            assert_eq!(value.status, Standing::User);
            value.value
        };
        assert_eq!(value("growth = \"0.05\""), 3_943_800);
        assert_eq!(value("value = \"40000\"\nyear = 2022"), 4_000_000);
    }

    #[test]
    fn one_value_is_set_alone_for_a_search() {
        let (policy, _) = weihai();
        let set = |address: &str, value: &str| set_alone(address, value, &policy);
        assert_eq!(set("ma.A.ratio", "0.75").unwrap().doc.assistance.rule[0].brackets[0].ratio.0, 750_000);
        assert_eq!(set("ma.A.cap", "none").unwrap().doc.assistance.rule[0].cap, None);
        let error = set("ma.D.ratio", "0.75").unwrap_err().to_string();
        assert!(error.starts_with("--solve: `ma.D.ratio`: policy `weihai-2023` has no rule"), "{error}");
        assert!(set("ma.A.ratio", "high").unwrap_err().to_string().contains("`high` is not a ratio"));
        assert_eq!(candidates("0.60..0.70", "0.05").unwrap(), ["0.60", "0.65", "0.70"]);
        assert!(candidates("0.70..0.60", "0.05").unwrap_err().to_string().starts_with("--within: the range"));
    }
}
