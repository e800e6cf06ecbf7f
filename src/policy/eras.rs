//! The policies of a run, each with the days on which it is in force, and one naming for all of them.
//!
//! Every policy counts its identities, rules, pools, remarks and alerts on its own. What goes into the
//! outputs of a run is counted once for the run: [`Names`] holds what things are called, [`Numbers`]
//! leads from a policy's own numbers to those of the run. With one policy the two are the same.

use super::compile::Ranks;
use super::document::PolicyDoc;
use super::error::PolicyError;
use super::tables::{Cite, FEE_CLASS_MISSING, Mask, NO_RANK, Tables};
use crate::lang::Both;
use crate::model::codes::Identity;
use crate::model::date;

/// Remarks that a row can carry: a bit each.
const MOST_NOTES: usize = 8;
/// Pools and alerts that a column of few texts can tell apart, and one number for "none".
const MOST_NARROW: usize = u8::MAX as usize;
/// The same for rules with their clauses.
const MOST_CITES: usize = u16::MAX as usize;

/// A policy of a run.
#[derive(Clone, Debug)]
pub struct Era {
    /// Its tables.
    pub tables: Tables,
    /// From its numbers to the run's.
    pub numbers: Numbers,
}

/// The policies of a run in the order of their dates, and what their outputs call things.
#[derive(Clone, Debug)]
pub struct Eras {
    /// The policies; at least one.
    pub all: Vec<Era>,
    /// The naming of the run.
    pub names: Names,
}

/// What the outputs of a run call things, by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Identity of each rank: the first policy's listed order, then what the others list, then the rest.
    pub identity_at: Vec<Identity>,
    /// What audit rows, alerts and subsidies cite.
    pub cites: Vec<Cite>,
    /// Pools.
    pub pools: Vec<String>,
    /// Remarks.
    pub notes: Vec<String>,
    /// Alerts.
    pub alerts: Vec<String>,
}

/// From a policy's own numbers to those of the run.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    ranks: Vec<u8>,
    cites: Vec<u16>,
    pools: Vec<u8>,
    notes: Vec<u8>,
    alerts: Vec<u8>,
}

impl Eras {
    /// Joins policies, given in the order of their dates.
    ///
    /// # Errors
    /// [`PolicyError::TooManyNames`] where the outputs cannot tell so many things apart.
    pub fn new(policies: Vec<(&PolicyDoc, Tables)>) -> Result<Self, PolicyError> {
        let listed: Vec<&[Identity]> = policies.iter().map(|(doc, _)| &*doc.policy.listed_order).collect();
        let mut names = Names { identity_at: Ranks::of(&listed).identity_at.to_vec(), ..Names::default() };
        // A row's remarks are told in the order of their numbers: so these hang on the policies alone, and not
        // on the years that they were compiled for.
        names.notes.push(FEE_CLASS_MISSING.to_owned());
        for note in policies.iter().flat_map(|(doc, _)| &doc.note) {
            if !names.notes.contains(&note.id) {
                names.notes.push(note.id.clone());
            }
        }
        let mut all = Vec::with_capacity(policies.len());
        for (_, tables) in policies {
            let numbers = names.take(&tables)?;
            all.push(Era { tables, numbers });
        }
        Ok(Self { all, names })
    }

    /// Number of the policy that takes a day: the last one that had begun, else the first.
    #[inline]
    pub fn of(&self, day: i32) -> usize {
        match &*self.all {
            [_] => 0,
            all => all.partition_point(|era| era.tables.from <= day).saturating_sub(1),
        }
    }

    /// First and last day of each policy.
    pub fn periods(&self) -> Vec<(i32, i32)> {
        self.all.iter().map(|era| (era.tables.from, era.tables.until)).collect()
    }

    /// Numbers of the policies that are in force in a year, by their dates.
    pub fn in_year(&self, year: i32) -> impl Iterator<Item = usize> + '_ {
        let reaches = move |tables: &Tables| (date::year_of(tables.from)..=date::year_of(tables.until)).contains(&year);
        self.all.iter().enumerate().filter(move |(_, era)| reaches(&era.tables)).map(|(n, _)| n)
    }
}

impl Names {
    /// Takes a policy's names in; its numbers among them.
    fn take(&mut self, tables: &Tables) -> Result<Numbers, PolicyError> {
        let ranks = tables.identity_at.iter().map(|i| self.rank_of(*i)).collect();
        let cites = numbers(&mut self.cites, &tables.cites, MOST_CITES, ["rules and clauses", "规则和条款"])?;
        let few = |mine: &mut Vec<String>, theirs: &[String], most: usize, what: [&str; 2]| {
            numbers(mine, theirs, most, what).map(|n| n.into_iter().map(|n| n as u8).collect())
        };
        Ok(Numbers {
            ranks,
            cites: cites.into_iter().map(|n| n as u16).collect(),
            pools: few(&mut self.pools, &tables.pools, MOST_NARROW, ["pools", "额度池"])?,
            notes: few(&mut self.notes, &tables.notes, MOST_NOTES, ["remarks", "提示"])?,
            alerts: few(&mut self.alerts, &tables.alerts, MOST_NARROW, ["alerts", "预警"])?,
        })
    }

    /// Rank of an identity.
    pub fn rank_of(&self, identity: Identity) -> u8 {
        self.identity_at.iter().position(|i| *i == identity).map_or(NO_RANK, |rank| rank as u8)
    }
}

/// Where each of these stands among all; what is new is put behind the others.
fn numbers<T: Clone + PartialEq>(
    all: &mut Vec<T>,
    these: &[T],
    most: usize,
    what: [&str; 2],
) -> Result<Vec<usize>, PolicyError> {
    let mut found = Vec::with_capacity(these.len());
    for name in these {
        found.push(all.iter().position(|n| n == name).unwrap_or_else(|| {
            all.push(name.clone());
            all.len() - 1
        }));
    }
    if all.len() > most {
        let [en, zh] = what.map(str::to_owned);
        return Err(PolicyError::TooManyNames { what: Both { en, zh }, most });
    }
    Ok(found)
}

impl Numbers {
    /// The run's rank.
    #[inline]
    pub fn rank(&self, rank: u8) -> u8 {
        self.ranks.get(usize::from(rank)).copied().unwrap_or(NO_RANK)
    }

    /// The run's set of identities.
    pub fn mask(&self, mask: Mask) -> Mask {
        bits(mask.into(), &self.ranks) as Mask
    }

    /// The run's set of remarks.
    #[inline]
    pub fn notes(&self, notes: u8) -> u8 {
        if notes == 0 { 0 } else { bits(notes.into(), &self.notes) as u8 }
    }

    /// The run's number of what is cited.
    #[inline]
    pub fn cite(&self, cite: u16) -> u16 {
        self.cites[usize::from(cite)]
    }

    /// The run's number of a pool; none stays none.
    #[inline]
    pub fn pool(&self, pool: u8) -> u8 {
        self.pools.get(usize::from(pool)).copied().unwrap_or(pool)
    }

    /// The run's number of an alert.
    pub fn alert(&self, alert: u8) -> u8 {
        self.alerts[usize::from(alert)]
    }
}

/// Moves every bit to where its number leads.
fn bits(set: u32, to: &[u8]) -> u32 {
    to.iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0).fold(0, |all, (_, to)| all | 1 << to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::compile::{Needs, compile};
    use crate::policy::document::NoteDoc;
    use crate::policy::parameters::Parameters;

    fn eras(ids: &[(&str, i32)]) -> Eras {
        let parameters = Parameters::shipped().unwrap();
        let policies: Vec<(Policy, Tables)> = ids
            .iter()
            .map(|(id, year)| {
                let policy = Policy::load(id).unwrap();
                let tables = compile(&policy.doc, &parameters, &[*year], Needs { subsidies: true }).unwrap().tables;
                (policy, tables)
            })
            .collect();
        Eras::new(policies.iter().map(|(p, t)| (&p.doc, t.clone())).collect()).unwrap()
    }

    #[test]
    fn one_policy_keeps_its_own_numbers() {
        for (id, year) in [("weihai-2023", 2024), ("jincheng-2023", 2024), ("erenhot-2023", 2024)] {
            let eras = eras(&[(id, year)]);
            let (names, Era { tables, numbers }) = (&eras.names, &eras.all[0]);
            assert_eq!(names.identity_at, tables.identity_at);
            assert_eq!((&names.cites, &names.pools), (&tables.cites, &tables.pools));
            assert_eq!((&names.notes, &names.alerts), (&tables.notes, &tables.alerts));
            assert_eq!(numbers.mask(0b10_1101), 0b10_1101);
            assert_eq!((numbers.rank(NO_RANK), numbers.pool(u8::MAX)), (NO_RANK, u8::MAX));
        }
    }

    #[test]
    fn remarks_are_ordered_alike_whatever_years_were_needed() {
        let parameters = Parameters::shipped().unwrap();
        let mut early = Policy::load("erenhot-2023").unwrap().doc;
        let note = early.note.first().expect("a remark").clone();
        early.note.push(NoteDoc { id: "of the early one".to_owned(), ..note });
        let mut late = early.clone();
        late.note.reverse();
        let names = |years: [&[i32]; 2]| {
            let of = |doc: &PolicyDoc, years| compile(doc, &parameters, years, Needs::default()).unwrap().tables;
            let policies = vec![(&early, of(&early, years[0])), (&late, of(&late, years[1]))];
            let eras = Eras::new(policies).unwrap();
            for Era { tables, numbers } in &eras.all {
                for (n, note) in tables.notes.iter().enumerate() {
                    let bit = numbers.notes(1 << n).trailing_zeros() as usize;
                    assert_eq!(eras.names.notes[bit], *note);
                }
            }
            eras.names.notes
        };
        assert_eq!(names([&[2024], &[2024]]), names([&[], &[2024]]));
    }

    #[test]
    fn numbers_of_several_policies_lead_to_what_they_mean() {
        let eras = eras(&[("weihai-etdz-2017", 2022), ("weihai-2023", 2023)]);
        let names = &eras.names;
        // The first policy's listed order, then what only the second lists.
        let order: Vec<&str> = names.identity_at.iter().map(|i| i.as_str()).collect();
        let listed = ["dibao", "tekun", "orphan", "low_income", "illness_poor", "other_hardship", "fanpin"];
        assert_eq!(order[..7], listed);
        assert_eq!(order.len(), Identity::COUNT);
        for Era { tables, numbers } in &eras.all {
            for (rank, identity) in tables.identity_at.iter().enumerate() {
                assert_eq!(names.identity_at[usize::from(numbers.rank(rank as u8))], *identity);
            }
            for (n, cite) in tables.cites.iter().enumerate() {
                assert_eq!(names.cites[usize::from(numbers.cite(n as u16))], *cite);
            }
            for (n, pool) in tables.pools.iter().enumerate() {
                assert_eq!(names.pools[usize::from(numbers.pool(n as u8))], *pool);
            }
            for (n, alert) in tables.alerts.iter().enumerate() {
                assert_eq!(names.alerts[usize::from(numbers.alert(n as u8))], *alert);
            }
        }
        let day = |y, m, d| date::day(y, m, d).unwrap();
        let at = [day(2010, 1, 1), day(2022, 12, 31), day(2023, 1, 1), day(2030, 1, 1)].map(|d| eras.of(d));
        assert_eq!(at, [0, 0, 1, 1]);
        assert_eq!(eras.in_year(2022).collect::<Vec<_>>(), [0]);
        assert_eq!(eras.in_year(2028).count(), 0);
    }
}
