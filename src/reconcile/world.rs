//! A person's history as owned rows, and the worlds in which the kernel settles it: as it is, or as somebody
//! had it.

use super::measure::ByLayer;
use super::variants::Variants;
use crate::ledger::reject::place;
use crate::model::codes::{Channel, RejectReason, ScopeReason};
use crate::model::date;
use crate::persons::resolve::{Refused, Resolver};
use crate::persons::sorted::Sorted;
use crate::policy::eras::Eras;
use crate::policy::tables::{NO_RANK, Tables};
use crate::roster::Roster;
use crate::settle::claims::{Claim, Claims, NO_DISEASE_LIMIT};
use crate::settle::holdings::{Holdings, Period};
use crate::settle::outcome::Entry;
use crate::settle::outcome::LAYERS;
use crate::settle::sink::Sink;
use crate::settle::{Accepted, Scratch, settle_person};
use std::collections::BTreeMap;
use std::ops::Range;

/// What became of a row before settling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It counts.
    Counts,
    /// A refund, or the record that it cancels.
    Reversed,
    /// A copy of a record that stands; its number.
    Duplicate(u32),
    /// It does not count for another reason.
    Refused,
}

/// A row of the ledger.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its id, as sortable bytes.
    pub setl_id: Box<[u8]>,
    /// Microseconds.
    pub time: i64,
    /// File and row.
    pub origin: u64,
    /// What the kernel reads.
    pub claim: Claim,
    /// Number of the policy that takes its day.
    pub policy: usize,
    /// Rank under that policy of the identity that the ledger carries.
    pub certified: u8,
    /// What became of it.
    pub fate: Fate,
}

/// Everything that the inputs say of a person.
#[derive(Clone, Debug)]
pub struct History {
    /// The person, as sortable bytes.
    pub psn_no: Box<[u8]>,
    /// Rows by time and id.
    pub records: Vec<Record>,
    /// Periods of the roster, by policy; none where the ledger carries identities.
    pub periods: Option<Vec<Vec<Period>>>,
    /// Identities held on some day or carried on some claim, by the run's ranks, ascending.
    pub ranks: Vec<u8>,
}

/// Reads histories out of sorted rows. Reused from person to person.
#[derive(Default)]
pub struct Historian {
    resolver: Resolver,
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
    at: Option<usize>,
}

impl Historian {
    /// The history of the person whose rows these are.
    pub fn of(
        &mut self,
        rows: &Sorted<'_>,
        person: Range<usize>,
        eras: &Eras,
        as_if: bool,
        rosters: &[Roster],
    ) -> History {
        let Self { resolver, accepted, refused, at } = self;
        accepted.clear();
        refused.clear();
        let (first, claims) = (person.start, rows.claims());
        let periods = eras.periods();
        resolver.resolve(rows, person.clone(), (!as_if).then_some(&*periods), accepted, refused);
        let mut fate = vec![Fate::Refused; person.len()];
        for a in accepted.iter() {
            fate[a.row as usize - first] = if a.reversed { Fate::Reversed } else { Fate::Counts };
        }
        let mut repeats = refused.iter().filter(|r| r.reason == RejectReason::DuplicateSetlId).peekable();
        if repeats.peek().is_some() {
            let counts = person.clone().filter(|row| fate[*row - first] == Fate::Counts);
            let stay: BTreeMap<&[u8], usize> = counts.map(|row| (rows.setl_id(row), row)).collect();
            for r in repeats {
                if let Some(row) = stay.get(rows.setl_id(r.row as usize)) {
                    fate[r.row as usize - first] = Fate::Duplicate((row - first) as u32);
                }
            }
        }
        let records: Vec<Record> = person
            .clone()
            .map(|row| Record {
                setl_id: rows.setl_id(row).into(),
                time: rows.time(row),
                origin: rows.origin(row),
                claim: claims.get(row),
                policy: eras.of(claims.day[row]),
                certified: claims.identity[row],
                fate: fate[row - first],
            })
            .collect();
        let number = rosters.first().and_then(|r| r.find_from(at, rows.psn_no(first)));
        let held = |r: &Roster| number.map_or_else(Vec::new, |n| r.periods(n).to_vec());
        let periods: Option<Vec<Vec<Period>>> = (!rosters.is_empty()).then(|| rosters.iter().map(held).collect());
        let rank = |policy: usize, rank: u8| eras.all[policy].numbers.rank(rank);
        let mut ranks: Vec<u8> = match &periods {
            Some(periods) => {
                periods.iter().enumerate().flat_map(|(n, p)| p.iter().map(move |p| rank(n, p.rank))).collect()
            }
            None => records.iter().map(|r| rank(r.policy, r.certified)).filter(|r| *r != NO_RANK).collect(),
        };
        ranks.sort_unstable();
        ranks.dedup();
        History { psn_no: rows.psn_no(first).into(), records, periods, ranks }
    }
}

impl History {
    /// The world as it is.
    pub fn world(&self) -> World {
        let counts = self.records.iter().zip(0..).filter(|(r, _)| matches!(r.fate, Fate::Counts | Fate::Reversed));
        let line = |(r, record): (&Record, u32)| Line {
            record,
            claim: r.claim,
            policy: r.policy,
            certified: r.certified,
            reversed: r.fate == Fate::Reversed,
        };
        World {
            lines: counts.map(line).collect(),
            periods: self.periods.clone(),
            twists: Vec::new(),
            withheld: Vec::new(),
        }
    }

    /// The day of a record.
    pub fn day(&self, record: u32) -> i32 {
        self.records[record as usize].claim.day
    }

    /// File and row of a record, for people.
    pub fn place(&self, record: u32) -> (u32, u64) {
        place(self.records[record as usize].origin)
    }
}

/// A row as the kernel gets it.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Number of the record.
    pub record: u32,
    /// What the kernel reads.
    pub claim: Claim,
    /// Number of the policy that takes its day.
    pub policy: usize,
    /// Rank under that policy of the identity carried.
    pub certified: u8,
    /// A refund, or the record that it cancels.
    pub reversed: bool,
}

/// A payment that was computed but not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Catastrophic insurance of every claim.
    Catastrophic,
    /// Assistance of every claim.
    Assistance,
    /// Everything on a record.
    Record(u32),
}

/// What the kernel is given about a person.
#[derive(Clone, Debug)]
pub struct World {
    /// Rows, in the order in which they are taken.
    pub lines: Vec<Line>,
    /// Periods of identity, by policy; none where the ledger carries identities.
    pub periods: Option<Vec<Vec<Period>>>,
    /// Twists of the tables, by number.
    pub twists: Vec<usize>,
    /// What is computed but not paid.
    pub withheld: Vec<Withheld>,
}

/// What a claim was paid in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Number of the record.
    pub record: u32,
    /// Year charged.
    pub charge_year: i32,
    /// By layer, in fen.
    pub layers: ByLayer,
    /// How it is paid.
    pub channel: Option<Channel>,
    /// The run's rank of the identity applied.
    pub identity: u8,
    /// Why out of scope.
    pub reason: Option<ScopeReason>,
}

/// What a world comes to.
#[derive(Clone, Debug, Default)]
pub struct Settlement {
    /// Claims, in the order taken.
    pub claims: Vec<Paid>,
    /// Entries of the audit by record, in the run's numbers, where they were asked for.
    pub audit: Vec<(u32, Entry)>,
    /// The run's rank preferred, by charge year.
    pub preferred: Vec<(i32, u8)>,
}

impl Settlement {
    /// A year's sum by layer, in fen.
    pub fn year(&self, year: i32) -> ByLayer {
        let mut sum = ByLayer::default();
        for claim in self.claims.iter().filter(|c| c.charge_year == year) {
            sum.iter_mut().zip(claim.layers).for_each(|(sum, fen)| *sum += fen);
        }
        sum
    }

    /// The same with a payment that was not made.
    pub fn without(&self, what: Withheld) -> Settlement {
        let mut other = self.clone();
        other.claims.iter_mut().for_each(|c| withhold(c, &[what]));
        other
    }

    /// What each of the person's records was paid, charged to a year.
    pub fn records(&self, records: usize, year: i32) -> Vec<ByLayer> {
        let mut sums = vec![ByLayer::default(); records];
        for claim in self.claims.iter().filter(|c| c.charge_year == year) {
            let sum = &mut sums[claim.record as usize];
            sum.iter_mut().zip(claim.layers).for_each(|(sum, fen)| *sum += fen);
        }
        sums
    }
}

/// Settles worlds with the kernel. Its memory is reused.
pub struct Bench<'a> {
    variants: &'a Variants,
    scratch: Scratch,
    /// By policy: without an audit, and with one.
    sinks: [Vec<Sink>; 2],
    columns: Columns,
}

/// Rows as the kernel's columns.
#[derive(Default)]
struct Columns {
    day: Vec<i32>,
    insutype: Vec<crate::model::codes::Insutype>,
    care: Vec<crate::model::codes::Care>,
    amounts: [Vec<i64>; 7],
    area: Vec<i32>,
    disease: Vec<u32>,
    identity: Vec<u8>,
    marks: Vec<crate::settle::claims::Marks>,
    accepted: Vec<Accepted>,
}

impl Columns {
    fn fill(&mut self, lines: &[Line]) {
        fn put<T>(column: &mut Vec<T>, lines: &[Line], of: impl Fn(&Line) -> T) {
            column.clear();
            column.extend(lines.iter().map(of));
        }
        put(&mut self.day, lines, |l| l.claim.day);
        put(&mut self.insutype, lines, |l| l.claim.insutype);
        put(&mut self.care, lines, |l| l.claim.care);
        let amounts: [fn(&Claim) -> i64; 7] = [
            |c| c.fee,
            |c| c.scope,
            |c| c.basic,
            |c| c.recorded_cii,
            |c| c.recorded_maf,
            |c| c.ext_comp,
            |c| c.disease_limit.unwrap_or(NO_DISEASE_LIMIT),
        ];
        for (column, of) in self.amounts.iter_mut().zip(amounts) {
            put(column, lines, |l| of(&l.claim));
        }
        put(&mut self.area, lines, |l| l.claim.area);
        put(&mut self.disease, lines, |l| l.claim.disease);
        put(&mut self.identity, lines, |l| l.certified);
        put(&mut self.marks, lines, |l| l.claim.marks);
    }

    /// The rows of a policy.
    fn accept(&mut self, lines: &[Line], policy: usize) {
        self.accepted.clear();
        let rows = lines.iter().zip(0..).filter(|(l, _)| l.policy == policy);
        self.accepted.extend(rows.map(|(l, row)| Accepted { row, reversed: l.reversed }));
    }

    fn claims(&self) -> Claims<'_> {
        let [fee, scope, basic, cii, maf, ext, limit] = &self.amounts;
        Claims {
            day: &self.day,
            insutype: &self.insutype,
            care: &self.care,
            medfee_sumamt: fee,
            inscp_scp_amt: scope,
            basic_pay: basic,
            recorded_cii: cii,
            recorded_maf: maf,
            ext_comp_amt: ext,
            disease_limit: limit,
            area: &self.area,
            disease: &self.disease,
            identity: &self.identity,
            marks: &self.marks,
        }
    }
}

impl<'a> Bench<'a> {
    /// A bench with the tables in all their variants.
    pub fn new(variants: &'a Variants) -> Self {
        let sinks = |audited| variants.eras().all.iter().map(|era| Sink::new(&era.tables, None, audited)).collect();
        Self { variants, scratch: Scratch::default(), sinks: [sinks(false), sinks(true)], columns: Columns::default() }
    }

    /// The tables in all their variants.
    pub fn variants(&self) -> &'a Variants {
        self.variants
    }

    /// Settles a world, policy by policy as a run does; none where its twists do not go together.
    pub fn settle(&mut self, world: &World, audited: bool) -> Option<Settlement> {
        if !self.variants.go_together(&world.twists) {
            return None;
        }
        let mut settlement = Settlement::default();
        let mut rows = Vec::new();
        self.columns.fill(&world.lines);
        for (number, era) in self.variants.eras().all.iter().enumerate() {
            self.columns.accept(&world.lines, number);
            if self.columns.accepted.is_empty() {
                continue;
            }
            let tables = self.variants.tables(number, &world.twists);
            let sink = &mut self.sinks[usize::from(audited)][number];
            sink.clear();
            let holdings = match &world.periods {
                Some(periods) => Holdings::Roster(&periods[number]),
                None => Holdings::Ledger { granted: granted(tables) },
            };
            let accepted = &self.columns.accepted;
            settle_person(tables, &self.columns.claims(), accepted, holdings, &mut self.scratch, sink);
            let settled = &sink.settlement;
            for n in 0..settled.row.len() {
                let mut paid = Paid {
                    record: world.lines[settled.row[n] as usize].record,
                    charge_year: settled.charge_year[n],
                    layers: LAYERS.map(|m| settled.money[m as usize][n]),
                    channel: settled.channel[n],
                    identity: era.numbers.rank(settled.identity[n]),
                    reason: settled.reason[n],
                };
                withhold(&mut paid, &world.withheld);
                rows.push(settled.row[n]);
                settlement.claims.push(paid);
            }
            for (row, entry) in sink.audit.row.iter().zip(&sink.audit.entry) {
                let (identity, cite) = (era.numbers.rank(entry.identity), era.numbers.cite(entry.cite));
                settlement.audit.push((world.lines[*row as usize].record, Entry { identity, cite, ..*entry }));
            }
            for year in &sink.persons.year {
                // Of several policies in a year the last one's that has one, as in a run's outputs.
                let preferred = era.numbers.rank(year.preferred);
                match settlement.preferred.iter_mut().find(|(y, _)| *y == year.charge_year) {
                    Some(known) if preferred != NO_RANK => known.1 = preferred,
                    Some(_) => {}
                    None => settlement.preferred.push((year.charge_year, preferred)),
                }
            }
        }
        if rows.windows(2).any(|w| w[0] > w[1]) {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|n| rows[*n]);
            settlement.claims = order.into_iter().map(|n| settlement.claims[n]).collect();
        }
        Some(settlement)
    }
}

/// The rank of the identity that a policy grants on application.
fn granted(tables: &Tables) -> u8 {
    tables.grant_lookback.iter().position(Option::is_some).map_or(NO_RANK, |r| r as u8)
}

/// Takes back what was computed but not paid.
fn withhold(paid: &mut Paid, withheld: &[Withheld]) {
    for what in withheld {
        match what {
            Withheld::Catastrophic => paid.layers[..2].fill(0),
            Withheld::Assistance => paid.layers[2..].fill(0),
            Withheld::Record(record) if *record == paid.record => paid.layers.fill(0),
            Withheld::Record(_) => {}
        }
    }
}

/// The calendar year of a record.
pub fn year_of(claim: &Claim) -> i32 {
    date::year_of(claim.day)
}
