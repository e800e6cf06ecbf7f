//! Looks for what cannot be meant in a policy file, beyond its form.
//!
//! Errors keep a policy from being applied; warnings are for the author's eyes. What depends on dated
//! values is checked for every year that the parameters cover.

use super::compile::{Ranks, cells, with_sudden};
use super::document::*;
use super::parameters::Parameters;
use super::tables::{ANYONE, AreaPrefix, Mask};
use super::value::{Amount, Ratio};
use crate::lang::{Both, Told as _, both};
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
    pub message: Both,
}

impl Finding {
    /// Whether the policy cannot be applied.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The finding in words.
    pub fn text(&self) -> Both {
        let Self { rule, message, .. } = self;
        Both { en: format!("`{rule}`: {}", message.en), zh: format!("`{rule}`：{}", message.zh) }
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
        f.write_str(&self.text().en)
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
                message: both!(
                    "the parameters hold no `{}` of any year; give it with --params",
                    "参数中没有 `{}` 任何年份的值；请用 --params 给出",
                    share.of
                ),
            });
        }
    }
    for (rule, tilt) in rules(doc).filter_map(|(_, r)| r.tilt.as_ref().map(|t| (&r.id, t))) {
        if !tilt.optional && parameters.years_of(&tilt.of).is_empty() {
            findings.push(Finding {
                severity: Severity::Error,
                rule: rule.clone(),
                message: both!(
                    "the parameters hold no base schedule `{}`; give it with --params",
                    "参数中没有基础待遇 `{}`；请用 --params 给出",
                    tilt.of
                ),
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
            let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
            let message = Both { en: first(error.to_string()), zh: first(error.zh()) };
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
    fn error(&mut self, rule: &str, message: Both) {
        self.findings.push(Finding { severity: Severity::Error, rule: rule.to_owned(), message });
    }

    fn warn(&mut self, rule: &str, message: Both) {
        self.findings.push(Finding { severity: Severity::Warning, rule: rule.to_owned(), message });
    }

    fn header(&mut self) {
        let header = &self.doc.policy;
        if header.until.is_some_and(|u| u < header.from) {
            self.error("policy", both!("`until` is before `from`", "`until` 早于 `from`"));
        }
        if header.listed_order.is_empty() {
            self.error(
                "policy",
                both!(
                    "`listed_order` names nobody; list the identities in the text's own order",
                    "`listed_order` 为空；请按文件原文的顺序列出救助对象"
                ),
            );
        }
        let mut seen = BTreeSet::new();
        for identity in &header.listed_order {
            if !seen.insert(*identity) {
                self.error(
                    "policy",
                    both!("`listed_order` names `{identity}` twice", "`listed_order` 中 `{identity}` 出现两次"),
                );
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
                self.error(
                    id,
                    both!(
                        "two rules carry this name; the audit could not tell them apart",
                        "两条规则同名，审计记录无法区分"
                    ),
                );
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
                self.error("policy", both!("a rule has an empty id", "有规则的 id 为空"));
            }
            if clause.trim().is_empty() {
                self.error(
                    id,
                    both!("the clause is missing; cite where the figure stands", "缺少条款；请注明数值出自何处"),
                );
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
                    self.error(
                        id,
                        both!(
                            "`{identity}` is not in `listed_order`; add it there, in the text's order",
                            "`{identity}` 不在 `listed_order` 中；请按原文顺序加入"
                        ),
                    );
                }
                if !seen.insert(*identity) {
                    self.error(id, both!("names `{identity}` twice", "`{identity}` 出现两次"));
                }
            }
        }
        if doc.identity.iter().filter(|i| i.grant_lookback_months.is_some()).count() > 1 {
            self.error(
                "policy",
                both!(
                    "more than one identity is granted on application; the engine keeps grants of one",
                    "依申请认定的对象不止一类；本程序只支持一类"
                ),
            );
        }
        let mut seen = BTreeSet::new();
        for identity in &doc.identity {
            if !seen.insert(identity.code) {
                self.error(
                    identity.code.as_str(),
                    both!("stands twice among [[identity]]", "在 [[identity]] 中出现两次"),
                );
            }
            if identity.exclusive_with.contains(&identity.code) {
                self.error(
                    identity.code.as_str(),
                    both!("is exclusive with itself, and so never in force", "与自身互斥，因而永不生效"),
                );
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
            self.error("assistance", both!("has no rule", "没有规则"));
        }
        if let Some(layer) = &doc.catastrophic {
            self.layer("catastrophic", layer);
            if let Some(special) = &doc.special_drug {
                let both: Vec<_> = special.care.iter().filter(|c| layer.care.contains(c)).collect();
                for care in both {
                    self.error(
                        "special_drug",
                        both!(
                            "`{care}` is also covered by [catastrophic]; one layer takes it",
                            "`{care}` 在 [catastrophic] 中也有；一类费用只能归入一层"
                        ),
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
                        both!(
                            "no claim can reach it: assistance gives these identities no rate for this care",
                            "没有结算能适用此规则：医疗救助对这些对象的该类费用没有规定比例"
                        ),
                    );
                }
                if rule.anyone {
                    self.error(
                        &rule.id,
                        both!(
                            "re-assistance follows the identity that assistance applied; list identities",
                            "再救助按医疗救助适用的对象执行；请列出 identities"
                        ),
                    );
                }
                if layer.conditions.cap_reached && !self.has_assistance_cap(rule) {
                    self.error(
                        &rule.id,
                        both!(
                            "no claim can reach it: it waits for an annual limit that these identities do not have",
                            "没有结算能适用此规则：其前提是达到年度限额，而这些对象没有限额"
                        ),
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
            self.error(name, both!("covers no care kind", "没有列出费用类别"));
        }
        self.conditions(name, &layer.conditions, name == "reassistance");
        for rule in &layer.rule {
            self.rule(layer, rule);
            let insurance = name == "catastrophic" || name == "special_drug";
            if insurance && (rule.pool.is_some() || rule.base.is_some()) {
                self.error(
                    &rule.id,
                    both!(
                        "catastrophic insurance accumulates once a person and year; leave out pool and base",
                        "大病保险按人按年累计；请删去 pool 和 base"
                    ),
                );
            }
            if name == "assistance" && rule.anyone {
                self.error(
                    &rule.id,
                    both!("assistance goes by identity; list identities", "医疗救助按对象执行；请列出 identities"),
                );
            }
            // Rules over optional base schedules may well not exist; the compiler looks at those that do.
            let optional = rule.tilt.as_ref().is_some_and(|t| t.optional) && rule.anyone;
            for cell in cells(&self.ranks, layer, rule) {
                match taken.get(&cell) {
                    Some(other) if !optional => {
                        let message = both!(
                            "and `{other}` both hold for the same claim; split identities, care or levels",
                            "与 `{other}` 对同一笔结算同时适用；请按对象、费用类别或医院等级分开"
                        );
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
            self.error(
                id,
                both!(
                    "say either `identities = [...]` or `anyone = true`",
                    "请在 `identities = [...]` 与 `anyone = true` 中只写一个"
                ),
            );
        }
        for care in rule.care.iter().filter(|c| !layer.care.contains(c)) {
            self.error(
                id,
                both!(
                    "no claim can reach it for `{care}`: its layer does not cover that care kind",
                    "没有 `{care}` 结算能适用此规则：所在层不含该类费用"
                ),
            );
        }
        for level in rule.hosp_lv.iter().filter(|l| !(1..=3).contains(*l)) {
            self.error(
                id,
                both!(
                    "hospital level {level} does not exist; levels are 1, 2 and 3",
                    "医院等级 {level} 不存在；等级为 1、2、3"
                ),
            );
        }
        match (&rule.tilt, rule.brackets.is_empty()) {
            (Some(_), false) => {
                self.error(id, both!("has brackets and a tilt; keep one", "既有 brackets 又有 tilt；请只保留一个"))
            }
            (None, true) => self.error(id, both!("has no brackets", "没有分段")),
            _ => {}
        }
        if rule.tilt.is_some() && (rule.deductible.is_some() || rule.cap.is_some()) {
            self.error(
                id,
                both!("a tilt takes deductible and cap from its base schedule", "倾斜规则的起付线和封顶线取自基础待遇"),
            );
        }
        for (n, bracket) in rule.brackets.iter().enumerate() {
            self.ratio_of(id, &both!("bracket {}", "第 {} 段", n + 1), bracket.ratio);
        }
        if let Some(tilt) = &rule.tilt {
            self.ratio(id, "deductible_share", tilt.deductible_share);
            self.ratio(id, "ratio_plus", tilt.ratio_plus);
        }
        for amount in rule.deductible.iter().chain(&rule.cap) {
            self.amount(id, amount);
        }
        if matches!(rule.cap, Some(Amount::Fixed(0))) {
            self.error(
                id,
                both!(
                    "a cap of 0 pays nothing; leave `cap` out for no limit",
                    "封顶线为 0 则不予支付；不设封顶线请删去 `cap`"
                ),
            );
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
        self.ratio_of(rule, &Both::foreign(what), ratio);
    }

    fn ratio_of(&mut self, rule: &str, what: &Both, ratio: Ratio) {
        if !(0..=PPM).contains(&ratio.0) {
            let (Both { en, zh }, ratio) = (what, ratio.decimal().normalize());
            self.error(
                rule,
                Both {
                    en: format!("{en}: the ratio {ratio} is outside 0 to 1"),
                    zh: format!("{zh}：比例 {ratio} 不在 0 至 1 之间"),
                },
            );
        }
    }

    fn amount(&mut self, rule: &str, amount: &Amount) {
        match amount {
            Amount::Fixed(fen) if *fen < 0 => self.error(rule, both!("an amount is negative", "金额为负数")),
            Amount::Share(share) if share.share.0 < 0 => {
                self.error(rule, both!("a share of a parameter is negative", "参数的份额为负数"))
            }
            _ => {}
        }
    }

    fn dates(&mut self, rule: &str, from: Option<Date>, until: Option<Date>) {
        let header = &self.doc.policy;
        if from.zip(until).is_some_and(|(f, u)| u < f) {
            self.error(rule, both!("`until` is before `from`", "`until` 早于 `from`"));
        }
        if until.is_some_and(|u| u < header.from) || from.zip(header.until).is_some_and(|(f, u)| f > u) {
            self.error(
                rule,
                both!(
                    "no claim can reach it: its dates lie outside the policy's",
                    "没有结算能适用此规则：其期限在政策有效期之外"
                ),
            );
        }
    }

    fn conditions(&mut self, rule: &str, conditions: &Conditions, may_wait_for_cap: bool) {
        if conditions.area.as_deref().is_some_and(|a| AreaPrefix::parse(a).is_none()) {
            self.error(
                rule,
                both!("`area` is no leading part of a six-digit area code", "`area` 不是六位行政区划代码的前几位"),
            );
        }
        if conditions.cap_reached && !may_wait_for_cap {
            self.error(
                rule,
                both!(
                    "`cap_reached` is a condition of [reassistance] only",
                    "`cap_reached` 只能作为 [reassistance] 的条件"
                ),
            );
        }
        if conditions.dise_codg.iter().any(|c| c.trim().is_empty()) {
            self.error(rule, both!("`dise_codg` holds an empty code", "`dise_codg` 中有空的代码"));
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
            self.warn(
                rule,
                both!(
                    "gives `{identity}` another cap than `{other}` in the same pool",
                    "对 `{identity}` 的封顶线与同一额度池中的 `{other}` 不同"
                ),
            );
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
                self.ratio_of(&rule.id, &both!("limit of class {}", "第 {} 类限额", limit.fee_class), limit.ratio);
                if !seen.insert(limit.fee_class) {
                    self.error(&rule.id, both!("two limits for class {}", "第 {} 类有两个限额", limit.fee_class));
                }
            }
        }
        if let Some(major) = &doc.major_disease {
            if major.insutype.is_empty() || major.care.is_empty() || major.share.is_empty() {
                self.error(
                    "major_disease",
                    both!("needs insurance types, care kinds and shares", "须写明险种、费用类别和分担比例"),
                );
            }
            let mut seen: Mask = 0;
            for share in &major.share {
                self.ratio(&share.id, "ratio", share.ratio);
                let mask = self.ranks.mask(&share.identities, &[]);
                if seen & mask != 0 {
                    self.error(
                        &share.id,
                        both!("another share holds for one of these identities", "其中有对象已有另一分担比例"),
                    );
                }
                seen |= mask;
            }
        }
        for note in &doc.note {
            self.ratio(&note.id, "above", note.above);
            if !(1..=3).contains(&note.hosp_lv) {
                self.error(
                    &note.id,
                    both!(
                        "hospital level {} does not exist; levels are 1, 2 and 3",
                        "医院等级 {} 不存在；等级为 1、2、3",
                        note.hosp_lv
                    ),
                );
            }
        }
        if self.doc.note.iter().map(|n| &n.id).collect::<BTreeSet<_>>().len() > 7 {
            self.error("note", both!("more than seven different remarks", "提示超过七种"));
        }
    }

    fn cover(&mut self, id: &str, who: &[Identity], care: &[Care], conditions: &Conditions, needs_rate: bool) {
        if who.is_empty() || care.is_empty() {
            self.error(
                id,
                both!(
                    "no claim can reach it: it names no identity or no care kind",
                    "没有结算能适用此规则：没有列出对象或费用类别"
                ),
            );
        }
        self.conditions(id, conditions, false);
        let reached = |i: &Identity, c: &Care| {
            self.doc.assistance.rule.iter().any(|r| {
                let cares = if r.care.is_empty() { &self.doc.assistance.care } else { &r.care };
                (r.anyone || with_sudden(&r.identities).contains(i)) && cares.contains(c)
            })
        };
        if needs_rate && !who.is_empty() && !who.iter().any(|i| care.iter().any(|c| reached(i, c))) {
            self.error(
                id,
                both!(
                    "no claim can reach it: assistance gives these identities no rate for this care",
                    "没有结算能适用此规则：医疗救助对这些对象的该类费用没有规定比例"
                ),
            );
        }
    }

    fn alerts_and_subsidies(&mut self) {
        let doc = self.doc;
        let mut covered: BTreeMap<&str, Mask> = BTreeMap::new();
        for alert in &doc.alert {
            if alert.who.is_some() != alert.identities.is_empty() {
                self.error(
                    &alert.id,
                    both!(
                        "say either `identities = [...]` or `who = ...`",
                        "请在 `identities = [...]` 与 `who = ...` 中只写一个"
                    ),
                );
            }
            self.amount(&alert.id, &alert.threshold);
            let mask = self.ranks.mask(&alert.identities, &[]);
            let seen = covered.entry(&alert.id).or_default();
            if *seen & mask != 0 {
                let message =
                    both!("two thresholds hold for one identity under the same name", "同名预警对同一对象有两个阈值");
                self.findings.push(Finding { severity: Severity::Error, rule: alert.id.clone(), message });
            }
            *covered.entry(&alert.id).or_default() |= mask;
        }
        for subsidy in &doc.subsidy {
            if subsidy.identities.is_empty() {
                self.error(&subsidy.id, both!("names no identity", "没有列出对象"));
            }
            if subsidy.share.is_some() == subsidy.amount.is_some() {
                self.error(&subsidy.id, both!("say either `share` or `amount`", "请在 `share` 与 `amount` 中只写一个"));
            }
            if let Some(share) = subsidy.share {
                self.ratio(&subsidy.id, "share", share);
            }
            if subsidy.years.is_some_and(|[first, last]| last < first) {
                self.error(&subsidy.id, both!("`years` ends before it begins", "`years` 的终年早于始年"));
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
                both!(
                    "`{identity}` has no channel; add a [[channel]] that holds for all its claims",
                    "`{identity}` 没有结算方式；请增加一个适用于其全部结算的 [[channel]]"
                ),
            );
        }
        let last = doc.channel.len().saturating_sub(1);
        for (n, channel) in doc.channel.iter().enumerate() {
            let catch_all = channel.identities.is_empty() && channel.care.is_empty() && !channel.quota_managed;
            if catch_all && n < last {
                self.error(
                    "channel",
                    both!(
                        "a [[channel]] for everybody stands before others, which no claim can reach",
                        "适用于所有人的 [[channel]] 排在其他之前，其后的都无法适用"
                    ),
                );
            }
        }
    }
}
