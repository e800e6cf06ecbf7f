//! Claims as columns: what the kernel reads of a ledger, one slice a column.

use crate::model::codes::{Care, ExclCause, FeeClass, Insutype, Referral};

/// Columns of claims in (person, time) order; all slices have one length.
///
/// The slices are those of Arrow arrays or of plain vectors; the kernel does not care.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// Day that decides year and identity.
    pub day: &'a [i32],
    /// Insurance type.
    pub insutype: &'a [Insutype],
    /// Care kind.
    pub care: &'a [Care],
    /// Total fee T, in fen.
    pub medfee_sumamt: &'a [i64],
    /// Amount within scope S, in fen.
    pub inscp_scp_amt: &'a [i64],
    /// Basic insurance and supplements, in fen.
    pub basic_pay: &'a [i64],
    /// Catastrophic payment recorded, in fen.
    pub recorded_cii: &'a [i64],
    /// Assistance recorded, in fen.
    pub recorded_maf: &'a [i64],
    /// Compensation from outside, in fen.
    pub ext_comp_amt: &'a [i64],
    /// Single-disease limit, in fen; [`NO_DISEASE_LIMIT`] = none.
    pub disease_limit: &'a [i64],
    /// Six-digit area of treatment, or [`crate::policy::tables::LOCAL_AREA`].
    pub area: &'a [i32],
    /// Number of the disease code in the run's interner; 0 = none.
    pub disease: &'a [u32],
    /// Identity certified in the ledger, where it carries one: rank, or
    /// [`crate::policy::tables::NO_RANK`].
    pub identity: &'a [u8],
    /// The small codes.
    pub marks: &'a [Marks],
}

/// No single-disease limit.
pub const NO_DISEASE_LIMIT: i64 = -1;

/// The small codes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Hospital level 1 to 3; 0 = none.
    pub hosp_lv: u8,
    /// Price class.
    pub fee_class: Option<FeeClass>,
    /// Designated institution.
    pub designated: bool,
    /// Referral.
    pub referral: Referral,
    /// Applied for tilted assistance.
    pub tilt_applied: bool,
    /// Cause that a policy may exclude.
    pub excl_cause: Option<ExclCause>,
    /// Chronic care under quota management.
    pub quota_managed: bool,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            hosp_lv: 0,
            fee_class: None,
            designated: true,
            referral: Referral::NoneNeeded,
            tilt_applied: false,
            excl_cause: None,
            quota_managed: false,
        }
    }
}

/// One claim, gathered from the columns.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Day that decides year and identity.
    pub day: i32,
    /// Insurance type.
    pub insutype: Insutype,
    /// Care kind.
    pub care: Care,
    /// Total fee T.
    pub fee: i64,
    /// Amount within scope S.
    pub scope: i64,
    /// Basic insurance and supplements.
    pub basic: i64,
    /// Catastrophic payment recorded.
    pub recorded_cii: i64,
    /// Assistance recorded.
    pub recorded_maf: i64,
    /// Compensation from outside.
    pub ext_comp: i64,
    /// Single-disease limit.
    pub disease_limit: Option<i64>,
    /// Area of treatment.
    pub area: i32,
    /// Disease code's number.
    pub disease: u32,
    /// The small codes.
    pub marks: Marks,
}

impl<'a> Claims<'a> {
    /// The claims of some rows, counted from 0.
    pub fn part(&self, rows: std::ops::Range<usize>) -> Claims<'a> {
        let money = |column: &'a [i64]| &column[rows.clone()];
        Claims {
            day: &self.day[rows.clone()],
            insutype: &self.insutype[rows.clone()],
            care: &self.care[rows.clone()],
            medfee_sumamt: money(self.medfee_sumamt),
            inscp_scp_amt: money(self.inscp_scp_amt),
            basic_pay: money(self.basic_pay),
            recorded_cii: money(self.recorded_cii),
            recorded_maf: money(self.recorded_maf),
            ext_comp_amt: money(self.ext_comp_amt),
            disease_limit: money(self.disease_limit),
            area: &self.area[rows.clone()],
            disease: &self.disease[rows.clone()],
            identity: &self.identity[rows.clone()],
            marks: &self.marks[rows.clone()],
        }
    }

    /// The claim at a row.
    #[inline]
    pub fn get(&self, row: usize) -> Claim {
        Claim {
            day: self.day[row],
            insutype: self.insutype[row],
            care: self.care[row],
            fee: self.medfee_sumamt[row],
            scope: self.inscp_scp_amt[row],
            basic: self.basic_pay[row],
            recorded_cii: self.recorded_cii[row],
            recorded_maf: self.recorded_maf[row],
            ext_comp: self.ext_comp_amt[row],
            disease_limit: Some(self.disease_limit[row]).filter(|l| *l != NO_DISEASE_LIMIT),
            area: self.area[row],
            disease: self.disease[row],
            marks: self.marks[row],
        }
    }
}
