//! A policy as a flat list of figures, each with its rule and clause: what `show` prints and `diff` compares.

use super::document::*;
use super::parameters::Parameters;
use super::value::{Amount, Ratio};
use crate::lang::{Both, Lang, both};
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
    /// The language of names and values.
    pub lang: Lang,
}

/// All figures of a policy, section by section.
pub fn figures(doc: &PolicyDoc, shown: Shown<'_>) -> Vec<Figure> {
    let round = Round { mode: doc.switches.rounding, unit: Unit::Fen };
    let mut list = List { figures: Vec::new(), shown, lang: shown.lang, round };
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

/// Words of a figure: in both languages, or in the one that is shown.
trait Words {
    fn of(self, lang: Lang) -> String;
}

impl Words for Both {
    fn of(self, lang: Lang) -> String {
        self.pick(lang).to_owned()
    }
}

impl Words for String {
    fn of(self, _: Lang) -> String {
        self
    }
}

impl Words for &str {
    fn of(self, _: Lang) -> String {
        self.to_owned()
    }
}

struct List<'a> {
    figures: Vec<Figure>,
    shown: Shown<'a>,
    lang: Lang,
    /// How a share of a dated parameter is rounded: as it is where the policy is applied.
    round: Round,
}

impl List<'_> {
    fn add(&mut self, section: &'static str, rule: &str, name: impl Words, value: impl Words, clause: &str) {
        self.figures.push(Figure {
            section,
            rule: rule.to_owned(),
            name: name.of(self.lang),
            value: value.of(self.lang),
            clause: clause.to_owned(),
        });
    }

    fn header(&mut self, doc: &PolicyDoc) {
        let header = &doc.policy;
        let until = header.until.map_or(self.lang.pick("open", "长期").to_owned(), |d| d.to_string());
        self.add(
            "policy",
            "",
            self.lang.pick("in force 有效期", "有效期"),
            span(&header.from.to_string(), &until, self.lang),
            &header.dates_clause,
        );
        let order = labels(&header.listed_order, self.lang);
        self.add("policy", "", self.lang.pick("listed order 身份顺序", "身份顺序"), order, &header.order_clause);
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
                let value = both!(
                    "not in force on days of {}",
                    "具有以下身份之日不生效：{}",
                    labels(&identity.exclusive_with, self.lang)
                );
                self.add("identities", name, self.lang.pick("exclusive 排他", "排他"), value, &identity.clause);
            }
            if let Some(months) = identity.grant_lookback_months {
                let value = both!(
                    "from the first of the month {months} months before the application to 31 December",
                    "自申请前第 {months} 个月的首日起，至当年 12 月 31 日"
                );
                self.add("identities", name, self.lang.pick("granted 依申请", "依申请"), value, &identity.clause);
            }
        }
    }

    fn assistance(&mut self, doc: &AssistanceDoc) {
        let section = "medical assistance";
        self.add(section, "", self.lang.pick("care 费用类别", "费用类别"), care(&doc.care, self.lang), &doc.clause);
        if let Some(clause) = &doc.exclude_unreferred {
            self.add(
                section,
                "",
                self.lang.pick("excluded 除外", "除外"),
                self.lang.pick("unreferred 未按规定转诊", "未按规定转诊"),
                clause,
            );
        }
        if let Some(exclude) = &doc.exclude_causes {
            let causes = exclude.causes.iter().map(|c| self.lang.term(c.label(), c)).collect::<Vec<_>>();
            self.add(
                section,
                "",
                self.lang.pick("excluded 除外", "除外"),
                causes.join(comma(self.lang)),
                &exclude.clause,
            );
        }
        doc.rule.iter().for_each(|r| self.rule(section, r));
    }

    fn layer(&mut self, section: &'static str, layer: &LayerDoc) {
        self.add(section, "", self.lang.pick("care 费用类别", "费用类别"), care(&layer.care, self.lang), &layer.clause);
        if let Some(words) = conditions(&layer.conditions, self.lang) {
            self.add(section, "", self.lang.pick("conditions 条件", "条件"), words, &layer.clause);
        }
        layer.rule.iter().for_each(|r| self.rule(section, r));
    }

    fn rule(&mut self, section: &'static str, rule: &RuleDoc) {
        let mut who = if rule.anyone {
            self.lang.pick("anyone 所有人", "所有人").to_owned()
        } else {
            labels(&rule.identities, self.lang)
        };
        if !rule.insutype.is_empty() {
            let types = rule.insutype.iter().map(|t: &Insutype| self.lang.term(t.label(), t)).collect::<Vec<_>>();
            who.push_str(&format!("; {}", types.join(comma(self.lang))));
        }
        if !rule.care.is_empty() {
            who.push_str(&format!("; {}", care(&rule.care, self.lang)));
        }
        if !rule.hosp_lv.is_empty() {
            let levels = rule.hosp_lv.iter().map(u8::to_string).collect::<Vec<_>>();
            who.push_str(both!("; hospital level {}", "; 医院等级 {}", levels.join(", ")).pick(self.lang));
        }
        if rule.from.is_some() || rule.until.is_some() {
            who.push_str(&format!("; {}", dates(rule.from, rule.until, self.lang)));
        }
        self.add(section, &rule.id, self.lang.pick("for 对象", "对象"), who, &rule.clause);
        let deductible_clause = rule.deductible_clause.as_deref().unwrap_or(&rule.clause);
        match (&rule.tilt, &rule.deductible) {
            (Some(tilt), _) => self.tilt(section, rule, tilt),
            (None, Some(amount)) => {
                let value = self.amount(amount);
                self.add(section, &rule.id, self.lang.pick("deductible 起付线", "起付线"), value, deductible_clause);
            }
            (None, None) => self.add(
                section,
                &rule.id,
                self.lang.pick("deductible 起付线", "起付线"),
                self.lang.pick("none 不设", "不设"),
                deductible_clause,
            ),
        }
        for (n, bracket) in rule.brackets.iter().enumerate() {
            let edge = |list: &Self, a: &Option<Amount>| a.as_ref().map(|a| list.amount(a));
            let from = edge(self, &bracket.from).or_else(|| match n {
                0 => Some(rule.deductible.as_ref().map_or("0.00".to_owned(), |a| self.amount(a))),
                _ => None,
            });
            let to = edge(self, &bracket.to).map_or_else(|| both!("and above", "以上"), |t| both!("to {t}", "至 {t}"));
            let from = from.unwrap_or_else(|| self.lang.pick("the last edge", "前段终点").into());
            let (ratio, to) = (bracket.ratio.percent(), to.pick(self.lang));
            let value = both!("{ratio}  from {from} {to}", "{ratio}  {from} {to}").pick(self.lang).to_owned();
            let clause = bracket.clause.as_deref().unwrap_or(&rule.clause);
            self.add(section, &rule.id, both!("ratio {} 比例", "比例 {}", n + 1).pick(self.lang), value, clause);
        }
        if rule.tilt.is_none() {
            let value = rule.cap.as_ref().map_or(self.lang.pick("none 不设", "不设").to_owned(), |c| {
                both!("{} a year", "每年 {}", self.amount(c)).pick(self.lang).to_owned()
            });
            self.add(
                section,
                &rule.id,
                self.lang.pick("cap 封顶线", "封顶线"),
                value,
                rule.cap_clause.as_deref().unwrap_or(&rule.clause),
            );
        }
        if let Some(pool) = rule.pool.as_ref().or(rule.base.as_ref()) {
            self.add(section, &rule.id, self.lang.pick("pool 额度池", "额度池"), pool.clone(), &rule.clause);
        }
    }

    fn tilt(&mut self, section: &'static str, rule: &RuleDoc, tilt: &TiltDoc) {
        let optional = match tilt.optional {
            true => self.lang.pick(
                " (where the parameters hold it; else carried as recorded)",
                "（参数中有该基础待遇时；否则按已记录金额）",
            ),
            false => "",
        };
        self.add(
            section,
            &rule.id,
            self.lang.pick("base schedule 基础待遇", "基础待遇"),
            format!("{}{optional}", tilt.of),
            &rule.clause,
        );
        self.add(
            section,
            &rule.id,
            self.lang.pick("deductible 起付线", "起付线"),
            both!("{} of the base", "基础待遇的 {}", tilt.deductible_share.percent()).pick(self.lang),
            &rule.clause,
        );
        self.add(
            section,
            &rule.id,
            self.lang.pick("ratios 比例", "比例"),
            both!("+ {} points", "提高 {}（百分点）", tilt.ratio_plus.percent()).pick(self.lang),
            &rule.clause,
        );
        let cap = match tilt.cap {
            TiltCap::Base => self.lang.pick("that of the base", "同基础待遇"),
            TiltCap::None => self.lang.pick("none 不设", "不设"),
        };
        self.add(section, &rule.id, self.lang.pick("cap 封顶线", "封顶线"), cap, &rule.clause);
        let Some((parameters, year)) = self.shown.resolve else { return };
        let Some(base) = parameters.schedule(&tilt.of, year) else { return };
        let deductible = to_grouped(i128::from(base.deductible));
        let mut words = both!("deductible {deductible}", "起付线 {deductible}").pick(self.lang).to_owned();
        for bracket in &base.brackets {
            let to = bracket.to.map(|t| to_grouped(i128::from(t)));
            let to = to.map_or_else(|| both!("above", "以上"), |t| both!("to {t}", "至 {t}"));
            words.push_str(&format!("; {} {}", bracket.ratio.percent(), to.pick(self.lang)));
        }
        self.add(
            section,
            &rule.id,
            both!("base of {year}", "{year} 年基础待遇").pick(self.lang),
            words,
            &base.source.clone(),
        );
    }

    fn covers(&mut self, doc: &PolicyDoc) {
        for rule in &doc.top_up {
            self.add(
                "top-up",
                &rule.id,
                self.lang.pick("for 对象", "对象"),
                cover_for(&rule.identities, &rule.care, &rule.conditions, self.lang),
                &rule.clause,
            );
            let value = both!(
                "a single stay to {} of what is in scope",
                "单次就诊补足至政策范围内费用的 {}",
                rule.to_ratio.percent()
            );
            self.add("top-up", &rule.id, self.lang.pick("ratio 比例", "比例"), value, &rule.clause);
        }
        if let Some(major) = &doc.major_disease {
            let types = major.insutype.iter().map(|t| t.label()).collect::<Vec<_>>().join(comma(self.lang));
            let value = both!(
                "{types}; {}; with `disease_limit` set",
                "{types}; {}; 须有 `disease_limit`",
                care(&major.care, self.lang)
            );
            self.add("major disease", "", self.lang.pick("claims 范围", "范围"), value, &major.clause);
            self.add(
                "major disease",
                "",
                self.lang.pick("above the limit 超限额", "超限额"),
                self.lang.pick("borne by the institution", "由医疗机构承担"),
                &major.clause,
            );
            for share in &major.share {
                let value = both!(
                    "{} of the limit for {}",
                    "限额的 {}：{}",
                    share.ratio.percent(),
                    labels(&share.identities, self.lang)
                );
                self.add("major disease", &share.id, self.lang.pick("share 比例", "比例"), value, &share.clause);
            }
        }
        for rule in &doc.hospital_limit {
            let section = "borne by institutions";
            self.add(
                section,
                &rule.id,
                self.lang.pick("for 对象", "对象"),
                cover_for(&rule.identities, &rule.care, &rule.conditions, self.lang),
                &rule.clause,
            );
            for limit in &rule.limits {
                let name = both!("class {} {}", "{} 类 {}", limit.fee_class, limit.fee_class.label());
                let value = both!(
                    "out-of-catalogue costs above {} of the fee",
                    "目录外费用超过医疗费的 {} 部分",
                    limit.ratio.percent()
                );
                self.add(section, &rule.id, name, value, &rule.clause);
            }
        }
        for rule in &doc.out_of_catalogue {
            let section = "out-of-catalogue";
            self.add(
                section,
                &rule.id,
                self.lang.pick("for 对象", "对象"),
                cover_for(&rule.identities, &rule.care, &rule.conditions, self.lang),
                &rule.clause,
            );
            self.add(section, &rule.id, self.lang.pick("ratio 比例", "比例"), rule.ratio.percent(), &rule.clause);
            if rule.from.is_some() || rule.until.is_some() {
                self.add(
                    section,
                    &rule.id,
                    self.lang.pick("dates 期限", "期限"),
                    dates(rule.from, rule.until, self.lang),
                    &rule.clause,
                );
            }
        }
    }

    fn rest(&mut self, doc: &PolicyDoc) {
        for note in &doc.note {
            let value = both!(
                "out-of-catalogue share above {} at level {}",
                "目录外占比超过 {}（医院等级 {}）",
                note.above.percent(),
                note.hosp_lv
            );
            self.add(
                "remarks",
                &note.id,
                both!("level {}", "等级 {}", note.hosp_lv).pick(self.lang),
                value,
                &note.clause,
            );
        }
        for alert in &doc.alert {
            let who = match alert.who {
                None => labels(&alert.identities, self.lang),
                Some(Who::NoIdentity) => {
                    self.lang.pick("persons without any identity 无救助身份", "无救助身份").to_owned()
                }
                Some(Who::AnyIdentity) => {
                    self.lang.pick("persons with an identity 有救助身份", "有救助身份").to_owned()
                }
                Some(Who::EverybodyElse) => self.lang.pick("everybody else 其他人员", "其他人员").to_owned(),
            };
            let value =
                both!("{} above {}", "{}超过 {}", measure(alert.measure, self.lang), self.amount(&alert.threshold));
            self.add("alerts", &alert.id, who, value, &alert.clause);
        }
        for subsidy in &doc.subsidy {
            let section = "contribution subsidies";
            let mut who = labels(&subsidy.identities, self.lang);
            if !subsidy.except.is_empty() {
                who.push_str(both!(", not {}", "，不含 {}", labels(&subsidy.except, self.lang)).pick(self.lang));
            }
            if !subsidy.unless_holding.is_empty() {
                who.push_str(
                    both!(
                        "; unless holding {}",
                        "; 同时具有以下身份的除外：{}",
                        labels(&subsidy.unless_holding, self.lang)
                    )
                    .pick(self.lang),
                );
            }
            self.add(section, &subsidy.id, self.lang.pick("for 对象", "对象"), who, &subsidy.clause);
            let mut value = match (&subsidy.amount, subsidy.share) {
                (Some(amount), _) => self.amount(amount),
                (None, share) => share.unwrap_or(Ratio::one()).percent(),
            };
            value.push_str(both!(" of {}", "，标准 {}", self.amount(&subsidy.standard)).pick(self.lang));
            if let Some(floor) = &subsidy.floor {
                value.push_str(both!(", at least {}", "，不低于 {}", self.amount(floor)).pick(self.lang));
            }
            if let Some([first, last]) = subsidy.years {
                value.push_str(both!(", {first} to {last}", "，{first} 至 {last} 年").pick(self.lang));
            }
            self.add(section, &subsidy.id, self.lang.pick("subsidy 资助", "资助"), value, &subsidy.clause);
        }
        for (n, channel) in doc.channel.iter().enumerate() {
            let mut who = if channel.identities.is_empty() {
                self.lang.pick("all others 其他", "其他").to_owned()
            } else {
                labels(&channel.identities, self.lang)
            };
            if !channel.care.is_empty() {
                who.push_str(&format!("; {}", care(&channel.care, self.lang)));
            }
            if channel.quota_managed {
                who.push_str(self.lang.pick("; under quota management 限额管理", "; 限额管理"));
            }
            let value = self.lang.term(channel.channel.label(), channel.channel);
            self.add("channels", &format!("{}", n + 1), who, value, &channel.clause);
        }
    }

    fn amount(&self, amount: &Amount) -> String {
        let share = match amount {
            Amount::Fixed(fen) => return to_grouped(i128::from(*fen)),
            Amount::Share(share) => share,
        };
        let when = match share.year {
            0 => Both::default(),
            -1 => both!(" of the year before", "，上年度"),
            n => both!(" of year {n:+}", "，年度 {n:+}"),
        };
        let part = match share.share == Ratio::one() {
            true => Both::default(),
            false => both!("{} of ", "{} × ", share.share.percent()),
        };
        let mut words = format!("{}[{}{}]", part.pick(self.lang), share.of, when.pick(self.lang));
        if let Some(or) = &share.or {
            let (share, of) = (or.share.percent(), &or.deductible_of);
            words.push_str(
                both!(" or {share} of the deductible of [{of}]", "，或 {share} × [{of}] 的起付线").pick(self.lang),
            );
        }
        if share.optional {
            words.push_str(self.lang.pick(" (where it is set)", "（有该值时）"));
        }
        if let Some((parameters, year)) = self.shown.resolve {
            let round = self.round;
            let value = parameters.value(&share.of, year + share.year).map(|v| round.product(v.value, share.share.0));
            let or = share.or.as_ref().and_then(|o| {
                parameters.schedule(&o.deductible_of, year).map(|s| round.product(s.deductible, o.share.0))
            });
            match value.or(or) {
                Some(fen) => {
                    let fen = to_grouped(i128::from(fen));
                    words.push_str(both!(" = {fen} in {year}", " = {fen}（{year} 年）").pick(self.lang));
                }
                None => words.push_str(both!(" (no value for {year})", "（{year} 年无值）").pick(self.lang)),
            }
        }
        words
    }
}

fn span(from: &str, until: &str, lang: Lang) -> String {
    both!("{from} to {until}", "{from} 至 {until}").pick(lang).to_owned()
}

fn dates(from: Option<Date>, until: Option<Date>, lang: Lang) -> String {
    let date = |d: Option<Date>, open: &str| d.map_or(open.to_owned(), |d| d.to_string());
    span(&date(from, lang.pick("open", "不限")), &date(until, lang.pick("open", "长期")), lang)
}

/// Between the things of a list.
fn comma(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ", ",
        Lang::Zh => "、",
    }
}

fn labels(identities: &[Identity], lang: Lang) -> String {
    identities.iter().map(|i| lang.term(i.label(), i)).collect::<Vec<_>>().join(comma(lang))
}

fn care(kinds: &[Care], lang: Lang) -> String {
    kinds.iter().map(|c| lang.term(c.label(), c)).collect::<Vec<_>>().join(comma(lang))
}

fn cover_for(identities: &[Identity], kinds: &[Care], on: &Conditions, lang: Lang) -> String {
    let extra = conditions(on, lang).map_or(String::new(), |c| format!("; {c}"));
    format!("{}; {}{extra}", labels(identities, lang), care(kinds, lang))
}

fn conditions(conditions: &Conditions, lang: Lang) -> Option<String> {
    let mut words = Vec::new();
    if conditions.not_unreferred {
        words.push(lang.pick("not unreferred 规范转诊", "规范转诊").to_owned());
    }
    if let Some(area) = &conditions.area {
        words.push(both!("treated in area {area}… or locally", "在 {area}… 地区或本地就医").pick(lang).to_owned());
    }
    if conditions.tilt_applied {
        words.push(lang.pick("applied for 依申请", "依申请").to_owned());
    }
    if conditions.cap_reached {
        words.push(lang.pick("the year reached the annual limit 达到年度限额", "达到年度限额").to_owned());
    }
    if !conditions.dise_codg.is_empty() {
        words.push(both!("disease {}", "病种 {}", conditions.dise_codg.join(", ")).pick(lang).to_owned());
    }
    (!words.is_empty()).then(|| words.join("; "))
}

fn measure(measure: Measure, lang: Lang) -> &'static str {
    let (en, zh) = match measure {
        Measure::AfterInsurance => ("burden within scope after insurance", "医保报销后政策范围内负担"),
        Measure::AfterAssistance => {
            ("burden within scope after insurance and assistance", "医保报销和救助后政策范围内负担")
        }
        Measure::TotalAfterInsurance => ("whole burden after insurance", "医保报销后全部负担"),
        Measure::TotalAfterAssistance => ("whole burden after insurance and assistance", "医保报销和救助后全部负担"),
    };
    lang.pick(en, zh)
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
            let figures = figures(&doc, Shown { resolve: Some((&parameters, 2023)), lang: Lang::En });
            assert!(figures.iter().any(|f| f.value.contains(shown)), "{rounding}: no {shown}");
        }
    }
}
