//! Marginal brackets above a deductible, read from the policy document, in exact decimals of yuan.

use onestop::model::fen::{Rounding, Unit};
use onestop::policy::document::{Bands, PolicyDoc, RuleDoc, Switches, TiltCap};
use onestop::policy::parameters::Parameters;
use onestop::policy::value::Amount;
use rust_decimal::{Decimal, RoundingStrategy};

/// Nothing.
pub const NOUGHT: Decimal = Decimal::ZERO;

/// Fen as yuan.
pub fn yuan(fen: i64) -> Decimal {
    Decimal::new(fen, 2)
}

/// Half up to the fen.
pub fn half_up(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Which way a half goes (SPEC 3.5).
fn way(switches: &Switches) -> RoundingStrategy {
    match switches.rounding {
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
    }
}

/// A payment rounded as the policy says (R4; SPEC 3.5).
pub fn rounded(switches: &Switches, amount: Decimal) -> Decimal {
    let places = match switches.unit {
        Unit::Fen => 2,
        Unit::Yuan => 0,
    };
    amount.round_dp_with_strategy(places, way(switches))
}

/// `[from, to)` with its share.
#[derive(Clone, Debug)]
pub struct Bracket {
    /// Lower edge.
    pub from: Decimal,
    /// Upper edge; none is open.
    pub to: Option<Decimal>,
    /// Share that is paid.
    pub ratio: Decimal,
    /// Where it stands.
    pub clause: String,
}

/// Brackets from nought upwards, with the accounts that they are kept in.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The rule's name.
    pub rule: String,
    /// Without gaps: what lies under the deductible, or above the last edge, has the share 0.
    pub brackets: Vec<Bracket>,
    /// Annual limit.
    pub cap: Option<Decimal>,
    /// The account of what was paid, under the cap.
    pub pool: usize,
    /// The account of the accumulated base.
    pub base: usize,
}

/// What one bracket does to one amount.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The bracket.
    pub bracket: &'a Bracket,
    /// Accumulated before, within the bracket.
    pub from: Decimal,
    /// Accumulated after, within the bracket.
    pub to: Decimal,
    /// What the bracket gives.
    pub gross: Decimal,
}

impl Schedule {
    /// F: what the whole burden gives, each bracket rounded, the cap left aside.
    pub fn of(&self, switches: &Switches, burden: Decimal) -> Decimal {
        let within = |b: &Bracket| b.to.map_or(burden, |to| burden.min(to)) - b.from;
        self.brackets.iter().filter(|b| burden > b.from).map(|b| rounded(switches, within(b) * b.ratio)).sum()
    }

    /// The brackets that an amount passes through.
    pub fn steps(&self, switches: &Switches, before: Decimal, amount: Decimal) -> Vec<Step<'_>> {
        let after = before + amount;
        let step = |bracket| {
            let Bracket { from: lo, to: hi, ratio, .. }: &Bracket = bracket;
            let (from, to) = (before.max(*lo), hi.map_or(after, |hi| after.min(hi)));
            let of = |point: Decimal| rounded(switches, (point - lo) * ratio);
            (from < to).then(|| Step { bracket, from, to, gross: of(to) - of(from) })
        };
        self.brackets.iter().filter_map(step).collect()
    }

    /// Edges, in yuan.
    pub fn edges(&self) -> impl Iterator<Item = Decimal> + '_ {
        self.brackets.iter().map(|b| b.from).filter(|from| *from > NOUGHT)
    }
}

/// A figure that is no payment, pegged to an income or to a fee: to the fen, never to whole yuan.
pub fn pegged(switches: &Switches, amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, way(switches))
}

/// Whoever reads the dated values of a year.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The policy as written.
    pub doc: &'a PolicyDoc,
    /// The dated values.
    pub parameters: &'a Parameters,
    /// The benefit year.
    pub year: i32,
}

impl Reader<'_> {
    /// An amount of the document, in yuan; none where an optional parameter is not set.
    pub fn amount(&self, amount: &Amount) -> Option<Decimal> {
        match amount {
            Amount::Fixed(fen) => Some(yuan(*fen)),
            Amount::Share(share) => {
                let year = self.year + share.year;
                let value = self.parameters.value(&share.of, year).map(|v| (v.value, share.share));
                let stands_in = || {
                    let or = share.or.as_ref()?;
                    Some((self.parameters.schedule(&or.deductible_of, year)?.deductible, or.share))
                };
                let found = value.or_else(stands_in);
                assert!(found.is_some() || share.optional, "{} of {year} is not set", share.of);
                found.map(|(fen, part)| pegged(&self.doc.switches, yuan(fen) * part.decimal()))
            }
        }
    }

    /// The schedule that a rule writes down; none where its base schedule is not set.
    pub fn schedule(&self, rule: &RuleDoc, pool: usize, base: usize) -> Option<Schedule> {
        let deductible = rule.deductible.as_ref().and_then(|a| self.amount(a)).unwrap_or(NOUGHT);
        // Where bands count the excess, every edge lies above the deductible.
        let origin = match self.doc.switches.bands {
            Bands::Burden => NOUGHT,
            Bands::Excess => deductible,
        };
        let (written, cap) = match &rule.tilt {
            None => {
                let mut written: Vec<Bracket> = Vec::new();
                for b in &rule.brackets {
                    let edge = |a: &Option<Amount>| a.as_ref().and_then(|a| self.amount(a)).map(|e| e + origin);
                    let above = written.last().map_or(Some(deductible), |below| below.to);
                    let from = edge(&b.from).or(above).expect("a bracket begins somewhere");
                    let clause = b.clause.as_ref().unwrap_or(&rule.clause).clone();
                    written.push(Bracket { from, to: edge(&b.to), ratio: b.ratio.decimal(), clause });
                }
                (written, rule.cap.as_ref().and_then(|a| self.amount(a)))
            }
            Some(tilt) => {
                let stands = self.parameters.schedule(&tilt.of, self.year);
                assert!(stands.is_some() || tilt.optional, "{}: no base schedule", rule.id);
                let stands = stands?;
                let lowered = pegged(&self.doc.switches, yuan(stands.deductible) * tilt.deductible_share.decimal());
                let mut written: Vec<Bracket> = Vec::new();
                for b in &stands.brackets {
                    let from = if written.is_empty() { lowered } else { yuan(b.from.expect("checked when read")) };
                    let ratio = (b.ratio.decimal() + tilt.ratio_plus.decimal()).min(Decimal::ONE);
                    written.push(Bracket { from, to: b.to.map(yuan), ratio, clause: rule.clause.clone() });
                }
                (written, stands.cap.filter(|_| tilt.cap == TiltCap::Base).map(yuan))
            }
        };
        Some(Schedule { rule: rule.id.clone(), brackets: without_gaps(written, rule), cap, pool, base })
    }
}

/// The brackets with what lies below and above them, of which nothing is paid.
fn without_gaps(written: Vec<Bracket>, rule: &RuleDoc) -> Vec<Bracket> {
    let nothing = |from, to, clause: &String| Bracket { from, to, ratio: NOUGHT, clause: clause.clone() };
    let mut all = Vec::new();
    let mut reached = Some(NOUGHT);
    for bracket in written {
        let below = reached.expect("nothing stands above an open bracket");
        assert!(below <= bracket.from, "{}: brackets overlap", rule.id);
        if below < bracket.from {
            all.push(nothing(below, Some(bracket.from), rule.deductible_clause.as_ref().unwrap_or(&rule.clause)));
        }
        reached = bracket.to;
        all.push(bracket);
    }
    if let Some(top) = reached {
        all.push(nothing(top, None, &rule.clause));
    }
    all
}
