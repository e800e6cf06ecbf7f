//! A policy as a flat list of figures, each with its rule and clause: what `show` prints and `diff` compares.

use super::document::*;
use super::parameters::Parameters;
use super::value::{Amount, Ratio};
use crate::model::codes::{Care, Identity, Insutype};
use crate::model::fen::{Round, Unit, to_grouped};

/// One thing that a policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Part of the policy.
    pub section: &'static str,
    /// Rule id, or empty.
    pub rule: String,
    /// What the figure is.
    pub name: String,
    /// Its value in words.
    pub value: String,
    /// Where it stands.
    pub clause: String,
}

/// Sections, in order, with their Chinese names.
pub const SECTIONS: &[(&str, &str)] = &[
    ("policy", "政策"),
    ("switches", "口径"),
    ("identities", "救助对象"),
    ("catastrophic insurance", "大病保险"),
    ("special drugs", "大病保险特药"),
    ("medical assistance", "医疗救助"),
    ("re-assistance", "再救助（倾斜救助）"),
    ("top-up", "补足救助"),
    ("major disease", "重特大疾病单病种"),
    ("borne by institutions", "医疗机构承担"),
    ("out-of-catalogue", "目录外救助"),
    ("remarks", "提示"),
    ("alerts", "预警监测"),
    ("contribution subsidies", "资助参保"),
    ("channels", "结算方式"),
];

/// How shares of dated parameters are shown: in words, or resolved for a year.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Values to resolve with, and the benefit year.
    pub resolve: Option<(&'a Parameters, i32)>,
}

/// All figures of a policy, section by section.
pub fn figures(doc: &PolicyDoc, shown: Shown<'_>) -> Vec<Figure> {
    let round = Round { mode: doc.switches.rounding, unit: Unit::Fen };
    let mut list = List { figures: Vec::new(), shown, round };
    list.header(doc);
    list.identities(doc);
    if let Some(layer) = &doc.catastrophic {
        list.layer("catastrophic insurance", layer);
    }
    if let Some(layer) = &doc.special_drug {
        list.layer("special drugs", layer);
    }
    list.assistance(&doc.assistance);
    if let Some(layer) = &doc.reassistance {
        list.layer("re-assistance", layer);
    }
    list.covers(doc);
    list.rest(doc);
    list.figures
}

struct List<'a> {
    figures: Vec<Figure>,
    shown: Shown<'a>,
    /// How a share of a dated parameter is rounded: as it is where the policy is applied.
    round: Round,
}

impl List<'_> {
    fn add(
        &mut self,
        section: &'static str,
        rule: &str,
        name: impl Into<String>,
        value: impl Into<String>,
        clause: &str,
    ) {
        self.figures.push(Figure {
            section,
            rule: rule.to_owned(),
            name: name.into(),
            value: value.into(),
            clause: clause.to_owned(),
        });
    }

    fn header(&mut self, doc: &PolicyDoc) {
        let header = &doc.policy;
        let until = header.until.map_or("open".to_owned(), |d| d.to_string());
        self.add("policy", "", "in force 有效期", format!("{} to {until}", header.from), &header.dates_clause);
        let order = labels(&header.listed_order);
        self.add("policy", "", "listed order 身份顺序", order, &header.order_clause);
        let s = &doc.switches;
        let standard = Switches::default();
        let mut switch = |name: &str, value: String, usual: String| {
            if value != usual {
                self.add("switches", "", name, value, &header.order_clause);
            }
        };
        switch("bands", format!("{:?}", s.bands), format!("{:?}", standard.bands));
        switch("accumulation", format!("{:?}", s.accumulation), format!("{:?}", standard.accumulation));
        switch("year_by", format!("{:?}", s.year_by), format!("{:?}", standard.year_by));
        switch("in_force", format!("{:?}", s.in_force), format!("{:?}", standard.in_force));
        switch("rounding", format!("{:?}", s.rounding), format!("{:?}", standard.rounding));
        switch("unit", format!("{:?}", s.unit), format!("{:?}", standard.unit));
        let payment = |s: &Switches| format!("{:?}", s.catastrophic_payment);
        switch("catastrophic_payment", payment(s), payment(&standard));
        switch("ext_comp", format!("{:?}", s.ext_comp), format!("{:?}", standard.ext_comp));
    }

    fn identities(&mut self, doc: &PolicyDoc) {
        for identity in &doc.identity {
            let name = identity.code.as_str();
            if !identity.exclusive_with.is_empty() {
                let value = format!("not in force on days of {}", labels(&identity.exclusive_with));
                self.add("identities", name, "exclusive 排他", value, &identity.clause);
            }
            if let Some(months) = identity.grant_lookback_months {
                let value =
                    format!("from the first of the month {months} months before the application to 31 December");
                self.add("identities", name, "granted 依申请", value, &identity.clause);
            }
        }
    }

    fn assistance(&mut self, doc: &AssistanceDoc) {
        let section = "medical assistance";
        self.add(section, "", "care 费用类别", care(&doc.care), &doc.clause);
        if let Some(clause) = &doc.exclude_unreferred {
            self.add(section, "", "excluded 除外", "unreferred 未按规定转诊", clause);
        }
        if let Some(exclude) = &doc.exclude_causes {
            let causes = exclude.causes.iter().map(|c| format!("{} {c}", c.label())).collect::<Vec<_>>();
            self.add(section, "", "excluded 除外", causes.join(", "), &exclude.clause);
        }
        doc.rule.iter().for_each(|r| self.rule(section, r));
    }

    fn layer(&mut self, section: &'static str, layer: &LayerDoc) {
        self.add(section, "", "care 费用类别", care(&layer.care), &layer.clause);
        if let Some(words) = conditions(&layer.conditions) {
            self.add(section, "", "conditions 条件", words, &layer.clause);
        }
        layer.rule.iter().for_each(|r| self.rule(section, r));
    }

    fn rule(&mut self, section: &'static str, rule: &RuleDoc) {
        let mut who = if rule.anyone { "anyone 所有人".to_owned() } else { labels(&rule.identities) };
        if !rule.insutype.is_empty() {
            let types = rule.insutype.iter().map(|t: &Insutype| format!("{} {t}", t.label())).collect::<Vec<_>>();
            who.push_str(&format!("; {}", types.join(", ")));
        }
        if !rule.care.is_empty() {
            who.push_str(&format!("; {}", care(&rule.care)));
        }
        if !rule.hosp_lv.is_empty() {
            let levels = rule.hosp_lv.iter().map(u8::to_string).collect::<Vec<_>>();
            who.push_str(&format!("; hospital level {}", levels.join(", ")));
        }
        if rule.from.is_some() || rule.until.is_some() {
            who.push_str(&format!("; {}", dates(rule.from, rule.until)));
        }
        self.add(section, &rule.id, "for 对象", who, &rule.clause);
        let deductible_clause = rule.deductible_clause.as_deref().unwrap_or(&rule.clause);
        match (&rule.tilt, &rule.deductible) {
            (Some(tilt), _) => self.tilt(section, rule, tilt),
            (None, Some(amount)) => {
                let value = self.amount(amount);
                self.add(section, &rule.id, "deductible 起付线", value, deductible_clause);
            }
            (None, None) => self.add(section, &rule.id, "deductible 起付线", "none 不设", deductible_clause),
        }
        for (n, bracket) in rule.brackets.iter().enumerate() {
            let edge = |list: &Self, a: &Option<Amount>| a.as_ref().map(|a| list.amount(a));
            let from = edge(self, &bracket.from).or_else(|| match n {
                0 => Some(rule.deductible.as_ref().map_or("0.00".to_owned(), |a| self.amount(a))),
                _ => None,
            });
            let to = edge(self, &bracket.to).map_or("and above".to_owned(), |t| format!("to {t}"));
            let value =
                format!("{}  from {} {to}", bracket.ratio.percent(), from.unwrap_or_else(|| "the last edge".into()));
            let clause = bracket.clause.as_deref().unwrap_or(&rule.clause);
            self.add(section, &rule.id, format!("ratio {} 比例", n + 1), value, clause);
        }
        if rule.tilt.is_none() {
            let value = rule.cap.as_ref().map_or("none 不设".to_owned(), |c| format!("{} a year", self.amount(c)));
            self.add(section, &rule.id, "cap 封顶线", value, rule.cap_clause.as_deref().unwrap_or(&rule.clause));
        }
        if let Some(pool) = rule.pool.as_ref().or(rule.base.as_ref()) {
            self.add(section, &rule.id, "pool 额度池", pool.clone(), &rule.clause);
        }
    }

    fn tilt(&mut self, section: &'static str, rule: &RuleDoc, tilt: &TiltDoc) {
        let optional = if tilt.optional { " (where the parameters hold it; else carried as recorded)" } else { "" };
        self.add(section, &rule.id, "base schedule 基础待遇", format!("{}{optional}", tilt.of), &rule.clause);
        self.add(
            section,
            &rule.id,
            "deductible 起付线",
            format!("{} of the base", tilt.deductible_share.percent()),
            &rule.clause,
        );
        self.add(section, &rule.id, "ratios 比例", format!("+ {} points", tilt.ratio_plus.percent()), &rule.clause);
        let cap = match tilt.cap {
            TiltCap::Base => "that of the base",
            TiltCap::None => "none 不设",
        };
        self.add(section, &rule.id, "cap 封顶线", cap, &rule.clause);
        let Some((parameters, year)) = self.shown.resolve else { return };
        let Some(base) = parameters.schedule(&tilt.of, year) else { return };
        let mut words = format!("deductible {}", to_grouped(i128::from(base.deductible)));
        for bracket in &base.brackets {
            let to = bracket.to.map_or("above".to_owned(), |t| format!("to {}", to_grouped(i128::from(t))));
            words.push_str(&format!("; {} {to}", bracket.ratio.percent()));
        }
        self.add(section, &rule.id, format!("base of {year}"), words, &base.source.clone());
    }

    fn covers(&mut self, doc: &PolicyDoc) {
        for rule in &doc.top_up {
            self.add(
                "top-up",
                &rule.id,
                "for 对象",
                cover_for(&rule.identities, &rule.care, &rule.conditions),
                &rule.clause,
            );
            let value = format!("a single stay to {} of what is in scope", rule.to_ratio.percent());
            self.add("top-up", &rule.id, "ratio 比例", value, &rule.clause);
        }
        if let Some(major) = &doc.major_disease {
            let types = major.insutype.iter().map(|t| t.label()).collect::<Vec<_>>().join(", ");
            let value = format!("{types}; {}; with `disease_limit` set", care(&major.care));
            self.add("major disease", "", "claims 范围", value, &major.clause);
            self.add("major disease", "", "above the limit 超限额", "borne by the institution", &major.clause);
            for share in &major.share {
                let value = format!("{} of the limit for {}", share.ratio.percent(), labels(&share.identities));
                self.add("major disease", &share.id, "share 比例", value, &share.clause);
            }
        }
        for rule in &doc.hospital_limit {
            let section = "borne by institutions";
            self.add(
                section,
                &rule.id,
                "for 对象",
                cover_for(&rule.identities, &rule.care, &rule.conditions),
                &rule.clause,
            );
            for limit in &rule.limits {
                let name = format!("class {} {}", limit.fee_class, limit.fee_class.label());
                let value = format!("out-of-catalogue costs above {} of the fee", limit.ratio.percent());
                self.add(section, &rule.id, name, value, &rule.clause);
            }
        }
        for rule in &doc.out_of_catalogue {
            let section = "out-of-catalogue";
            self.add(
                section,
                &rule.id,
                "for 对象",
                cover_for(&rule.identities, &rule.care, &rule.conditions),
                &rule.clause,
            );
            self.add(section, &rule.id, "ratio 比例", rule.ratio.percent(), &rule.clause);
            if rule.from.is_some() || rule.until.is_some() {
                self.add(section, &rule.id, "dates 期限", dates(rule.from, rule.until), &rule.clause);
            }
        }
    }

    fn rest(&mut self, doc: &PolicyDoc) {
        for note in &doc.note {
            let value = format!("out-of-catalogue share above {} at level {}", note.above.percent(), note.hosp_lv);
            self.add("remarks", &note.id, format!("level {}", note.hosp_lv), value, &note.clause);
        }
        for alert in &doc.alert {
            let who = match alert.who {
                None => labels(&alert.identities),
                Some(Who::NoIdentity) => "persons without any identity 无救助身份".to_owned(),
                Some(Who::AnyIdentity) => "persons with an identity 有救助身份".to_owned(),
                Some(Who::EverybodyElse) => "everybody else 其他人员".to_owned(),
            };
            let value = format!("{} above {}", measure(alert.measure), self.amount(&alert.threshold));
            self.add("alerts", &alert.id, who, value, &alert.clause);
        }
        for subsidy in &doc.subsidy {
            let section = "contribution subsidies";
            let mut who = labels(&subsidy.identities);
            if !subsidy.except.is_empty() {
                who.push_str(&format!(", not {}", labels(&subsidy.except)));
            }
            if !subsidy.unless_holding.is_empty() {
                who.push_str(&format!("; unless holding {}", labels(&subsidy.unless_holding)));
            }
            self.add(section, &subsidy.id, "for 对象", who, &subsidy.clause);
            let mut value = match (&subsidy.amount, subsidy.share) {
                (Some(amount), _) => self.amount(amount),
                (None, share) => share.unwrap_or(Ratio::one()).percent(),
            };
            value.push_str(&format!(" of {}", self.amount(&subsidy.standard)));
            if let Some(floor) = &subsidy.floor {
                value.push_str(&format!(", at least {}", self.amount(floor)));
            }
            if let Some([first, last]) = subsidy.years {
                value.push_str(&format!(", {first} to {last}"));
            }
            self.add(section, &subsidy.id, "subsidy 资助", value, &subsidy.clause);
        }
        for (n, channel) in doc.channel.iter().enumerate() {
            let mut who = if channel.identities.is_empty() {
                "all others 其他".to_owned()
            } else {
                labels(&channel.identities)
            };
            if !channel.care.is_empty() {
                who.push_str(&format!("; {}", care(&channel.care)));
            }
            if channel.quota_managed {
                who.push_str("; under quota management 限额管理");
            }
            let value = format!("{} {}", channel.channel.label(), channel.channel);
            self.add("channels", &format!("{}", n + 1), who, value, &channel.clause);
        }
    }

    fn amount(&self, amount: &Amount) -> String {
        let share = match amount {
            Amount::Fixed(fen) => return to_grouped(i128::from(*fen)),
            Amount::Share(share) => share,
        };
        let when = match share.year {
            0 => String::new(),
            -1 => " of the year before".to_owned(),
            n => format!(" of year {n:+}"),
        };
        let part = if share.share == Ratio::one() { String::new() } else { format!("{} of ", share.share.percent()) };
        let mut words = format!("{part}[{}{when}]", share.of);
        if let Some(or) = &share.or {
            words.push_str(&format!(" or {} of the deductible of [{}]", or.share.percent(), or.deductible_of));
        }
        if share.optional {
            words.push_str(" (where it is set)");
        }
        if let Some((parameters, year)) = self.shown.resolve {
            let round = self.round;
            let value = parameters.value(&share.of, year + share.year).map(|v| round.product(v.value, share.share.0));
            let or = share.or.as_ref().and_then(|o| {
                parameters.schedule(&o.deductible_of, year).map(|s| round.product(s.deductible, o.share.0))
            });
            match value.or(or) {
                Some(fen) => words.push_str(&format!(" = {} in {year}", to_grouped(i128::from(fen)))),
                None => words.push_str(&format!(" (no value for {year})")),
            }
        }
        words
    }
}

fn dates(from: Option<Date>, until: Option<Date>) -> String {
    let date = |d: Option<Date>| d.map_or("open".to_owned(), |d| d.to_string());
    format!("{} to {}", date(from), date(until))
}

fn labels(identities: &[Identity]) -> String {
    identities.iter().map(|i| format!("{} {i}", i.label())).collect::<Vec<_>>().join(", ")
}

fn care(kinds: &[Care]) -> String {
    kinds.iter().map(|c| format!("{} {c}", c.label())).collect::<Vec<_>>().join(", ")
}

fn cover_for(identities: &[Identity], kinds: &[Care], on: &Conditions) -> String {
    let extra = conditions(on).map_or(String::new(), |c| format!("; {c}"));
    format!("{}; {}{extra}", labels(identities), care(kinds))
}

fn conditions(conditions: &Conditions) -> Option<String> {
    let mut words = Vec::new();
    if conditions.not_unreferred {
        words.push("not unreferred 规范转诊".to_owned());
    }
    if let Some(area) = &conditions.area {
        words.push(format!("treated in area {area}… or locally"));
    }
    if conditions.tilt_applied {
        words.push("applied for 依申请".to_owned());
    }
    if conditions.cap_reached {
        words.push("the year reached the annual limit 达到年度限额".to_owned());
    }
    if !conditions.dise_codg.is_empty() {
        words.push(format!("disease {}", conditions.dise_codg.join(", ")));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::AfterInsurance => "burden within scope after insurance",
        Measure::AfterAssistance => "burden within scope after insurance and assistance",
        Measure::TotalAfterInsurance => "whole burden after insurance",
        Measure::TotalAfterAssistance => "whole burden after insurance and assistance",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, SHIPPED};

    #[test]
    fn a_share_is_shown_as_it_is_applied_where_a_half_goes_to_even() {
        let (id, text) = SHIPPED.iter().find(|(id, _)| *id == "erenhot-2023").unwrap();
        let mut parameters = Parameters::shipped().unwrap();
        let income = "[[value]]\nparameter = \"per-capita disposable income, Erenhot, all residents\"\nyear = 2022\n";
        parameters.lay("odd", &format!("{income}value = \"51234.58\"\n")).unwrap();
        // A quarter of it is 12808.645.
        for (rounding, shown) in [("half_up", "12,808.65"), ("half_even", "12,808.64")] {
            let text = format!("{text}\n[switches]\nrounding = \"{rounding}\"\n");
            let doc = Policy::parse(id, &text, id).unwrap().doc;
            let figures = figures(&doc, Shown { resolve: Some((&parameters, 2023)) });
            assert!(figures.iter().any(|f| f.value.contains(shown)), "{rounding}: no {shown}");
        }
    }
}
