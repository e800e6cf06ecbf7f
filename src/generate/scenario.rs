//! What of a ledger the policy at hand can make use of, and which days it reaches.
//!
//! Everything that differs between cities is read from the policy document here, once; the other
//! files of this module know no policy.

use super::GenerateError;
use crate::model::codes::{Care, Channel, Identity, Insutype};
use crate::model::date;
use crate::policy::document::{Conditions, MajorDiseaseDoc, PolicyDoc, YearBy};

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub first: i32,
    /// Last day.
    pub last: i32,
}

impl Days {
    /// Whether the day is one of them.
    pub fn holds(self, day: i32) -> bool {
        self.first <= day && day <= self.last
    }

    /// The common days of two spans.
    pub fn and(self, other: Days) -> Option<Days> {
        let common = Days { first: self.first.max(other.first), last: self.last.min(other.last) };
        (common.first <= common.last).then_some(common)
    }

    /// The calendar months that the span touches, cut to it.
    pub fn months(self) -> Vec<Days> {
        let mut months = Vec::new();
        let mut first = self.first;
        while first <= self.last {
            let last = date::month_start(first, 1).map_or(self.last, |next| self.last.min(next - 1));
            months.push(Days { first, last });
            first = last + 1;
        }
        months
    }
}

/// An identity that is given on application.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    /// The identity.
    pub identity: Identity,
    /// How many months before the month of the application its window begins.
    pub lookback: i32,
}

/// What a single-disease limit is for.
#[derive(Clone, Debug)]
pub struct Major {
    /// Insurance types.
    pub insutype: Vec<Insutype>,
    /// Care kinds.
    pub care: Vec<Care>,
    /// Who gets a share.
    pub identities: Vec<Identity>,
}

/// The policy and the year, as the ledger has to know them.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The days of the benefit year on which the policy is in force.
    pub days: Days,
    /// Those of the year before, for the look-back of grants.
    pub before: Option<Days>,
    /// Days of the benefit year on which the policy is not in force.
    pub outside: Option<Days>,
    /// The policy's identities with their share of the roster.
    pub identities: Vec<(Identity, u32)>,
    /// Identities that the policy does not name (but other hardship, which counts as treated).
    pub unlisted: Vec<Identity>,
    /// Identities that are given on application.
    pub granted: Vec<Granted>,
    /// Care kinds of the assistance layer.
    pub assisted: Vec<Care>,
    /// Identities whose assistance is settled at the counter.
    pub at_counter: Vec<Identity>,
    /// Whether persons apply for tilted assistance.
    pub tilt: bool,
    /// Whether chronic care is under quota management.
    pub quota: bool,
    /// Whether hospitals have a price class.
    pub fee_class: bool,
    /// Whether the last day of the visit decides year and identity.
    pub enddate: bool,
    /// Single-disease limits.
    pub major: Option<Major>,
    /// Area code of local treatment; none = local claims carry no code.
    pub home: Option<String>,
    /// Area codes away from home that the policy still counts as its region.
    pub region: Vec<String>,
    /// Area codes of elsewhere.
    pub elsewhere: Vec<String>,
    /// Disease codes that the policy names.
    pub diseases: Vec<String>,
}

impl Scenario {
    /// Reads the document for one year.
    ///
    /// A year that the policy does not reach at all gets claims on all of its days, for runs that
    /// apply the policy all the same (`--as-if`).
    pub fn new(doc: &PolicyDoc, year: i32) -> Result<Self, GenerateError> {
        let in_force = Days { first: doc.policy.from.0, last: doc.policy.until.map_or(date::OPEN_END, |d| d.0) };
        let whole = calendar_year(year)?;
        let days = whole.and(in_force).unwrap_or(whole);
        let granted = grants(doc);
        let before = if granted.is_empty() { None } else { calendar_year(year - 1)?.and(in_force) };
        let conditions = conditions(doc);
        let areas: Vec<&str> = conditions.iter().filter_map(|c| c.area.as_deref()).collect();
        let (home, region, elsewhere) = areas_around(&areas);
        let listed = &doc.policy.listed_order;
        let known = |i: &Identity| {
            listed.contains(i)
                || *i == Identity::OtherHardship
                || (*i == Identity::MonitoredSudden && listed.contains(&Identity::Monitored))
        };
        Ok(Scenario {
            days,
            before,
            outside: outside(whole, days),
            identities: listed.iter().map(|i| (*i, weight(*i))).collect(),
            unlisted: Identity::ALL.iter().copied().filter(|i| !known(i)).collect(),
            granted,
            assisted: doc.assistance.care.clone(),
            at_counter: Identity::ALL.iter().copied().filter(|i| settled_at_counter(doc, *i)).collect(),
            tilt: conditions.iter().any(|c| c.tilt_applied),
            quota: doc.channel.iter().any(|c| c.quota_managed),
            fee_class: !doc.hospital_limit.is_empty(),
            enddate: doc.switches.year_by == YearBy::Enddate,
            major: doc.major_disease.as_ref().map(major),
            home,
            region,
            elsewhere,
            diseases: conditions.iter().flat_map(|c| c.dise_codg.iter().cloned()).collect(),
        })
    }

    /// The look-back of an identity in months, if it is given on application.
    pub fn lookback(&self, identity: Identity) -> Option<i32> {
        self.granted.iter().find(|g| g.identity == identity).map(|g| g.lookback)
    }
}

fn calendar_year(year: i32) -> Result<Days, GenerateError> {
    match (date::day(year, 1, 1), date::day(year, 12, 31)) {
        (Some(first), Some(last)) => Ok(Days { first, last }),
        _ => Err(GenerateError::Year { given: year }),
    }
}

/// The longer rest of the year on one side of the days in force.
fn outside(whole: Days, days: Days) -> Option<Days> {
    let early = Days { first: whole.first, last: days.first - 1 };
    let late = Days { first: days.last + 1, last: whole.last };
    let longer = if late.last - late.first > early.last - early.first { late } else { early };
    (longer.first <= longer.last).then_some(longer)
}

fn grants(doc: &PolicyDoc) -> Vec<Granted> {
    let granted = |(identity, months): (Identity, u16)| Granted { identity, lookback: i32::from(months) };
    doc.identity.iter().filter_map(|i| i.grant_lookback_months.map(|m| (i.code, m))).map(granted).collect()
}

fn major(doc: &MajorDiseaseDoc) -> Major {
    Major {
        insutype: doc.insutype.clone(),
        care: doc.care.clone(),
        identities: doc.share.iter().flat_map(|s| s.identities.iter().copied()).collect(),
    }
}

/// Whether the first channel for an identity, whatever the claim, is the counter.
fn settled_at_counter(doc: &PolicyDoc, identity: Identity) -> bool {
    let same = if identity == Identity::MonitoredSudden { Identity::Monitored } else { identity };
    let whatever = doc.channel.iter().filter(|c| c.care.is_empty() && !c.quota_managed);
    let named = whatever.into_iter().find(|c| c.identities.is_empty() || c.identities.contains(&same));
    doc.policy.listed_order.contains(&same) && named.is_some_and(|c| c.channel == Channel::Instant)
}

/// Every condition on a claim that stands anywhere in the document.
fn conditions(doc: &PolicyDoc) -> Vec<&Conditions> {
    let layers = [&doc.catastrophic, &doc.special_drug, &doc.reassistance];
    let mut all: Vec<&Conditions> = layers.into_iter().flatten().map(|layer| &layer.conditions).collect();
    all.extend(doc.top_up.iter().map(|t| &t.conditions));
    all.extend(doc.hospital_limit.iter().map(|h| &h.conditions));
    all.extend(doc.out_of_catalogue.iter().map(|o| &o.conditions));
    all
}

/// Home, region and elsewhere, from the prefixes that the policy's conditions name.
fn areas_around(prefixes: &[&str]) -> (Option<String>, Vec<String>, Vec<String>) {
    /// First digits of area codes of all parts of the country.
    const COUNTRY: [&str; 8] = ["11", "13", "21", "31", "33", "42", "44", "61"];
    let code = |prefix: &str, rest: &str| format!("{prefix}{rest}").chars().take(6).collect::<String>();
    let longest = prefixes.iter().max_by_key(|p| p.len());
    let home = longest.map(|p| code(p, "810199"));
    let region = prefixes.iter().map(|p| code(p, "018800")).collect();
    let abroad = |c: &&str| !prefixes.iter().any(|p| p.starts_with(c) || c.starts_with(p));
    let elsewhere = COUNTRY.iter().filter(|c| abroad(c)).map(|c| code(c, "0000")).collect();
    (home, region, elsewhere)
}

/// Rough shares of the identities in a roster.
fn weight(identity: Identity) -> u32 {
    match identity {
        Identity::Dibao => 45,
        Identity::Monitored | Identity::DibaoMargin => 11,
        Identity::Tekun | Identity::LowIncome | Identity::DisabledSevere => 8,
        Identity::IllnessPoor | Identity::ElderLowIncome => 6,
        Identity::OtherHardship | Identity::MinorLowIncome => 4,
        Identity::Fanpin | Identity::VeteranCare => 3,
        Identity::Orphan | Identity::MonitoredSudden => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_cover_a_span_without_gap() {
        let span = |a: (u32, u32), b: (u32, u32)| Days {
            first: date::day(2024, a.0, a.1).unwrap(),
            last: date::day(2024, b.0, b.1).unwrap(),
        };
        let months = span((1, 1), (12, 31)).months();
        assert_eq!(months.len(), 12);
        assert!(months.windows(2).all(|m| m[0].last + 1 == m[1].first));
        assert_eq!(span((3, 15), (5, 2)).months().len(), 3);
        assert_eq!(span((3, 15), (3, 15)).months(), [span((3, 15), (3, 15))]);
    }

    #[test]
    fn areas_follow_the_policy() {
        let (home, region, elsewhere) = areas_around(&["33", "3310"]);
        assert!(home.unwrap().starts_with("3310"));
        assert!(region.iter().all(|a| a.starts_with("33") && a.len() == 6));
        assert!(!elsewhere.is_empty() && elsewhere.iter().all(|a| !a.starts_with("33") && a.len() == 6));
        assert_eq!(areas_around(&[]).0, None);
    }
}
