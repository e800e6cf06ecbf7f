//! One identity's year, worked out once more: slowly, plainly and in exact decimals of yuan.
//!
//! It reads the policy *document* and shares no arithmetic and no table with the kernel. A figure is
//! never carried from bracket to bracket: whatever a schedule pays is `F(before + amount) − F(before)`,
//! with `F` worked out from nought each time. It knows one identity in force all year (or none) and
//! no reversals, and only the four policies' own switches.
//!
//! ```text
//!  R0 = S − basic ─► catastrophic ─► R1 − outside compensation = B ─► assistance ─► R2 ─► re-assistance
//! ```

use onestop::model::codes::{Care, ExclCause, Identity, Insutype, Referral, ScopeReason};
use onestop::policy::document::{Conditions, HospitalLimitDoc, LayerDoc, PolicyDoc, RuleDoc, Switches, TiltCap};
use onestop::policy::parameters::Parameters;
use onestop::policy::tables::LOCAL_AREA;
use onestop::policy::value::Amount;
use onestop::settle::claims::Claim;
use onestop::settle::outcome::Money;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{BTreeMap, BTreeSet};

const NOUGHT: Decimal = Decimal::ZERO;

/// Fen as yuan.
pub fn yuan(fen: i64) -> Decimal {
    Decimal::new(fen, 2)
}

/// Half up to the fen (R4).
fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Brackets above a deductible, with the accounts that they are kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    deductible: Decimal,
    brackets: Vec<Bracket>,
    cap: Option<Decimal>,
    /// The account of what is paid, under the cap.
    pool: String,
    /// The account of the accumulated base.
    base: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bracket {
    from: Decimal,
    to: Option<Decimal>,
    ratio: Decimal,
}

impl Schedule {
    /// F: what the year's whole burden gives, each bracket rounded, the cap left aside.
    pub fn of(&self, burden: Decimal) -> Decimal {
        let within = |b: &Bracket| b.to.map_or(burden, |to| burden.min(to)) - b.from;
        self.brackets.iter().filter(|b| burden > b.from).map(|b| rounded(within(b) * b.ratio)).sum()
    }

    /// What an amount gets after so much base and so much paid.
    pub fn pays(&self, before: Decimal, amount: Decimal, paid: Decimal) -> Decimal {
        let gross = self.of(before + amount) - self.of(before);
        let room = self.cap.map_or(gross, |cap| (cap - paid).max(NOUGHT));
        gross.min(room).min(amount)
    }

    /// Where it begins, bends and ends.
    pub fn edges(&self) -> BTreeSet<Decimal> {
        let edges = self.brackets.iter().flat_map(|b| [Some(b.from), b.to]).flatten();
        edges.chain([self.deductible]).collect()
    }

    /// The annual limit.
    pub fn cap(&self) -> Option<Decimal> {
        self.cap
    }
}

/// The year's accounts by name: accumulated bases, and what pools have paid.
#[derive(Clone, Debug, Default)]
pub struct Book {
    base: BTreeMap<String, Decimal>,
    paid: BTreeMap<String, Decimal>,
}

impl Book {
    fn base(&self, account: &str) -> Decimal {
        self.base.get(account).copied().unwrap_or_default()
    }

    fn paid(&self, account: &str) -> Decimal {
        self.paid.get(account).copied().unwrap_or_default()
    }

    fn enter(account: &mut BTreeMap<String, Decimal>, name: &str, amount: Decimal) {
        *account.entry(name.to_owned()).or_default() += amount;
    }

    fn pay(&mut self, schedule: &Schedule, amount: Decimal) -> Decimal {
        let pay = schedule.pays(self.base(&schedule.base), amount, self.paid(&schedule.pool));
        Self::enter(&mut self.base, &schedule.base, amount);
        Self::enter(&mut self.paid, &schedule.pool, pay);
        pay
    }
}

/// A point of a schedule that the year can come to.
#[derive(Clone, Debug)]
pub enum Point {
    /// The accumulated base comes to an edge.
    Edge(String, Decimal),
    /// What was paid comes to the cap.
    Cap(String, Decimal),
}

impl Point {
    /// Whether the year has come there.
    pub fn reached(&self, book: &Book) -> bool {
        match self {
            Point::Edge(base, edge) => book.base(base) >= *edge,
            Point::Cap(pool, cap) => book.paid(pool) >= *cap,
        }
    }
}

/// Which rules hold for a claim, whatever its money.
#[derive(Debug)]
pub struct Rules {
    /// The insurance layer that covers it, with the schedule if there is one for the person.
    insurance: Option<(Insurance, Option<Schedule>)>,
    /// A share of a single-disease limit takes the place of the ordinary rules.
    major: Option<Decimal>,
    /// The assistance schedule, or why there is none.
    assistance: Result<Option<Schedule>, ScopeReason>,
    /// The re-assistance schedule, and whether it waits for the annual limit.
    again: Option<(Schedule, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Insurance {
    Catastrophic,
    SpecialDrug,
}

impl Insurance {
    fn name(self) -> &'static str {
        match self {
            Insurance::Catastrophic => "cii",
            Insurance::SpecialDrug => "special_drug",
        }
    }
}

impl Rules {
    /// Every point at which one of the schedules turns.
    pub fn points(&self) -> Vec<Point> {
        let insurance = self.insurance.iter().filter_map(|(_, schedule)| schedule.as_ref());
        let assistance = self.assistance.iter().flatten();
        let again = self.again.iter().map(|(schedule, _)| schedule);
        let points = |s: &Schedule| {
            let edges = s.edges().into_iter().map(|e| Point::Edge(s.base.clone(), e)).collect::<Vec<_>>();
            edges.into_iter().chain(s.cap.map(|c| Point::Cap(s.pool.clone(), c)))
        };
        insurance.chain(assistance).chain(again).flat_map(points).collect()
    }
}

/// What becomes of a claim, in yuan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why it is outside assistance.
    pub reason: Option<ScopeReason>,
    /// Columns of the settlement.
    pub money: Vec<(Money, Decimal)>,
    /// Its pool is at its cap.
    at_cap: bool,
}

/// Whoever works the year out again.
#[derive(Clone, Copy, Debug)]
pub struct Referee<'a> {
    /// The policy as written.
    pub doc: &'a PolicyDoc,
    /// The dated values.
    pub parameters: &'a Parameters,
    /// The benefit year.
    pub year: i32,
    /// The one identity, in force on every day of it.
    pub identity: Option<Identity>,
}

impl Referee<'_> {
    /// The year, claim by claim. A condition on the whole year is looked at first (R3).
    pub fn year(&self, claims: &[Claim]) -> Vec<Verdict> {
        let pass = |limit_reached| {
            let mut book = Book::default();
            claims.iter().map(|c| self.settle(&self.rules(c), &mut book, c, limit_reached)).collect::<Vec<_>>()
        };
        let without = pass(false);
        if without.iter().any(|v| v.at_cap) { pass(true) } else { without }
    }

    /// One claim after those that the book holds; `limit_reached`: the year reaches the annual limit.
    pub fn settle(&self, rules: &Rules, book: &mut Book, claim: &Claim, limit_reached: bool) -> Verdict {
        let (fee, scope, basic) = (yuan(claim.fee), yuan(claim.scope), yuan(claim.basic));
        let ext_comp = yuan(claim.ext_comp);
        let eligible = claim.disease_limit.filter(|_| rules.major.is_some()).map_or(fee, |limit| fee.min(yuan(limit)));

        // Step 2: burden after basic insurance. Step 3: catastrophic insurance.
        let r0 = (scope - basic).max(NOUGHT);
        let (cii, special_drug) = match rules.major {
            Some(_) => (NOUGHT, NOUGHT),
            None => self.insure(rules, book, r0, yuan(claim.recorded_cii)),
        };
        let r1 = r0 - cii - special_drug;
        let after_insurance = fee - basic - cii - special_drug;
        let ext_counted = ext_comp.min(after_insurance);

        // Steps 4 and 5: assistance, re-assistance, and the top-up of a single stay.
        let (mut base, mut ma, mut ra, mut at_cap) = (NOUGHT, NOUGHT, NOUGHT, false);
        match (&rules.assistance, rules.major) {
            (Err(_), _) => {}
            (Ok(_), Some(share)) => {
                base = (eligible - basic - ext_comp).max(NOUGHT);
                ma = rounded(eligible * share).min(base);
            }
            (Ok(None), None) => unreachable!("in scope by a schedule or by a share"),
            (Ok(Some(schedule)), None) => {
                base = (r1 - ext_comp).max(NOUGHT);
                ma = book.pay(schedule, base);
                if let Some((again, waits)) = &rules.again
                    && (limit_reached || !waits)
                {
                    ra = book.pay(again, base - ma);
                }
                let covered = basic + cii + special_drug + ma + ra;
                if let Some(ratio) = self.top_up(claim) {
                    let room = schedule.cap.map_or(base, |cap| (cap - book.paid(&schedule.pool)).max(NOUGHT));
                    let more = (rounded(scope * ratio) - covered).max(NOUGHT).min(base - ma - ra).min(room);
                    Book::enter(&mut book.paid, &schedule.pool, more);
                    ma += more;
                }
                at_cap = schedule.cap.is_some_and(|cap| book.paid(&schedule.pool) >= cap);
            }
        }

        // Step 6: what the institution bears, and out-of-catalogue cover.
        let left = after_insurance - ext_counted - ma - ra;
        let excess = match rules.major {
            Some(_) => fee - eligible,
            None => self.above_limit(claim),
        };
        let hosp_borne = if claim.marks.designated { excess.min(left) } else { NOUGHT };
        let outside = fee - scope - hosp_borne;
        let oocat = match (rules.major, &rules.assistance) {
            (None, Ok(_)) => rounded(outside.max(NOUGHT) * self.outside_ratio(claim)).min(left - hosp_borne),
            _ => NOUGHT,
        };
        let money = vec![
            (Money::BurdenAfterBasic, r0),
            (Money::CiiPay, cii),
            (Money::SpecialDrugPay, special_drug),
            (Money::BurdenAfterCii, r1),
            (Money::ExtCompCounted, ext_counted),
            (Money::MaBase, base),
            (Money::MaPay, ma),
            (Money::RaPay, ra),
            (Money::HospBorne, hosp_borne),
            (Money::OocatPay, oocat),
            (Money::PsnBurden, left - hosp_borne - oocat),
        ];
        Verdict { reason: rules.assistance.as_ref().err().copied(), money, at_cap }
    }

    /// What catastrophic insurance pays, by its ordinary and its special-drug schedule.
    fn insure(&self, rules: &Rules, book: &mut Book, r0: Decimal, recorded: Decimal) -> (Decimal, Decimal) {
        let carried = recorded.min(r0);
        match &rules.insurance {
            None => (carried, NOUGHT),
            Some((layer, None)) => {
                // Carried as it stands; the base grows all the same, and the payment counts.
                Book::enter(&mut book.base, layer.name(), r0);
                Book::enter(&mut book.paid, layer.name(), carried);
                (carried, NOUGHT)
            }
            Some((Insurance::Catastrophic, Some(schedule))) => (book.pay(schedule, r0), NOUGHT),
            Some((Insurance::SpecialDrug, Some(schedule))) => (NOUGHT, book.pay(schedule, r0)),
        }
    }

    /// The rules that hold for a claim.
    pub fn rules(&self, claim: &Claim) -> Rules {
        let doc = self.doc;
        let layers = [(Insurance::SpecialDrug, &doc.special_drug), (Insurance::Catastrophic, &doc.catastrophic)];
        let insurance = layers.into_iter().find_map(|(name, layer)| {
            let layer = layer.as_ref().filter(|l| l.care.contains(&claim.care) && holds(&l.conditions, claim))?;
            Some((name, self.schedule(name.name(), layer, claim)))
        });
        let major = self.major(claim);
        let assistance = self.assistance(claim, major);
        let again = doc.reassistance.as_ref().filter(|l| l.care.contains(&claim.care) && holds(&l.conditions, claim));
        let again = again.and_then(|l| Some((self.schedule("ra", l, claim)?, l.conditions.cap_reached)));
        Rules { insurance, major, assistance, again }
    }

    /// The schedule of assistance, or the first reason why the claim is outside.
    fn assistance(&self, claim: &Claim, major: Option<Decimal>) -> Result<Option<Schedule>, ScopeReason> {
        let doc = &self.doc.assistance;
        if self.identity.is_none() {
            return Err(ScopeReason::NoIdentity);
        }
        let layer = LayerDoc {
            care: doc.care.clone(),
            conditions: Conditions::default(),
            clause: String::new(),
            rule: doc.rule.clone(),
        };
        let schedule = self.schedule("ma", &layer, claim);
        let causes: &[ExclCause] = doc.exclude_causes.as_ref().map_or(&[], |e| &e.causes);
        if schedule.is_none() && major.is_none() {
            Err(ScopeReason::CareNotCovered)
        } else if !claim.marks.designated {
            Err(ScopeReason::NotDesignated)
        } else if doc.exclude_unreferred.is_some() && claim.marks.referral == Referral::Unreferred {
            Err(ScopeReason::Unreferred)
        } else if claim.marks.excl_cause.is_some_and(|c| causes.contains(&c)) {
            Err(ScopeReason::ExcludedCause)
        } else {
            Ok(schedule)
        }
    }

    /// The share of a single-disease limit, where the claim goes by one.
    fn major(&self, claim: &Claim) -> Option<Decimal> {
        let doc = self.doc.major_disease.as_ref()?;
        let meant = claim.disease_limit.is_some() && doc.insutype.contains(&claim.insutype);
        let share = doc.share.iter().find(|s| self.is_one_of(&s.identities))?;
        (meant && doc.care.contains(&claim.care)).then(|| share.ratio.decimal())
    }

    fn top_up(&self, claim: &Claim) -> Option<Decimal> {
        let mut rules = self.doc.top_up.iter();
        assert!(rules.len() <= 1, "one top-up at most");
        rules
            .find(|r| self.is_one_of(&r.identities) && r.care.contains(&claim.care) && holds(&r.conditions, claim))
            .map(|r| r.to_ratio.decimal())
    }

    /// What exceeds the out-of-catalogue limit of the hospital's price class.
    fn above_limit(&self, claim: &Claim) -> Decimal {
        let fee = yuan(claim.fee);
        let binds = |r: &&HospitalLimitDoc| {
            self.is_one_of(&r.identities) && r.care.contains(&claim.care) && holds(&r.conditions, claim)
        };
        let limits = self.doc.hospital_limit.iter().filter(binds).flat_map(|r| &r.limits);
        let share = limits.filter(|l| claim.marks.fee_class == Some(l.fee_class)).map(|l| l.ratio.decimal()).min();
        share.map_or(NOUGHT, |share| (fee - yuan(claim.scope) - rounded(fee * share)).max(NOUGHT))
    }

    /// The share of out-of-catalogue costs that is covered.
    fn outside_ratio(&self, claim: &Claim) -> Decimal {
        let mut rules = self.doc.out_of_catalogue.iter();
        assert!(rules.len() <= 1, "one out-of-catalogue cover at most");
        let holds = rules.find(|r| {
            self.is_one_of(&r.identities)
                && r.care.contains(&claim.care)
                && holds(&r.conditions, claim)
                && r.from.is_none_or(|d| d.0 <= claim.day)
                && r.until.is_none_or(|d| claim.day <= d.0)
        });
        holds.map_or(NOUGHT, |r| r.ratio.decimal())
    }

    /// `monitored_sudden` is `monitored` but where a policy names it (SPEC 1.3).
    fn is_one_of(&self, identities: &[Identity]) -> bool {
        self.identity.is_some_and(|held| {
            identities.contains(&held)
                || (held == Identity::MonitoredSudden && identities.contains(&Identity::Monitored))
        })
    }

    /// The person's schedule in a layer: that of the identity, else that for anyone.
    fn schedule(&self, layer: &str, doc: &LayerDoc, claim: &Claim) -> Option<Schedule> {
        let fits = |r: &&RuleDoc| {
            let care: &[Care] = if r.care.is_empty() { &doc.care } else { &r.care };
            let insutype: &[Insutype] = if r.insutype.is_empty() { Insutype::ALL } else { &r.insutype };
            let level = r.hosp_lv.is_empty() || r.hosp_lv.contains(&claim.marks.hosp_lv);
            assert!(r.from.is_none() && r.until.is_none(), "{}: no schedule has dates", r.id);
            care.contains(&claim.care) && insutype.contains(&claim.insutype) && level
        };
        let rules = || doc.rule.iter().filter(fits);
        let own = rules().filter(|r| self.is_one_of(&r.identities)).find_map(|r| self.of_rule(layer, r));
        own.or_else(|| rules().filter(|r| r.anyone).find_map(|r| self.of_rule(layer, r)))
    }

    /// The schedule that a rule writes down; none where its base schedule is not set.
    pub fn of_rule(&self, layer: &str, rule: &RuleDoc) -> Option<Schedule> {
        let pool = rule.pool.as_ref().map_or(layer.to_owned(), |p| format!("{layer}, pool {p}"));
        let base = rule.base.as_ref().map_or(pool.clone(), |b| format!("{layer}, base {b}"));
        let (deductible, brackets, cap) = match &rule.tilt {
            None => {
                let deductible = rule.deductible.as_ref().map_or(NOUGHT, |a| self.value(a));
                let mut edge = deductible;
                let bracket = |b: &onestop::policy::document::BracketDoc| {
                    let from = b.from.as_ref().map_or(edge, |a| self.value(a));
                    let to = b.to.as_ref().map(|a| self.value(a));
                    edge = to.unwrap_or(from);
                    Bracket { from, to, ratio: b.ratio.decimal() }
                };
                (deductible, rule.brackets.iter().map(bracket).collect(), rule.cap.as_ref().map(|a| self.value(a)))
            }
            Some(tilt) => {
                // A user's own base schedule, its deductible lowered and its ratios raised.
                let stands = self.parameters.schedule(&tilt.of, self.year);
                assert!(stands.is_some() || tilt.optional, "{}: no base schedule", rule.id);
                let stands = stands?;
                let deductible = rounded(yuan(stands.deductible) * tilt.deductible_share.decimal());
                let ratio = |given: Decimal| (given + tilt.ratio_plus.decimal()).min(Decimal::ONE);
                let bracket = |(n, b): (usize, &onestop::policy::parameters::BaseBracket)| {
                    let from = if n == 0 { deductible } else { yuan(b.from.expect("checked when it was read")) };
                    Bracket { from, to: b.to.map(yuan), ratio: ratio(b.ratio.decimal()) }
                };
                let cap = stands.cap.filter(|_| tilt.cap == TiltCap::Base).map(yuan);
                (deductible, stands.brackets.iter().enumerate().map(bracket).collect(), cap)
            }
        };
        Some(Schedule { deductible, brackets, cap, pool, base })
    }

    /// An amount of the document, in yuan.
    fn value(&self, amount: &Amount) -> Decimal {
        match amount {
            Amount::Fixed(fen) => yuan(*fen),
            Amount::Share(share) => {
                let year = self.year + share.year;
                let value = self.parameters.value(&share.of, year).map(|v| (v.value, share.share));
                let other = share
                    .or
                    .as_ref()
                    .and_then(|or| self.parameters.schedule(&or.deductible_of, year).map(|s| (s.deductible, or.share)));
                let (fen, part) = value.or(other).unwrap_or_else(|| panic!("{} of {year} is not set", share.of));
                rounded(yuan(fen) * part.decimal())
            }
        }
    }

    /// The referee knows no other readings than the four policies' own (SPEC 3.5).
    pub fn assert_plain_readings(&self) {
        let [given, plain] = [&self.doc.switches, &Switches::default()].map(|s| format!("{s:?}"));
        assert_eq!(given, plain, "{}: the referee cannot read this policy", self.doc.policy.id);
    }
}

/// Conditions on the claim itself; that on the whole year is looked at elsewhere.
fn holds(conditions: &Conditions, claim: &Claim) -> bool {
    assert!(conditions.dise_codg.is_empty(), "no policy lists diseases");
    let within =
        |prefix: &String| claim.area == LOCAL_AREA || format!("{:06}", claim.area).starts_with(prefix.as_str());
    (!conditions.not_unreferred || claim.marks.referral != Referral::Unreferred)
        && (!conditions.tilt_applied || claim.marks.tilt_applied)
        && conditions.area.as_ref().is_none_or(within)
}
