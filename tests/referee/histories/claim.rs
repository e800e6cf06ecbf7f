//! One claim through the layers (SPEC 2, steps 2 to 7), in yuan.

use super::holds::granted;
use super::outcome::{Books, Line, Live, Outcome, plain};
use super::schedule::{NOUGHT, Schedule, Step, rounded, yuan};
use super::town::{Book, CATASTROPHIC, Layer, SPECIAL_DRUG, Town, YearRules, is_one_of};
use onestop::model::codes::{ExclCause, Identity, Layer as Name, Referral, ScopeReason};
use onestop::policy::document::{Accumulation, CatastrophicPayment, ExtComp};
use onestop::settle::claims::Claim;
use onestop::settle::outcome::{MONEY, Money};
use rust_decimal::Decimal;

/// Whoever settles one claim under the rules of a year, for a person who prefers identities in an order.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// The policy.
    pub town: &'a Town,
    /// Its figures of the year.
    pub rules: &'a YearRules,
    /// The identity that goes before the listed order.
    pub preferred: Option<Identity>,
    /// Re-assistance is looked at.
    pub again: bool,
    /// Brackets are written down one by one. Whoever only looks for an amount goes without.
    pub audited: bool,
}

/// How assistance takes a claim.
#[derive(Clone, Copy, Debug)]
enum Way<'a> {
    /// By a schedule.
    Schedule(Identity, &'a Schedule),
    /// By a share of the single-disease limit.
    Share(Identity, Decimal),
}

impl<'a> Desk<'a> {
    /// Settles a claim and enters it in the books.
    pub fn settle(&self, live: &Live, books: &mut Books) -> Outcome {
        let (town, claim) = (self.town, &live.claim);
        let held = self.in_preference(&live.held);
        let (fee, scope, basic) = (yuan(claim.fee), yuan(claim.scope), yuan(claim.basic));
        let ext_comp = yuan(claim.ext_comp);
        let mut audit = Vec::new();
        // A single-disease limit takes the place of the ordinary rules, also where the claim is out of scope.
        let major = self.major(&held, claim);
        let eligible = claim.disease_limit.filter(|_| major.is_some()).map_or(fee, |limit| fee.min(yuan(limit)));

        // Steps 2 and 3.
        let r0 = (scope - basic).max(NOUGHT);
        let (mut cii, mut special_drug) = (NOUGHT, NOUGHT);
        if major.is_none() {
            (cii, special_drug) = self.insure(&held, claim, r0, &mut books.year, &mut audit);
        }
        let r1 = r0 - cii - special_drug;
        let after_insurance = fee - basic - cii - special_drug;
        let ext_counted = ext_comp.min(after_insurance);

        // Step 4.
        let way = self.way(&held, claim, major);
        let grant = live.grant.filter(|_| matches!(way, Ok(Way::Schedule(i, _)) if granted(town) == Some(i)));
        let book = match grant {
            Some(year) => books.grants.entry(year).or_insert_with(|| Book::new(town)),
            None => &mut books.year,
        };
        let (mut base, mut ma, mut ra, mut at_limit) = (NOUGHT, NOUGHT, NOUGHT, false);
        match way {
            Err(_) => {}
            Ok(Way::Share(identity, share)) => {
                base = match town.doc.switches.ext_comp {
                    ExtComp::OffBase => (eligible - basic - ext_comp).max(NOUGHT),
                    ExtComp::Ignored => (eligible - basic).max(NOUGHT).min(after_insurance - ext_counted),
                };
                let gross = rounded(&town.doc.switches, eligible * share);
                ma = gross.min(base);
                let (rule, clause) = self.share_of(identity);
                let line =
                    Line { identity: Some(identity), ratio: Some(share), ..plain(Name::MajorDisease, rule, clause) };
                if ma > NOUGHT {
                    audit.push(Line { base, gross, paid: ma, ..line });
                }
            }
            Ok(Way::Schedule(identity, schedule)) => {
                base = match town.doc.switches.ext_comp {
                    ExtComp::OffBase => (r1 - ext_comp).max(NOUGHT),
                    ExtComp::Ignored => r1.min(after_insurance - ext_counted),
                };
                ma = self.pay(Name::Ma, Some(identity), schedule, base, book, &mut audit);
                let again = self.rules.again.as_ref().filter(|l| self.again && l.covers(claim));
                if let Some(schedule) = again.and_then(|l| l.schedule(Some(identity), claim)) {
                    ra = self.pay(Name::Ra, Some(identity), schedule, base - ma, book, &mut audit);
                }
                // Step 6: a single stay is topped up, under the pool's limit.
                let covered = basic + cii + special_drug + ma + ra;
                ma += self.top_up(identity, claim, schedule, covered, base - ma - ra, book, &mut audit);
                // The limit counts where re-assistance covers the care kind (R39).
                let looked_at = self.rules.again.as_ref().is_some_and(|l| l.care.contains(&claim.care));
                at_limit = looked_at && schedule.cap.is_some_and(|cap| book.paid(schedule.pool) >= cap);
            }
        }

        // Step 6, of what is left of the fee.
        let left = after_insurance - ext_counted - ma - ra;
        let identity = way.as_ref().ok().map(|w| match w {
            Way::Schedule(identity, _) | Way::Share(identity, _) => *identity,
        });
        let whoever: Vec<Identity> = identity.map_or_else(|| held.clone(), |i| vec![i]);
        let excess = match major {
            Some(_) => fee - eligible,
            None => self.above_limit(&whoever, claim),
        };
        let hosp_borne = if claim.marks.designated { excess.min(left) } else { NOUGHT };
        let mut oocat = NOUGHT;
        if let (None, Some(identity)) = (major, identity) {
            oocat = self.outside(identity, claim, fee - scope - hosp_borne, left - hosp_borne, &mut audit);
        }

        // Step 7, and the rest of the row.
        let mut money = [NOUGHT; MONEY];
        let recorded = [yuan(claim.recorded_cii), yuan(claim.recorded_maf)];
        for (column, amount) in [
            (Money::MedfeeSumamt, fee),
            (Money::InscpScpAmt, scope),
            (Money::BasicPay, basic),
            (Money::BurdenAfterBasic, r0),
            (Money::CiiPay, cii),
            (Money::SpecialDrugPay, special_drug),
            (Money::BurdenAfterCii, r1),
            (Money::ExtCompCounted, ext_counted),
            (Money::MaBase, base),
            (Money::MaPay, ma),
            (Money::RaPay, ra),
            (Money::OocatPay, oocat),
            (Money::HospBorne, hosp_borne),
            (Money::PsnBurden, left - hosp_borne - oocat),
            (Money::RecordedCii, recorded[0]),
            (Money::RecordedMaf, recorded[1]),
            (Money::PayableCii, cii + special_drug - recorded[0]),
            (Money::PayableMa, ma + ra + oocat - recorded[1]),
        ] {
            money[column as usize] = amount;
        }
        Outcome {
            charge_year: grant.unwrap_or(self.rules.year),
            identity,
            reason: way.err(),
            channel: identity.and_then(|i| self.channel(i, claim)),
            notes: self.notes(&whoever, claim, major.is_some()),
            money,
            audit,
            at_limit,
        }
    }

    /// "h, then the policy's listed order" (R5).
    fn in_preference(&self, held: &[Identity]) -> Vec<Identity> {
        let first = held.iter().filter(|i| Some(**i) == self.preferred);
        first.chain(held.iter().filter(|i| Some(**i) != self.preferred)).copied().collect()
    }

    /// What catastrophic insurance pays, by its ordinary and its special-drug schedule.
    fn insure(
        &self,
        held: &[Identity],
        claim: &Claim,
        r0: Decimal,
        book: &mut Book,
        audit: &mut Vec<Line>,
    ) -> (Decimal, Decimal) {
        let (layer, name, account) = match (&self.rules.special_drug, &self.rules.catastrophic) {
            (Some(layer), _) if layer.covers(claim) => (Some(layer), Name::SpecialDrug, SPECIAL_DRUG),
            (_, Some(layer)) if layer.covers(claim) => (Some(layer), Name::Cii, CATASTROPHIC),
            _ => (None, Name::Cii, CATASTROPHIC),
        };
        let switch = self.town.doc.switches.catastrophic_payment;
        let schedule = layer.filter(|_| switch != CatastrophicPayment::Recorded).and_then(|l| l.first(held, claim));
        let paid = match schedule {
            Some((identity, schedule)) => self.pay(name, identity, schedule, r0, book, audit),
            None => {
                let carried = match switch {
                    CatastrophicPayment::Computed => NOUGHT,
                    _ => yuan(claim.recorded_cii).min(r0),
                };
                let used = layer.map_or(NOUGHT, |_| book.paid(account));
                // Carried as it stands: the base grows all the same, and the payment counts.
                if layer.is_some() {
                    book.accumulate(account, r0);
                    book.enter_paid(account, carried);
                }
                if carried > NOUGHT {
                    let clause = layer.or(self.rules.catastrophic.as_ref()).map(|l| l.clause.clone());
                    let line = Line { clause, used, ..plain(name, "recorded".to_owned(), String::new()) };
                    let pool = layer.map(|_| account);
                    audit.push(Line { pool, base: r0, gross: yuan(claim.recorded_cii), paid: carried, ..line });
                }
                carried
            }
        };
        if name == Name::SpecialDrug { (NOUGHT, paid) } else { (paid, NOUGHT) }
    }

    /// Whether assistance takes the claim, and how; else the first reason why not.
    fn way(
        &self,
        held: &[Identity],
        claim: &Claim,
        major: Option<(Identity, Decimal)>,
    ) -> Result<Way<'a>, ScopeReason> {
        let doc = &self.town.doc.assistance;
        if held.is_empty() {
            return Err(ScopeReason::NoIdentity);
        }
        let layer: &'a Layer = &self.rules.assistance;
        let ordinary = || {
            let (identity, schedule) = layer.first(held, claim).filter(|_| layer.covers(claim))?;
            Some(Way::Schedule(identity?, schedule))
        };
        let way = match major {
            Some((identity, share)) => Some(Way::Share(identity, share)),
            None => ordinary(),
        };
        let causes: &[ExclCause] = doc.exclude_causes.as_ref().map_or(&[], |e| &e.causes);
        let way = way.ok_or(ScopeReason::CareNotCovered)?;
        if !claim.marks.designated {
            Err(ScopeReason::NotDesignated)
        } else if doc.exclude_unreferred.is_some() && claim.marks.referral == Referral::Unreferred {
            Err(ScopeReason::Unreferred)
        } else if claim.marks.excl_cause.is_some_and(|c| causes.contains(&c)) {
            Err(ScopeReason::ExcludedCause)
        } else {
            Ok(way)
        }
    }

    /// The first of the person's identities with a share of the single-disease limit, if the claim has one.
    fn major(&self, held: &[Identity], claim: &Claim) -> Option<(Identity, Decimal)> {
        let doc = self.town.doc.major_disease.as_ref()?;
        let meant = claim.disease_limit.is_some() && doc.insutype.contains(&claim.insutype);
        let share = |i: &Identity| {
            let share = doc.share.iter().find(|s| is_one_of(*i, &s.identities))?;
            Some((*i, share.ratio.decimal()))
        };
        held.iter().filter(|_| meant && doc.care.contains(&claim.care)).find_map(share)
    }

    fn share_of(&self, identity: Identity) -> (String, String) {
        let shares = self.town.doc.major_disease.iter().flat_map(|d| &d.share);
        let share = shares.into_iter().find(|s| is_one_of(identity, &s.identities)).expect("it has a share");
        (share.id.clone(), share.clause.clone())
    }

    /// What a schedule pays on an amount, entered in the book and in the audit.
    fn pay(
        &self,
        layer: Name,
        identity: Option<Identity>,
        schedule: &Schedule,
        amount: Decimal,
        book: &mut Book,
        audit: &mut Vec<Line>,
    ) -> Decimal {
        let switches = &self.town.doc.switches;
        let before = match switches.accumulation {
            Accumulation::Year => book.base(schedule.base),
            Accumulation::Visit => NOUGHT,
        };
        let gross = schedule.of(switches, before + amount) - schedule.of(switches, before);
        let used = book.paid(schedule.pool);
        let pay = gross.min(room(schedule.cap, used)).min(amount);
        let mut so_far = NOUGHT;
        let steps = if self.audited { schedule.steps(switches, before, amount) } else { Vec::new() };
        for Step { bracket, from, to, gross } in steps {
            let used = used + so_far;
            let paid = gross.min(room(schedule.cap, used)).min(amount - so_far);
            so_far += paid;
            let line = plain(layer, schedule.rule.clone(), bracket.clause.clone());
            let band = Some([from, to, bracket.from]);
            let line = Line { identity, pool: Some(schedule.pool), cap: schedule.cap, used, ..line };
            audit.push(Line { base: amount, band, ratio: Some(bracket.ratio), gross, paid, ..line });
        }
        assert!(so_far == pay || !self.audited, "the brackets of {} add up", schedule.rule);
        book.accumulate(schedule.base, amount);
        book.enter_paid(schedule.pool, pay);
        pay
    }
}

/// Room under a limit.
pub fn room(cap: Option<Decimal>, used: Decimal) -> Decimal {
    cap.map_or(Decimal::MAX, |cap| (cap - used).max(NOUGHT))
}
