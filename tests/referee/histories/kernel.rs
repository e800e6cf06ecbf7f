//! The program's own answer to a history: rows sorted and resolved, then the kernel.

use super::history::{History, Row};
use super::holds::{granted, stretches};
use super::town::{DISEASES, Town};
use onestop::ledger::codebook::CodeBook;
use onestop::ledger::intern::{Interner, Texts};
use onestop::ledger::marks::Packed;
use onestop::ledger::normalise::{Normaliser, Roles};
use onestop::ledger::rows::{Layout, NULL, Rows, column};
use onestop::ledger::schema::{IdType, LedgerColumn as C};
use onestop::model::codes::RejectReason;
use onestop::persons::piece::Piece;
use onestop::persons::resolve::Resolver;
use onestop::persons::sorted::Reading;
use onestop::policy::document::YearBy;
use onestop::policy::tables::NO_RANK;
use onestop::settle::holdings::{Holdings, Period};
use onestop::settle::sink::Sink;
use onestop::settle::{Scratch, settle_person};
use std::sync::{Arc, OnceLock};

/// Columns of money that histories have.
const MONEY: [C; 10] = [
    C::MedfeeSumamt,
    C::InscpScpAmt,
    C::HifpPay,
    C::CvlservPay,
    C::OthPay,
    C::HifmiPay,
    C::HifobPay,
    C::MafPay,
    C::ExtCompAmt,
    C::DiseaseLimit,
];

/// What the program says.
#[derive(Debug)]
pub struct Answer {
    /// Rows refused, by their number in the history.
    pub refused: Vec<(usize, RejectReason)>,
    /// Number in the history of each sorted row.
    pub numbers: Vec<usize>,
    /// Settlement, audit, persons, alerts; rows are sorted rows.
    pub sink: Sink,
}

/// How rows are read, the same for all histories of one kind.
struct Forms {
    by_time: Reading,
    by_enddate: Reading,
    texts: Texts,
}

fn forms() -> &'static Forms {
    static FORMS: OnceLock<Forms> = OnceLock::new();
    FORMS.get_or_init(|| {
        let book = CodeBook::load(None).expect("the codes are shipped");
        let roles = Roles::new(&[], &book).expect("the usual roles");
        let interner = Interner::default();
        for disease in DISEASES {
            interner.number(disease);
        }
        let reading = |has_day: bool| {
            let layout = Layout { money: MONEY.to_vec().into(), has_day };
            let columns = vec![C::Identity as usize];
            let (book, roles, interner) = (&book, &roles, &interner);
            let normaliser = Normaliser { book, roles, identity_counts: true, interner, layout, columns };
            Reading::new(&normaliser, roles, IdType::Text, IdType::Text)
        };
        Forms { by_time: reading(false), by_enddate: reading(true), texts: interner.texts() }
    })
}

/// What the program makes of a history.
pub fn answer(town: &Town, history: &History) -> Answer {
    let forms = forms();
    let has_day = town.doc.switches.year_by == YearBy::Enddate;
    let reading = if has_day { &forms.by_enddate } else { &forms.by_time };
    let rows = plain_rows(history, Layout { money: MONEY.to_vec().into(), has_day });
    let count = rows.len();
    let piece = Piece::Plain { batch: Arc::new(rows), rows: 0..count };
    let mut sorted = reading.sort(vec![piece], &forms.texts).expect("plain rows can be read");
    sorted.certify(|packed, _| packed.identity().map_or(NO_RANK, |i| town.tables.rank_of[i.index()]));
    let numbers: Vec<usize> = (0..count).map(|row| sorted.origin(row) as usize).collect();

    let periods: Option<Vec<Period>> = history.roster.as_ref().map(|roster| {
        let stands = stretches(town, roster).into_iter().filter_map(Result::ok);
        let rank = |s: &super::holds::Stretch| town.tables.rank_of[s.identity.index()];
        let period =
            |s: super::holds::Stretch| Period { begin: s.begin, end: s.end, rank: rank(&s), charge_year: s.grant };
        let mut periods: Vec<Period> = stands.map(period).collect();
        periods.sort_unstable();
        periods
    });
    let holdings = match &periods {
        Some(periods) => Holdings::Roster(periods),
        None => Holdings::Ledger { granted: granted(town).map_or(NO_RANK, |i| town.tables.rank_of[i.index()]) },
    };
    let dates = [(town.tables.from, town.tables.until)];
    let dates = (!history.as_if).then_some(&dates[..]);
    let (mut resolver, mut scratch) = (Resolver::default(), Scratch::default());
    let mut sink = Sink::new(&town.tables, None, true);
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for person in sorted.persons() {
        resolver.resolve(&sorted, person, dates, &mut accepted, &mut refused);
        if !accepted.is_empty() {
            settle_person(&town.tables, &sorted.claims(), &accepted, holdings, &mut scratch, &mut sink);
        }
    }
    let refused = refused.iter().map(|r| (numbers[r.row as usize], r.reason)).collect();
    Answer { refused, numbers, sink }
}

fn plain_rows(history: &History, layout: Layout) -> Rows {
    let mut rows = Rows::new(&layout);
    for (number, row) in history.rows.iter().enumerate() {
        rows.psn_no.push(b"P");
        rows.setl_id.push(row.id.to_string().as_bytes());
        match row.init {
            Some(init) => rows.init_setl_id.push(init.to_string().as_bytes()),
            None => rows.init_setl_id.push_none(1),
        }
        let mut set = |position: usize, value: i64| rows.numbers[position].push(value);
        set(column::SETL_TIME, row.time() * 1_000_000);
        set(column::MARKS, packed(row).0 as i64);
        set(column::ORIGIN, number as i64);
        set(column::AREA, i64::from(row.claim.area));
        set(column::DISEASE, if row.claim.disease == 0 { NULL } else { i64::from(row.claim.disease) });
        set(column::MED_TYPE, NULL);
        let [hifp, cvlserv, oth] = row.basic();
        let [hifmi, hifob] = row.recorded_cii();
        let claim = &row.claim;
        let limit = claim.disease_limit.unwrap_or(NULL);
        let money =
            [claim.fee, claim.scope, hifp, cvlserv, oth, hifmi, hifob, claim.recorded_maf, claim.ext_comp, limit];
        money.into_iter().enumerate().for_each(|(n, amount)| set(column::MONEY + n, amount));
        if let Some(day) = layout.day() {
            set(day, i64::from(row.enddate));
        }
        rows.passed.push(true);
    }
    rows
}

fn packed(row: &Row) -> Packed {
    let marks = &row.claim.marks;
    // What is as it would be by default may be null.
    let said = |value: bool, default: bool| (!row.sparse || value != default).then_some(value);
    let mut packed = Packed::default();
    packed.set_insutype(row.claim.insutype);
    packed.set_care(row.claim.care, true);
    packed.set_hosp_lv((marks.hosp_lv > 0).then_some(marks.hosp_lv));
    packed.set_fee_class(marks.fee_class);
    packed.set_designated(said(marks.designated, true));
    packed.set_referral(Some(marks.referral).filter(|r| !row.sparse || r.as_str() != "none_needed"));
    packed.set_tilt_applied(said(marks.tilt_applied, false));
    packed.set_excl_cause(marks.excl_cause);
    packed.set_quota_managed(said(marks.quota_managed, false));
    packed.set_refunded(row.refunded);
    packed.set_identity(row.identity);
    packed
}
