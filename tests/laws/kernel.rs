//! The kernel as a plain function: a person's claims and identities in, rows and audit entries out.

#![allow(dead_code)] // Each test file takes the part that it needs.

use onestop::model::codes::{Identity, Layer};
use onestop::model::date;
use onestop::model::fen::NO_LIMIT;
use onestop::orders::proof::{Causes, causes};
use onestop::policy::Policy;
use onestop::policy::compile::{Needs, compile};
use onestop::policy::document::PolicyDoc;
use onestop::policy::parameters::Parameters;
use onestop::policy::tables::{NO_RANK, Tables};
use onestop::settle::claims::{Claim, Claims, NO_DISEASE_LIMIT};
use onestop::settle::holdings::{Holdings, Period};
use onestop::settle::outcome::{Entry, Money};
use onestop::settle::sink::Sink;
use onestop::settle::year::Live;
use onestop::settle::{Accepted, Scratch, settle_person};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Dated values that are odd to the fen, so that shares of them must be rounded, with a schedule for
/// ordinary persons everywhere, a ratio that a tilt lifts above 1, and a last bracket that ends.
const ODD: &str = include_str!("odd-parameters.toml");

/// A policy with dated values, ready to settle two benefit years.
#[derive(Debug)]
pub struct City {
    /// Which policy, and which values.
    pub name: String,
    /// The first of its two years.
    pub year: i32,
    /// The document.
    pub doc: PolicyDoc,
    /// The dated values.
    pub parameters: Parameters,
    /// What the kernel reads.
    pub tables: Tables,
}

/// The four policies with the values that are shipped, and those that take dated values with odd ones.
pub fn cities() -> &'static [City] {
    static CITIES: OnceLock<Vec<City>> = OnceLock::new();
    CITIES.get_or_init(|| {
        vec![
            City::new("weihai-2023", 2023, None),
            City::new("weihai-2023", 2023, Some(ODD)),
            City::new("weihai-etdz-2017", 2021, None),
            City::new("erenhot-2023", 2023, None),
            City::new("erenhot-2023", 2023, Some(ODD)),
            City::new("jincheng-2023", 2024, None),
            // The out-of-catalogue cover ends between these two years.
            City::new("jincheng-2023", 2025, Some(ODD)),
        ]
    })
}

/// The policies with the values that are shipped.
pub fn shipped() -> impl Iterator<Item = &'static City> {
    cities().iter().filter(|c| c.parameters.texts.len() == 1)
}

impl City {
    fn new(id: &str, year: i32, odd: Option<&str>) -> Self {
        let doc = Policy::load(id).unwrap().doc;
        let mut parameters = Parameters::shipped().unwrap();
        if let Some(text) = odd {
            parameters.lay("odd values", text).unwrap();
        }
        let tables = compile(&doc, &parameters, &[year, year + 1], Needs::default()).unwrap().tables;
        let name = format!("{id}, {} values", if odd.is_some() { "odd" } else { "shipped" });
        Self { name, year, doc, parameters, tables }
    }

    /// The rank of an identity.
    pub fn rank(&self, identity: Identity) -> u8 {
        self.tables.rank_of[identity.index()]
    }

    /// First and last day of a year.
    pub fn days_of(year: i32) -> (i32, i32) {
        let day = |month, day| date::day(year, month, day).unwrap();
        (day(1, 1), day(12, 31))
    }

    /// An identity in force in all of a year; one that is granted, as a grant of that year.
    pub fn all_year(&self, identity: Identity, year: i32) -> Period {
        let (begin, end) = Self::days_of(year);
        let rank = self.rank(identity);
        let charge_year = self.tables.grant_lookback[usize::from(rank)].map(|_| year);
        Period { begin, end, rank, charge_year }
    }

    /// Every edge and cap of the first year's tables, in fen.
    pub fn edges(&self) -> Vec<i64> {
        let year = &self.tables.years[0];
        let layers = [year.cii.as_ref(), year.special_drug.as_ref(), Some(&year.ma), year.ra.as_ref()];
        let schedules = || layers.iter().flatten().flat_map(|l| &l.schedules);
        let edges = schedules().flat_map(|s| &s.brackets).flat_map(|b| [b.lo, b.hi]);
        let all: BTreeSet<i64> = edges.chain(schedules().map(|s| s.cap)).collect();
        all.into_iter().filter(|fen| (1..NO_LIMIT).contains(fen)).collect()
    }

    /// Settles a person whose identities stand on the roster. Claims are in time order.
    pub fn settle(&self, claims: &[Claim], periods: &[Period]) -> Settled {
        self.settle_rows(claims, &vec![false; claims.len()], periods)
    }

    /// The same with some of the rows reversed.
    pub fn settle_rows(&self, claims: &[Claim], reversed: &[bool], periods: &[Period]) -> Settled {
        let mut periods = periods.to_vec();
        periods.sort_unstable();
        self.run(claims, reversed, &vec![NO_RANK; claims.len()], Holdings::Roster(&periods))
    }

    /// Settles a person whose claims are taken in another order, given by their numbers. Claims themselves
    /// are in time order.
    pub fn settle_in_order(&self, claims: &[Claim], order: &[usize], periods: &[Period]) -> Settled {
        let mut periods = periods.to_vec();
        periods.sort_unstable();
        let accepted: Vec<Accepted> = order.iter().map(|&row| Accepted { row: row as u32, reversed: false }).collect();
        let (columns, certified) = (Columns::of(claims), vec![NO_RANK; claims.len()]);
        let (mut scratch, mut sink) = (Scratch::default(), Sink::new(&self.tables, None, true));
        let holdings = Holdings::Roster(&periods);
        settle_person(&self.tables, &columns.claims(&certified), &accepted, holdings, &mut scratch, &mut sink);
        Settled { sink }
    }

    /// Why the order of a year's claims may matter, if it may; and of which claims it cannot.
    pub fn order_causes(&self, claims: &[Claim], periods: &[Period]) -> (Causes, Vec<bool>) {
        let mut periods = periods.to_vec();
        periods.sort_unstable();
        let (columns, holdings) = (Columns::of(claims), Holdings::Roster(&periods));
        let live = |(row, claim): (usize, &Claim)| {
            let held = holdings.in_force(&self.tables, claim.day, NO_RANK);
            Live { row: row as u32, position: row as u32, held }
        };
        let live: Vec<Live> = claims.iter().enumerate().map(live).collect();
        let certified = vec![NO_RANK; claims.len()];
        let mut apart = Vec::new();
        let year = &self.tables.years[0];
        let found = causes(&self.tables, year, &columns.claims(&certified), &live, holdings, &mut apart);
        (found, apart)
    }

    /// Settles a person whose identity the ledger carries on every claim.
    pub fn settle_certified(&self, claims: &[Claim], identity: Option<Identity>) -> Settled {
        let granted = self.tables.grant_lookback.iter().position(Option::is_some).map_or(NO_RANK, |r| r as u8);
        let certified = vec![identity.map_or(NO_RANK, |i| self.rank(i)); claims.len()];
        self.run(claims, &vec![false; claims.len()], &certified, Holdings::Ledger { granted })
    }

    fn run(&self, claims: &[Claim], reversed: &[bool], certified: &[u8], holdings: Holdings<'_>) -> Settled {
        assert!(claims.is_sorted_by_key(|c| c.day), "claims come in time order");
        let accepted: Vec<Accepted> =
            reversed.iter().enumerate().map(|(row, &reversed)| Accepted { row: row as u32, reversed }).collect();
        let columns = Columns::of(claims);
        let mut sink = Sink::new(&self.tables, None, true);
        settle_person(
            &self.tables,
            &columns.claims(certified),
            &accepted,
            holdings,
            &mut Scratch::default(),
            &mut sink,
        );
        assert_eq!(sink.settlement.row, (0..claims.len() as u32).collect::<Vec<_>>(), "a row a claim, in order");
        Settled { sink }
    }
}

/// What the kernel says about one person.
#[derive(Debug)]
pub struct Settled {
    /// All of it.
    pub sink: Sink,
}

impl Settled {
    /// A column of a row, in fen.
    pub fn get(&self, row: usize, column: Money) -> i64 {
        self.sink.settlement.money[column as usize][row]
    }

    /// A column over all rows.
    pub fn sum(&self, column: Money) -> i64 {
        self.sink.settlement.money[column as usize].iter().sum()
    }

    /// Audit entries with the row and the step of each.
    pub fn entries(&self) -> impl Iterator<Item = (usize, i32, &Entry)> {
        let audit = &self.sink.audit;
        audit.row.iter().zip(&audit.step).zip(&audit.entry).map(|((row, step), entry)| (*row as usize, *step, entry))
    }

    /// What these layers paid in all, by the audit.
    pub fn paid_by(&self, layers: &[Layer]) -> i64 {
        self.entries().filter(|(_, _, e)| layers.contains(&e.layer)).map(|(_, _, e)| e.paid).sum()
    }

    /// What the person got in all: the figure that 就高不重复 compares (R5).
    pub fn benefit(&self) -> i64 {
        [Money::CiiPay, Money::SpecialDrugPay, Money::MaPay, Money::RaPay, Money::OocatPay]
            .iter()
            .map(|c| self.sum(*c))
            .sum()
    }
}

/// Claims, column by column.
struct Columns {
    day: Vec<i32>,
    insutype: Vec<onestop::model::codes::Insutype>,
    care: Vec<onestop::model::codes::Care>,
    fee: Vec<i64>,
    scope: Vec<i64>,
    basic: Vec<i64>,
    recorded_cii: Vec<i64>,
    recorded_maf: Vec<i64>,
    ext_comp: Vec<i64>,
    disease_limit: Vec<i64>,
    area: Vec<i32>,
    disease: Vec<u32>,
    marks: Vec<onestop::settle::claims::Marks>,
}

impl Columns {
    fn of(claims: &[Claim]) -> Self {
        fn column<T>(claims: &[Claim], of: impl Fn(&Claim) -> T) -> Vec<T> {
            claims.iter().map(of).collect()
        }
        Self {
            day: column(claims, |c| c.day),
            insutype: column(claims, |c| c.insutype),
            care: column(claims, |c| c.care),
            fee: column(claims, |c| c.fee),
            scope: column(claims, |c| c.scope),
            basic: column(claims, |c| c.basic),
            recorded_cii: column(claims, |c| c.recorded_cii),
            recorded_maf: column(claims, |c| c.recorded_maf),
            ext_comp: column(claims, |c| c.ext_comp),
            disease_limit: column(claims, |c| c.disease_limit.unwrap_or(NO_DISEASE_LIMIT)),
            area: column(claims, |c| c.area),
            disease: column(claims, |c| c.disease),
            marks: column(claims, |c| c.marks),
        }
    }

    fn claims<'a>(&'a self, certified: &'a [u8]) -> Claims<'a> {
        Claims {
            day: &self.day,
            insutype: &self.insutype,
            care: &self.care,
            medfee_sumamt: &self.fee,
            inscp_scp_amt: &self.scope,
            basic_pay: &self.basic,
            recorded_cii: &self.recorded_cii,
            recorded_maf: &self.recorded_maf,
            ext_comp_amt: &self.ext_comp,
            disease_limit: &self.disease_limit,
            area: &self.area,
            disease: &self.disease,
            identity: certified,
            marks: &self.marks,
        }
    }
}
