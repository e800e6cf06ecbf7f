//! One range of persons: settled as it is due, compared with what was paid, and looked into.

use super::Part;
use super::archive::Archive;
use super::error::ReconcileError;
use super::finding::{Adjustment, Finding};
use super::gaps::Candidate;
use super::hypothesis::Missing;
use super::measure::{Vector, is_nought, minus, plus};
use super::paid::{ByPerson, Key, Origin, PaidSide};
use super::search::{Explained, Question, Trials, investigate};
use super::story::tell;
use super::tally::{ELSEWHERE, LOCAL, NOBODY, UNATTRIBUTED};
use super::world::{Bench, Fate, History, Settlement, year_of};
use crate::ledger::reject::id_text;
use crate::ledger::schema::IdType;
use crate::model::codes::Channel;
use crate::policy::document::PolicyDoc;
use crate::policy::tables::{FOREIGN_AREA, LOCAL_AREA};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a worker needs to look into persons.
pub(crate) struct Investigator<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) archive: &'a Archive,
    /// By policy, in the order of their dates.
    pub(crate) docs: &'a [&'a PolicyDoc],
    pub(crate) paid: &'a PaidSide,
    pub(crate) records: Option<&'a ByPerson>,
    pub(crate) candidates: &'a BTreeMap<Key, Candidate>,
    pub(crate) only_year: Option<i32>,
    pub(crate) psn_no: IdType,
}

/// Payments by record within a year, and what was paid on records that this run does not have.
struct ByRecord {
    records: BTreeMap<u32, Vector>,
    elsewhere: Vector,
}

impl Investigator<'_> {
    /// Looks into a range of persons.
    pub(crate) fn part(&self, part: usize) -> Result<Part, ReconcileError> {
        let mut found = Part::default();
        let mut bench = Bench::new(&self.archive.variants);
        self.archive.histories(part, |history| self.person(&mut bench, &history, &mut found))?;
        Ok(found)
    }

    fn person(&self, bench: &mut Bench<'_>, history: &History, found: &mut Part) -> Result<(), ReconcileError> {
        let due = bench.settle(&history.world(), false).unwrap_or_default();
        let mut years: BTreeSet<i32> = due.claims.iter().map(|c| c.charge_year).collect();
        if self.paid.origin != Origin::Recorded {
            // A year with reversed records only stands in no file of persons.
            years.retain(|y| self.candidates.contains_key(&(history.psn_no.clone(), *y)));
        }
        years.retain(|y| self.only_year.is_none_or(|only| only == *y));
        let mut gaps: Vec<(i32, Vector, Option<ByRecord>, Vector)> = Vec::new();
        for year in years {
            let candidate = self.candidates.get(&(history.psn_no.clone(), year));
            if let Some(candidate) = candidate
                && candidate.due != due.year(year)
            {
                let psn_no = id_text(&history.psn_no, self.psn_no);
                return Err(ReconcileError::OtherDue { psn_no, year, dir: self.dir.to_owned() });
            }
            let (paid, by_record) = self.paid_in(history, &due, year, candidate);
            let gap = minus(&paid, &self.paid.measures.of(&due.year(year)));
            if !is_nought(&gap) {
                gaps.push((year, paid, by_record, gap));
            }
        }
        if gaps.is_empty() {
            return Ok(());
        }
        let missing = self.missing(history);
        // Where it is known that something was paid on a record, nobody need ask whether it was left out.
        let paid_on = |record: u32| {
            let mut stated = gaps.iter().filter_map(|(_, _, by_record, _)| by_record.as_ref()?.records.get(&record));
            stated.any(|paid| !is_nought(paid))
        };
        let trials = Trials::new(bench, history, due, missing.as_ref(), &paid_on);
        for (year, paid, by_record, gap) in &gaps {
            let question = Question {
                history,
                measures: &self.paid.measures,
                year: *year,
                paid: *paid,
                elsewhere: by_record.as_ref().map_or(Vector::default(), |b| b.elsewhere),
                by_record: by_record.as_ref().map(|b| &b.records),
                missing: missing.as_ref(),
            };
            let explained = investigate(bench, &trials, &question);
            self.write(bench, &question, &trials, &explained, gap, found);
        }
        Ok(())
    }

    /// Records of this run that the other run does not have.
    fn missing(&self, history: &History) -> Option<Missing> {
        let Origin::Run(_) = self.paid.origin else { return None };
        let theirs = self.records?.get(&history.psn_no).map_or(&[][..], Vec::as_slice);
        let known: BTreeSet<&[u8]> = theirs.iter().map(|(id, _)| &**id).collect();
        let records = history.records.iter().zip(0..);
        Some(records.filter(|(r, _)| !known.contains(&*r.setl_id)).map(|(_, n)| n).collect())
    }

    /// What was paid in a year, and on which record.
    fn paid_in(
        &self,
        history: &History,
        due: &Settlement,
        year: i32,
        candidate: Option<&Candidate>,
    ) -> (Vector, Option<ByRecord>) {
        // Reversed records are charged to nothing; what is booked on them belongs to their own year.
        let mut settled = vec![None; history.records.len()];
        for claim in due.claims.iter().rev() {
            settled[claim.record as usize] = Some(claim.charge_year);
        }
        let charged = |n: u32| {
            let record = &history.records[n as usize];
            match record.fate {
                Fate::Counts => settled[n as usize],
                Fate::Reversed => Some(year_of(&record.claim)),
                _ => None,
            }
        };
        let mut by_record: BTreeMap<u32, Vector> = BTreeMap::new();
        match self.paid.origin {
            Origin::Recorded => {
                let mut sum = Vector::default();
                for (record, n) in history.records.iter().zip(0u32..) {
                    if charged(n) == Some(year) {
                        let paid = [record.claim.recorded_cii, record.claim.recorded_maf, 0, 0, 0];
                        sum = plus(&sum, &paid);
                        by_record.insert(n, paid);
                    }
                }
                (sum, Some(ByRecord { records: by_record, elsewhere: Vector::default() }))
            }
            _ => {
                let paid = candidate.map_or(Vector::default(), |c| c.paid);
                let Some(records) = self.records else { return (paid, None) };
                let theirs = records.get(&history.psn_no).map_or(&[][..], Vec::as_slice);
                let mut here = Vector::default();
                let counts = |f: Fate| matches!(f, Fate::Counts | Fate::Reversed);
                let ours = (0u32..).zip(&history.records).filter(|(_, r)| counts(r.fate));
                let ours: BTreeMap<_, u32> = ours.map(|(n, r)| (&r.setl_id, n)).collect();
                for (id, vector) in theirs {
                    if let Some(n) = ours.get(id).copied().filter(|n| charged(*n) == Some(year)) {
                        here = plus(&here, vector);
                        let sum = by_record.entry(n).or_default();
                        *sum = plus(sum, vector);
                    }
                }
                let elsewhere = minus(&paid, &here);
                (paid, Some(ByRecord { records: by_record, elsewhere }))
            }
        }
    }

    /// Turns causes into rows and sums.
    fn write(
        &self,
        bench: &mut Bench<'_>,
        question: &Question<'_>,
        trials: &Trials,
        explained: &[Explained],
        gap: &Vector,
        found: &mut Part,
    ) {
        let history = question.history;
        let names = &bench.variants().eras().names;
        let preferred = trials.due.preferred.iter().find(|(y, _)| *y == question.year).map(|(_, rank)| *rank);
        let identity = preferred.and_then(|rank| names.identity_at.get(usize::from(rank))).map(|i| i.as_str());
        let named = identity.unwrap_or(NOBODY);
        found.gaps += 1;
        let ambiguous = explained.iter().any(|e| !e.also_fits.is_empty());
        found.totals.person_year(named, explained.iter().all(|e| e.exact), ambiguous);
        let (mut areas, mut institutions): (BTreeSet<String>, BTreeSet<String>) = Default::default();
        for cause in explained {
            let told = tell(bench, question, cause, self.docs, self.archive.ledger.setl_id);
            let totals = &mut found.totals;
            totals.cause(cause.cause);
            let mut left = cause.amount;
            for (record, moved) in &cause.records {
                let area = area(history.records[*record as usize].claim.area);
                areas.insert(area.clone());
                let line = totals.by_area.entry(area).or_default();
                moved.iter().for_each(|fen| line.add(*fen));
                let key = (history.psn_no.clone(), history.records[*record as usize].setl_id.clone());
                if let Some(code) = self.archive.institutions.get(&key) {
                    institutions.insert(code.to_string());
                    let line = totals.by_institution.entry(code.to_string()).or_default();
                    moved.iter().for_each(|fen| line.add(*fen));
                }
                left = minus(&left, moved);
            }
            if !is_nought(&left) {
                areas.insert(UNATTRIBUTED.to_owned());
                let line = totals.by_area.entry(UNATTRIBUTED.to_owned()).or_default();
                left.iter().for_each(|fen| line.add(*fen));
            }
            let funds = question.measures.0.iter().zip(cause.amount).zip(&told.cited);
            for ((measure, fen), cited) in funds.filter(|((_, fen), _)| *fen != 0) {
                totals.amount(cause.cause, named, fen);
                found.findings.push(Finding {
                    psn_no: history.psn_no.clone(),
                    charge_year: question.year,
                    cause: cause.cause,
                    fund: measure.name,
                    amount: Some(fen),
                    claims: cause.records.len() as i32,
                    setl_ids: told.setl_ids.clone(),
                    identity: cited.identity.clone().or_else(|| identity.map(str::to_owned)),
                    rule: cited.rule.clone(),
                    clause: cited.clause.clone(),
                    evidence: told.evidence.clone(),
                    exact: cause.exact,
                    also_fits: (!cause.also_fits.is_empty()).then(|| cause.also_fits.join(",")),
                });
            }
        }
        for code in institutions {
            found.totals.by_institution.entry(code).or_default().person_years += 1;
        }
        for area in areas {
            found.totals.by_area.entry(area).or_default().person_years += 1;
        }
        let channel = channel(&trials.due, question.year);
        for (measure, fen) in question.measures.0.iter().zip(gap).filter(|(_, fen)| **fen != 0) {
            found.adjustments.push(Adjustment {
                psn_no: history.psn_no.clone(),
                charge_year: question.year,
                channel,
                fund: measure.name,
                gap: *fen,
            });
        }
    }
}

/// The channel by which most of a year's assistance is due; of equal ones the first claim's.
fn channel(due: &Settlement, year: i32) -> Option<Channel> {
    let mut sums = [0i64; Channel::ALL.len()];
    let mut seen: Option<Channel> = None;
    for claim in due.claims.iter().filter(|c| c.charge_year == year) {
        if let Some(channel) = claim.channel {
            seen = seen.or(Some(channel));
            sums[channel.index()] += claim.layers[2..].iter().sum::<i64>();
        }
    }
    let most = sums.iter().copied().max().filter(|most| *most > 0);
    most.and_then(|most| Channel::ALL.iter().copied().find(|c| sums[c.index()] == most)).or(seen)
}

fn area(area: i32) -> String {
    match area {
        LOCAL_AREA => LOCAL.to_owned(),
        FOREIGN_AREA => ELSEWHERE.to_owned(),
        code => format!("{code:06}"),
    }
}
