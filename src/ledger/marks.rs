//! The small codes of a row in one `u64`, null kept apart from every value.
//!
//! Nullness matters twice: a default stands for it in settling, and duplicates are ordered null first.

use crate::model::codes::{Care, ExclCause, FeeClass, Identity, Insutype, Referral};
use crate::settle::claims::Marks;

/// Packed small codes of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed(pub u64);

/// A bit field: offset and width.
type Field = (u32, u32);

const INSUTYPE: Field = (0, 1);
const CARE: Field = (1, 3);
const CARE_GIVEN: Field = (4, 1);
const HOSP_LV: Field = (5, 3);
const FEE_CLASS: Field = (8, 3);
const DESIGNATED: Field = (11, 2);
const REFERRAL: Field = (13, 2);
const TILT_APPLIED: Field = (15, 2);
const EXCL_CAUSE: Field = (17, 3);
const QUOTA_MANAGED: Field = (20, 2);
const REFUNDED: Field = (22, 2);
const VALI_FLAG: Field = (24, 1);
const IDENTITY: Field = (25, 4);
const IDENTITY_UNKNOWN: Field = (29, 1);
const PARTS_MISMATCH: Field = (30, 1);

impl Packed {
    #[inline]
    fn get(self, (offset, width): Field) -> u64 {
        (self.0 >> offset) & ((1 << width) - 1)
    }

    #[inline]
    fn set(&mut self, (offset, width): Field, value: u64) {
        debug_assert!(value < 1 << width);
        self.0 |= value << offset;
    }

    /// Sets the insurance type.
    pub fn set_insutype(&mut self, value: Insutype) {
        self.set(INSUTYPE, value as u64);
    }

    /// Sets the care kind; `given` where it comes from the column `care`.
    pub fn set_care(&mut self, value: Care, given: bool) {
        self.set(CARE, value as u64);
        self.set(CARE_GIVEN, u64::from(given));
    }

    /// Sets the hospital level.
    pub fn set_hosp_lv(&mut self, value: Option<u8>) {
        self.set(HOSP_LV, value.map_or(0, |v| u64::from(v) + 1));
    }

    /// Sets the price class.
    pub fn set_fee_class(&mut self, value: Option<FeeClass>) {
        self.set(FEE_CLASS, value.map_or(0, |v| v as u64 + 1));
    }

    /// Sets `designated`.
    pub fn set_designated(&mut self, value: Option<bool>) {
        self.set(DESIGNATED, flag(value));
    }

    /// Sets `referral`.
    pub fn set_referral(&mut self, value: Option<Referral>) {
        self.set(REFERRAL, value.map_or(0, |v| v as u64 + 1));
    }

    /// Sets `tilt_applied`.
    pub fn set_tilt_applied(&mut self, value: Option<bool>) {
        self.set(TILT_APPLIED, flag(value));
    }

    /// Sets `excl_cause`.
    pub fn set_excl_cause(&mut self, value: Option<ExclCause>) {
        self.set(EXCL_CAUSE, value.map_or(0, |v| v as u64 + 1));
    }

    /// Sets `quota_managed`.
    pub fn set_quota_managed(&mut self, value: Option<bool>) {
        self.set(QUOTA_MANAGED, flag(value));
    }

    /// Sets `refd_setl_flag`.
    pub fn set_refunded(&mut self, value: Option<bool>) {
        self.set(REFUNDED, flag(value));
    }

    /// Notes that `vali_flag` was given (as 1: any other value rejects the row).
    pub fn set_vali_flag(&mut self, given: bool) {
        self.set(VALI_FLAG, u64::from(given));
    }

    /// Sets the identity that the ledger carries.
    pub fn set_identity(&mut self, value: Option<Identity>) {
        self.set(IDENTITY, value.map_or(0, |v| v as u64 + 1));
    }

    /// Notes an identity code that is not known.
    pub fn set_identity_unknown(&mut self) {
        self.set(IDENTITY_UNKNOWN, 1);
    }

    /// Notes that the parts of the fee do not add up.
    pub fn set_parts_mismatch(&mut self) {
        self.set(PARTS_MISMATCH, 1);
    }

    /// The insurance type.
    pub fn insutype(self) -> Insutype {
        Insutype::ALL[self.get(INSUTYPE) as usize]
    }

    /// The care kind.
    pub fn care(self) -> Care {
        Care::ALL[self.get(CARE) as usize]
    }

    /// Whether `refd_setl_flag` is set.
    pub fn refunded(self) -> bool {
        self.get(REFUNDED) == 2
    }

    /// The identity that the ledger carries.
    pub fn identity(self) -> Option<Identity> {
        self.get(IDENTITY).checked_sub(1).map(|i| Identity::ALL[i as usize])
    }

    /// Whether the ledger carries an identity code that is not known.
    pub fn identity_unknown(self) -> bool {
        self.get(IDENTITY_UNKNOWN) == 1
    }

    /// Whether the parts of the fee do not add up.
    pub fn parts_mismatch(self) -> bool {
        self.get(PARTS_MISMATCH) == 1
    }

    /// What the kernel reads of it, defaults in place of nulls.
    pub fn marks(self) -> Marks {
        let code = |field| self.get(field).checked_sub(1).map(|v| v as usize);
        Marks {
            hosp_lv: code(HOSP_LV).unwrap_or(0) as u8,
            fee_class: code(FEE_CLASS).map(|c| FeeClass::ALL[c]),
            designated: self.get(DESIGNATED) != 1,
            referral: code(REFERRAL).map_or(Referral::NoneNeeded, |c| Referral::ALL[c]),
            tilt_applied: self.get(TILT_APPLIED) == 2,
            excl_cause: code(EXCL_CAUSE).map(|c| ExclCause::ALL[c]),
            quota_managed: self.get(QUOTA_MANAGED) == 2,
        }
    }

    /// `insutype`, for ordering duplicates.
    pub fn order_insutype(self) -> u64 {
        self.get(INSUTYPE)
    }

    /// `care` as given, null first.
    pub fn order_care(self) -> u64 {
        if self.get(CARE_GIVEN) == 1 { self.get(CARE) + 1 } else { 0 }
    }

    /// `refd_setl_flag`, null first.
    pub fn order_refunded(self) -> u64 {
        self.get(REFUNDED)
    }

    /// `vali_flag`, null first.
    pub fn order_vali_flag(self) -> u64 {
        self.get(VALI_FLAG)
    }

    /// `hosp_lv` to `quota_managed` in the order of the contract, null first.
    pub fn order_tail(self) -> [u64; 7] {
        [HOSP_LV, FEE_CLASS, DESIGNATED, REFERRAL, TILT_APPLIED, EXCL_CAUSE, QUOTA_MANAGED].map(|f| self.get(f))
    }

    /// The identity that the ledger carries, null first.
    pub fn order_identity(self) -> u64 {
        self.get(IDENTITY)
    }
}

fn flag(value: Option<bool>) -> u64 {
    value.map_or(0, |v| u64::from(v) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_and_null_takes_the_default() {
        assert_eq!(Packed::default().marks(), Marks::default());
        let mut packed = Packed::default();
        packed.set_insutype(Insutype::Resident);
        packed.set_care(Care::SpecialDrug, true);
        packed.set_hosp_lv(Some(3));
        packed.set_fee_class(Some(FeeClass::Three));
        packed.set_designated(Some(false));
        packed.set_referral(Some(Referral::Unreferred));
        packed.set_tilt_applied(Some(true));
        packed.set_excl_cause(Some(ExclCause::TrafficLiable));
        packed.set_quota_managed(Some(true));
        packed.set_refunded(Some(true));
        packed.set_identity(Some(Identity::VeteranCare));
        let marks = packed.marks();
        assert_eq!((packed.insutype(), packed.care()), (Insutype::Resident, Care::SpecialDrug));
        assert_eq!((marks.hosp_lv, marks.fee_class, marks.designated), (3, Some(FeeClass::Three), false));
        assert_eq!((marks.referral, marks.excl_cause), (Referral::Unreferred, Some(ExclCause::TrafficLiable)));
        assert!(marks.tilt_applied && marks.quota_managed && packed.refunded());
        assert_eq!(packed.identity(), Some(Identity::VeteranCare));
        assert!(!packed.parts_mismatch() && !packed.identity_unknown());
    }
}
