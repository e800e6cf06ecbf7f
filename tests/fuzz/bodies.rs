//! What is done with bytes of any kind, and what must hold whatever they are. Nothing here may panic.
//!
//! The fuzz targets call these with what the fuzzer thinks of; `tests/corpus.rs` calls them with what is kept
//! in `corpus` and with mutations of it, so that the guard stands in the ordinary tests, too.
//!
//! | body | the bytes are | law |
//! |---|---|---|
//! | [`ledger`] | a ledger or roster file | an error of two lines, or every row in settlement or rejects |
//! | [`policy`] | a policy file | what `check` lets through compiles, and settles with money conserved |
//! | [`parameters`] | a parameters file | the same of the shipped policies over it |
//! | [`scenarios`] | a scenarios file of `onestop project` | the same of every scenario that can be made |
//! | [`kernel`] | a person's claims and identities | money conserved, nothing negative; the same as the referee's |

//!
//! ```text
//! cargo install cargo-fuzz --locked
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz -O -s none ledger -- -timeout=20 -max_len=4096
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz -O -s none policy tests/fuzz/corpus/policy data/policies \
//!     -- -timeout=20 -max_len=12000 -dict=tests/fuzz/toml.dict
//! ```
//!
//! Without a sanitizer: the library forbids unsafe code, and its allocator replaces the system's. What a run finds
//! is kept in `corpus` once it is understood.

#![allow(dead_code)] // Each target takes the part that it needs.

#[path = "../referee/histories/mod.rs"]
mod histories;
#[path = "../laws/kernel.rs"]
mod kernel;

use kernel::{City, Settled, cities};
use onestop::explain::read::Rows;
use onestop::lang::{Lang, Told};
use onestop::ledger::codebook::CodeBook;
use onestop::ledger::open::Source;
use onestop::ledger::schema::Renames;
use onestop::model::codes::{Care, ExclCause, FeeClass, Identity, Insutype, Referral};
use onestop::model::date;
use onestop::model::fen::MAX_AMOUNT;
use onestop::output::access::Access;
use onestop::persons::store::DEFAULT_MEMORY;
use onestop::policy::check::{check_with, years};
use onestop::policy::compile::{Needs, compile};
use onestop::policy::diff::diff;
use onestop::policy::document::PolicyDoc;
use onestop::policy::figures::Shown;
use onestop::policy::parameters::Parameters;
use onestop::policy::show::show;
use onestop::policy::tables::{FOREIGN_AREA, LOCAL_AREA};
use onestop::policy::{Policy, SHIPPED};
use onestop::project::build::Builder;
use onestop::project::scenario::Plan;
use onestop::run::error::RunError;
use onestop::run::progress::Silent;
use onestop::run::settle::{Papers, Settle, settle};
use onestop::settle::claims::{Claim, Marks};
use onestop::settle::holdings::Period;
use onestop::settle::outcome::{Money, PARTS};
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A ledger of two persons, for a roster to go with.
const LEDGER: &[u8] = include_bytes!("corpus/ledger/plain.parquet");
/// Their roster.
const ROSTER: &[u8] = include_bytes!("corpus/ledger/roster.parquet");
/// The policy with the most to ask of a ledger.
const POLICY: &str = "jincheng-2023";

// --- Files of rows ---------------------------------------------------------------------------------------

/// A ledger or a roster: settled from end to end, and read the way that `explain` reads outputs. Whether it could
/// be settled.
pub fn ledger(bytes: &[u8]) -> bool {
    let desk = desk();
    let file = desk.path().join("bytes.parquet");
    std::fs::write(&file, bytes).expect("a file on the desk");
    let holds = |name: &[u8]| bytes.windows(name.len()).any(|w| w == name);
    let (ledger, roster) = if holds(b"begndate") {
        (Source::Embedded("ledger", LEDGER), Some(Source::Path(file.clone())))
    } else {
        // A ledger may carry its identities itself.
        (Source::Path(file.clone()), (!holds(b"identity")).then_some(Source::Embedded("roster", ROSTER)))
    };
    let run = Settle {
        ledger: vec![ledger],
        roster,
        policies: vec![Policy::load(POLICY).expect("it is shipped")],
        parameters: shipped().clone(),
        book: CodeBook::load(None).expect("it is shipped"),
        renames: Renames::new(),
        recorded_maf: Vec::new(),
        out: desk.path().join("out"),
        year: None,
        as_if: true,
        as_known: None,
        audit: true,
        orders: false,
        strict: false,
        force: false,
        mask: None,
        papers: Papers::default(),
        access: Access::Owner,
        allow_float: true,
        threads: 1,
        memory: DEFAULT_MEMORY,
    };
    let settled = settle(&run, &Silent);
    match &settled {
        Ok(settled) => {
            let counts = &settled.manifest.counts;
            assert_eq!(counts.settlement_rows + counts.ledger_rejects, counts.ledger_rows, "no row is lost");
        }
        Err(error) => {
            assert!(!matches!(error, RunError::Defect { .. }), "{error}");
            says_what_to_do(error);
        }
    }
    if let Err(error) = Rows::of(desk.path(), "bytes.parquet", "P1") {
        says_what_to_do(&error);
    }
    settled.is_ok()
}

/// One line or more of what and where, the last one of what to do; in either language.
fn says_what_to_do(error: &impl Told) {
    for text in [error.to_string(), error.zh()] {
        let last = text.lines().last().expect("an error says something");
        assert!(text.lines().count() >= 2 && last.starts_with("  "), "no word of what to do: {text}");
    }
}

/// A folder to work in, in memory where the system has such a place.
fn desk() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder to work in")
}

// --- Files of text ---------------------------------------------------------------------------------------

/// A policy file: read, checked, shown, compared, compiled; and settled under where it can be applied.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let policy = match Policy::parse("bytes.toml", text, "bytes.toml") {
        Ok(policy) => policy,
        Err(error) => return says_what_to_do(&error),
    };
    let first = date::year_of(policy.doc.policy.from.0);
    let covered = years(&policy.doc, first + 2);
    let findings = check_with(&policy.doc, shipped(), &covered[..covered.len().min(3)]);
    for finding in &findings {
        assert!(!finding.to_string().is_empty());
        finding.line_in(text);
    }
    show(&policy, Shown { resolve: None, lang: Lang::Zh });
    show(&policy, Shown { resolve: Some((shipped(), first)), lang: Lang::Zh });
    diff(&Policy::load(POLICY).expect("it is shipped"), &policy, Lang::Zh);
    settles(&policy.doc, shipped(), first);
}

/// A parameters file laid over the shipped one.
pub fn parameters(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parameters = shipped().clone();
    if let Err(error) = parameters.lay("bytes.toml", text) {
        return says_what_to_do(&error);
    }
    for (id, _) in SHIPPED {
        let policy = Policy::load(id).expect("it is shipped");
        let first = date::year_of(policy.doc.policy.from.0);
        check_with(&policy.doc, &parameters, &[first, first + 1]);
        show(&policy, Shown { resolve: Some((&parameters, first + 1)), lang: Lang::Zh });
        settles(&policy.doc, &parameters, first);
    }
}

/// A scenarios file on a shipped policy. The first scenarios are compiled and settled under.
pub fn scenarios(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let baseline = Policy::load("weihai-2023").expect("it is shipped");
    let folder = Path::new("no/such/folder");
    let plan = match Plan::parse("bytes.toml", text, folder, &baseline, shipped()) {
        Ok(plan) => plan,
        Err(error) => return says_what_to_do(&error),
    };
    let builder = Builder::new(&baseline, shipped(), "bytes.toml").expect("the baseline is sound");
    for scenario in plan.scenarios.iter().take(8) {
        let changes: Vec<_> = scenario.changes.iter().collect();
        let built = builder.build(&changes).expect("what the plan made once can be made again");
        settles(&built.policy.doc, &built.parameters, 2024);
        for change in changes {
            if let Err(error) = builder.build(&[change]) {
                says_what_to_do(&error);
            }
        }
    }
}

fn shipped() -> &'static Parameters {
    static SHIPPED: OnceLock<Parameters> = OnceLock::new();
    SHIPPED.get_or_init(|| Parameters::shipped().expect("they are sound"))
}

/// Compiles a policy for a year and the next and, where that can be done, settles somebody of each identity.
fn settles(doc: &PolicyDoc, parameters: &Parameters, year: i32) {
    let tables = match compile(doc, parameters, &[year, year + 1], Needs { subsidies: true }) {
        Ok(compiled) => compiled.tables,
        Err(error) => return says_what_to_do(&error),
    };
    let Some((begin, _)) = days_of(year).zip(days_of(year + 1)) else { return };
    let city = City { name: doc.policy.id.clone(), year, doc: doc.clone(), parameters: parameters.clone(), tables };
    for identity in Identity::ALL.iter().copied().filter(|i| doc.policy.listed_order.contains(i)) {
        let claims: Vec<Claim> =
            Care::ALL.iter().cycle().take(14).enumerate().map(|(n, c)| stay(n, *c, begin.0)).collect();
        let settled = city.settle(&claims, &[city.all_year(identity, year), city.all_year(identity, year + 1)]);
        conserved(&settled, &claims, &[]);
    }
}

/// First and last day of a year, where the calendar has it.
fn days_of(year: i32) -> Option<(i32, i32)> {
    Some((date::day(year, 1, 1)?, date::day(year, 12, 31)?))
}

/// The n-th of some stays: from a few yuan to the most that a ledger may hold.
fn stay(n: usize, care: Care, begin: i32) -> Claim {
    let fee = [12_345, 1_000_000, 7_654_321, 25_000_001, MAX_AMOUNT][n % 5];
    let basic = fee / 3;
    Claim {
        day: begin + 40 * n as i32,
        insutype: Insutype::ALL[n % 2],
        care,
        fee,
        scope: fee - fee / 7,
        basic,
        recorded_cii: fee / 9,
        recorded_maf: fee / 11,
        ext_comp: if n.is_multiple_of(3) { fee / 5 } else { 0 },
        disease_limit: (n % 4 == 3).then_some(fee / 2),
        area: LOCAL_AREA,
        disease: 0,
        marks: Marks { tilt_applied: n.is_multiple_of(2), fee_class: Some(FeeClass::Three), ..Marks::default() },
    }
}

// --- The kernel ------------------------------------------------------------------------------------------

/// A person of one of the shipped policies: claims in time order, identities, reversals. The same bytes stand for
/// a whole history, too, that the referee works out once more.
pub fn kernel(bytes: &[u8]) {
    if let Err(difference) = histories::compare(bytes) {
        panic!("{difference}");
    }
    let mut bytes = Taken(bytes);
    let city = &cities()[bytes.below(cities().len())];
    let edges = city.edges();
    let first = City::days_of(city.year).0;
    let mut periods: Vec<Period> = Vec::new();
    for _ in 0..bytes.below(6) {
        let rank = city.rank(*bytes.one_of(Identity::ALL));
        let begin = first + bytes.number(2) as i32 % 731;
        let period = match city.tables.grant_lookback[usize::from(rank)] {
            Some(months) => {
                let year = date::year_of(begin);
                let begin = date::month_start(begin, -i32::from(months)).expect("a month of the calendar");
                Period { begin, end: City::days_of(year).1, rank, charge_year: Some(year) }
            }
            None => Period { begin, end: begin + bytes.number(2) as i32 % 731, rank, charge_year: None },
        };
        // One application a year is granted.
        let again = |p: &Period| (p.rank, p.charge_year) == (rank, period.charge_year);
        if period.charge_year.is_none() || !periods.iter().any(again) {
            periods.push(period);
        }
    }
    let mut claims: Vec<(Claim, bool)> = Vec::new();
    while !bytes.0.is_empty() && claims.len() < 24 {
        let reversed = bytes.below(16) == 1;
        claims.push((bytes.claim(first, &edges), reversed));
    }
    claims.sort_by_key(|(claim, _)| claim.day);
    let (claims, reversed): (Vec<Claim>, Vec<bool>) = claims.into_iter().unzip();
    if !claims.is_empty() {
        conserved(&city.settle_rows(&claims, &reversed, &periods), &claims, &reversed);
        let certified = claims[0].fee as usize % (Identity::ALL.len() + 1);
        conserved(&city.settle_certified(&claims, Identity::ALL.get(certified).copied()), &claims, &[]);
    }
}

/// Every row's parts are its fee and none is negative; reversed rows are nought.
fn conserved(settled: &Settled, claims: &[Claim], reversed: &[bool]) {
    for (row, claim) in claims.iter().enumerate() {
        let get = |column| settled.get(row, column);
        let fee = if reversed.get(row) == Some(&true) { 0 } else { claim.fee };
        assert_eq!(PARTS.iter().map(|part| get(*part)).sum::<i64>(), fee, "row {row}: {claim:?}");
        for column in PARTS.iter().chain(&[Money::BurdenAfterBasic, Money::BurdenAfterCii, Money::MaBase]) {
            assert!(get(*column) >= 0, "row {row}: {column:?} is {}: {claim:?}", get(*column));
        }
    }
}

/// Bytes that are taken from the front; nought where there are none left.
struct Taken<'a>(&'a [u8]);

impl Taken<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self, bytes: usize) -> u64 {
        (0..bytes).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn one_of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// An edge of the policy or a fen beside it, a number of few or of many digits, or the most there may be.
    fn amount(&mut self, edges: &[i64]) -> i64 {
        match self.below(8) {
            0 => 0,
            1..=3 => (self.one_of(edges) + self.below(3) as i64 - 1).max(0),
            4 | 5 => self.number(2) as i64,
            6 => self.number(4) as i64,
            _ => MAX_AMOUNT - self.number(1) as i64,
        }
    }

    /// A part of an amount.
    fn part(&mut self, of: i64) -> i64 {
        match self.below(4) {
            0 => 0,
            1 => of,
            2 => of / 2,
            _ => (i128::from(of) * i128::from(self.number(2)) / i128::from(u16::MAX)) as i64,
        }
    }

    /// A claim such as the ledger's own checks let through.
    fn claim(&mut self, first: i32, edges: &[i64]) -> Claim {
        let day = first + self.number(2) as i32 % 730;
        let fee = self.amount(edges);
        let scope = self.part(fee);
        let basic = self.part(fee);
        let ext_comp = self.part(fee - basic);
        let codes = self.byte();
        Claim {
            day,
            insutype: *self.one_of(Insutype::ALL),
            care: *self.one_of(Care::ALL),
            fee,
            scope,
            basic,
            recorded_cii: self.amount(edges),
            recorded_maf: self.amount(edges),
            ext_comp,
            disease_limit: (codes & 3 == 3).then(|| self.amount(edges)),
            area: *self.one_of(&[LOCAL_AREA, FOREIGN_AREA, 140_502, 152_501, 371_002]),
            disease: 0,
            marks: Marks {
                hosp_lv: codes >> 2 & 3,
                fee_class: FeeClass::ALL.get(self.below(FeeClass::ALL.len() + 1)).copied(),
                designated: codes & 16 == 0,
                referral: *self.one_of(Referral::ALL),
                tilt_applied: codes & 32 != 0,
                excl_cause: ExclCause::ALL.get(self.below(2 * ExclCause::ALL.len())).copied(),
                quota_managed: codes & 64 != 0,
            },
        }
    }
}

// --- Mutations -------------------------------------------------------------------------------------------

/// Chance from a seed: the same everywhere and on every run.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below an end; nought below nought.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }
}

/// A seed with one to four small damages: cut short, bits and bytes turned, a piece taken out, doubled or
/// taken from another.
pub fn damaged(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    const ODD: [u8; 10] = [0, 1, 2, 0x0f, 0x10, 0x7e, 0x7f, 0x80, 0xfe, 0xff];
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(3) {
        let at = chance.below(bytes.len());
        let len = 1 + chance.below(16);
        match chance.below(10) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..(at + len).min(bytes.len()))),
            2 => {
                let from = chance.below(other.len());
                let piece = &other[from..(from + len).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            3 => {
                let from = chance.below(other.len());
                let piece = &other[from..(from + len).min(other.len())];
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece.iter().copied());
            }
            4 => {
                let piece = bytes[at..(at + len).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            5 | 6 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << chance.below(8)),
            7 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = b.wrapping_add(1)),
            8 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = ODD[chance.below(ODD.len())]),
            _ => bytes.iter_mut().skip(at).take(1 + len / 4).for_each(|b| *b = chance.next() as u8),
        }
    }
    bytes
}

/// Where the footer of a Parquet file begins, if its last bytes say so.
pub fn footer_of(bytes: &[u8]) -> Option<usize> {
    let end = bytes.len().checked_sub(8)?;
    let len: [u8; 4] = bytes[end..end + 4].try_into().ok()?;
    end.checked_sub(u32::from_le_bytes(len) as usize)
}

/// The same file with another footer, whose length is told rightly.
pub fn with_footer(pages: &[u8], footer: &[u8]) -> Vec<u8> {
    let len = footer.len() as u32;
    [pages, footer, &len.to_le_bytes(), b"PAR1"].concat()
}
