//! A policy whose values are set: what becomes of it, and which value is to blame for what is then wrong.

use super::address::{self, Found};
use super::draft::Draft;
use super::error::{Problem, ScenarioError};
use super::setting::{Given, Setting};
use super::slip;
use crate::lang::{self, Both, both};
use crate::policy::Policy;
use crate::policy::check::{Finding, check};
use crate::policy::document::PolicyDoc;
use crate::policy::error::PolicyError;
use toml::Table;

/// A policy together with its document as a table, in which values are set.
#[derive(Clone, Debug)]
pub struct Base {
    policy: Policy,
    table: Table,
    /// What is wrong with the policy as it is: no change is to blame for that.
    wrong: Vec<Finding>,
}

impl Base {
    /// The base that a policy is.
    ///
    /// # Errors
    /// [`PolicyError::Syntax`]: the policy's text is no TOML, which only one that was made by hand is.
    pub fn of(policy: Policy) -> Result<Self, PolicyError> {
        let table = policy.text.parse::<Table>().map_err(|e| PolicyError::Syntax {
            name: policy.doc.policy.id.clone(),
            message: lang::toml(&e.to_string()),
        })?;
        let wrong = check(&policy.doc).into_iter().filter(Finding::is_error).collect();
        Ok(Self { policy, table, wrong })
    }

    /// The policy with values set; `name` is the file's, for errors. What they then mean is only looked at to that
    /// depth: it takes longer than to set them.
    ///
    /// # Errors
    /// [`ScenarioError`]: which of them cannot be set, and why.
    pub(crate) fn with(&self, settings: &[Set<'_>], name: &str, depth: Depth) -> Result<Policy, ScenarioError> {
        let draft = |settings: &[Set<'_>]| {
            let mut draft = Draft::new(&self.policy.doc.policy.id, self.table.clone());
            for set in settings {
                draft.set(set.address, set.setting).map_err(|problem| problem.at(name, set.line))?;
            }
            Ok::<_, ScenarioError>(draft.finish())
        };
        let table = draft(settings)?;
        if table == self.table {
            return Ok(self.policy.clone());
        }
        let doc = self.read(table, depth).map_err(|message| {
            // The change to blame is the first with which the same is wrong.
            let same =
                |n: &usize| draft(&settings[..=*n]).is_ok_and(|t| self.read(t, depth).err().as_ref() == Some(&message));
            let blamed = &settings[(0..settings.len()).find(same).unwrap_or(settings.len() - 1)];
            let (change, policy) = (blamed.label.to_owned(), self.policy.doc.policy.id.clone());
            let remedy = self.remedy(blamed, &message.en);
            Problem::Refused { change, policy, message: message.into(), remedy: remedy.into() }.at(name, blamed.line)
        })?;
        let mut text = self.policy.text.clone();
        text.push_str("\n# As if:\n");
        for set in settings {
            text.push_str(&format!("# {}\n", set.label.replace('\n', " ")));
        }
        Ok(Policy { doc, text, origin: self.policy.origin.clone() })
    }

    /// The changed policy; what is wrong with its form, or with what it means and not with the policy as it is.
    fn read(&self, table: Table, depth: Depth) -> Result<PolicyDoc, Both> {
        let doc: PolicyDoc = table.try_into().map_err(|e| toml_message(&e))?;
        if depth == Depth::Form {
            return Ok(doc);
        }
        match check(&doc).into_iter().find(|found| found.is_error() && !self.wrong.contains(found)) {
            None => Ok(doc),
            Some(found) => Err(found.text()),
        }
    }

    /// The rule that an address begins with, if there is one: the longest name.
    fn rule_of(&self, address: &str) -> Option<String> {
        let begins = |id: &String| address.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('.'));
        address::rules(&self.table).into_iter().map(|(id, _)| id).filter(begins).max_by_key(String::len)
    }

    /// What a value that is refused was probably meant to be.
    fn remedy(&self, set: &Set<'_>, message: &str) -> Both {
        let figure = match set.setting {
            Setting::Value(Given::Text(text)) if message.contains("outside 0 to 1") => slip::hundredths(text),
            Setting::Value(Given::Text(text)) => slip::meant_to_be_set(text),
            Setting::Value(Given::Whole(whole)) => Some(Both::foreign(format!("\"{whole}\""))),
            _ => None,
        };
        let figure = figure.filter(|_| !message.contains(UNKNOWN));
        let figure = figure.map(|Both { en, zh }| both!("write {en}; ", "请写 {zh}；"));
        let ratio = || {
            let rule = self.rule_of(set.address).filter(|_| message.contains(UNKNOWN))?;
            let ratio = address::find(&self.table, &self.policy.doc.policy.id, &format!("{rule}.ratio"));
            match ratio.ok()? {
                Found::Value(_) => Some(both!(
                    "`{rule}.ratio` is the ratio of the rule's bracket; ",
                    "该规则分段的比例是 `{rule}.ratio`；"
                )),
                Found::Ratios { .. } => Some(both!(
                    "`{rule}.brackets.1.ratio` is the ratio of the rule's first bracket; ",
                    "该规则首个分段的比例是 `{rule}.brackets.1.ratio`；"
                )),
                _ => None,
            }
        };
        // A rule that is left without what it builds on may go, too.
        let too = || {
            let rule = message.strip_prefix('`')?.split_once('`')?.0;
            let another = *set.setting == Setting::Off && rule != set.address;
            another.then(|| {
                both!(
                    "take `{rule}` away, too, by \"off\", or change it; ",
                    "请一并用 \"off\" 取消 `{rule}`，或改动它；"
                )
            })
        };
        let list = || {
            message.contains("expected a sequence").then(|| {
                both!(
                    "a list stands for several values: write a value that is a list in brackets of its own, [[…]]; ",
                    "列表表示多个取值；取值本身是列表的，请再加一层方括号 [[…]]；"
                )
            })
        };
        figure.or_else(ratio).or_else(too).or_else(list).unwrap_or_default()
    }
}

/// How the parser begins where a key is unknown.
const UNKNOWN: &str = "unknown field";

fn toml_message(error: &toml::de::Error) -> Both {
    let Both { en, zh } = lang::toml(&error.to_string());
    Both { en: en.replace('\n', ", "), zh: zh.replace('\n', "，") }
}

/// A value that is set: where, to what, in which words, and on which line of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set<'a> {
    pub(crate) address: &'a str,
    pub(crate) setting: &'a Setting,
    pub(crate) label: &'a str,
    pub(crate) line: Option<usize>,
}

/// How far a changed policy is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Whether it is a policy file.
    Form,
    /// And whether it can be meant.
    Meaning,
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;
    use crate::policy::parameters::Parameters;
    use crate::project::scenario::Plan;
    use std::path::Path;

    #[test]
    fn a_policy_that_would_be_invalid_blames_the_change_that_makes_it_so() {
        let (policy, parameters) = (Policy::load("weihai-2023").unwrap(), Parameters::shipped().unwrap());
        let text = "[[scenario]]\nid = \"s\"\n[scenario.set]\n\"ma.A.ratio\" = \"0.75\"\n\
                    \"assistance.exclude_causes.causes\" = [[\"fight\"]]\n\"ma.A.cap\" = \"80000\"";
        let error = Plan::parse("plan.toml", text, Path::new(""), &policy, &parameters).unwrap_err().to_string();
        assert!(error.starts_with("plan.toml, line 5: `assistance.exclude_causes.causes = [fight]`"), "{error}");
        assert!(error.contains("missing field `clause`"), "{error}");
    }
}
