//! The stations of a run one by one, over a generated million of claims: decode, normalise, partition and
//! pack, unpack and sort, build and encode the settlement; and a whole run.

use divan::Bencher;
use divan::counter::ItemsCount;
use onestop::generate::{Options, generate};
use onestop::ledger::codebook::CodeBook;
use onestop::ledger::intern::{Interner, Texts};
use onestop::ledger::normalise::{Findings, Normaliser, Roles};
use onestop::ledger::open::{Ledger, Source};
use onestop::ledger::rows::Rows;
use onestop::ledger::schema::{LEDGER, LedgerColumn, Renames, TypeRules};
use onestop::output::access::Access;
use onestop::output::files::{self, Context};
use onestop::output::parquet_file::ParquetFile;
use onestop::persons::partition::{Cuts, Sample, Sampler, Scattered};
use onestop::persons::sorted::{Reading, Sorted};
use onestop::persons::store::{Run, RunPacker, Store};
use onestop::policy::Policy;
use onestop::policy::compile::{Needs, compile};
use onestop::policy::eras::Eras;
use onestop::policy::parameters::Parameters;
use onestop::policy::tables::{NO_RANK, Tables};
use onestop::run::progress::Silent;
use onestop::run::settle::{Papers, Settle, settle};
use onestop::settle::holdings::Holdings;
use onestop::settle::sink::Sink;
use onestop::settle::{Accepted, Scratch, settle_person};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const POLICY: &str = "weihai-2023";
const YEAR: i32 = 2024;
/// About a million claims.
const PERSONS: u64 = 100_000;
const BATCH_ROWS: usize = 32_768;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// The generated files, and what of them every station starts from.
struct Desk {
    folder: tempfile::TempDir,
    ledger: Ledger,
    roster: PathBuf,
    book: CodeBook,
    roles: Roles,
    policy: Policy,
    tables: Tables,
    interner: Interner,
    cuts: Cuts,
}

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = Policy::load(POLICY).expect("a shipped policy");
    let options = Options { persons: PERSONS, year: YEAR, seed: 1 };
    let made =
        generate(&policy.doc, &options, &folder.path().join("made"), Access::Owner, &mut |_| {}).expect("a ledger");
    let book = CodeBook::load(None).expect("the shipped codes");
    let sources = vec![Source::Path(made.ledger)];
    let ledger = Ledger::open(sources, &book, &Renames::new(), TypeRules::default(), None).expect("a ledger");
    let parameters = Parameters::shipped().expect("the shipped parameters");
    let tables = compile(&policy.doc, &parameters, &[YEAR - 1, YEAR], Needs::default()).expect("tables").tables;
    let roles = Roles::new(&[], &book).expect("roles");
    let cuts = cuts(&ledger);
    Desk { folder, ledger, roster: made.roster, book, roles, policy, tables, interner: Interner::default(), cuts }
});

fn cuts(ledger: &Ledger) -> Cuts {
    let sampler = Sampler::new(ledger.rows()).expect("enough rows for several ranges");
    let mut sample = Sample::default();
    read(ledger, &[LedgerColumn::PsnNo as usize], |columns, _, _| {
        let mut ids = onestop::ledger::rows::Ids::default();
        let array = columns.get(LedgerColumn::PsnNo as usize).expect("the column");
        onestop::ledger::decode::ids(array, &mut ids).expect("ids");
        (0..ids.len()).map(|row| ids.get(row)).filter(|id| sampler.takes(id)).for_each(|id| sample.add(id));
    });
    sampler.cuts(&sample)
}

fn read(
    ledger: &Ledger,
    columns: &[usize],
    mut each: impl FnMut(&onestop::ledger::row_group::Columns<'_>, usize, u64),
) -> u64 {
    let mut rows = 0;
    for (file, group) in ledger.row_groups() {
        let read =
            ledger.files[file].read::<onestop::ledger::error::LedgerError>(group, columns, BATCH_ROWS, |columns| {
                each(columns, file, rows + 1);
                rows += columns.rows() as u64;
                Ok(())
            });
        read.expect("a readable ledger");
    }
    rows
}

impl Desk {
    fn normaliser(&self) -> Normaliser<'_> {
        let year_by = self.policy.doc.switches.year_by;
        Normaliser::new(&self.ledger.present, &self.book, &self.roles, year_by, false, &self.interner)
    }

    fn rows(&self, normaliser: &Normaliser<'_>) -> Rows {
        let (mut rows, mut findings) = (Rows::new(&normaliser.layout), Findings::default());
        read(&self.ledger, &normaliser.columns, |columns, file, row| {
            normaliser.normalise(columns, file, row, &mut rows, &mut findings).expect("rows");
        });
        rows
    }

    fn store(&self) -> Store {
        Store::new(1 << 30, self.folder.path())
    }

    /// All rows packed as one run.
    fn run(&self, store: &Store) -> Run {
        let mut scattered = Scattered::default();
        let rows = self.rows(&self.normaliser());
        self.cuts.scatter(&rows, &mut scattered);
        store.hold(&rows, &scattered, &mut RunPacker::default()).expect("room")
    }

    fn reading(&self) -> Reading {
        Reading::new(&self.normaliser(), &self.roles, self.ledger.psn_no, self.ledger.setl_id)
    }
}

fn sorted<'a>(reading: &'a Reading, store: &Store, run: &'a Run, texts: &'a Texts, part: usize) -> Sorted<'a> {
    let piece = store.piece(run, part).expect("a piece");
    reading.sort(piece.into_iter().collect(), texts).expect("rows")
}

fn items(rows: usize) -> ItemsCount {
    ItemsCount::new(rows)
}

#[divan::bench(sample_count = 10)]
fn decode(bencher: Bencher<'_, '_>) {
    let desk = &*DESK;
    let all: Vec<usize> = (0..LEDGER.len()).collect();
    bencher.counter(items(desk.ledger.rows() as usize)).bench_local(|| read(&desk.ledger, &all, |_, _, _| {}));
}

#[divan::bench(sample_count = 10)]
fn decode_and_normalise(bencher: Bencher<'_, '_>) {
    let desk = &*DESK;
    let normaliser = desk.normaliser();
    bencher.counter(items(desk.ledger.rows() as usize)).bench_local(|| desk.rows(&normaliser).len());
}

#[divan::bench(sample_count = 10)]
fn partition_and_pack(bencher: Bencher<'_, '_>) {
    let desk = &*DESK;
    let rows = desk.rows(&desk.normaliser());
    let (mut scattered, mut packer) = (Scattered::default(), RunPacker::default());
    bencher.counter(items(rows.len())).bench_local(|| {
        desk.cuts.scatter(&rows, &mut scattered);
        desk.store().hold(&rows, &scattered, &mut packer).expect("room").rows(0)
    });
}

#[divan::bench(sample_count = 10)]
fn unpack_and_sort(bencher: Bencher<'_, '_>) {
    let desk = &*DESK;
    let (store, reading) = (desk.store(), desk.reading());
    let (run, texts) = (desk.run(&store), desk.interner.texts());
    bencher.counter(items(desk.ledger.rows() as usize)).bench_local(|| {
        let rows = |part| sorted(&reading, &store, &run, &texts, part).rows();
        (0..desk.cuts.parts()).map(rows).sum::<usize>()
    });
}

/// Settled rows of the first range, built into columns and encoded.
#[divan::bench(sample_count = 10)]
fn encode_settlement(bencher: Bencher<'_, '_>) {
    let desk = &*DESK;
    let (store, reading) = (desk.store(), desk.reading());
    let (run, texts) = (desk.run(&store), desk.interner.texts());
    let mut rows = sorted(&reading, &store, &run, &texts, 0);
    rows.certify(|_, _| NO_RANK);
    let settled = || {
        let (mut sink, mut scratch) = (Sink::new(&desk.tables, None, true), Scratch::default());
        for person in rows.persons() {
            let accepted: Vec<Accepted> = person.map(|row| Accepted { row: row as u32, reversed: false }).collect();
            settle_person(&desk.tables, &rows.claims(), &accepted, Holdings::Roster(&[]), &mut scratch, &mut sink);
        }
        sink.settlement
    };
    let (psn_no, setl_id) = (desk.ledger.psn_no, desk.ledger.setl_id);
    let eras = Eras::new(vec![(&desk.policy.doc, desk.tables.clone())]).expect("one policy");
    let context = Context { names: &eras.names, psn_no, setl_id, texts: &texts };
    let path = desk.folder.path().join("encode.parquet");
    let (_file, encoder) = ParquetFile::create(&path, files::settlement_schema(psn_no, setl_id)).expect("a file");
    bencher.counter(items(rows.rows())).with_inputs(settled).bench_local_values(|columns| {
        let batch = files::settlement(context, &rows, columns).expect("columns");
        encoder.encode(&batch).expect("a row group").is_some()
    });
    std::fs::remove_file(path).expect("the file");
}

#[divan::bench(sample_count = 5)]
fn whole_run(bencher: Bencher<'_, '_>) {
    let desk = &*DESK;
    let out = desk.folder.path().join("out");
    bencher.counter(items(desk.ledger.rows() as usize)).bench_local(|| settle(&desk.plan(&out), &Silent).is_ok());
}

impl Desk {
    fn plan(&self, out: &Path) -> Settle {
        Settle {
            ledger: self.ledger.files.iter().map(|f| f.source.clone()).collect(),
            roster: Some(Source::Path(self.roster.clone())),
            policies: vec![Policy::load(POLICY).expect("a shipped policy")],
            parameters: Parameters::shipped().expect("the shipped parameters"),
            book: CodeBook::load(None).expect("the shipped codes"),
            renames: Renames::new(),
            recorded_maf: Vec::new(),
            out: out.to_owned(),
            year: None,
            as_if: false,
            as_known: None,
            audit: true,
            orders: false,
            strict: false,
            force: true,
            mask: None,
            papers: Papers::default(),
            access: Access::Owner,
            allow_float: false,
            threads: 2,
            memory: onestop::persons::store::DEFAULT_MEMORY,
        }
    }
}
