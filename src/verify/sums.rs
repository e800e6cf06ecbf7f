//! The files in lockstep, all in the order of persons: audit rows up to the settlement, the settlement up to
//! persons, and on the way every row against itself.
//!
//! A person's claims are never held: of the audit and of persons the row at hand, of the settlement the row
//! at hand and the sums of the person's years.

use super::audit::{self, Step};
use super::check::{Check, Finding, Report};
use super::origins::Found;
use super::totals::{ClauseTotals, Totals};
use crate::lang::{Both, both};
use crate::model::codes::{Channel, Layer, Status};
use crate::model::fen::{Round, to_grouped};
use crate::output::stream::{Id, Kind, Stream};
use crate::run::recorded::Recorded;
use crate::settle::outcome::{LAYERS, MONEY, MONEY_NAMES, Money, PARTS};
use std::path::Path;

/// Money by column, in fen; wide, because files under test may hold anything.
pub(super) type Sums = [i128; MONEY];

const SETTLEMENT: &str = "settlement.parquet";
const AUDIT: &str = "audit.parquet";
const PERSONS: &str = "persons.parquet";

/// Columns of the settlement before its money.
const SETTLEMENT_HEAD: [(&str, Kind); 9] = [
    ("psn_no", Kind::Id),
    ("setl_id", Kind::Id),
    ("setl_time", Kind::Time),
    ("benefit_year", Kind::Int),
    ("charge_year", Kind::Int),
    ("insutype", Kind::Text),
    ("identity", Kind::OptionalText),
    ("status", Kind::Text),
    ("reason", Kind::OptionalText),
];
const CHANNEL: usize = SETTLEMENT_HEAD.len();
const SETTLEMENT_MONEY: usize = CHANNEL + 1;
const PERSONS_MONEY: usize = 2;
const PAYABLE: [&str; 3] = ["payable_instant", "payable_year_end", "payable_application"];

fn money_columns() -> impl Iterator<Item = (&'static str, Kind)> {
    MONEY_NAMES.iter().map(|name| (*name, Kind::Money))
}

/// A claim's money in the settlement.
fn money_of(stream: &Stream, first: usize) -> Sums {
    std::array::from_fn(|column| i128::from(stream.figure(first + column)))
}

/// Checks every figure of a folder. `round` is how the policies round, or why that is not known.
pub(super) fn check(dir: &Path, recorded: &Recorded, round: Found<Round>, report: &mut Report) {
    let mut totals = Totals::default();
    let mut clauses = ClauseTotals::default();
    let clauses_read = clauses.read(dir);
    let mut walk = Walk::new(recorded.audited().then_some(round.clone().ok()));
    let walked = walk.all(dir, &mut totals, &mut clauses);
    let Walk { recompute, layers, order, conserve, persons, .. } = walk;
    for check in [order, conserve] {
        push(report, check, &walked);
    }
    if recorded.audited() {
        let note = round
            .err()
            .map_or_else(Both::default, |Both { en, zh }| both!("gross was left out: {en}", "未核对毛额：{zh}"));
        push(report, Check { note, ..recompute }, &walked);
        push(report, layers, &walked);
    } else {
        for (label, what) in [(RECOMPUTE.0, RECOMPUTE.1), (ADD_UP.0, ADD_UP.1)] {
            report.not_checked(label, what, both!("the run was made with --audit none", "结算时写了 --audit none"));
        }
    }
    push(report, persons, &walked);
    clauses.check(clauses_read, recorded.audited(), &totals.all(), &walked, report);
    match &walked {
        Ok(()) => totals.check(dir, recorded, report),
        Err(why) => report.not_checked("控制总数", "control totals and counts", Both::foreign(why)),
    }
}

/// A check of a walk that could not go to its end does not hold.
fn push(report: &mut Report, mut check: Check, walked: &Result<(), String>) {
    if let Err(why) = walked {
        check.find(|| Finding {
            place: "outputs".into(),
            column: "rows".into(),
            stated: "readable to the end".into(),
            found: why.clone(),
            ..Finding::default()
        });
    }
    report.push(check);
}

const RECOMPUTE: (&str, &str) = ("审计行可由本行重算", "audit rows recompute from their own columns");
const ADD_UP: (&str, &str) = ("审计行汇总等于结算列", "audit adds up to settlement, by claim and layer");

/// The claim at hand.
struct Claim {
    psn_no: Id,
    setl_id: Id,
}

/// One pass over settlement, audit and persons.
struct Walk {
    /// Whether there is an audit, and how the policy rounds where that is known.
    round: Option<Option<Round>>,
    recompute: Check,
    layers: Check,
    order: Check,
    conserve: Check,
    persons: Check,
}

/// A charge year of the person at hand.
struct Year {
    year: i32,
    money: Sums,
    payable: [i128; 3],
}

impl Walk {
    fn new(round: Option<Option<Round>>) -> Self {
        Self {
            round,
            recompute: Check::new(RECOMPUTE.0, RECOMPUTE.1),
            layers: Check::new(ADD_UP.0, ADD_UP.1),
            order: Check::new("结算行有序且不重复", "settlement in order, each claim once"),
            conserve: Check::new(
                "结算行各部分之和等于总费用",
                "settlement rows conserve their fee; payables recompute",
            ),
            persons: Check::new("结算汇总等于人员年度", "settlement adds up to persons"),
        }
    }

    fn all(&mut self, dir: &Path, totals: &mut Totals, clauses: &mut ClauseTotals) -> Result<(), String> {
        let of = |name: &str, kinds| Stream::open(dir, name, kinds).map_err(|e| format!("{name}: {e}"));
        let head = SETTLEMENT_HEAD.into_iter().chain([("channel", Kind::OptionalText)]);
        let mut settlement = of(SETTLEMENT, head.chain(money_columns()).collect())?;
        let person_head = [("psn_no", Kind::Id), ("charge_year", Kind::Int)].into_iter();
        let payable = PAYABLE.into_iter().map(|name| (name, Kind::Money));
        let mut persons = Ahead::new(of(PERSONS, person_head.chain(money_columns()).chain(payable).collect())?)?;
        let mut audit = match self.round {
            Some(_) => Some(Ahead::new(of(AUDIT, audit::columns())?)?),
            None => None,
        };
        let mut years: Vec<Year> = Vec::new();
        let mut last: Option<(Claim, i64)> = None;
        let damaged = |e: String| format!("{SETTLEMENT}: {e}");
        while settlement.advance().map_err(damaged)? {
            let time = settlement.time(2);
            let same_person = last.as_ref().is_some_and(|(claim, _)| settlement.is_id(0, &claim.psn_no));
            let claim = Claim { psn_no: settlement.id(0), setl_id: settlement.id(1) };
            self.in_order(&settlement, &claim, time, last.as_ref());
            if !same_person {
                if let Some((before, _)) = &last {
                    self.close(&before.psn_no, &mut years, &mut persons)?;
                }
                totals.person();
                if let Some(audit) = &mut audit {
                    self.unmatched(audit, Some(&claim.psn_no))?;
                }
            }
            let money = money_of(&settlement, SETTLEMENT_MONEY);
            self.row(&settlement, &claim, &money);
            totals.row(&settlement, [5, 6, 7, 8], &money);
            if let Some(audit) = &mut audit {
                self.steps(audit, &settlement, &claim, &money, clauses)?;
            }
            if settlement.text(7) != Status::Reversed.as_str() {
                add_to_year(&mut years, &settlement, &money);
            }
            last = Some((claim, time));
        }
        if let Some((before, _)) = &last {
            self.close(&before.psn_no, &mut years, &mut persons)?;
        }
        while persons.there {
            self.nobody(&persons.stream);
            persons.next()?;
        }
        match &mut audit {
            Some(audit) => self.unmatched(audit, None),
            None => Ok(()),
        }
    }

    fn in_order(&mut self, settlement: &Stream, claim: &Claim, time: i64, last: Option<&(Claim, i64)>) {
        self.order.look(1);
        let Some((before, earlier)) = last else { return };
        if (&before.psn_no, earlier, &before.setl_id) >= (&claim.psn_no, &time, &claim.setl_id) {
            let finding = || Finding {
                stated: format!("after person {}, claim {}", before.psn_no, before.setl_id),
                found: "before it, or the same".into(),
                ..place(settlement, claim, "order")
            };
            self.order.find(finding);
        }
    }

    /// A settlement row against itself.
    fn row(&mut self, settlement: &Stream, claim: &Claim, money: &Sums) {
        self.conserve.look(1);
        let get = |column: Money| money[column as usize];
        if settlement.text(7) == Status::Reversed.as_str() {
            for (column, fen) in MONEY_NAMES.iter().zip(money) {
                self.conserve.expect(*fen, 0, yuan, || place(settlement, claim, column));
            }
            return;
        }
        for part in PARTS {
            if get(part) < 0 {
                let column = MONEY_NAMES[part as usize];
                self.conserve.expect(get(part), 0, yuan, || place(settlement, claim, column));
            }
        }
        let (cii, assistance) = (
            get(Money::CiiPay) + get(Money::SpecialDrugPay),
            get(Money::MaPay) + get(Money::RaPay) + get(Money::OocatPay),
        );
        let recomputed = [
            (Money::MedfeeSumamt, PARTS.iter().map(|p| get(*p)).sum()),
            (Money::BurdenAfterBasic, (get(Money::InscpScpAmt) - get(Money::BasicPay)).max(0)),
            (Money::BurdenAfterCii, get(Money::BurdenAfterBasic) - cii),
            (Money::PayableCii, cii - get(Money::RecordedCii)),
            (Money::PayableMa, assistance - get(Money::RecordedMaf)),
        ];
        for (column, found) in recomputed {
            let name = MONEY_NAMES[column as usize];
            self.conserve.expect(get(column), found, yuan, || place(settlement, claim, name));
        }
    }

    /// The audit rows of a claim: each recomputed, all added up by layer.
    fn steps(
        &mut self,
        audit: &mut Ahead,
        settlement: &Stream,
        claim: &Claim,
        money: &Sums,
        clauses: &mut ClauseTotals,
    ) -> Result<(), String> {
        let mut paid = [0i128; Layer::ALL.len()];
        let mut expected = 0;
        while audit.there && audit.is_of(claim) {
            let stream = &audit.stream;
            let step = Step::of(stream);
            expected += 1;
            self.recompute.look(1);
            let at = |column: &str| place(stream, claim, column);
            self.recompute.expect(step.step, expected, i32::to_string, || at("step"));
            match step.layer {
                None => self.recompute.find(|| Finding { found: "no layer".into(), ..at("layer") }),
                Some(layer) => {
                    match self.round.flatten().and_then(|round| step.gross(round)) {
                        Some(Ok(gross)) => self.recompute.expect(step.gross, gross, fen, || at("gross")),
                        Some(Err(why)) => self.recompute.find(|| Finding { found: why.into(), ..at("from, to, lo") }),
                        None => {}
                    }
                    let sum = &mut paid[layer as usize];
                    self.recompute.expect(i128::from(step.paid), step.paid(*sum), yuan, || at("paid"));
                    *sum += i128::from(step.paid);
                    let cited = (stream.text(audit::RULE), stream.text(audit::CLAUSE));
                    clauses.take(settlement.int(3), layer, cited, &step);
                }
            }
            audit.next()?;
        }
        self.layers.look(1);
        for column in LAYERS {
            let layers = Layer::ALL.iter().filter(|l| Money::of_layer(**l) == column);
            let sum: i128 = layers.map(|l| paid[*l as usize]).sum();
            let name = MONEY_NAMES[column as usize];
            self.layers.expect(money[column as usize], sum, yuan, || place(settlement, claim, name));
        }
        Ok(())
    }

    /// Audit rows before a person, or to the end, belong to no claim of the settlement.
    fn unmatched(&mut self, audit: &mut Ahead, before: Option<&Id>) -> Result<(), String> {
        while audit.there && before.is_none_or(|id| audit.stream.id(audit::PSN_NO) < *id) {
            let stream = &audit.stream;
            let claim = Claim { psn_no: stream.id(audit::PSN_NO), setl_id: stream.id(audit::SETL_ID) };
            self.layers.find(|| Finding {
                stated: "a step of a claim".into(),
                found: "no such claim at this place of the settlement".into(),
                ..place(stream, &claim, "setl_id")
            });
            audit.next()?;
        }
        Ok(())
    }

    /// Compares the years of a person who is done with the rows of persons.
    fn close(&mut self, psn_no: &Id, years: &mut Vec<Year>, persons: &mut Ahead) -> Result<(), String> {
        years.sort_by_key(|y| y.year);
        while persons.there && persons.stream.id(0) < *psn_no {
            self.nobody(&persons.stream);
            persons.next()?;
        }
        for year in years.drain(..) {
            let stream = &persons.stream;
            self.persons.look(1);
            let at = |column: &str| Finding {
                place: PERSONS.into(),
                row: Some(stream.row()),
                psn_no: Some(psn_no.to_string()),
                column: column.to_owned(),
                ..Finding::default()
            };
            if !(persons.there && stream.is_id(0, psn_no) && stream.int(1) == year.year) {
                let (stated, found) = ("no row".into(), format!("claims of {}", year.year));
                self.persons.find(|| Finding { row: None, stated, found, ..at("charge_year") });
                continue;
            }
            for (column, name) in MONEY_NAMES.iter().enumerate() {
                let stated = i128::from(stream.figure(PERSONS_MONEY + column));
                self.persons.expect(stated, year.money[column], yuan, || at(name));
            }
            for (channel, name) in PAYABLE.iter().enumerate() {
                let stated = i128::from(stream.figure(PERSONS_MONEY + MONEY + channel));
                self.persons.expect(stated, year.payable[channel], yuan, || at(name));
            }
            persons.next()?;
        }
        while persons.there && persons.stream.is_id(0, psn_no) {
            self.nobody(&persons.stream);
            persons.next()?;
        }
        Ok(())
    }

    fn nobody(&mut self, persons: &Stream) {
        self.persons.find(|| Finding {
            place: PERSONS.into(),
            row: Some(persons.row()),
            psn_no: Some(persons.id(0).to_string()),
            column: "charge_year".into(),
            stated: persons.int(1).to_string(),
            found: "no claim of that year in the settlement".into(),
            ..Finding::default()
        });
    }
}

fn add_to_year(years: &mut Vec<Year>, settlement: &Stream, money: &Sums) {
    let year = settlement.int(4);
    let index = years.iter().position(|y| y.year == year).unwrap_or_else(|| {
        years.push(Year { year, money: [0; MONEY], payable: [0; 3] });
        years.len() - 1
    });
    let sums = &mut years[index];
    sums.money.iter_mut().zip(money).for_each(|(sum, fen)| *sum += fen);
    if let Some(channel) = settlement.optional_text(CHANNEL).and_then(Channel::parse) {
        sums.payable[channel as usize] += money[Money::PayableMa as usize];
    }
}

/// A stream that already stands at the next row to be matched.
struct Ahead {
    stream: Stream,
    there: bool,
}

impl Ahead {
    fn new(stream: Stream) -> Result<Self, String> {
        let mut ahead = Self { stream, there: true };
        ahead.next()?;
        Ok(ahead)
    }

    fn next(&mut self) -> Result<(), String> {
        self.there = self.stream.advance().map_err(|e| format!("{}: {e}", self.stream.name()))?;
        Ok(())
    }

    fn is_of(&self, claim: &Claim) -> bool {
        self.stream.is_id(audit::PSN_NO, &claim.psn_no) && self.stream.is_id(audit::SETL_ID, &claim.setl_id)
    }
}

fn place(stream: &Stream, claim: &Claim, column: &str) -> Finding {
    Finding {
        place: stream.name().to_owned(),
        row: Some(stream.row()),
        psn_no: Some(claim.psn_no.to_string()),
        setl_id: Some(claim.setl_id.to_string()),
        column: column.to_owned(),
        ..Finding::default()
    }
}

fn fen(fen: &i64) -> String {
    to_grouped(i128::from(*fen))
}

pub(super) fn yuan(fen: &i128) -> String {
    to_grouped(*fen)
}
