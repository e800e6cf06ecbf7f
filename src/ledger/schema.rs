//! The one schema that ledger and roster are expected in, and how a file's own columns map to it.

use super::codebook::CodeBook;
use super::error::LedgerError;
use crate::lang::{Both, both};
use arrow::datatypes::{DataType, Schema};
use std::collections::BTreeMap;

/// What a column holds, and so which Arrow types it may come as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text or integer, kept as it is.
    Id,
    /// A timestamp of any unit without zone, or a date.
    Time,
    /// A date, or a timestamp whose day counts.
    Date,
    /// Text or integer code.
    Code,
    /// Yuan: decimal, whole yuan as integer, or text; a float only where allowed.
    Money,
    /// Boolean, integer or text.
    Flag,
}

/// A column of the expected schema.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Name of the contract.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a file without it is refused.
    pub needed: bool,
}

macro_rules! columns {
    ($(#[$doc:meta])* $enum_name:ident, $specs:ident { $($variant:ident = $name:literal $kind:ident $needed:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        #[allow(missing_docs)]
        pub enum $enum_name { $($variant,)+ }

        #[doc = concat!("Specifications by [`", stringify!($enum_name), "`].")]
        pub const $specs: &[Spec] = &[$(Spec { name: $name, kind: Kind::$kind, needed: $needed },)+];
    };
}

columns! {
    /// Columns of the ledger, in the order of the contract's table (which breaks ties among duplicates).
    LedgerColumn, LEDGER {
        PsnNo = "psn_no" Id true,
        SetlId = "setl_id" Id true,
        SetlTime = "setl_time" Time true,
        Insutype = "insutype" Code true,
        MedType = "med_type" Code false,
        Care = "care" Code false,
        MedfeeSumamt = "medfee_sumamt" Money true,
        InscpScpAmt = "inscp_scp_amt" Money true,
        HifpPay = "hifp_pay" Money true,
        CvlservPay = "cvlserv_pay" Money false,
        HifesPay = "hifes_pay" Money false,
        HifdmPay = "hifdm_pay" Money false,
        OthPay = "oth_pay" Money false,
        HifmiPay = "hifmi_pay" Money false,
        HifobPay = "hifob_pay" Money false,
        MafPay = "maf_pay" Money false,
        ExtCompAmt = "ext_comp_amt" Money false,
        RefdSetlFlag = "refd_setl_flag" Flag false,
        InitSetlId = "init_setl_id" Id false,
        ValiFlag = "vali_flag" Code false,
        FulamtOwnpayAmt = "fulamt_ownpay_amt" Money false,
        OverlmtSelfpay = "overlmt_selfpay" Money false,
        PreselfpayAmt = "preselfpay_amt" Money false,
        MdtrtareaAdmvs = "mdtrtarea_admvs" Code false,
        HospLv = "hosp_lv" Code false,
        FeeClass = "fee_class" Code false,
        Designated = "designated" Flag false,
        Referral = "referral" Code false,
        TiltApplied = "tilt_applied" Flag false,
        ExclCause = "excl_cause" Code false,
        QuotaManaged = "quota_managed" Flag false,
        DiseaseLimit = "disease_limit" Money false,
        DiseCodg = "dise_codg" Code false,
        Identity = "identity" Code false,
        Enddate = "enddate" Date false,
    }
}

columns! {
    /// Columns of the roster.
    RosterColumn, ROSTER {
        PsnNo = "psn_no" Id true,
        Identity = "identity" Code true,
        Begndate = "begndate" Date true,
        Enddate = "enddate" Date false,
        AppliedOn = "applied_on" Date false,
        TreatedAs = "treated_as" Code false,
        KnownOn = "known_on" Date false,
    }
}

/// Whether ids are text or integers; one type throughout a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdType {
    /// Text: sorted by bytes.
    Text,
    /// Integers: sorted by value.
    Int,
}

impl IdType {
    /// Its name in Chinese.
    pub fn label(self) -> &'static str {
        match self {
            IdType::Text => "文本",
            IdType::Int => "整数",
        }
    }
}

impl std::fmt::Display for IdType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            IdType::Text => "text",
            IdType::Int => "integer",
        })
    }
}

/// Renames that the user gave: `--column NAME=THEIRS`, as their name → name of the contract.
pub type Renames = BTreeMap<String, String>;

/// Where the expected columns stand in a file: index in its schema, by column number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// By column number.
    pub at: Vec<Option<usize>>,
}

/// How strictly types are taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypeRules {
    /// Float columns of money are read.
    pub allow_float: bool,
    /// Types are not looked at: without rows they say nothing, and an empty export often has none.
    pub unchecked: bool,
}

/// Maps a file's schema to the expected one.
///
/// # Errors
/// [`LedgerError`]: two columns for one name, a needed column missing, a type that a column cannot be
/// read from, a float column of money.
pub fn map(
    file: &str,
    schema: &Schema,
    specs: &[Spec],
    book: &CodeBook,
    renames: &Renames,
    rules: TypeRules,
) -> Result<Mapping, LedgerError> {
    let mut at: Vec<Option<usize>> = vec![None; specs.len()];
    for (index, field) in schema.fields().iter().enumerate() {
        let theirs = field.name().trim_matches([' ', '\t', '\u{feff}']).to_lowercase();
        let name = renames.get(&theirs).or_else(|| book.columns.get(&theirs)).unwrap_or(&theirs);
        let Some(number) = specs.iter().position(|s| s.name == name) else { continue };
        if let Some(first) = at[number] {
            return Err(LedgerError::TwoColumns {
                file: file.to_owned(),
                name: specs[number].name.to_owned(),
                first: schema.field(first).name().clone(),
                second: field.name().clone(),
            });
        }
        if !rules.unchecked {
            check_type(file, field.name(), &specs[number], field.data_type(), rules)?;
        }
        at[number] = Some(index);
    }
    for (number, spec) in specs.iter().enumerate() {
        if spec.needed && at[number].is_none() {
            return Err(LedgerError::MissingColumn {
                file: file.to_owned(),
                name: spec.name.to_owned(),
                found: schema.fields().iter().map(|f| f.name().trim()).collect::<Vec<_>>().join(", "),
            });
        }
    }
    Ok(Mapping { at })
}

/// The type that values have inside a dictionary, or the type itself.
pub fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

fn check_type(
    file: &str,
    column: &str,
    spec: &Spec,
    data_type: &DataType,
    rules: TypeRules,
) -> Result<(), LedgerError> {
    let inner = value_type(data_type);
    let text = matches!(inner, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null);
    let float = matches!(inner, DataType::Float16 | DataType::Float32 | DataType::Float64);
    if spec.kind == Kind::Money && float {
        if rules.allow_float {
            return Ok(());
        }
        return Err(LedgerError::FloatColumn { file: file.to_owned(), column: column.to_owned() });
    }
    if let DataType::Timestamp(_, Some(zone)) = inner
        && matches!(spec.kind, Kind::Time | Kind::Date)
    {
        return Err(LedgerError::ZonedTime {
            file: file.to_owned(),
            column: column.to_owned(),
            zone: zone.to_string(),
        });
    }
    let time = matches!(inner, DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64);
    let (fits, expected) = match spec.kind {
        Kind::Id => (text && *inner != DataType::Null || inner.is_integer(), "text or integer"),
        Kind::Time => (time, "timestamp without zone, or date"),
        Kind::Date => (time || *inner == DataType::Null, "date"),
        Kind::Code => (text || inner.is_integer() || *inner == DataType::Boolean, "text or integer"),
        Kind::Flag => (text || inner.is_integer() || *inner == DataType::Boolean, "boolean, integer or text"),
        Kind::Money => (text || inner.is_integer() || inner.is_decimal(), "decimal, whole yuan as integer, or text"),
    };
    let nullable_id = spec.kind == Kind::Id && !spec.needed && *inner == DataType::Null;
    if fits || nullable_id {
        return Ok(());
    }
    Err(LedgerError::WrongType {
        file: file.to_owned(),
        column: column.to_owned(),
        found: data_type.to_string(),
        expected,
    })
}

/// The type of an id column.
pub fn id_type(data_type: &DataType) -> IdType {
    if value_type(data_type).is_integer() { IdType::Int } else { IdType::Text }
}

/// Reads `NAME=THEIRS` pairs.
///
/// # Errors
/// A text for the user: not a pair, or NAME is no column of the contract.
pub fn renames(pairs: &[String]) -> Result<Renames, Both> {
    let mut renames = Renames::new();
    for pair in pairs {
        let (name, theirs) = pair
            .split_once('=')
            .ok_or_else(|| both!("`{pair}` is not NAME=THEIRS", "`{pair}` 不是“标准列名=原列名”的形式"))?;
        let name = name.trim().to_lowercase();
        let known = LEDGER.iter().chain(ROSTER).any(|s| s.name == name);
        if !known {
            let names = LEDGER.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
            return Err(both!(
                "`{name}` is no column of the ledger or the roster; known are {names}",
                "`{name}` 不是台账或名册的列；可用的有 {names}"
            ));
        }
        let theirs = theirs.trim().to_lowercase();
        if theirs.is_empty() {
            return Err(both!("`{pair}` names no column of the file", "`{pair}` 没有写文件中的列名"));
        }
        if renames.insert(theirs.clone(), name).is_some() {
            return Err(both!("`{theirs}` is taken for two columns", "`{theirs}` 对应了两个标准列"));
        }
    }
    Ok(renames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;

    fn needed() -> Vec<Field> {
        let text = |n: &str| Field::new(n, DataType::Utf8, true);
        let money = |n: &str| Field::new(n, DataType::Decimal128(18, 2), true);
        let time = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
        let mut fields =
            vec![text(" PSN_NO\t"), text("setl_id"), Field::new("setl_time", time, true), text("insutype")];
        fields.extend(["medfee_sumamt", "INSCP_AMT", "hifp_pay"].map(money));
        fields
    }

    fn check(fields: Vec<Field>) -> Result<Mapping, String> {
        let book = CodeBook::load(None).unwrap();
        let schema = Schema::new(fields);
        map("a.parquet", &schema, LEDGER, &book, &Renames::new(), TypeRules::default()).map_err(|e| e.to_string())
    }

    #[test]
    fn names_match_in_any_case_trimmed_and_by_their_other_names() {
        let mapping = check(needed()).unwrap();
        assert_eq!(mapping.at[LedgerColumn::PsnNo as usize], Some(0));
        assert_eq!(mapping.at[LedgerColumn::InscpScpAmt as usize], Some(5));
    }

    #[test]
    fn two_columns_for_one_name_are_an_error() {
        let mut fields = needed();
        fields.push(Field::new("inscp_scp_amt", DataType::Utf8, true));
        let error = check(fields).unwrap_err();
        assert!(error.contains("INSCP_AMT") && error.contains("inscp_scp_amt"), "{error}");
    }

    #[test]
    fn a_missing_column_names_file_column_and_what_is_there() {
        let mut fields = needed();
        fields.pop();
        let error = check(fields).unwrap_err();
        assert!(error.contains("hifp_pay") && error.contains("a.parquet") && error.contains("setl_id"), "{error}");
    }

    #[test]
    fn a_rename_names_one_column_of_the_contract_and_one_of_the_file() {
        let said = |pairs: &[&str]| renames(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        assert_eq!(said(&["PSN_NO= Person "]).unwrap().get("person").map(String::as_str), Some("psn_no"));
        assert!(said(&["psn_no"]).unwrap_err().en.contains("NAME=THEIRS"));
        assert!(said(&["colour=red"]).unwrap_err().en.contains("colour"));
        assert!(said(&["oth_pay="]).unwrap_err().en.contains("no column of the file"));
        assert!(said(&["oth_pay=x", "maf_pay=X"]).unwrap_err().en.contains("two columns"));
    }

    #[test]
    fn floats_and_zones_are_refused_by_name() {
        let mut fields = needed();
        fields[6] = Field::new("hifp_pay", DataType::Float64, true);
        assert!(check(fields).unwrap_err().contains("--allow-float"));
        let mut fields = needed();
        let zoned = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        fields[2] = Field::new("setl_time", zoned, true);
        assert!(check(fields).unwrap_err().contains("UTC"));
        let mut fields = needed();
        fields[2] = Field::new("setl_time", DataType::Utf8, true);
        assert!(check(fields).unwrap_err().contains("timestamp"));
    }
}
