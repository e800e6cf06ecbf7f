//! What a claim comes to: the money columns of the settlement, and the entries of the audit.

use crate::model::codes::{Channel, Insutype, Layer, ScopeReason, Status};

macro_rules! money_columns {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// The settlement's money columns, in the order of the file; `persons.parquet` sums them under
        /// the same names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Money { $($(#[$doc])* $name,)+ }

        /// Names of the money columns, by [`Money`].
        pub const MONEY_NAMES: &[&str] = &[$($text,)+];
    };
}

money_columns! {
    /// Total fee T.
    MedfeeSumamt = "medfee_sumamt",
    /// Amount within policy scope S.
    InscpScpAmt = "inscp_scp_amt",
    /// Basic insurance with its supplements.
    BasicPay = "basic_pay",
    /// R0.
    BurdenAfterBasic = "burden_after_basic",
    /// Catastrophic insurance.
    CiiPay = "cii_pay",
    /// Special drugs.
    SpecialDrugPay = "special_drug_pay",
    /// R1.
    BurdenAfterCii = "burden_after_cii",
    /// Outside compensation, as far as it counts.
    ExtCompCounted = "ext_comp_counted",
    /// B.
    MaBase = "ma_base",
    /// Medical assistance, with major-disease shares and top-ups.
    MaPay = "ma_pay",
    /// Re-assistance.
    RaPay = "ra_pay",
    /// Out-of-catalogue cover.
    OocatPay = "oocat_pay",
    /// What the institution bears.
    HospBorne = "hosp_borne",
    /// What is left to the person.
    PsnBurden = "psn_burden",
    /// Catastrophic payment recorded.
    RecordedCii = "recorded_cii",
    /// Assistance recorded.
    RecordedMaf = "recorded_maf",
    /// Catastrophic payment still owed; negative: paid too much.
    PayableCii = "payable_cii",
    /// Assistance still owed; negative: paid too much.
    PayableMa = "payable_ma",
}

/// The parts that a fee consists of, on every row (SPEC 2, step 7).
pub const PARTS: [Money; 9] = [
    Money::BasicPay,
    Money::CiiPay,
    Money::SpecialDrugPay,
    Money::ExtCompCounted,
    Money::MaPay,
    Money::RaPay,
    Money::HospBorne,
    Money::OocatPay,
    Money::PsnBurden,
];

/// The columns that layers pay into, in the order in which money flows.
pub const LAYERS: [Money; 5] = [Money::CiiPay, Money::SpecialDrugPay, Money::MaPay, Money::RaPay, Money::OocatPay];

/// Who bears a part of the fees: the columns that a fund pays, of one insurance type or of all.
#[derive(Clone, Copy, Debug)]
pub struct Fund {
    /// Its name in the outputs.
    pub name: &'static str,
    /// Its name in Chinese.
    pub label: &'static str,
    /// The insurance type whose fund it is; none: of both.
    pub insutype: Option<Insutype>,
    /// What it pays.
    pub columns: &'static [Money],
}

const fn fund(name: &'static str, label: &'static str, insutype: Option<Insutype>, columns: &'static [Money]) -> Fund {
    Fund { name, label, insutype, columns }
}

/// The funds; together they bear the fee.
pub const FUNDS: [Fund; 8] = [
    fund("basic_insurance_310", "职工基本医保", Some(Insutype::Employee), &[Money::BasicPay]),
    fund("basic_insurance_390", "居民基本医保", Some(Insutype::Resident), &[Money::BasicPay]),
    fund(
        "catastrophic_insurance_310",
        "职工大病保险",
        Some(Insutype::Employee),
        &[Money::CiiPay, Money::SpecialDrugPay],
    ),
    fund(
        "catastrophic_insurance_390",
        "居民大病保险",
        Some(Insutype::Resident),
        &[Money::CiiPay, Money::SpecialDrugPay],
    ),
    fund("medical_assistance", "医疗救助", None, &[Money::MaPay, Money::RaPay, Money::OocatPay]),
    fund("institutions", "医疗机构", None, &[Money::HospBorne]),
    fund("outside_compensation", "外部补偿", None, &[Money::ExtCompCounted]),
    fund("persons", "个人", None, &[Money::PsnBurden]),
];

impl Money {
    /// The column that a layer of the audit pays into.
    pub const fn of_layer(layer: Layer) -> Self {
        match layer {
            Layer::Cii => Money::CiiPay,
            Layer::SpecialDrug => Money::SpecialDrugPay,
            Layer::Ma | Layer::MajorDisease | Layer::TopUp => Money::MaPay,
            Layer::Ra => Money::RaPay,
            Layer::Oocat => Money::OocatPay,
        }
    }
}

/// Number of money columns.
pub const MONEY: usize = MONEY_NAMES.len();

/// What became of one claim. All money in fen.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Money by [`Money`].
    pub money: [i64; MONEY],
    /// Year that the row is charged to.
    pub charge_year: i32,
    /// Rank of the identity that assistance applied, or [`crate::policy::tables::NO_RANK`].
    pub identity: u8,
    /// Settled, out of scope or reversed.
    pub status: Status,
    /// Why out of scope.
    pub reason: Option<ScopeReason>,
    /// How it is paid.
    pub channel: Option<Channel>,
    /// Remarks: bit per [`crate::policy::tables::Tables::notes`].
    pub notes: u8,
}

impl Outcome {
    /// A reversed record: no money, counted nowhere.
    pub fn reversed(year: i32) -> Self {
        Self {
            money: [0; MONEY],
            charge_year: year,
            identity: crate::policy::tables::NO_RANK,
            status: Status::Reversed,
            reason: None,
            channel: None,
            notes: 0,
        }
    }

    /// The amount in a column.
    #[inline]
    pub fn get(&self, column: Money) -> i64 {
        self.money[column as usize]
    }

    /// What the layers paid: the figure that 就高不重复 compares (R5).
    #[inline]
    pub fn benefit(&self) -> i64 {
        LAYERS.iter().map(|&column| self.get(column)).sum()
    }

    /// Whether the parts add up to the fee and nothing is negative (SPEC 2, step 7).
    pub fn conserves(&self) -> bool {
        PARTS.iter().all(|&p| self.get(p) >= 0)
            && PARTS.iter().map(|&p| self.get(p)).sum::<i64>() == self.get(Money::MedfeeSumamt)
    }
}

/// One entry of the audit: what a layer did to a claim within one bracket, or in one step without
/// brackets (a payment carried, a fixed share, a top-up). All money in fen.
///
/// With a bracket: `gross = round(ratio × (to − lo)) − round(ratio × (from − lo))`; without one, `gross`
/// stands by itself. `paid = min(gross, base, cap − cap_used)`, never below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position of the claim among the person's accepted rows.
    pub claim: u32,
    /// The layer.
    pub layer: Layer,
    /// Rank of the identity that the layer took, or [`crate::policy::tables::NO_RANK`].
    pub identity: u8,
    /// Rule and clause: number in [`crate::policy::tables::Tables::cites`].
    pub cite: u16,
    /// Pool, or [`NO_POOL`].
    pub pool: u8,
    /// What the layer paid on.
    pub base: i64,
    /// The bracket; none for a step without one.
    pub band: Option<Band>,
    /// The ratio, in millionths.
    pub ratio_ppm: Option<i64>,
    /// Before the cap.
    pub gross: i64,
    /// The cap; none = no limit.
    pub cap: Option<i64>,
    /// Paid under the cap before this entry.
    pub cap_used: i64,
    /// What was paid.
    pub paid: i64,
}

impl Entry {
    /// What the cap cut off; `before` is what earlier entries of the claim and layer were paid.
    ///
    /// Out of the catalogue the "cap" is what is left of the fee, not a limit of the policy. Elsewhere an entry
    /// may get what earlier entries of its claim and layer left of the base; the rest the cap cut.
    #[inline]
    pub fn cut_off(&self, before: i64) -> i64 {
        if self.cap.is_none() || self.layer == Layer::Oocat {
            return 0;
        }
        let before = if self.band.is_some() { before } else { 0 };
        self.gross.min(self.base - before) - self.paid
    }

    /// Whether the pool's annual limit is reached with it.
    #[inline]
    pub fn at_cap(&self) -> bool {
        self.layer != Layer::Oocat && self.cap.is_some_and(|cap| self.cap_used + self.paid >= cap)
    }
}

/// No pool: what the entry pays counts under no cap.
pub const NO_POOL: u8 = u8::MAX;

/// The part of a bracket that an entry covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Accumulated base before.
    pub from: i64,
    /// Accumulated base after.
    pub to: i64,
    /// Start of the bracket.
    pub lo: i64,
}
