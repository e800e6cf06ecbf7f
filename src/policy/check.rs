//! Looks for what cannot be meant in a policy file, beyond its form.
//!
//! Errors keep a policy from being applied; warnings are for the author's eyes. What depends on dated
//! values is checked for every year that the parameters cover.

use super::compile::{Ranks, cells, with_sudden};
use super::document::*;
use super::parameters::Parameters;
use super::tables::{ANYONE, AreaPrefix, Mask};
use super::value::{Amount, Ratio};
use crate::model::codes::{Care, Identity};
use crate::model::date;
use crate::model::fen::PPM;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy cannot be applied.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// Something found in a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The rule or section.
    pub rule: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Finding {
    /// Whether the policy cannot be applied.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The line of the policy text on which the rule is named, from 1.
    pub fn line_in(&self, text: &str) -> Option<usize> {
        let quoted = format!("\"{}\"", self.rule);
        let named = |l: &str| {
            let l = l.trim_start();
            (l.starts_with("id ") || l.starts_with("id=") || l.starts_with("code")) && l.contains(&quoted)
        };
        let headings = [format!("[{}]", self.rule), format!("[[{}]]", self.rule)];
        let is_heading = |l: &str| headings.iter().any(|h| l.trim_start().starts_with(h));
        let line = text.lines().position(named).or_else(|| text.lines().position(is_heading));
        line.map(|n| n + 1)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.rule, self.message)
    }
}

/// Everything found in a document alone.
pub fn check(doc: &PolicyDoc) -> Vec<Finding> {
    let mut checker = Checker { doc, ranks: Ranks::new(doc), findings: Vec::new() };
    checker.header();
    checker.clauses();
    checker.identities();
    checker.layers();
    checker.covers();
    checker.alerts_and_subsidies();
    checker.channels();
    checker.findings
}

/// Everything found in a document together with parameters: the document's own findings, parameters
/// that no year has, years of the policy that lack one, and brackets that do not fit once resolved.
pub fn check_with(doc: &PolicyDoc, parameters: &Parameters, years: &[i32]) -> Vec<Finding> {
    let mut findings = check(doc);
    if findings.iter().any(Finding::is_error) {
        return findings;
    }
    for (rule, amount) in amounts(doc) {
        let Amount::Share(share) = amount else { continue };
        let known = !parameters.years_of(&share.of).is_empty()
            || share.optional
            || share.or.as_ref().is_some_and(|o| !parameters.years_of(&o.deductible_of).is_empty());
        if !known {
            findings.push(Finding {
                severity: Severity::Error,
                rule: rule.to_owned(),
                message: format!("the parameters hold no `{}` of any year; give it with --params", share.of),
            });
        }
    }
    for (rule, tilt) in rules(doc).filter_map(|(_, r)| r.tilt.as_ref().map(|t| (&r.id, t))) {
        if !tilt.optional && parameters.years_of(&tilt.of).is_empty() {
            findings.push(Finding {
                severity: Severity::Error,
                rule: rule.clone(),
                message: format!("the parameters hold no base schedule `{}`; give it with --params", tilt.of),
            });
        }
    }
    if findings.iter().any(Finding::is_error) {
        return findings;
    }
    for &year in years {
        let needs = super::compile::Needs { subsidies: true };
        if let Err(error) = super::compile::compile(doc, parameters, &[year], needs) {
            let severity = match error {
                super::error::PolicyError::MissingParameter(_) => Severity::Warning,
                _ => Severity::Error,
            };
            let message = error.to_string().lines().next().unwrap_or_default().to_owned();
            findings.push(Finding { severity, rule: doc.policy.id.clone(), message });
        }
    }
    findings
}

/// The calendar years that a policy covers, an open end counted up to the given year.
pub fn years(doc: &PolicyDoc, open_until: i32) -> Vec<i32> {
    let first = date::year_of(doc.policy.from.0);
    let last = doc.policy.until.map_or(open_until.max(first), |d| date::year_of(d.0));
    (first..=last).collect()
}

fn rules(doc: &PolicyDoc) -> impl Iterator<Item = (&'static str, &RuleDoc)> {
    fn own<'a>(name: &'static str, rules: &'a [RuleDoc]) -> impl Iterator<Item = (&'static str, &'a RuleDoc)> {
        rules.iter().map(move |r| (name, r))
    }
    own("catastrophic", doc.catastrophic.as_ref().map_or(&[], |l| &l.rule))
        .chain(own("special_drug", doc.special_drug.as_ref().map_or(&[], |l| &l.rule)))
        .chain(own("assistance", &doc.assistance.rule))
        .chain(own("reassistance", doc.reassistance.as_ref().map_or(&[], |l| &l.rule)))
}

fn amounts(doc: &PolicyDoc) -> Vec<(&str, &Amount)> {
    let mut all: Vec<(&str, &Amount)> = Vec::new();
    for (_, rule) in rules(doc) {
        let edges = rule.brackets.iter().flat_map(|b| b.from.iter().chain(&b.to));
        all.extend(rule.deductible.iter().chain(&rule.cap).chain(edges).map(|a| (rule.id.as_str(), a)));
    }
    all.extend(doc.alert.iter().map(|a| (a.id.as_str(), &a.threshold)));
    for subsidy in &doc.subsidy {
        let values = std::iter::once(&subsidy.standard).chain(&subsidy.amount).chain(&subsidy.floor);
        all.extend(values.map(|a| (subsidy.id.as_str(), a)));
    }
    all
}

struct Checker<'a> {
    doc: &'a PolicyDoc,
    ranks: Ranks,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    fn error(&mut self, rule: &str, message: impl Into<String>) {
        self.findings.push(Finding { severity: Severity::Error, rule: rule.to_owned(), message: message.into() });
    }

    fn warn(&mut self, rule: &str, message: impl Into<String>) {
        self.findings.push(Finding { severity: Severity::Warning, rule: rule.to_owned(), message: message.into() });
    }

    fn header(&mut self) {
        let header = &self.doc.policy;
        if header.until.is_some_and(|u| u < header.from) {
            self.error("policy", "`until` is before `from`");
        }
        if header.listed_order.is_empty() {
            self.error("policy", "`listed_order` names nobody; list the identities in the text's own order");
        }
        let mut seen = BTreeSet::new();
        for identity in &header.listed_order {
            if !seen.insert(*identity) {
                self.error("policy", format!("`listed_order` names `{identity}` twice"));
            }
        }
    }

    /// Every rule carries its clause, and no two rules one name.
    fn clauses(&mut self) {
        let doc = self.doc;
        let mut named: Vec<(&str, &str)> = rules(doc).map(|(_, r)| (r.id.as_str(), r.clause.as_str())).collect();
        named.extend(doc.top_up.iter().map(|r| (r.id.as_str(), r.clause.as_str())));
        named.extend(doc.major_disease.iter().flat_map(|m| &m.share).map(|r| (r.id.as_str(), r.clause.as_str())));
        named.extend(doc.hospital_limit.iter().map(|r| (r.id.as_str(), r.clause.as_str())));
        named.extend(doc.out_of_catalogue.iter().map(|r| (r.id.as_str(), r.clause.as_str())));
        named.extend(doc.subsidy.iter().map(|r| (r.id.as_str(), r.clause.as_str())));
        let mut seen = BTreeSet::new();
        for &(id, _) in &named {
            if !seen.insert(id) {
                self.error(id, "two rules carry this name; the audit could not tell them apart");
            }
        }
        named.extend(doc.alert.iter().map(|r| (r.id.as_str(), r.clause.as_str())));
        named.extend(doc.note.iter().map(|r| (r.id.as_str(), r.clause.as_str())));
        named.extend(doc.identity.iter().map(|r| (r.code.as_str(), r.clause.as_str())));
        named.extend(doc.channel.iter().map(|r| ("channel", r.clause.as_str())));
        named.push(("policy", &doc.policy.order_clause));
        named.push(("policy", &doc.policy.dates_clause));
        named.push(("assistance", &doc.assistance.clause));
        named.extend(doc.catastrophic.iter().map(|l| ("catastrophic", l.clause.as_str())));
        named.extend(doc.special_drug.iter().map(|l| ("special_drug", l.clause.as_str())));
        named.extend(doc.reassistance.iter().map(|l| ("reassistance", l.clause.as_str())));
        named.extend(doc.major_disease.iter().map(|m| ("major_disease", m.clause.as_str())));
        named.extend(doc.assistance.exclude_unreferred.iter().map(|c| ("assistance", c.as_str())));
        named.extend(doc.assistance.exclude_causes.iter().map(|c| ("assistance", c.clause.as_str())));
        for (id, clause) in named {
            if id.trim().is_empty() {
                self.error("policy", "a rule has an empty id");
            }
            if clause.trim().is_empty() {
                self.error(id, "the clause is missing; cite where the figure stands");
            }
        }
    }

    fn identities(&mut self) {
        let doc = self.doc;
        let listed = with_sudden(&doc.policy.listed_order);
        let mut used: Vec<(&str, &[Identity])> = rules(doc).map(|(_, r)| (r.id.as_str(), &r.identities[..])).collect();
        used.extend(doc.top_up.iter().map(|r| (r.id.as_str(), &r.identities[..])));
        used.extend(doc.major_disease.iter().flat_map(|m| &m.share).map(|r| (r.id.as_str(), &r.identities[..])));
        used.extend(doc.hospital_limit.iter().map(|r| (r.id.as_str(), &r.identities[..])));
        used.extend(doc.out_of_catalogue.iter().map(|r| (r.id.as_str(), &r.identities[..])));
        used.extend(doc.subsidy.iter().map(|r| (r.id.as_str(), &r.identities[..])));
        used.extend(doc.alert.iter().map(|r| (r.id.as_str(), &r.identities[..])));
        used.extend(doc.channel.iter().map(|r| ("channel", &r.identities[..])));
        used.extend(doc.identity.iter().map(|r| (r.code.as_str(), &r.exclusive_with[..])));
        for (id, identities) in used {
            let mut seen = BTreeSet::new();
            for identity in identities {
                if !listed.contains(identity) {
                    self.error(id, format!("`{identity}` is not in `listed_order`; add it there, in the text's order"));
                }
                if !seen.insert(*identity) {
                    self.error(id, format!("names `{identity}` twice"));
                }
            }
        }
        if doc.identity.iter().filter(|i| i.grant_lookback_months.is_some()).count() > 1 {
            self.error("policy", "more than one identity is granted on application; the engine keeps grants of one");
        }
        let mut seen = BTreeSet::new();
        for identity in &doc.identity {
            if !seen.insert(identity.code) {
                self.error(identity.code.as_str(), "stands twice among [[identity]]");
            }
            if identity.exclusive_with.contains(&identity.code) {
                self.error(identity.code.as_str(), "is exclusive with itself, and so never in force");
            }
        }
    }

    fn layers(&mut self) {
        let doc = self.doc;
        let assistance = LayerDoc {
            care: doc.assistance.care.clone(),
            conditions: Conditions::default(),
            clause: doc.assistance.clause.clone(),
            rule: doc.assistance.rule.clone(),
        };
        let ma = self.layer("assistance", &assistance);
        if doc.assistance.rule.is_empty() {
            self.error("assistance", "has no rule");
        }
        if let Some(layer) = &doc.catastrophic {
            self.layer("catastrophic", layer);
            if let Some(special) = &doc.special_drug {
                let both: Vec<_> = special.care.iter().filter(|c| layer.care.contains(c)).collect();
                for care in both {
                    self.error(
                        "special_drug",
                        format!("`{care}` is also covered by [catastrophic]; one layer takes it"),
                    );
                }
            }
        }
        if let Some(layer) = &doc.special_drug {
            self.layer("special_drug", layer);
        }
        if let Some(layer) = &doc.reassistance {
            self.layer("reassistance", layer);
            for rule in &layer.rule {
                let cells = cells(&self.ranks, layer, rule);
                if !cells.is_empty()
                    && cells.iter().all(|&(key, rank)| !ma.contains_key(&(key, rank)) && rank != ANYONE)
                {
                    self.error(
                        &rule.id,
                        "no claim can reach it: assistance gives these identities no rate for this care",
                    );
                }
                if rule.anyone {
                    self.error(&rule.id, "re-assistance follows the identity that assistance applied; list identities");
                }
                if layer.conditions.cap_reached && !self.has_assistance_cap(rule) {
                    self.error(
                        &rule.id,
                        "no claim can reach it: it waits for an annual limit that these identities do not have",
                    );
                }
            }
        }
        self.same_cap_in_a_pool();
    }

    /// Checks a layer; every (key, rank) with its rule.
    fn layer(&mut self, name: &str, layer: &LayerDoc) -> BTreeMap<(usize, u8), String> {
        let mut taken: BTreeMap<(usize, u8), String> = BTreeMap::new();
        if layer.care.is_empty() {
            self.error(name, "covers no care kind");
        }
        self.conditions(name, &layer.conditions, name == "reassistance");
        for rule in &layer.rule {
            self.rule(layer, rule);
            let insurance = name == "catastrophic" || name == "special_drug";
            if insurance && (rule.pool.is_some() || rule.base.is_some()) {
                self.error(
                    &rule.id,
                    "catastrophic insurance accumulates once a person and year; leave out pool and base",
                );
            }
            if name == "assistance" && rule.anyone {
                self.error(&rule.id, "assistance goes by identity; list identities");
            }
            // Rules over optional base schedules may well not exist; the compiler looks at those that do.
            let optional = rule.tilt.as_ref().is_some_and(|t| t.optional) && rule.anyone;
            for cell in cells(&self.ranks, layer, rule) {
                match taken.get(&cell) {
                    Some(other) if !optional => {
                        let message =
                            format!("and `{other}` both hold for the same claim; split identities, care or levels");
                        self.error(&rule.id, message);
                        break;
                    }
                    _ => {
                        taken.insert(cell, rule.id.clone());
                    }
                }
            }
        }
        taken
    }

    fn rule(&mut self, layer: &LayerDoc, rule: &RuleDoc) {
        let id = &rule.id;
        if rule.anyone != rule.identities.is_empty() {
            self.error(id, "say either `identities = [...]` or `anyone = true`");
        }
        for care in rule.care.iter().filter(|c| !layer.care.contains(c)) {
            self.error(id, format!("no claim can reach it for `{care}`: its layer does not cover that care kind"));
        }
        for level in rule.hosp_lv.iter().filter(|l| !(1..=3).contains(*l)) {
            self.error(id, format!("hospital level {level} does not exist; levels are 1, 2 and 3"));
        }
        match (&rule.tilt, rule.brackets.is_empty()) {
            (Some(_), false) => self.error(id, "has brackets and a tilt; keep one"),
            (None, true) => self.error(id, "has no brackets"),
            _ => {}
        }
        if rule.tilt.is_some() && (rule.deductible.is_some() || rule.cap.is_some()) {
            self.error(id, "a tilt takes deductible and cap from its base schedule");
        }
        for (n, bracket) in rule.brackets.iter().enumerate() {
            self.ratio(id, &format!("bracket {}", n + 1), bracket.ratio);
        }
        if let Some(tilt) = &rule.tilt {
            self.ratio(id, "deductible_share", tilt.deductible_share);
            self.ratio(id, "ratio_plus", tilt.ratio_plus);
        }
        for amount in rule.deductible.iter().chain(&rule.cap) {
            self.amount(id, amount);
        }
        if matches!(rule.cap, Some(Amount::Fixed(0))) {
            self.error(id, "a cap of 0 pays nothing; leave `cap` out for no limit");
        }
        self.fixed_edges(rule);
        self.dates(id, rule.from, rule.until);
    }

    /// Gaps and overlaps of brackets whose edges are all fixed; the others show when resolved.
    fn fixed_edges(&mut self, rule: &RuleDoc) {
        let fixed = |a: &Option<Amount>| match a {
            None => Some(None),
            Some(Amount::Fixed(fen)) => Some(Some(*fen)),
            Some(Amount::Share(_)) => None,
        };
        let Some(deductible) = fixed(&rule.deductible) else { return };
        let mut edges = Vec::with_capacity(rule.brackets.len());
        for bracket in &rule.brackets {
            let (Some(from), Some(to)) = (fixed(&bracket.from), fixed(&bracket.to)) else { return };
            edges.push((super::compile::Edges { from, to }, bracket.ratio.0, 0));
        }
        let bands = self.doc.switches.bands;
        if let Err(problem) = super::compile::lay_out(deductible.unwrap_or(0), 0, &edges, bands, 0) {
            self.error(&rule.id, problem);
        }
    }

    fn ratio(&mut self, rule: &str, what: &str, ratio: Ratio) {
        if !(0..=PPM).contains(&ratio.0) {
            self.error(rule, format!("{what}: the ratio {} is outside 0 to 1", ratio.decimal().normalize()));
        }
    }

    fn amount(&mut self, rule: &str, amount: &Amount) {
        match amount {
            Amount::Fixed(fen) if *fen < 0 => self.error(rule, "an amount is negative"),
            Amount::Share(share) if share.share.0 < 0 => self.error(rule, "a share of a parameter is negative"),
            _ => {}
        }
    }

    fn dates(&mut self, rule: &str, from: Option<Date>, until: Option<Date>) {
        let header = &self.doc.policy;
        if from.zip(until).is_some_and(|(f, u)| u < f) {
            self.error(rule, "`until` is before `from`");
        }
        if until.is_some_and(|u| u < header.from) || from.zip(header.until).is_some_and(|(f, u)| f > u) {
            self.error(rule, "no claim can reach it: its dates lie outside the policy's");
        }
    }

    fn conditions(&mut self, rule: &str, conditions: &Conditions, may_wait_for_cap: bool) {
        if conditions.area.as_deref().is_some_and(|a| AreaPrefix::parse(a).is_none()) {
            self.error(rule, "`area` is no leading part of a six-digit area code");
        }
        if conditions.cap_reached && !may_wait_for_cap {
            self.error(rule, "`cap_reached` is a condition of [reassistance] only");
        }
        if conditions.dise_codg.iter().any(|c| c.trim().is_empty()) {
            self.error(rule, "`dise_codg` holds an empty code");
        }
    }

    fn has_assistance_cap(&self, rule: &RuleDoc) -> bool {
        let identities = with_sudden(&rule.identities);
        identities
            .iter()
            .all(|i| self.doc.assistance.rule.iter().any(|r| r.cap.is_some() && with_sudden(&r.identities).contains(i)))
    }

    /// One identity has one cap in one pool: "the cap in force" would else depend on the care kind.
    fn same_cap_in_a_pool(&mut self) {
        let doc = self.doc;
        let mut caps: BTreeMap<(&str, &str, Identity), (&str, &Option<Amount>)> = BTreeMap::new();
        let mut clashes = Vec::new();
        for (layer, rule) in rules(doc).filter(|(layer, _)| layer.ends_with("assistance")) {
            let pool = rule.pool.as_deref().unwrap_or(layer);
            for &identity in &rule.identities {
                match caps.get(&(layer, pool, identity)) {
                    Some((other, cap)) if *cap != &rule.cap => clashes.push((rule.id.as_str(), *other, identity)),
                    Some(_) => {}
                    None => {
                        caps.insert((layer, pool, identity), (&rule.id, &rule.cap));
                    }
                }
            }
        }
        for (rule, other, identity) in clashes {
            self.warn(rule, format!("gives `{identity}` another cap than `{other}` in the same pool"));
        }
    }

    fn covers(&mut self) {
        let doc = self.doc;
        for rule in &doc.top_up {
            self.cover(&rule.id, &rule.identities, &rule.care, &rule.conditions, true);
            self.ratio(&rule.id, "to_ratio", rule.to_ratio);
        }
        for rule in &doc.out_of_catalogue {
            self.cover(&rule.id, &rule.identities, &rule.care, &rule.conditions, true);
            self.ratio(&rule.id, "ratio", rule.ratio);
            self.dates(&rule.id, rule.from, rule.until);
        }
        for rule in &doc.hospital_limit {
            self.cover(&rule.id, &rule.identities, &rule.care, &rule.conditions, false);
            let mut seen = BTreeSet::new();
            for limit in &rule.limits {
                self.ratio(&rule.id, &format!("limit of class {}", limit.fee_class), limit.ratio);
                if !seen.insert(limit.fee_class) {
                    self.error(&rule.id, format!("two limits for class {}", limit.fee_class));
                }
            }
        }
        if let Some(major) = &doc.major_disease {
            if major.insutype.is_empty() || major.care.is_empty() || major.share.is_empty() {
                self.error("major_disease", "needs insurance types, care kinds and shares");
            }
            let mut seen: Mask = 0;
            for share in &major.share {
                self.ratio(&share.id, "ratio", share.ratio);
                let mask = self.ranks.mask(&share.identities, &[]);
                if seen & mask != 0 {
                    self.error(&share.id, "another share holds for one of these identities");
                }
                seen |= mask;
            }
        }
        for note in &doc.note {
            self.ratio(&note.id, "above", note.above);
            if !(1..=3).contains(&note.hosp_lv) {
                self.error(&note.id, format!("hospital level {} does not exist; levels are 1, 2 and 3", note.hosp_lv));
            }
        }
        if self.doc.note.iter().map(|n| &n.id).collect::<BTreeSet<_>>().len() > 7 {
            self.error("note", "more than seven different remarks");
        }
    }

    fn cover(&mut self, id: &str, who: &[Identity], care: &[Care], conditions: &Conditions, needs_rate: bool) {
        if who.is_empty() || care.is_empty() {
            self.error(id, "no claim can reach it: it names no identity or no care kind");
        }
        self.conditions(id, conditions, false);
        let reached = |i: &Identity, c: &Care| {
            self.doc.assistance.rule.iter().any(|r| {
                let cares = if r.care.is_empty() { &self.doc.assistance.care } else { &r.care };
                (r.anyone || with_sudden(&r.identities).contains(i)) && cares.contains(c)
            })
        };
        if needs_rate && !who.is_empty() && !who.iter().any(|i| care.iter().any(|c| reached(i, c))) {
            self.error(id, "no claim can reach it: assistance gives these identities no rate for this care");
        }
    }

    fn alerts_and_subsidies(&mut self) {
        let doc = self.doc;
        let mut covered: BTreeMap<&str, Mask> = BTreeMap::new();
        for alert in &doc.alert {
            if alert.who.is_some() != alert.identities.is_empty() {
                self.error(&alert.id, "say either `identities = [...]` or `who = ...`");
            }
            self.amount(&alert.id, &alert.threshold);
            let mask = self.ranks.mask(&alert.identities, &[]);
            let seen = covered.entry(&alert.id).or_default();
            if *seen & mask != 0 {
                let message = "two thresholds hold for one identity under the same name";
                self.findings.push(Finding {
                    severity: Severity::Error,
                    rule: alert.id.clone(),
                    message: message.to_owned(),
                });
            }
            *covered.entry(&alert.id).or_default() |= mask;
        }
        for subsidy in &doc.subsidy {
            if subsidy.identities.is_empty() {
                self.error(&subsidy.id, "names no identity");
            }
            if subsidy.share.is_some() == subsidy.amount.is_some() {
                self.error(&subsidy.id, "say either `share` or `amount`");
            }
            if let Some(share) = subsidy.share {
                self.ratio(&subsidy.id, "share", share);
            }
            if subsidy.years.is_some_and(|[first, last]| last < first) {
                self.error(&subsidy.id, "`years` ends before it begins");
            }
            for amount in std::iter::once(&subsidy.standard).chain(&subsidy.amount).chain(&subsidy.floor) {
                self.amount(&subsidy.id, amount);
            }
        }
    }

    /// Everybody with a rate must be paid somehow.
    fn channels(&mut self) {
        let doc = self.doc;
        let mut unpaid: BTreeSet<Identity> = BTreeSet::new();
        let shares = doc.major_disease.iter().flat_map(|m| &m.share).flat_map(|s| s.identities.iter());
        for identity in doc.assistance.rule.iter().flat_map(|r| r.identities.iter()).chain(shares) {
            let paid = doc.channel.iter().any(|c| {
                (c.identities.is_empty() || c.identities.contains(identity)) && c.care.is_empty() && !c.quota_managed
            });
            if !paid {
                unpaid.insert(*identity);
            }
        }
        for identity in unpaid {
            self.error(
                "channel",
                format!("`{identity}` has no channel; add a [[channel]] that holds for all its claims"),
            );
        }
        let last = doc.channel.len().saturating_sub(1);
        for (n, channel) in doc.channel.iter().enumerate() {
            let catch_all = channel.identities.is_empty() && channel.care.is_empty() && !channel.quota_managed;
            if catch_all && n < last {
                self.error("channel", "a [[channel]] for everybody stands before others, which no claim can reach");
            }
        }
    }
}
