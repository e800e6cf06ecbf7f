//! Other names and codes that are taken as the contract's: data, which a user extends.

use crate::lang::{self, Both, Told, both};
use crate::model::codes::{Care, Identity};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The codes that are shipped.
const SHIPPED: &str = include_str!("../../data/codes.toml");

/// A codes file as written, and the code book made of one or two of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeBook {
    /// Column name → name of the contract; all in lower case.
    pub columns: BTreeMap<String, String>,
    /// Identity code → identity.
    pub identity: BTreeMap<String, Identity>,
    /// Visit type → care kind.
    pub med_type: BTreeMap<String, Care>,
    /// Hospital level or grade → level 1 to 3, or 0 for none.
    pub hosp_lv: BTreeMap<String, u8>,
    /// Text of the user's file, for the digest.
    #[serde(skip)]
    pub user_text: Option<String>,
    /// Path of the user's file as given.
    #[serde(skip)]
    pub path: Option<String>,
}

/// What is wrong with a codes file.
#[derive(Debug, thiserror::Error)]
pub enum CodesError {
    /// It cannot be read.
    #[error("{path}: {source}\n  check the path and its permissions", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a valid codes file.
    #[error("{name}: {message}\n  a codes file has the tables [columns], [identity], [med_type] and [hosp_lv]")]
    Syntax {
        /// The file.
        name: String,
        /// What and where.
        message: Both,
    },
}

impl Told for CodesError {
    fn zh(&self) -> String {
        match self {
            CodesError::Io { path, source } => {
                format!("{}：{}\n  请核对路径和访问权限", path.display(), lang::io(source))
            }
            CodesError::Syntax { name, message } => format!(
                "{name}：{}\n  代码表文件由 [columns]、[identity]、[med_type]、[hosp_lv] 四张表组成",
                message.zh
            ),
        }
    }
}

impl CodeBook {
    /// The shipped codes, with a user's file over them.
    ///
    /// # Errors
    /// [`CodesError`] with line and column.
    pub fn load(user: Option<&Path>) -> Result<Self, CodesError> {
        let mut book = Self::parse("the shipped codes", SHIPPED)?;
        if let Some(path) = user {
            let text =
                std::fs::read_to_string(path).map_err(|source| CodesError::Io { path: path.to_owned(), source })?;
            book.lay(&path.display().to_string(), &text)?;
        }
        Ok(book)
    }

    /// Lays a user's codes over what is there.
    ///
    /// # Errors
    /// [`CodesError`] with line and column.
    pub fn lay(&mut self, name: &str, text: &str) -> Result<(), CodesError> {
        let theirs = Self::parse(name, text)?;
        self.columns.extend(theirs.columns);
        self.identity.extend(theirs.identity);
        self.med_type.extend(theirs.med_type);
        self.hosp_lv.extend(theirs.hosp_lv);
        self.user_text = Some(text.to_owned());
        self.path = Some(name.to_owned());
        Ok(())
    }

    fn parse(name: &str, text: &str) -> Result<Self, CodesError> {
        let syntax = |message: Both| CodesError::Syntax { name: name.to_owned(), message };
        let mut book: Self = toml::from_str(text).map_err(|e| syntax(lang::toml(&e.to_string())))?;
        if let Some((code, level)) = book.hosp_lv.iter().find(|(_, l)| **l > 3) {
            return Err(syntax(both!(
                "[hosp_lv] {code} = {level}: a level is 1, 2, 3 or 0 for none",
                "[hosp_lv] {code} = {level}：医院等级为 1、2、3，无等级为 0"
            )));
        }
        book.columns =
            book.columns.into_iter().map(|(k, v)| (k.trim().to_lowercase(), v.trim().to_lowercase())).collect();
        Ok(book)
    }

    /// The identity of a code: the contract's own, else one of the book.
    pub fn identity_of(&self, code: &str) -> Option<Identity> {
        Identity::parse(code).or_else(|| self.identity.get(code).copied())
    }

    /// The care kind of a visit type.
    pub fn care_of(&self, med_type: &str) -> Option<Care> {
        self.med_type.get(med_type).copied()
    }

    /// The hospital level of a code; 0 = a grade without a level.
    pub fn level_of(&self, code: &str) -> Option<u8> {
        self.hosp_lv.get(code).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;

    #[test]
    fn both_kinds_of_codes_are_known() {
        let book = CodeBook::load(None).unwrap();
        assert_eq!(book.identity_of("tekun"), Some(Identity::Tekun));
        assert_eq!(book.identity_of("2304"), Some(Identity::Tekun));
        assert_eq!(book.identity_of("nobleman"), None);
        assert_eq!(book.care_of("1403"), Some(Care::Chronic));
        assert_eq!(["1", "01", "11", "12"].map(|c| book.level_of(c)), [Some(1), Some(3), Some(0), None]);
    }

    #[test]
    fn a_faulty_file_says_where() {
        let error = CodeBook::parse("mine", "[med_type]\n99 = \"surgery\"").unwrap_err().to_string();
        assert!(error.contains("surgery") && error.contains("line 2"), "{error}");
        assert!(CodeBook::parse("mine", "[hosp_lv]\n9 = 9").unwrap_err().to_string().contains("9 = 9"));
    }

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let gone = std::io::ErrorKind::NotFound.into();
        two_lines(&CodesError::Io { path: "codes.toml".into(), source: gone }, &["codes.toml", "文件不存在"]);
        let error = CodeBook::parse("codes.toml", "[hosp_lv]\nx = 7").unwrap_err();
        two_lines(&error, &["codes.toml", "[hosp_lv] x = 7", "[med_type]"]);
    }
}
