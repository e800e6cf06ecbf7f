//! Known errors planted into the recorded payments of a synthetic ledger, and the truth beside it.
//!
//! ```text
//!  ledger, roster ─ settle ─► what is due ─► recorded payments: nobody has a gap
//!                               │ some persons: settled as a desk would have that made one known error
//!                               ▼
//!                             their recorded payments ─► ledger.parquet, truth.parquet
//! ```
//!
//! An error is planted only where it moves money: what is recorded then differs from what is due on the ledger
//! as it is written. Catastrophic payments that the policy carries stay as they were recorded.

use super::plant::{Case, Kind, Plant, plant};
use super::rewrite::{Recorded, Rewrite, Truth, write_ledger, write_truth};
use super::rng::{Rng, mix};
use super::{GenerateError, Generated, Options, generate};
use crate::lang::{Both, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::open::Source;
use crate::ledger::reject::id_text;
use crate::model::codes::Insutype;
use crate::output::access::{Access, private_folder};
use crate::output::publish::Shared;
use crate::output::unfinished::{self, Unfinished};
use crate::persons::store::DEFAULT_MEMORY;
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use crate::reconcile::archive::{Archive, Wanted};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::measure::{ASSISTANCE, CATASTROPHIC};
use crate::reconcile::world::{Bench, Fate, History};
use crate::run::progress::Silent;
use crate::run::settle::{Papers, Settle};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many errors of which kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorSpec {
    /// Persons by kind.
    pub counts: Vec<(Kind, u64)>,
    /// A share of the population, in millionths, spread evenly over all kinds.
    pub share_ppm: u64,
    /// Persons with two errors of different kinds.
    pub doubles: u64,
    /// Also persons for whom another kind of error would book the same payments on the same records, so that
    /// nobody could tell the two apart.
    pub twins: bool,
}

impl std::str::FromStr for ErrorSpec {
    type Err = Both;

    /// Reads `all:0.02`, `cap_per_stay=50,double=20`.
    fn from_str(text: &str) -> Result<Self, Both> {
        let mut spec = ErrorSpec::default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            if part == "twins" {
                spec.twins = true;
                continue;
            }
            if let Some(share) = part.strip_prefix("all:") {
                let wrong = || both!("`{share}` is no share such as 0.02", "`{share}` 不是比例，应如 0.02");
                let share: rust_decimal::Decimal = share.parse().map_err(|_| wrong())?;
                let ppm = share.checked_mul(rust_decimal::Decimal::from(1_000_000)).ok_or_else(wrong)?;
                spec.share_ppm = u64::try_from(ppm.trunc()).ok().filter(|p| *p <= 1_000_000).ok_or_else(wrong)?;
                continue;
            }
            let wrong = || {
                let known = Kind::ALL.iter().map(|k| k.name()).collect::<Vec<_>>().join(", ");
                both!(
                    "`{part}` is not KIND=COUNT, double=COUNT, all:SHARE or twins; kinds are {known}",
                    "`{part}` 不是 KIND=COUNT、double=COUNT、all:SHARE 或 twins；KIND 可为 {known}"
                )
            };
            let (name, count) = part.split_once('=').ok_or_else(wrong)?;
            let count: u64 = count.trim().parse().map_err(|_| wrong())?;
            if name.trim() == "double" {
                spec.doubles = count;
                continue;
            }
            let kind = Kind::ALL.iter().copied().find(|k| k.name() == name.trim()).ok_or_else(wrong)?;
            spec.counts.push((kind, count));
        }
        if spec.counts.is_empty() && spec.share_ppm == 0 && spec.doubles == 0 {
            return Err(both!(
                "no error is asked for; say all:0.02, or KIND=COUNT",
                "没有写明要埋入的差错；请写 all:0.02 或 KIND=COUNT"
            ));
        }
        Ok(spec)
    }
}

/// What was made, with errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The ledger and the roster.
    pub made: Generated,
    /// The truth.
    pub truth: PathBuf,
    /// Persons with an error, by kind, and those with two.
    pub persons: Vec<(&'static str, u64)>,
}

/// Writes `ledger.parquet`, `roster.parquet` and `truth.parquet` into the folder `out`.
///
/// # Errors
/// [`GenerateError`].
pub fn generate_with_errors(
    policy: &Policy,
    parameters: &Parameters,
    options: &Options,
    spec: &ErrorSpec,
    (out, access): (&Path, Access),
    progress: &mut dyn FnMut(u64),
) -> Result<Planted, GenerateError> {
    for name in ["ledger.parquet", "roster.parquet", "truth.parquet"] {
        super::sheet::refuse_existing(&out.join(name))?;
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| GenerateError::Io { path, source }
    };
    let folder = Shared::open(out, access)?;
    let room = out.join(".making");
    // A killed run may have left one; nothing in it is anybody's.
    let _ = unfinished::remove(&room);
    let (room, ()) = Unfinished::make(&room, private_folder).map_err(io(&room))?;
    let base = generate(&policy.doc, options, room.path(), Access::Owner, progress)?;
    let run = run_over(policy, parameters, &base, room.path())?;
    let (archive, _) = Archive::open(&run, &Wanted::All, room.path(), &Silent)?;
    let mut recorded = Recorded::new(base.claims);
    let mut people = Vec::new();
    let mut bench = Bench::new(&archive.variants);
    for part in 0..archive.parts() {
        archive.histories(part, |mut history| {
            let ordinary = history.records.iter().map(|r| r.claim.recorded_cii).collect();
            due(&mut bench, &mut history, &mut recorded);
            if !history.ranks.is_empty() {
                people.push(Case { history, ordinary });
            }
            Ok(())
        })?;
    }
    let chosen = choose(&mut bench, &people, spec, options);
    let mut rewrite = Rewrite { recorded, copies: BTreeSet::new(), swaps: Vec::new() };
    let mut truth: Vec<Truth> = Vec::new();
    let mut persons: Vec<(&'static str, u64)> = Vec::new();
    let mut count = |name: &'static str| match persons.iter_mut().find(|(n, _)| *n == name) {
        Some((_, count)) => *count += 1,
        None => persons.push((name, 1)),
    };
    for (person, plant) in &chosen {
        let history = &people[*person].history;
        count(if plant.kinds.len() > 1 { "double" } else { plant.kinds[0].name() });
        for (record, cii, maf) in &plant.paid {
            let record = &history.records[*record as usize];
            rewrite.recorded.set(record.origin, record.claim.insutype, *cii, *maf);
        }
        rewrite.copies.extend(plant.copy.map(|record| history.place(record).1));
        rewrite.swaps.extend(plant.swap.map(|(a, b)| (history.place(a).1, history.place(b).1)));
        let psn_no = id_text(&history.psn_no, archive.ledger.psn_no);
        truth.extend(plant.truth.iter().map(|t| Truth { psn_no: psn_no.clone(), ..t.clone() }));
    }
    truth.sort();
    let (ledger, claims) = write_ledger(&base.ledger, &rewrite, out)?;
    let truth = write_truth(&truth, out)?;
    let roster = out.join("roster.parquet");
    let staged = out.join(".roster.parquet.part");
    let moved = Unfinished::make(&staged, |staged| std::fs::rename(&base.roster, staged));
    let (staged, ()) = moved.map_err(io(&staged))?;
    let (ledger, truth) = (ledger.finished(), truth.finished());
    let made = Generated { ledger: ledger.1.clone(), roster: roster.clone(), claims, roster_rows: base.roster_rows };
    let path = truth.1.clone();
    folder.publish(vec![ledger, (staged, roster), truth])?;
    Ok(Planted { made, truth: path, persons })
}

fn run_over(
    policy: &Policy,
    parameters: &Parameters,
    base: &Generated,
    folder: &Path,
) -> Result<Settle, ReconcileError> {
    Ok(Settle {
        ledger: vec![Source::Path(base.ledger.clone())],
        roster: Some(Source::Path(base.roster.clone())),
        policies: vec![policy.clone()],
        parameters: parameters.clone(),
        book: CodeBook::load(None)?,
        renames: Default::default(),
        recorded_maf: Vec::new(),
        out: folder.to_owned(),
        year: None,
        as_if: false,
        as_known: None,
        audit: false,
        orders: false,
        strict: false,
        force: false,
        mask: None,
        papers: Papers::default(),
        access: Access::Owner,
        allow_float: false,
        threads: 1,
        memory: DEFAULT_MEMORY,
    })
}

/// Books what is due as what was paid, also on copies; nothing on what was refunded.
fn due(bench: &mut Bench<'_>, history: &mut History, recorded: &mut Recorded) {
    let settled = bench.settle(&history.world(), false).unwrap_or_default();
    for n in 0..history.records.len() {
        let booked = match history.records[n].fate {
            Fate::Duplicate(stays) => stays,
            _ => n as u32,
        };
        let paid = settled.claims.iter().find(|c| c.record == booked).map_or([0; 5], |c| c.layers);
        let (cii, maf) = (CATASTROPHIC.of(&paid), ASSISTANCE.of(&paid));
        let record = &mut history.records[n];
        let refund = record.claim.fee < 0;
        (record.claim.recorded_cii, record.claim.recorded_maf) = if refund { (0, 0) } else { (cii, maf) };
        recorded.set(record.origin, record.claim.insutype, record.claim.recorded_cii, record.claim.recorded_maf);
    }
}

/// Who gets which error: in turns, kinds for which few persons will do first.
fn choose(bench: &mut Bench<'_>, people: &[Case], spec: &ErrorSpec, options: &Options) -> Vec<(usize, Plant)> {
    let shared = options.persons.saturating_mul(spec.share_ppm) / 1_000_000 / Kind::ALL.len() as u64;
    let asked =
        |kind: Kind| shared + spec.counts.iter().filter(|(k, _)| *k == kind).map(|(_, count)| *count).sum::<u64>();
    let mut can: Vec<(Kind, Vec<usize>)> = Kind::ALL.iter().map(|k| (*k, Vec::new())).collect();
    for (n, case) in people.iter().enumerate() {
        let plants: Vec<Option<Plant>> = Kind::ALL.iter().map(|k| plant(bench, case, &[*k])).collect();
        for (number, found) in plants.iter().enumerate() {
            let Some(found) = found else { continue };
            let mut others = plants.iter().enumerate().filter(|(other, _)| *other != number);
            if spec.twins || !others.any(|(_, other)| other.as_ref().is_some_and(|o| o.paid == found.paid)) {
                can[number].1.push(n);
            }
        }
    }
    can.sort_by_key(|(kind, persons)| (persons.len(), *kind));
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut chosen = Vec::new();
    let drawn = |kind: u64, person: usize| Rng::of(mix(options.seed ^ kind), person as u64).next();
    for (kind, persons) in &mut can {
        persons.sort_by_key(|p| drawn(*kind as u64, *p));
    }
    let mut given = vec![0; can.len()];
    loop {
        let before = chosen.len();
        for ((kind, persons), given) in can.iter().zip(&mut given).filter(|((kind, _), given)| **given < asked(*kind)) {
            let free = persons.iter().find(|person| !taken.contains(person));
            if let Some((person, found)) = free.and_then(|p| Some((*p, plant(bench, &people[*p], &[*kind])?))) {
                taken.insert(person);
                chosen.push((person, found));
                *given += 1;
            }
        }
        if chosen.len() == before {
            break;
        }
    }
    let mut doubles = 0;
    for person in (0..people.len()).filter(|p| !taken.contains(p)) {
        if doubles == spec.doubles {
            break;
        }
        let mut kinds: Vec<Kind> = can.iter().filter(|(_, p)| p.contains(&person)).map(|(k, _)| *k).collect();
        kinds.sort_by_key(|k| drawn(*k as u64 + 100, person));
        let pairs =
            kinds.iter().enumerate().flat_map(|(n, a)| kinds[n + 1..].iter().map(move |b| [*a.min(b), *a.max(b)]));
        if let Some(found) = pairs.take(20).find_map(|pair| plant(bench, &people[person], &pair)) {
            doubles += 1;
            chosen.push((person, found));
        }
    }
    chosen
}

/// The column in which a catastrophic payment is booked: the residents' or the employees'.
pub(super) fn is_resident(insutype: Insutype) -> bool {
    insutype == Insutype::Resident
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_reads_as_people_write_it() {
        let spec: ErrorSpec = "all:0.02, cap_per_stay=50,double=7,twins".parse().unwrap();
        assert_eq!((spec.share_ppm, spec.doubles, spec.twins), (20_000, 7, true));
        assert_eq!(spec.counts, [(Kind::CapPerStay, 50)]);
        for wrong in ["", "twins", "cap_per_stay", "cap=5", "all:2", "all:x", "double=-1"] {
            assert!(wrong.parse::<ErrorSpec>().is_err(), "{wrong}");
        }
    }
}
