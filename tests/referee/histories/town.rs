//! A policy with dated values, as the kernel compiles it and as the referee reads it.

use super::schedule::{NOUGHT, Reader, Schedule, yuan};
use onestop::model::codes::{Care, Identity, Insutype, Referral};
use onestop::model::fen::{Rounding, Unit};
use onestop::policy::Policy;
use onestop::policy::compile::{Needs, compile};
use onestop::policy::document::{
    Accumulation, Bands, CatastrophicPayment, Conditions, ExtComp, InForce, LayerDoc, Measure, PolicyDoc, RuleDoc,
    YearBy,
};
use onestop::policy::parameters::Parameters;
use onestop::policy::tables::{LOCAL_AREA, Tables};
use onestop::settle::claims::Claim;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Odd values of the laws, and more years of them: nothing here was ever published.
pub const ODD: [&str; 2] = [include_str!("../../laws/odd-parameters.toml"), include_str!("odd-years.toml")];

/// The accounts of catastrophic insurance, which are kept where there is no schedule as well.
pub const CATASTROPHIC: usize = 0;
/// Those of its special drugs.
pub const SPECIAL_DRUG: usize = 1;

/// A policy of all that a policy file can say.
const ANYWHERE: &str = include_str!("anywhere.toml");

/// Disease codes by number, from 1.
pub const DISEASES: [&str; 2] = ["D01", "D02"];

/// A layer of schedules in one benefit year.
#[derive(Debug)]
pub struct Layer {
    /// Care kinds that it covers.
    pub care: Vec<Care>,
    /// Conditions on the claim.
    pub conditions: Conditions,
    /// Where it stands.
    pub clause: String,
    rules: Vec<(RuleDoc, Schedule)>,
}

/// An alert in one benefit year.
#[derive(Debug)]
pub struct Alert {
    /// Its number in the document.
    pub number: usize,
    /// Its threshold.
    pub threshold: Decimal,
}

/// What holds in one benefit year.
#[derive(Debug)]
pub struct YearRules {
    /// The year.
    pub year: i32,
    /// Catastrophic insurance.
    pub catastrophic: Option<Layer>,
    /// Special drugs.
    pub special_drug: Option<Layer>,
    /// Assistance.
    pub assistance: Layer,
    /// Re-assistance.
    pub again: Option<Layer>,
    /// Alerts whose threshold is set.
    pub alerts: Vec<Alert>,
}

/// A policy with dated values.
#[derive(Debug)]
pub struct Town {
    /// Which policy and values.
    pub name: String,
    /// The odd values are laid over those that are shipped.
    pub odd: bool,
    /// The text of a policy that is not shipped.
    pub text: Option<String>,
    /// The policy as written.
    pub doc: PolicyDoc,
    /// The dated values.
    pub parameters: Parameters,
    /// What the kernel reads.
    pub tables: Tables,
    /// What the referee reads, a benefit year each.
    pub years: Vec<YearRules>,
    /// All identities in the order of ties: the listed ones, then those that the policy does not name.
    pub order: Vec<Identity>,
    /// Names of accounts: pools, and accumulated bases.
    pub accounts: Vec<String>,
    /// Amounts at which something turns, in fen.
    pub edges: Vec<i64>,
    /// Shares of a fee at which a limit or a remark begins.
    pub shares: Vec<Decimal>,
}

/// Whether an identity is one of a list. `monitored_sudden` is `monitored` but where a policy says
/// otherwise (SPEC 1.3).
pub fn is_one_of(identity: Identity, list: &[Identity]) -> bool {
    list.contains(&identity) || (identity == Identity::MonitoredSudden && list.contains(&Identity::Monitored))
}

/// Conditions on the claim itself; that on the whole year is looked at elsewhere.
pub fn holds(conditions: &Conditions, claim: &Claim) -> bool {
    let disease = (claim.disease as usize).checked_sub(1).map(|n| DISEASES[n]);
    let listed = conditions.dise_codg.is_empty() || conditions.dise_codg.iter().any(|d| Some(d.as_str()) == disease);
    let within =
        |prefix: &String| claim.area == LOCAL_AREA || format!("{:06}", claim.area).starts_with(prefix.as_str());
    listed
        && (!conditions.not_unreferred || claim.marks.referral != Referral::Unreferred)
        && (!conditions.tilt_applied || claim.marks.tilt_applied)
        && conditions.area.as_ref().is_none_or(within)
}

impl Layer {
    /// Whether the layer covers the claim.
    pub fn covers(&self, claim: &Claim) -> bool {
        self.care.contains(&claim.care) && holds(&self.conditions, claim)
    }

    /// The schedule for one identity, or for anyone where none is given.
    pub fn schedule(&self, who: Option<Identity>, claim: &Claim) -> Option<&Schedule> {
        let fits = |rule: &RuleDoc| {
            let care: &[Care] = if rule.care.is_empty() { &self.care } else { &rule.care };
            let insutype: &[Insutype] = if rule.insutype.is_empty() { Insutype::ALL } else { &rule.insutype };
            let level = rule.hosp_lv.is_empty() || rule.hosp_lv.contains(&claim.marks.hosp_lv);
            let begun = rule.from.is_none_or(|d| d.0 <= claim.day) && rule.until.is_none_or(|d| claim.day <= d.0);
            let whom = who.map_or(rule.anyone, |identity| is_one_of(identity, &rule.identities));
            whom && care.contains(&claim.care) && insutype.contains(&claim.insutype) && level && begun
        };
        self.rules.iter().find(|(rule, _)| fits(rule)).map(|(_, schedule)| schedule)
    }

    /// The first of these identities that has a rate, else the rate for anyone (R5).
    pub fn first(&self, held: &[Identity], claim: &Claim) -> Option<(Option<Identity>, &Schedule)> {
        let own = held.iter().find_map(|i| Some((Some(*i), self.schedule(Some(*i), claim)?)));
        own.or_else(|| Some((None, self.schedule(None, claim)?)))
    }
}

impl Town {
    fn new(id: &str, name: &str, odd: bool, years: std::ops::RangeInclusive<i32>) -> Self {
        Self::adjusted(id, name, odd, years, |_| ())
    }

    /// A shipped policy that reads some words otherwise.
    fn adjusted(
        id: &str,
        name: &str,
        odd: bool,
        years: std::ops::RangeInclusive<i32>,
        adjust: impl Fn(&mut PolicyDoc),
    ) -> Self {
        let mut doc = Policy::load(id).expect("the policy is shipped").doc;
        adjust(&mut doc);
        Self::of(doc, None, name, odd, years)
    }

    /// A city that is nowhere, with these switches.
    fn anywhere(name: &str, switches: &str) -> Self {
        let text = format!("{ANYWHERE}\n[switches]\n{switches}");
        let doc = Policy::parse("anywhere", &text, "anywhere").expect("the policy can be read").doc;
        Self::of(doc, Some(text), name, false, 2022..=2026)
    }

    fn of(doc: PolicyDoc, text: Option<String>, name: &str, odd: bool, years: std::ops::RangeInclusive<i32>) -> Self {
        let mut parameters = Parameters::shipped().expect("the parameters are shipped");
        for text in ODD.iter().filter(|_| odd) {
            parameters.lay("odd values", text).expect("odd values can be read");
        }
        let all: Vec<i32> = years.collect();
        let mut tables = compile(&doc, &parameters, &all, Needs::default()).expect("the policy compiles").tables;
        tables.bind_diseases(|code| DISEASES.iter().position(|d| *d == code).map_or(0, |n| n as u32 + 1));
        let mut accounts = vec!["cii".to_owned(), "special_drug".to_owned()];
        let read = |year: &i32| Reader { doc: &doc, parameters: &parameters, year: *year }.rules(&mut accounts);
        let years: Vec<YearRules> = all.iter().map(read).collect();
        let edges = edges(&years);
        let limits = doc.hospital_limit.iter().flat_map(|l| &l.limits).map(|l| l.ratio.decimal());
        let shares = limits.chain(doc.note.iter().map(|n| n.above.decimal())).collect();
        let order = order_of(&doc);
        let name = format!("{}, {name}", doc.policy.id);
        Self { name, odd, text, doc, parameters, tables, years, order, accounts, edges, shares }
    }

    /// What holds in a benefit year.
    pub fn year(&self, year: i32) -> Option<&YearRules> {
        self.years.iter().find(|y| y.year == year)
    }

    /// First and last year.
    pub fn span(&self) -> (i32, i32) {
        (self.years[0].year, self.years[self.years.len() - 1].year)
    }

    /// Place of an identity in the order of ties.
    pub fn place(&self, identity: Identity) -> usize {
        self.order.iter().position(|i| *i == identity).expect("every identity has a place")
    }
}

/// The listed order; whoever is monitored suddenly stands with the monitored; all others follow in the
/// order of the contract's list (R19).
fn order_of(doc: &PolicyDoc) -> Vec<Identity> {
    let mut order = Vec::new();
    for identity in &doc.policy.listed_order {
        order.push(*identity);
        if *identity == Identity::Monitored && !doc.policy.listed_order.contains(&Identity::MonitoredSudden) {
            order.push(Identity::MonitoredSudden);
        }
    }
    let rest: Vec<Identity> = Identity::ALL.iter().copied().filter(|i| !order.contains(i)).collect();
    order.extend(rest);
    order
}

fn edges(years: &[YearRules]) -> Vec<i64> {
    let layers = |y: &YearRules| {
        let layers = [y.catastrophic.as_ref(), y.special_drug.as_ref(), Some(&y.assistance), y.again.as_ref()];
        let schedules = layers.into_iter().flatten().flat_map(|l| &l.rules).map(|(_, schedule)| schedule);
        let edges = schedules.flat_map(|s| s.edges().chain(s.cap).collect::<Vec<_>>());
        edges.chain(y.alerts.iter().map(|a| a.threshold)).collect::<Vec<_>>()
    };
    let all: BTreeSet<i64> = years.iter().flat_map(layers).map(fen).filter(|fen| *fen > 0).collect();
    all.into_iter().collect()
}

/// Yuan as fen.
pub fn fen(amount: Decimal) -> i64 {
    let fen = (amount * Decimal::ONE_HUNDRED).normalize();
    assert_eq!(fen.scale(), 0, "{amount} is a whole number of fen");
    i64::try_from(fen).expect("an amount")
}

impl Reader<'_> {
    fn rules(&self, accounts: &mut Vec<String>) -> YearRules {
        let doc = self.doc;
        let mut layer = |name: &str, doc: &LayerDoc| Layer {
            care: doc.care.clone(),
            conditions: doc.conditions.clone(),
            clause: doc.clause.clone(),
            rules: doc.rule.iter().filter_map(|r| Some((r.clone(), self.of_rule(name, r, accounts)?))).collect(),
        };
        let assistance = LayerDoc {
            care: doc.assistance.care.clone(),
            conditions: Conditions::default(),
            clause: doc.assistance.clause.clone(),
            rule: doc.assistance.rule.clone(),
        };
        YearRules {
            year: self.year,
            catastrophic: doc.catastrophic.as_ref().map(|d| layer("cii", d)),
            special_drug: doc.special_drug.as_ref().map(|d| layer("special_drug", d)),
            assistance: layer("ma", &assistance),
            again: doc.reassistance.as_ref().map(|d| layer("ra", d)),
            alerts: (doc.alert.iter().enumerate())
                .filter_map(|(number, a)| Some(Alert { number, threshold: self.amount(&a.threshold)? }))
                .collect(),
        }
    }

    fn of_rule(&self, layer: &str, rule: &RuleDoc, accounts: &mut Vec<String>) -> Option<Schedule> {
        let mut number = |name: String| match accounts.iter().position(|a| *a == name) {
            Some(number) => number,
            None => {
                accounts.push(name);
                accounts.len() - 1
            }
        };
        let pool = rule.pool.as_ref().map_or(layer.to_owned(), |p| format!("{layer}.{p}"));
        let base = rule.base.as_ref().map_or(pool.clone(), |b| format!("{layer} base {b}"));
        let (pool, base) = (number(pool), number(base));
        self.schedule(rule, pool, base)
    }
}

/// Accounts of a year, or of a grant, by number: accumulated bases, and what pools have paid.
#[derive(Clone, Debug)]
pub struct Book {
    base: Vec<Decimal>,
    paid: Vec<Decimal>,
}

impl Book {
    /// Nothing entered yet.
    pub fn new(town: &Town) -> Self {
        let accounts = town.accounts.len();
        Self { base: vec![NOUGHT; accounts], paid: vec![NOUGHT; accounts] }
    }

    /// The accumulated base.
    pub fn base(&self, account: usize) -> Decimal {
        self.base[account]
    }

    /// What was paid.
    pub fn paid(&self, pool: usize) -> Decimal {
        self.paid[pool]
    }

    /// Adds to a base.
    pub fn accumulate(&mut self, account: usize, amount: Decimal) {
        self.base[account] += amount;
    }

    /// Adds to what was paid.
    pub fn enter_paid(&mut self, pool: usize, amount: Decimal) {
        self.paid[pool] += amount;
    }
}

/// Towns whose policy is a file, shipped or written for it, so that the program itself can settle them.
pub const ON_FILE: usize = 12;

/// The towns: the four policies with shipped and with odd values, each for several years, some of them
/// outside the policy's dates; and odd readings of the words that other cities read otherwise.
pub fn towns() -> &'static [Town] {
    static TOWNS: OnceLock<Vec<Town>> = OnceLock::new();
    TOWNS.get_or_init(|| {
        vec![
            Town::new("weihai-2023", "shipped values", false, 2022..=2025),
            Town::new("weihai-2023", "odd values", true, 2022..=2028),
            Town::new("weihai-etdz-2017", "shipped values", false, 2016..=2023),
            Town::new("weihai-etdz-2017", "odd values", true, 2016..=2023),
            Town::new("erenhot-2023", "shipped values", false, 2023..=2025),
            Town::new("erenhot-2023", "odd values", true, 2022..=2026),
            Town::new("jincheng-2023", "shipped values", false, 2022..=2025),
            Town::new("jincheng-2023", "odd values", true, 2022..=2028),
            Town::anywhere("plain", ""),
            Town::anywhere("in whole yuan", "unit = \"yuan\"\naccumulation = \"visit\"\nyear_by = \"enddate\"\n"),
            Town::anywhere("by excess", "bands = \"excess\"\nin_force = \"next_month\"\nrounding = \"half_even\"\n"),
            Town::anywhere("by month", "in_force = \"month\"\ncatastrophic_payment = \"computed\"\n"),
            Town::adjusted("weihai-2023", "otherwise", true, 2022..=2028, |doc| {
                doc.switches.accumulation = Accumulation::Visit;
                doc.switches.in_force = InForce::Month;
                doc.switches.ext_comp = ExtComp::Ignored;
                doc.alert.iter_mut().for_each(|a| a.measure = Measure::TotalAfterInsurance);
            }),
            Town::adjusted("weihai-etdz-2017", "otherwise", true, 2016..=2023, |doc| {
                doc.switches.year_by = YearBy::Enddate;
                doc.switches.in_force = InForce::NextMonth;
                doc.switches.catastrophic_payment = CatastrophicPayment::Computed;
                doc.switches.unit = Unit::Yuan;
            }),
            Town::adjusted("erenhot-2023", "otherwise", true, 2022..=2026, |doc| {
                doc.switches.bands = Bands::Excess;
                doc.switches.rounding = Rounding::HalfEven;
                doc.assistance.exclude_unreferred = None;
                doc.alert.iter_mut().for_each(|a| a.measure = Measure::TotalAfterAssistance);
            }),
            Town::adjusted("jincheng-2023", "otherwise", true, 2022..=2028, |doc| {
                doc.switches.catastrophic_payment = CatastrophicPayment::Recorded;
                doc.switches.rounding = Rounding::HalfEven;
                doc.switches.unit = Unit::Yuan;
                doc.switches.ext_comp = ExtComp::Ignored;
            }),
        ]
    })
}

/// A fee that is so far out of the catalogue that its share is about this one.
pub fn fee_of_share(scope: i64, share: Decimal) -> i64 {
    let fee = yuan(scope) / (Decimal::ONE - share);
    fen(fee.round_dp(2))
}
