//! The closed code sets of the contract: identities, care kinds, insurance types and the small flags.
//!
//! Codes that only order or match (referral, price class, excluded cause, care) are numbered in the
//! byte order of their names, so that comparing numbers is comparing names (duplicates, SPEC 2).

/// Declares a closed set: an enum with `ALL`, `as_str`, `parse` and `label` (Chinese).
macro_rules! code_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal / $label:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every member, in numeric order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The code as it stands in files.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// The Chinese label for officials.
            pub const fn label(self) -> &'static str {
                match self { $($name::$variant => $label,)+ }
            }

            /// The member with this code, if there is one.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|m| m.as_str() == text)
            }

            /// The number of the member, from 0.
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(d)?;
                Self::parse(&text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|m| m.as_str()).collect();
                    serde::de::Error::custom(format!(
                        "unknown {} `{text}`; known are {}", stringify!($name).to_lowercase(), known.join(", ")
                    ))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use code_set;

code_set! {
    /// Who a person is in the eyes of medical assistance (SPEC 1.3).
    Identity {
        /// Extreme hardship.
        Tekun = "tekun" / "特困人员",
        /// Orphans and children without de facto support.
        Orphan = "orphan" / "孤儿及事实无人抚养儿童",
        /// Minimum living allowance.
        Dibao = "dibao" / "低保对象",
        /// Returned to poverty.
        Fanpin = "fanpin" / "返贫致贫人口",
        /// Monitored against a return to poverty.
        Monitored = "monitored" / "防止返贫监测对象",
        /// Monitored for a sudden severe hardship.
        MonitoredSudden = "monitored_sudden" / "突发严重困难户",
        /// On the margin of the minimum living allowance.
        DibaoMargin = "dibao_margin" / "低保边缘家庭成员",
        /// Impoverished by a severe illness.
        IllnessPoor = "illness_poor" / "因病致贫重病患者",
        /// Other hardship named by the local government.
        OtherHardship = "other_hardship" / "其他特殊困难人员",
        /// Low income.
        LowIncome = "low_income" / "低收入救助对象",
        /// Severely disabled, unable to work.
        DisabledSevere = "disabled_severe" / "丧失劳动能力的重度残疾人",
        /// Aged 60 or more in a low-income family.
        ElderLowIncome = "elder_low_income" / "低收入家庭60岁以上老年人",
        /// A minor in a low-income family.
        MinorLowIncome = "minor_low_income" / "低收入家庭未成年人",
        /// Veterans and dependants under special care in the countryside.
        VeteranCare = "veteran_care" / "在乡重点优抚对象",
    }
}

code_set! {
    /// Care kinds (SPEC 1.4), in the byte order of their names.
    Care {
        /// Chronic and special outpatient care.
        Chronic = "chronic" / "门诊慢特病",
        /// Drugs of high value.
        HighValueDrug = "high_value_drug" / "高值药品",
        /// A stay in hospital.
        Inpatient = "inpatient" / "住院",
        /// Anything else.
        Other = "other" / "其他",
        /// Ordinary outpatient care.
        Outpatient = "outpatient" / "普通门诊",
        /// Special drugs.
        SpecialDrug = "special_drug" / "特药",
    }
}

code_set! {
    /// Insurance types that are settled.
    Insutype {
        /// Employees.
        Employee = "310" / "职工医保",
        /// Residents.
        Resident = "390" / "居民医保",
    }
}

code_set! {
    /// Whether a claim was referred, in the byte order of the names.
    Referral {
        /// No referral is needed.
        NoneNeeded = "none_needed" / "无需转诊",
        /// Referred by the rules.
        Referred = "referred" / "规范转诊",
        /// Not referred although it should have been.
        Unreferred = "unreferred" / "未按规定转诊",
    }
}

code_set! {
    /// Causes that some policies exclude, in the byte order of the names.
    ExclCause {
        /// Drunkenness.
        Alcohol = "alcohol" / "酗酒",
        /// A fight.
        Fight = "fight" / "打架斗殴",
        /// Self-harm.
        SelfHarm = "self_harm" / "自伤自残",
        /// A traffic accident for which the person is liable.
        TrafficLiable = "traffic_liable" / "交通肇事",
    }
}

code_set! {
    /// Price class of the hospital, in the byte order of the names.
    FeeClass {
        /// Class 1.
        One = "1" / "一类",
        /// Class 2, county level.
        TwoCounty = "2_county" / "县级二类",
        /// Class 2, province and city level.
        TwoProv = "2_prov" / "省市级二类",
        /// Class 3.
        Three = "3" / "三类",
    }
}

code_set! {
    /// How a row with an applied identity is paid.
    Channel {
        /// Settled at the counter.
        Instant = "instant" / "即时结算",
        /// Paid in the year-end lump-sum run.
        YearEnd = "year_end" / "年底一次性救助",
        /// Paid on application.
        Application = "application" / "依申请救助",
    }
}

code_set! {
    /// The layers that write audit rows.
    Layer {
        /// Catastrophic insurance.
        Cii = "cii" / "大病保险",
        /// Special drugs of the catastrophic insurance.
        SpecialDrug = "special_drug" / "大病保险特药",
        /// Medical assistance.
        Ma = "ma" / "医疗救助",
        /// Fixed share of a single-disease limit.
        MajorDisease = "major_disease" / "重特大疾病单病种救助",
        /// Re-assistance, tilted assistance.
        Ra = "ra" / "再救助（倾斜救助）",
        /// Top-up of a stay to a ratio.
        TopUp = "top_up" / "补足救助",
        /// Cover of out-of-catalogue costs.
        Oocat = "oocat" / "目录外救助",
    }
}

code_set! {
    /// What became of an accepted claim.
    Status {
        /// Went through assistance, whatever it was paid.
        Settled = "settled" / "已结算",
        /// Outside medical assistance; the reason says why.
        OutOfScope = "out_of_scope" / "不属救助范围",
        /// A refund, or the record that it cancels.
        Reversed = "reversed" / "已冲销",
    }
}

code_set! {
    /// Why a claim is outside assistance: the first that holds, in this order (SPEC 2, step 4).
    ScopeReason {
        /// No identity in force that day.
        NoIdentity = "no_identity" / "当日无救助身份",
        /// No identity in force has a rate for this care kind.
        CareNotCovered = "care_not_covered" / "该类费用不在救助范围",
        /// Not a designated institution.
        NotDesignated = "not_designated" / "非定点机构",
        /// Not referred, and the policy excludes such claims.
        Unreferred = "unreferred" / "未按规定转诊",
        /// A cause that the policy excludes.
        ExcludedCause = "excluded_cause" / "除外情形",
    }
}

code_set! {
    /// Why a row is rejected: the first that holds, in this order (SPEC 2), then those of the roster.
    RejectReason {
        /// `vali_flag` is not 1.
        VoidRecord = "void_record" / "无效记录",
        /// A needed value is missing.
        NullRequired = "null_required" / "必填项为空",
        /// A value cannot be read.
        BadValue = "bad_value" / "值无法识别",
        /// Neither employee nor resident insurance.
        UnknownInsutype = "unknown_insutype" / "险种不属结算范围",
        /// No care kind is known for the visit type.
        UnknownMedType = "unknown_med_type" / "医疗类别未对应",
        /// An identity code that is not known.
        UnknownIdentity = "unknown_identity" / "身份代码未知",
        /// A negative amount on a row that is no refund.
        NegativeAmount = "negative_amount" / "金额为负",
        /// More in scope than the fee.
        ScopeExceedsFee = "scope_exceeds_fee" / "政策范围内费用大于总费用",
        /// Insurance and outside compensation exceed the fee.
        PaymentsExceedFee = "payments_exceed_fee" / "已付金额大于总费用",
        /// The record is there already.
        DuplicateSetlId = "duplicate_setl_id" / "结算号重复",
        /// A refund without the record that it cancels.
        ReversalUnmatched = "reversal_unmatched" / "冲销无原始记录",
        /// Flagged as refunded, but no refund is there.
        RefundedWithoutReversal = "refunded_without_reversal" / "已退费但无冲销记录",
        /// Outside the policy's dates.
        OutsidePolicyPeriod = "outside_policy_period" / "不在政策有效期",
        /// A roster period that ends before it begins.
        BadPeriod = "bad_period" / "起止日期颠倒",
        /// An identity granted on application, without its date.
        ApplicationDateMissing = "application_date_missing" / "缺少申请日期",
        /// A second application in one calendar year.
        RepeatApplication = "repeat_application" / "同一年度重复申请",
    }
}

impl Identity {
    /// The member with this code or the national alias of it.
    pub const COUNT: usize = Self::ALL.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_order_rows_are_numbered_in_byte_order() {
        assert!(Care::ALL.is_sorted_by_key(|c| c.as_str()));
        assert!(Referral::ALL.is_sorted_by_key(|c| c.as_str()));
        assert!(ExclCause::ALL.is_sorted_by_key(|c| c.as_str()));
        assert!(FeeClass::ALL.is_sorted_by_key(|c| c.as_str()));
        assert!(Insutype::ALL.is_sorted_by_key(|c| c.as_str()));
    }

    #[test]
    fn codes_read_back() {
        assert!(Identity::ALL.iter().all(|i| Identity::parse(i.as_str()) == Some(*i)));
        assert_eq!(Identity::parse("nobleman"), None);
    }
}
