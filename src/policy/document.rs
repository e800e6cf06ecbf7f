//! The policy file as it is written: one TOML document a city, strict, every rule with its clause.
//!
//! ```text
//! PolicyDoc
//! ├─ policy          id, title, document, dates, listed order of identities
//! ├─ switches        how this city reads the words that others read otherwise (SPEC 3.5)
//! ├─ identity[]      what is special about an identity: exclusive, granted
//! ├─ catastrophic    ┐
//! ├─ special_drug    │ layers: conditions and rules; a rule is a schedule of brackets for some
//! ├─ assistance      │ identities, insurance types, care kinds and hospital levels
//! ├─ reassistance    ┘
//! ├─ top_up[] · major_disease · hospital_limit[] · out_of_catalogue[]    further covers
//! └─ note[] · alert[] · subsidy[] · channel[]                            what moves no claim's money
//! ```
//!
//! Nothing here is resolved: values may point to dated parameters. `compile` turns a document,
//! parameters and a year into tables; `check` looks for what cannot be meant.

use super::value::{Amount, Ratio};
use crate::model::codes::{Care, Channel, ExclCause, FeeClass, Identity, Insutype};
use crate::model::date;
use crate::model::fen::{Rounding, Unit};
use serde::{Deserialize, Serialize};

/// A whole policy file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDoc {
    /// What the policy is called, where it stands and when it is in force.
    pub policy: Header,
    /// How open words are read.
    #[serde(default)]
    pub switches: Switches,
    /// What is special about single identities.
    #[serde(default)]
    pub identity: Vec<IdentityDoc>,
    /// Catastrophic insurance.
    pub catastrophic: Option<LayerDoc>,
    /// Special-drug schedule of the catastrophic insurance.
    pub special_drug: Option<LayerDoc>,
    /// Medical assistance.
    pub assistance: AssistanceDoc,
    /// Re-assistance, tilted assistance.
    pub reassistance: Option<LayerDoc>,
    /// Top-ups of a single stay.
    #[serde(default)]
    pub top_up: Vec<TopUpDoc>,
    /// Fixed shares of a single-disease limit.
    pub major_disease: Option<MajorDiseaseDoc>,
    /// What the institution must bear of out-of-catalogue costs.
    #[serde(default)]
    pub hospital_limit: Vec<HospitalLimitDoc>,
    /// Cover of out-of-catalogue costs.
    #[serde(default)]
    pub out_of_catalogue: Vec<OutOfCatalogueDoc>,
    /// Remarks on rows.
    #[serde(default)]
    pub note: Vec<NoteDoc>,
    /// Monitoring thresholds.
    #[serde(default)]
    pub alert: Vec<AlertDoc>,
    /// Subsidies of the residents' contribution.
    #[serde(default)]
    pub subsidy: Vec<SubsidyDoc>,
    /// How rows are paid; the first that matches.
    #[serde(default)]
    pub channel: Vec<ChannelDoc>,
}

/// Name, source and dates of a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Short name, as given to `--policy`.
    pub id: String,
    /// Title of the document.
    pub title: String,
    /// Number of the document.
    pub document: String,
    /// First day in force.
    pub from: Date,
    /// Last day in force; none = open.
    pub until: Option<Date>,
    /// Where the dates stand.
    pub dates_clause: String,
    /// Identities that the policy names, in its own order (ties and preference, SPEC R5).
    pub listed_order: Vec<Identity>,
    /// Where the identities and the rule for several of them stand.
    pub order_clause: String,
}

/// A date of the policy file, as a day number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub i32);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = toml::value::Datetime::deserialize(d)?;
        date::from_toml(&value)
            .map(Date)
            .ok_or_else(|| serde::de::Error::custom("expected a date such as 2023-01-01, without a time"))
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&date::show(self.0))
    }
}

/// Readings that differ between cities; the defaults are those of the four shipped policies.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// What the edges of brackets count.
    pub bands: Bands,
    /// What a schedule accumulates over.
    pub accumulation: Accumulation,
    /// Which date decides year and identity.
    pub year_by: YearBy,
    /// From when an identity is in force.
    pub in_force: InForce,
    /// Which way a half goes.
    pub rounding: Rounding,
    /// What payments are rounded to.
    pub unit: Unit,
    /// Which catastrophic payment stands before assistance.
    pub catastrophic_payment: CatastrophicPayment,
    /// Whether outside compensation comes off the assistance base (R15).
    pub ext_comp: ExtComp,
}

macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $(#[$fdoc:meta])* $first:ident, $($(#[$vdoc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[$fdoc])* #[default] $first, $($(#[$vdoc])* $variant,)+ }
    };
}

switch! {
    /// What the edges of brackets count.
    Bands {
        /// The burden itself.
        Burden,
        /// What exceeds the deductible.
        Excess,
    }
}
switch! {
    /// What a schedule accumulates over.
    Accumulation {
        /// The benefit year (or the grant).
        Year,
        /// The single visit; caps stay annual.
        Visit,
    }
}
switch! {
    /// Which date decides year and identity.
    YearBy {
        /// The date of settlement.
        SetlTime,
        /// The last day of the visit, a ledger column `enddate`.
        Enddate,
    }
}
switch! {
    /// From when an identity is in force.
    InForce {
        /// Its own first day.
        Day,
        /// The first of the month in which it begins.
        Month,
        /// The first of the month after it begins.
        NextMonth,
    }
}
switch! {
    /// Which catastrophic payment stands before assistance.
    CatastrophicPayment {
        /// Computed where the policy gives a schedule, else as recorded.
        AsPolicy,
        /// Always as recorded, whatever schedule there is.
        Recorded,
        /// Always computed; where there is no schedule, nothing.
        Computed,
    }
}
switch! {
    /// Whether outside compensation comes off the assistance base.
    ExtComp {
        /// It does.
        OffBase,
        /// It does not; assistance is then at most what is left of the fee.
        Ignored,
    }
}

/// What is special about an identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityDoc {
    /// The identity.
    pub code: Identity,
    /// Not in force on days on which one of these is.
    #[serde(default)]
    pub exclusive_with: Vec<Identity>,
    /// Given on application, with a window that begins this many months before the month of the
    /// application and ends with its year (R7).
    pub grant_lookback_months: Option<u16>,
    /// Where it stands.
    pub clause: String,
}

/// Conditions on a claim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Not `unreferred`.
    pub not_unreferred: bool,
    /// Treated where the area code begins so (null is local).
    pub area: Option<String>,
    /// The person applied for tilted assistance.
    pub tilt_applied: bool,
    /// The year reached the annual assistance limit (R3).
    pub cap_reached: bool,
    /// One of these disease codes; empty = any.
    pub dise_codg: Vec<String>,
}

/// A layer made of schedules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerDoc {
    /// Care kinds covered, and accumulated.
    pub care: Vec<Care>,
    /// Conditions on the claim.
    #[serde(default)]
    pub conditions: Conditions,
    /// Where the layer stands.
    pub clause: String,
    /// Its rules.
    #[serde(default)]
    pub rule: Vec<RuleDoc>,
}

/// The assistance layer, with what takes a claim out of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssistanceDoc {
    /// Care kinds covered.
    pub care: Vec<Care>,
    /// Where the layer stands.
    pub clause: String,
    /// The clause that takes unreferred claims out; none = they stay in.
    pub exclude_unreferred: Option<String>,
    /// Causes that take a claim out.
    pub exclude_causes: Option<ExcludeCauses>,
    /// Its rules.
    #[serde(default)]
    pub rule: Vec<RuleDoc>,
}

/// Causes that take a claim out of assistance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExcludeCauses {
    /// The causes.
    pub causes: Vec<ExclCause>,
    /// Where they stand.
    pub clause: String,
}

/// A schedule of brackets, for whom and for what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDoc {
    /// Name of the rule, unique in the file; the audit cites it.
    pub id: String,
    /// For these identities.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// For anyone, whatever the identity.
    #[serde(default)]
    pub anyone: bool,
    /// For these insurance types; empty = all.
    #[serde(default)]
    pub insutype: Vec<Insutype>,
    /// For these care kinds; empty = the layer's.
    #[serde(default)]
    pub care: Vec<Care>,
    /// For these hospital levels; empty = all.
    #[serde(default)]
    pub hosp_lv: Vec<u8>,
    /// Where it stands.
    pub clause: String,
    /// The pool whose cap it shares; default: the layer's.
    pub pool: Option<String>,
    /// The accumulated base that it shares; default: the pool's.
    pub base: Option<String>,
    /// Below this nothing is paid.
    pub deductible: Option<Amount>,
    /// Where the deductible stands, if not with the rule.
    pub deductible_clause: Option<String>,
    /// Marginal brackets, bottom up.
    #[serde(default)]
    pub brackets: Vec<BracketDoc>,
    /// The brackets of a base schedule in the parameters, tilted.
    pub tilt: Option<TiltDoc>,
    /// Annual limit; none = no limit.
    pub cap: Option<Amount>,
    /// Where the limit stands, if not with the rule.
    pub cap_clause: Option<String>,
    /// First day on which the rule applies.
    pub from: Option<Date>,
    /// Last day on which the rule applies.
    pub until: Option<Date>,
}

/// A bracket `[from, to)` of a schedule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BracketDoc {
    /// Lower edge; the first one's default is the deductible.
    pub from: Option<Amount>,
    /// Upper edge; none = open.
    pub to: Option<Amount>,
    /// Share that is paid.
    pub ratio: Ratio,
    /// Where it stands, if not with the rule.
    pub clause: Option<String>,
}

/// A schedule made from a base schedule in the parameters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiltDoc {
    /// Name of the base schedule.
    #[serde(deserialize_with = "super::value::name")]
    pub of: String,
    /// Part of the base deductible that stays.
    #[serde(default = "Ratio::one")]
    pub deductible_share: Ratio,
    /// Added to every ratio (never above 1).
    #[serde(default = "Ratio::zero")]
    pub ratio_plus: Ratio,
    /// Whether the base cap stays.
    #[serde(default)]
    pub cap: TiltCap,
    /// Without the parameter the rule does not exist (instead of an error).
    #[serde(default)]
    pub optional: bool,
}

switch! {
    /// What a tilted schedule makes of the base cap.
    TiltCap {
        /// It stays.
        Base,
        /// There is none.
        None,
    }
}

/// A top-up of a single stay to a ratio of what is in scope.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUpDoc {
    /// Name of the rule.
    pub id: String,
    /// For these identities.
    pub identities: Vec<Identity>,
    /// For these care kinds.
    pub care: Vec<Care>,
    /// Conditions on the claim.
    #[serde(default)]
    pub conditions: Conditions,
    /// Basic insurance, catastrophic insurance and assistance together reach this share of S.
    pub to_ratio: Ratio,
    /// Where it stands.
    pub clause: String,
}

/// Single-disease limits (major disease).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MajorDiseaseDoc {
    /// Insurance types.
    pub insutype: Vec<Insutype>,
    /// Care kinds.
    pub care: Vec<Care>,
    /// Where the limit, and that the institution bears what is above it, stand.
    pub clause: String,
    /// Who gets which share.
    pub share: Vec<ShareDoc>,
}

/// A fixed share of a single-disease limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareDoc {
    /// Name of the rule.
    pub id: String,
    /// For these identities.
    pub identities: Vec<Identity>,
    /// The share.
    pub ratio: Ratio,
    /// Where it stands.
    pub clause: String,
}

/// Limits of the out-of-catalogue share by price class; the institution bears what is above.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HospitalLimitDoc {
    /// Name of the rule.
    pub id: String,
    /// For these identities.
    pub identities: Vec<Identity>,
    /// For these care kinds.
    pub care: Vec<Care>,
    /// Conditions on the claim.
    #[serde(default)]
    pub conditions: Conditions,
    /// Limits as shares of the fee.
    pub limits: Vec<ClassLimit>,
    /// Where it stands.
    pub clause: String,
}

/// The limit of one price class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassLimit {
    /// Price class of the hospital.
    pub fee_class: FeeClass,
    /// Largest out-of-catalogue share of the fee.
    pub ratio: Ratio,
}

/// Cover of out-of-catalogue costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutOfCatalogueDoc {
    /// Name of the rule.
    pub id: String,
    /// For these identities.
    pub identities: Vec<Identity>,
    /// For these care kinds.
    pub care: Vec<Care>,
    /// Conditions on the claim.
    #[serde(default)]
    pub conditions: Conditions,
    /// Share that is paid of what the institution need not bear.
    pub ratio: Ratio,
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
    /// Where it stands.
    pub clause: String,
}

/// A remark on rows whose out-of-catalogue share is above a limit; no money moves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteDoc {
    /// The remark, as it stands in the settlement.
    pub id: String,
    /// At hospitals of this level.
    pub hosp_lv: u8,
    /// Out-of-catalogue share of the fee above which it is made.
    pub above: Ratio,
    /// Where it stands.
    pub clause: String,
}

/// A monitoring threshold on the year's accumulated burden.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertDoc {
    /// Name of the alert, as it stands in the output.
    pub id: String,
    /// Persons who hold one of these.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// Or a class that is no list of identities.
    pub who: Option<Who>,
    /// The threshold.
    pub threshold: Amount,
    /// What is accumulated.
    #[serde(default)]
    pub measure: Measure,
    /// Where it stands.
    pub clause: String,
}

/// Classes of persons that are no list of identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Persons who hold no identity at all that day.
    NoIdentity,
    /// Persons who hold any identity that day.
    AnyIdentity,
    /// Persons in none of the lists of the file's other alerts.
    EverybodyElse,
}

switch! {
    /// What an alert accumulates (R10).
    Measure {
        /// Burden within scope after insurance (R1).
        AfterInsurance,
        /// Burden within scope after insurance and assistance.
        AfterAssistance,
        /// What is left of the whole fee after insurance.
        TotalAfterInsurance,
        /// What is left of the whole fee to the person.
        TotalAfterAssistance,
    }
}

/// A subsidy of the residents' contribution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsidyDoc {
    /// Name of the rule.
    pub id: String,
    /// For these identities.
    pub identities: Vec<Identity>,
    /// But not for these (an identity that else follows another).
    #[serde(default)]
    pub except: Vec<Identity>,
    /// Not for holders of these.
    #[serde(default)]
    pub unless_holding: Vec<Identity>,
    /// The contribution's own part.
    pub standard: Amount,
    /// Part of the standard that is paid.
    pub share: Option<Ratio>,
    /// Or a fixed amount.
    pub amount: Option<Amount>,
    /// At least this (and never more than the standard).
    pub floor: Option<Amount>,
    /// First and last year.
    pub years: Option<[i32; 2]>,
    /// Where it stands.
    pub clause: String,
}

/// How a row with an applied identity is paid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelDoc {
    /// The channel.
    pub channel: Channel,
    /// For these identities; empty = all.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// For these care kinds; empty = all.
    #[serde(default)]
    pub care: Vec<Care>,
    /// Only for claims under quota management.
    #[serde(default)]
    pub quota_managed: bool,
    /// Where it stands.
    pub clause: String,
}
