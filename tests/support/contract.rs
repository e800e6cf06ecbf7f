//! The columns of the contract: how inputs are typed, what outputs hold.
//!
//! Written down a second time, apart from the program, so that a column that is lost or renamed there
//! shows here.

/// How a column is typed when rows of text are written to Parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, codes and ids.
    Text,
    /// Yuan: `Decimal128(18,2)`, or text where a row holds what is no amount.
    Amount,
    /// A date, or a date and time.
    Moment,
    /// A day.
    Day,
    /// True or false.
    Flag,
}

const INPUT_TEXT: &[&str] = &[
    "psn_no",
    "setl_id",
    "insutype",
    "med_type",
    "care",
    "identity",
    "refd_setl_flag",
    "init_setl_id",
    "vali_flag",
    "mdtrtarea_admvs",
    "hosp_lv",
    "fee_class",
    "referral",
    "excl_cause",
    "dise_codg",
    "treated_as",
];
const INPUT_AMOUNTS: &[&str] = &[
    "medfee_sumamt",
    "inscp_scp_amt",
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifdm_pay",
    "oth_pay",
    "hifmi_pay",
    "hifob_pay",
    "maf_pay",
    "ext_comp_amt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "disease_limit",
];
const INPUT_MOMENTS: &[&str] = &["setl_time"];
const INPUT_DAYS: &[&str] = &["begndate", "enddate", "applied_on", "known_on"];
const INPUT_FLAGS: &[&str] = &["designated", "tilt_applied", "quota_managed"];

/// The columns of a roster.
pub const ROSTER: &[&str] = &["psn_no", "identity", "begndate", "enddate", "applied_on", "treated_as", "known_on"];

/// How an input column of the contract is typed; `None` for a name that the contract does not know.
pub fn kind_of(column: &str) -> Option<Kind> {
    [
        (INPUT_TEXT, Kind::Text),
        (INPUT_AMOUNTS, Kind::Amount),
        (INPUT_MOMENTS, Kind::Moment),
        (INPUT_DAYS, Kind::Day),
        (INPUT_FLAGS, Kind::Flag),
    ]
    .into_iter()
    .find_map(|(names, kind)| names.contains(&column).then_some(kind))
}

/// The columns of `settlement.parquet`, in order.
pub const SETTLEMENT: &[&str] = &[
    "psn_no",
    "setl_id",
    "setl_time",
    "benefit_year",
    "charge_year",
    "insutype",
    "care",
    "identity",
    "status",
    "reason",
    "channel",
    "note",
    "medfee_sumamt",
    "inscp_scp_amt",
    "basic_pay",
    "burden_after_basic",
    "cii_pay",
    "special_drug_pay",
    "burden_after_cii",
    "ext_comp_counted",
    "ma_base",
    "ma_pay",
    "ra_pay",
    "oocat_pay",
    "hosp_borne",
    "psn_burden",
    "recorded_cii",
    "recorded_maf",
    "payable_cii",
    "payable_ma",
];

/// The parts of the fee on a settlement row; with the person's burden they are the whole fee.
pub const PARTS: &[&str] = &[
    "basic_pay",
    "cii_pay",
    "special_drug_pay",
    "ext_comp_counted",
    "ma_pay",
    "ra_pay",
    "hosp_borne",
    "oocat_pay",
    "psn_burden",
];

/// The columns of `audit.parquet`, in order. Section 5 of the contract gives `dise_codg`, which section
/// 1.1 carries into the audit, no place; it stands last.
pub const AUDIT: &[&str] = &[
    "psn_no",
    "setl_id",
    "step",
    "layer",
    "identity",
    "rule",
    "clause",
    "pool",
    "base",
    "from",
    "to",
    "lo",
    "ratio",
    "gross",
    "cap",
    "cap_used",
    "paid",
    "dise_codg",
];

/// Which layers of the audit make which column of the settlement.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("cii_pay", &["cii"]),
    ("special_drug_pay", &["special_drug"]),
    ("ma_pay", &["ma", "major_disease", "top_up"]),
    ("ra_pay", &["ra"]),
    ("oocat_pay", &["oocat"]),
];

const OTHER_MONEY: &[&str] = &[
    "threshold",
    "accumulated",
    "standard",
    "subsidy",
    "own_part",
    "payable_instant",
    "payable_year_end",
    "payable_application",
];

/// The money columns of the settlement: all from the fee onwards.
pub fn settlement_money() -> &'static [&'static str] {
    let first = SETTLEMENT.iter().position(|c| *c == "medfee_sumamt").expect("the fee is a column");
    &SETTLEMENT[first..]
}

/// Whether an output column holds money.
pub fn is_money(column: &str) -> bool {
    settlement_money().contains(&column) || OTHER_MONEY.contains(&column)
}
