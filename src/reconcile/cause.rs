//! The causes of a difference, by name, in the order in which they are preferred.

use crate::model::codes::code_set;

code_set! {
    /// What went wrong. The order is the documented one: of several causes that explain a difference equally
    /// well, the first is named and the others are listed beside it.
    Cause {
        /// A claim came after the other run.
        LateClaim = "late_claim" / "后到费用（另一次结算中没有）",
        /// The other side has claims, or a person, that this run does not have.
        NotInThisRun = "not_in_this_run" / "本次结算中没有的费用",
        /// Settled as if the person held no identity.
        IdentityIgnored = "identity_ignored" / "未按救助身份结算",
        /// An identity was applied after its last day.
        IdentityAfterEnd = "identity_after_end" / "身份终止后仍按该身份结算",
        /// An identity was applied before its first day.
        IdentityBeforeBegin = "identity_before_begin" / "身份生效前已按该身份结算",
        /// An identity was applied both before its first and after its last day.
        IdentityOutsideDates = "identity_outside_dates" / "身份有效期之外按该身份结算",
        /// Another identity of the person was applied than the one due.
        AnotherIdentity = "another_identity" / "适用了该人员的其他身份",
        /// Claims were taken in the order in which they were entered, not by time.
        ProcessingOrder = "processing_order" / "按录入顺序而非结算时间累计",
        /// A record was paid although a refund cancels it.
        ReversalNotNetted = "reversal_not_netted" / "退费记录未冲销",
        /// A record that was exported twice was paid twice.
        DuplicatePaid = "duplicate_paid" / "重复记录重复支付",
        /// Compensation from outside was not taken off.
        ExtCompNotOff = "ext_comp_not_off" / "未扣除外部补偿",
        /// A claim of an excluded cause was assisted.
        ExcludedCausePaid = "excluded_cause_paid" / "除外责任费用纳入救助",
        /// A claim without referral was assisted.
        UnreferredPaid = "unreferred_paid" / "未经转诊费用纳入救助",
        /// A claim of an institution that is not designated was assisted.
        UndesignatedPaid = "undesignated_paid" / "非定点机构费用纳入救助",
        /// A deductible was not taken.
        DeductibleNotTaken = "deductible_not_taken" / "未扣起付线",
        /// A deductible was taken twice.
        DeductibleTwice = "deductible_twice" / "起付线重复扣除",
        /// Deductibles and brackets began afresh with every stay.
        DeductiblePerStay = "deductible_per_stay" / "起付线按次扣除",
        /// A cap was not applied.
        CapNotApplied = "cap_not_applied" / "未执行封顶线",
        /// The annual cap was applied to each stay.
        CapPerStay = "cap_per_stay" / "封顶线按次执行",
        /// The schedule of the year before was applied.
        PreviousYearSchedule = "previous_year_schedule" / "沿用上年度标准",
        /// Catastrophic insurance was not paid, and assistance was computed without it.
        CatastrophicMissing = "catastrophic_missing" / "大病保险未支付，救助未先扣大病保险",
        /// Catastrophic insurance was computed but not paid.
        CatastrophicNotPaid = "catastrophic_not_paid" / "大病保险未支付",
        /// Nothing was paid on a claim.
        ClaimNotPaid = "claim_not_paid" / "个别费用未支付",
        /// No assistance was paid in the year.
        AssistanceNotPaid = "assistance_not_paid" / "全年救助未支付",
        /// Less than one fen a row.
        Rounding = "rounding" / "分以下舍入差异",
        /// No cause was found.
        Unexplained = "unexplained" / "原因不明",
        /// Assistance was due and none was paid in the year (a notice beside the gap).
        DueNotPaid = "due_not_paid" / "应救未救",
        /// A monitored person with claims in scope, or an alert, was never assisted (a notice beside the gap).
        MonitoredUnassisted = "monitored_unassisted" / "监测对象从未获得救助",
    }
}

impl Cause {
    /// The cause in English.
    pub fn english(self) -> &'static str {
        match self {
            Cause::IdentityIgnored => "settled as if the person held no identity",
            Cause::IdentityAfterEnd => "an identity was applied after its end",
            Cause::IdentityBeforeBegin => "an identity was applied before its begin",
            Cause::IdentityOutsideDates => "an identity was applied outside its dates",
            Cause::AnotherIdentity => "another identity of the person was applied",
            Cause::ProcessingOrder => "claims were taken in the order of entry, not by time",
            Cause::ReversalNotNetted => "a refunded record was paid all the same",
            Cause::DuplicatePaid => "a record was paid twice",
            Cause::ExtCompNotOff => "outside compensation was not taken off",
            Cause::ExcludedCausePaid => "a claim of an excluded cause was assisted",
            Cause::UnreferredPaid => "a claim without referral was assisted",
            Cause::UndesignatedPaid => "a claim of an undesignated institution was assisted",
            Cause::DeductibleNotTaken => "the deductible was not taken",
            Cause::DeductibleTwice => "the deductible was taken twice",
            Cause::DeductiblePerStay => "the deductible was taken per stay",
            Cause::CapNotApplied => "the cap was not applied",
            Cause::CapPerStay => "the annual cap was applied per stay",
            Cause::PreviousYearSchedule => "the schedule of the year before was applied",
            Cause::CatastrophicMissing => "catastrophic insurance was left out, and assistance computed without it",
            Cause::CatastrophicNotPaid => "catastrophic insurance was computed but not paid",
            Cause::ClaimNotPaid => "nothing was paid on a claim",
            Cause::AssistanceNotPaid => "no assistance was paid in the year",
            Cause::LateClaim => "claims that the other run does not have",
            Cause::NotInThisRun => "claims or persons that this run does not have",
            Cause::Rounding => "rounding, under one fen a row",
            Cause::Unexplained => "no cause found",
            Cause::DueNotPaid => "assistance was due and none was paid",
            Cause::MonitoredUnassisted => "a monitored person was never assisted",
        }
    }

    /// Whether the finding stands beside the gaps: its rows carry no amount.
    pub fn is_notice(self) -> bool {
        matches!(self, Cause::DueNotPaid | Cause::MonitoredUnassisted)
    }
}
