//! The money of a record: the fee, its parts, and who has paid what of it by then.
//!
//! A float chooses how dear the care is; from there on amounts are fen and shares are millionths,
//! and every part is taken out of what is left, so that the parts add up by construction.

use super::person::{Illness, Supplement};
use super::rng::{MILLION, Rng};
use crate::model::codes::{Care, Insutype};
use crate::model::fen::FEN_PER_YUAN;

/// No single record costs more than this.
const MAX_FEE: i64 = 4_000_000 * FEN_PER_YUAN;

/// Amounts of one record, in fen, under the names of their columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Total fee.
    pub medfee_sumamt: i64,
    /// Wholly outside the catalogue.
    pub fulamt_ownpay_amt: i64,
    /// Above a price limit.
    pub overlmt_selfpay: i64,
    /// The person's own share before insurance.
    pub preselfpay_amt: i64,
    /// Within policy scope.
    pub inscp_scp_amt: i64,
    /// Basic pooling fund.
    pub hifp_pay: i64,
    /// Civil servants' scheme.
    pub cvlserv_pay: i64,
    /// Enterprise scheme.
    pub hifes_pay: i64,
    /// Catastrophic insurance of residents, as recorded.
    pub hifmi_pay: i64,
    /// Catastrophic insurance of employees, as recorded.
    pub hifob_pay: i64,
    /// Medical assistance, as recorded.
    pub maf_pay: i64,
    /// Compensation from outside.
    pub ext_comp_amt: i64,
    /// Other funds.
    pub oth_pay: i64,
}

/// What the money depends on.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Care kind.
    pub care: Care,
    /// The person's health.
    pub illness: Illness,
    /// Whether the person is on the roster.
    pub on_roster: bool,
    /// Insurance type.
    pub insutype: Insutype,
    /// Supplementary insurance.
    pub supplement: Supplement,
    /// Hospital level, 1 to 3.
    pub level: u8,
    /// Treated away from home.
    pub away: bool,
    /// Not referred although it should have been.
    pub unreferred: bool,
    /// How likely assistance was paid at the counter, in millionths.
    pub assisted: u64,
}

impl Bill {
    /// Draws the money of a record.
    pub fn draw(rng: &mut Rng, case: &Case) -> Bill {
        let mut bill = Bill { medfee_sumamt: fee(rng, case), ..Bill::default() };
        bill.split(rng, case);
        bill.insure(rng, case);
        bill
    }

    /// What basic insurance and the supplementary schemes pay.
    pub fn basic(&self) -> i64 {
        self.hifp_pay + self.cvlserv_pay + self.hifes_pay + self.oth_pay
    }

    /// Every amount, changed in the same way.
    pub fn each(self, change: impl Fn(i64) -> i64) -> Bill {
        Bill {
            medfee_sumamt: change(self.medfee_sumamt),
            fulamt_ownpay_amt: change(self.fulamt_ownpay_amt),
            overlmt_selfpay: change(self.overlmt_selfpay),
            preselfpay_amt: change(self.preselfpay_amt),
            inscp_scp_amt: change(self.inscp_scp_amt),
            hifp_pay: change(self.hifp_pay),
            cvlserv_pay: change(self.cvlserv_pay),
            hifes_pay: change(self.hifes_pay),
            hifmi_pay: change(self.hifmi_pay),
            hifob_pay: change(self.hifob_pay),
            maf_pay: change(self.maf_pay),
            ext_comp_amt: change(self.ext_comp_amt),
            oth_pay: change(self.oth_pay),
        }
    }

    /// Divides the fee into what is in scope and the three kinds that are not.
    fn split(&mut self, rng: &mut Rng, case: &Case) {
        let fee = self.medfee_sumamt;
        let (own_up_to, pre_up_to) = match case.care {
            Care::Inpatient => (140_000, 80_000),
            Care::SpecialDrug | Care::HighValueDrug => (20_000, 250_000),
            Care::Chronic => (50_000, 60_000),
            Care::Outpatient | Care::Other => (200_000, 100_000),
        };
        let mut own = rng.below(own_up_to);
        // Now and then much of it is out of the catalogue, or everything.
        if rng.chance(120_000) {
            own += rng.below(350_000);
        }
        if case.care == Care::Outpatient && rng.chance(10_000) {
            own = MILLION;
        }
        let over = if rng.chance(200_000) { rng.below(30_000) } else { 0 };
        let mut left = fee;
        let mut take = |amount: i64| {
            let taken = amount.min(left);
            left -= taken;
            taken
        };
        self.fulamt_ownpay_amt = take(part(fee, own));
        self.overlmt_selfpay = take(part(fee, over));
        self.preselfpay_amt = take(part(fee, rng.below(pre_up_to)));
        self.inscp_scp_amt = left;
    }

    /// Lets one fund after the other pay its part of what is left in scope.
    fn insure(&mut self, rng: &mut Rng, case: &Case) {
        self.hifp_pay = basic_fund(rng, case, self.inscp_scp_amt);
        let mut left = self.inscp_scp_amt - self.hifp_pay;
        let mut pay = |share: u64| {
            let paid = part(left, share);
            left -= paid;
            paid
        };
        if case.insutype == Insutype::Employee {
            match case.supplement {
                Supplement::CivilServant => self.cvlserv_pay = pay(400_000 + rng.below(300_000)),
                Supplement::Enterprise => self.hifes_pay = pay(300_000 + rng.below(300_000)),
                Supplement::None => {}
            }
        }
        if rng.chance(8_000) {
            self.oth_pay = pay(100_000 + rng.below(200_000));
        }
        let catastrophic =
            matches!(case.care, Care::Inpatient | Care::Chronic | Care::SpecialDrug | Care::HighValueDrug);
        let above = left - 9_000 * FEN_PER_YUAN;
        // One in ten is left for a run at the end of the year.
        if catastrophic && above > 0 && rng.chance(900_000) {
            let paid = part(above, 600_000 + rng.below(100_000));
            left -= paid;
            match case.insutype {
                Insutype::Resident => self.hifmi_pay = paid,
                Insutype::Employee => self.hifob_pay = paid,
            }
        }
        if left > 500 * FEN_PER_YUAN && rng.chance(12_000) {
            let everything = rng.chance(100_000);
            self.ext_comp_amt = if everything { left } else { part(left, 100_000 + rng.below(500_000)) };
            left -= self.ext_comp_amt;
        }
        // Small amounts mostly lie below a deductible.
        let assisted = if left < 800 * FEN_PER_YUAN { case.assisted / 4 } else { case.assisted };
        if rng.chance(assisted) {
            self.maf_pay = part(left, 400_000 + rng.below(400_000));
        }
    }
}

/// So many millionths of an amount, rounded down.
pub fn part(amount: i64, share: u64) -> i64 {
    let product = i128::from(amount) * i128::from(share.min(MILLION));
    (product / i128::from(MILLION)) as i64
}

fn fee(rng: &mut Rng, case: &Case) -> i64 {
    let (median_yuan, sigma) = match (case.care, case.illness) {
        (Care::Outpatient, _) => (150.0, 0.85),
        (Care::Other, _) => (260.0, 0.9),
        (Care::Chronic, _) => (420.0, 0.75),
        (Care::SpecialDrug, _) => (8_000.0, 0.6),
        (Care::HighValueDrug, _) => (11_000.0, 0.6),
        (Care::Inpatient, Illness::Ordinary) => (6_800.0, 0.75),
        (Care::Inpatient, Illness::Chronic) => (8_800.0, 0.8),
        (Care::Inpatient, Illness::Severe) => (19_000.0, 0.7),
        (Care::Inpatient, Illness::Catastrophic) => (92_000.0, 0.75),
    };
    let mut yuan = rng.log_normal(if case.on_roster { median_yuan * 1.15 } else { median_yuan }, sigma);
    if case.care == Care::Inpatient && rng.chance(2_000) {
        yuan *= 12.0;
    }
    ((yuan * FEN_PER_YUAN as f64) as i64).clamp(100, MAX_FEE)
}

/// The basic pooling fund: a share above the line of the hospital's level, up to a limit.
fn basic_fund(rng: &mut Rng, case: &Case, scope: i64) -> i64 {
    let resident = case.insutype == Insutype::Resident;
    let (line_yuan, mut share, limit_yuan) = match case.care {
        Care::Inpatient => {
            let (line, employee, of_residents) = match case.level {
                1 => (300, 920_000, 850_000),
                2 => (600, 890_000, 760_000),
                _ => (1_000, 860_000, 650_000),
            };
            if resident { (line, of_residents, 80_000) } else { (line, employee, 200_000) }
        }
        Care::Chronic => (0, if resident { 620_000 } else { 800_000 }, 20_000),
        Care::SpecialDrug | Care::HighValueDrug => (0, 700_000, 100_000),
        Care::Outpatient if rng.chance(250_000) => (0, 0, 0),
        Care::Outpatient => (0, if resident { 500_000 } else { 600_000 }, if resident { 80 } else { 1_500 }),
        Care::Other => (0, if rng.chance(300_000) { 500_000 } else { 0 }, 5_000),
    };
    if case.away {
        share = share * 17 / 20;
    }
    if case.unreferred {
        share = share * 3 / 4;
    }
    part((scope - line_yuan * FEN_PER_YUAN).max(0), share).min(limit_yuan * FEN_PER_YUAN)
}
