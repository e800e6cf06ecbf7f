//! What comes after the schedules: limits that institutions bear the rest of, out-of-catalogue cover,
//! channels and remarks (SPEC 2, step 6).

use super::claim::{Desk, room};
use super::outcome::{Line, plain};
use super::schedule::{NOUGHT, Schedule, pegged, rounded, yuan};
use super::town::{Book, holds, is_one_of};
use onestop::model::codes::{Channel, FeeClass, Identity, Layer as Name};
use onestop::settle::claims::Claim;
use rust_decimal::Decimal;

/// The remark on a row on which a limit would bind if its price class were known.
const FEE_CLASS_MISSING: &str = "fee_class_missing";

impl Desk<'_> {
    /// Tops a single stay up to a share of what is in scope, under the pool's limit and the base left.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn top_up(
        &self,
        identity: Identity,
        claim: &Claim,
        schedule: &Schedule,
        covered: Decimal,
        base_left: Decimal,
        book: &mut Book,
        audit: &mut Vec<Line>,
    ) -> Decimal {
        let mut total = NOUGHT;
        for rule in self.town.doc.top_up.iter().filter(|r| is_one_of(identity, &r.identities)) {
            if !rule.care.contains(&claim.care) || !holds(&rule.conditions, claim) {
                continue;
            }
            let ratio = rule.to_ratio.decimal();
            let short = rounded(&self.town.doc.switches, yuan(claim.scope) * ratio) - covered - total;
            let left = base_left - total;
            let used = book.paid(schedule.pool);
            let more = short.min(left).min(room(schedule.cap, used));
            if more > NOUGHT {
                let line = plain(Name::TopUp, rule.id.clone(), rule.clause.clone());
                let line =
                    Line { identity: Some(identity), pool: Some(schedule.pool), cap: schedule.cap, used, ..line };
                audit.push(Line { base: left, ratio: Some(ratio), gross: short, paid: more, ..line });
                book.enter_paid(schedule.pool, more);
                total += more;
            }
        }
        total
    }

    /// What exceeds the out-of-catalogue limit of the hospital's price class.
    pub(super) fn above_limit(&self, whoever: &[Identity], claim: &Claim) -> Decimal {
        let fee = yuan(claim.fee);
        let share = self.limits(whoever, claim).filter(|(class, _)| claim.marks.fee_class == Some(*class));
        let share = share.map(|(_, share)| share).min();
        share.map_or(NOUGHT, |share| {
            (fee - yuan(claim.scope) - pegged(&self.town.doc.switches, fee * share)).max(NOUGHT)
        })
    }

    /// Limits that bind a claim of one of these, by price class.
    fn limits(&self, whoever: &[Identity], claim: &Claim) -> impl Iterator<Item = (FeeClass, Decimal)> {
        let binds = |r: &&onestop::policy::document::HospitalLimitDoc| {
            let named = whoever.iter().any(|i| is_one_of(*i, &r.identities));
            named && r.care.contains(&claim.care) && holds(&r.conditions, claim)
        };
        let all: Vec<_> = self.town.doc.hospital_limit.iter().filter(binds).flat_map(|r| &r.limits).collect();
        all.into_iter().map(|l| (l.fee_class, l.ratio.decimal()))
    }

    /// Out-of-catalogue cover.
    pub(super) fn outside(
        &self,
        identity: Identity,
        claim: &Claim,
        outside: Decimal,
        left: Decimal,
        audit: &mut Vec<Line>,
    ) -> Decimal {
        let rule = self.town.doc.out_of_catalogue.iter().find(|r| {
            let begun = r.from.is_none_or(|d| d.0 <= claim.day) && r.until.is_none_or(|d| claim.day <= d.0);
            is_one_of(identity, &r.identities) && r.care.contains(&claim.care) && holds(&r.conditions, claim) && begun
        });
        let Some(rule) = rule else { return NOUGHT };
        let base = outside.max(NOUGHT);
        let gross = rounded(&self.town.doc.switches, base * rule.ratio.decimal());
        let paid = gross.min(left);
        if paid > NOUGHT {
            let line = plain(Name::Oocat, rule.id.clone(), rule.clause.clone());
            let line = Line { identity: Some(identity), ratio: Some(rule.ratio.decimal()), base, gross, ..line };
            // What is left of the fee is no limit of the policy (R50); where it binds, the line must say so.
            audit.push(Line { cap: (gross > left).then_some(left), paid, ..line });
        }
        paid
    }

    pub(super) fn channel(&self, identity: Identity, claim: &Claim) -> Option<Channel> {
        let fits = |c: &&onestop::policy::document::ChannelDoc| {
            (c.identities.is_empty() || is_one_of(identity, &c.identities))
                && (c.care.is_empty() || c.care.contains(&claim.care))
                && (!c.quota_managed || claim.marks.quota_managed)
        };
        self.town.doc.channel.iter().find(fits).map(|c| c.channel)
    }

    /// Remarks on the row.
    pub(super) fn notes(&self, whoever: &[Identity], claim: &Claim, major: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let limited = self.limits(whoever, claim).next().is_some();
        if limited && !major && claim.marks.designated && claim.marks.fee_class.is_none() {
            notes.push(FEE_CLASS_MISSING.to_owned());
        }
        let (fee, scope) = (yuan(claim.fee), yuan(claim.scope));
        let made = self.town.doc.note.iter().filter(|n| claim.marks.hosp_lv == n.hosp_lv);
        let made = made.filter(|n| fee - scope > fee * n.above.decimal());
        notes.extend(made.map(|n| n.id.clone()));
        notes.dedup();
        notes
    }
}
