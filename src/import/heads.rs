//! What columns are called in exports: a table that a user extends, and the heads of a file mapped by it.

use super::error::ImportError;
use super::grid::{Grid, Raw};
use super::value::half_width;
use crate::lang::{self, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::schema::{Kind, LEDGER, ROSTER, Renames, Spec};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The heads that are shipped.
const SHIPPED: &str = include_str!("../../data/headers.toml");

/// Rows among which the heads are looked for.
pub(super) const HEAD_WITHIN: usize = 100;

/// What is carried along though no rule asks for it: reconciliation tells institutions apart by it.
const INSTITUTION: Spec = Spec { name: "fixmedins_code", kind: Kind::Id, needed: false };

/// What an import makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A ledger.
    Ledger,
    /// A roster.
    Roster,
}

impl Made {
    /// The columns that it may have, in the contract's order.
    pub(super) fn specs(self) -> Vec<Spec> {
        match self {
            Made::Ledger => LEDGER.iter().copied().chain([INSTITUTION]).collect(),
            Made::Roster => ROSTER.to_vec(),
        }
    }
}

/// A file of heads as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Heads {
    columns: BTreeMap<String, String>,
    /// By column: what stands for a code.
    words: BTreeMap<String, BTreeMap<String, String>>,
}

impl Heads {
    /// The shipped heads with a user's over them, and the other names that a settlement takes.
    ///
    /// # Errors
    /// [`ImportError`]: the file cannot be read, or is none of heads.
    pub fn load(user: Option<&Path>, book: &CodeBook) -> Result<Self, ImportError> {
        let mut heads = Self::parse("data/headers.toml", SHIPPED)?;
        heads.columns.extend(book.columns.iter().map(|(theirs, name)| (fold(theirs), name.clone())));
        if let Some(path) = user {
            let text =
                std::fs::read_to_string(path).map_err(|source| ImportError::Io { path: path.to_owned(), source })?;
            let theirs = Self::parse(&path.display().to_string(), &text)?;
            heads.columns.extend(theirs.columns);
            for (column, words) in theirs.words {
                heads.words.entry(column).or_default().extend(words);
            }
        }
        Ok(heads)
    }

    fn parse(name: &str, text: &str) -> Result<Self, ImportError> {
        let syntax = |message| ImportError::Heads { name: name.to_owned(), message: Box::new(message) };
        let read: Self = toml::from_str(text).map_err(|e| syntax(lang::toml(&e.to_string())))?;
        let folded =
            |names: BTreeMap<String, String>| names.into_iter().map(|(k, v)| (fold(&k), v.trim().to_lowercase()));
        let columns: BTreeMap<String, String> = folded(read.columns).collect();
        let words = read.words.into_iter().map(|(column, words)| {
            (column.trim().to_lowercase(), words.into_iter().map(|(k, v)| (fold(&k), v)).collect())
        });
        let words: BTreeMap<_, BTreeMap<_, _>> = words.collect();
        let known = |name: &String| LEDGER.iter().chain(ROSTER).chain([&INSTITUTION]).any(|spec| spec.name == name);
        match columns.values().chain(words.keys()).find(|name| !known(name)) {
            Some(name) => {
                Err(syntax(both!("`{name}` is no column of a ledger or a roster", "`{name}` 不是台账或名册的列")))
            }
            None => Ok(Self { columns, words }),
        }
    }

    /// The code that a word stands for in a column; none: it stands for itself.
    pub(super) fn code_of(&self, column: &str, word: &str) -> Option<&str> {
        self.words.get(column)?.get(word).or_else(|| self.words[column].get(&fold(word))).map(String::as_str)
    }

    /// The name of the contract for a head.
    fn name_of<'a>(&'a self, folded: &'a str, renames: &'a Renames) -> &'a str {
        renames.get(folded).or_else(|| self.columns.get(folded)).map_or(folded, String::as_str)
    }
}

/// A head as it is compared: half-width, in lower case, without blanks, quotes and the unit.
pub fn fold(head: &str) -> String {
    let narrow = half_width(head);
    let dropped = |c: &char| !(c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\'' | '“' | '”' | '*' | ':'));
    let text: String = narrow.chars().filter(dropped).flat_map(char::to_lowercase).collect();
    text.strip_suffix("(元)").or_else(|| text.strip_suffix("/元")).map_or(text.clone(), str::to_owned)
}

/// Where the columns stand in a file.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Row of the heads within the first rows.
    pub(super) head: usize,
    /// The heads, as they are written.
    pub(super) heads: Vec<String>,
    /// By column of the contract: its place in the file.
    pub(super) at: Vec<Option<usize>>,
}

impl Layout {
    /// Finds the heads among the first rows of a file: the row that knows most of them.
    ///
    /// # Errors
    /// [`ImportError`]: two heads for one column, a needed column that is missing, amounts in ten thousands.
    pub(super) fn of(
        file: &str,
        first: &Grid,
        specs: &[Spec],
        heads: &Heads,
        renames: &Renames,
    ) -> Result<Self, ImportError> {
        let column_of = |cell: Raw| {
            let folded = fold(first.text(cell)?);
            let name = heads.name_of(&folded, renames);
            specs.iter().position(|spec| spec.name == name).map(|column| (column, renames.contains_key(&folded)))
        };
        let known = |row: usize| first.row(row).iter().filter(|cell| column_of(**cell).is_some()).count();
        // The first of those that know most.
        let head = (0..first.rows().min(HEAD_WITHIN)).rev().max_by_key(|row| known(*row)).unwrap_or(0);
        let cells = if first.rows() == 0 { &[] } else { first.row(head) };
        let written: Vec<String> =
            cells.iter().map(|cell| first.text(*cell).unwrap_or_default().trim().to_owned()).collect();
        let found = || written.iter().filter(|h| !h.is_empty()).cloned().collect::<Vec<_>>().join(", ");
        let mut at: Vec<Option<(usize, bool)>> = vec![None; specs.len()];
        for (place, cell) in cells.iter().enumerate() {
            if let Some(text) = first.text(*cell) {
                in_yuan(file, text, specs, heads, renames)?;
            }
            let Some((column, named)) = column_of(*cell) else { continue };
            match at[column] {
                // What the user names goes before what the table knows.
                Some((_, true)) if !named => {}
                Some((before, was_named)) if was_named == named => {
                    return Err(ImportError::TwoHeads {
                        file: file.to_owned(),
                        name: specs[column].name,
                        first: written[before].clone(),
                        second: written[place].clone(),
                    });
                }
                _ => at[column] = Some((place, named)),
            }
        }
        if let Some((theirs, name)) =
            renames.iter().find(|(theirs, _)| !written.iter().any(|head| fold(head) == **theirs))
        {
            let (name, theirs) = (name.clone(), theirs.clone());
            return Err(ImportError::NoSuchHead { file: file.to_owned(), name, theirs, found: found() });
        }
        let at: Vec<Option<usize>> = at.into_iter().map(|place| place.map(|(place, _)| place)).collect();
        let missing = specs.iter().zip(&at).find(|(spec, at)| spec.needed && at.is_none());
        if let Some((spec, _)) = missing {
            return Err(ImportError::MissingHead { file: file.to_owned(), name: spec.name, found: found() });
        }
        let there = |name: &str| specs.iter().position(|s| s.name == name).is_some_and(|column| at[column].is_some());
        if specs.iter().any(|s| s.name == "med_type") && !there("med_type") && !there("care") {
            return Err(ImportError::MissingHead { file: file.to_owned(), name: "med_type", found: found() });
        }
        Ok(Self { head, heads: written, at })
    }

    /// The heads that no column is read from.
    pub(super) fn ignored(&self) -> Vec<&str> {
        let read = |place: usize| self.at.iter().flatten().any(|at| *at == place);
        let heads = self.heads.iter().enumerate().filter(|(place, head)| !head.is_empty() && !read(*place));
        heads.map(|(_, head)| head.as_str()).collect()
    }
}

/// Refuses amounts in ten thousands of yuan: their last fen are gone.
fn in_yuan(file: &str, head: &str, specs: &[Spec], heads: &Heads, renames: &Renames) -> Result<(), ImportError> {
    let folded = fold(head);
    let Some(bare) = folded.strip_suffix("(万元)").or_else(|| folded.strip_suffix("/万元")) else { return Ok(()) };
    let name = heads.name_of(bare, renames);
    if specs.iter().any(|spec| spec.name == name && spec.kind == Kind::Money) {
        return Err(ImportError::TenThousands { file: file.to_owned(), head: head.trim().to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_compared_without_what_does_not_matter() {
        for head in
            ["医疗费总额", " 医疗费 总额（元）", "\u{feff}\"医疗费总额\"", "医疗费总额（ 元 ）：", "医疗费总额/元"]
        {
            assert_eq!(fold(head), "医疗费总额", "{head}");
        }
        assert_eq!(fold("ＰＳＮ_ＮＯ\t"), "psn_no");
    }

    #[test]
    fn every_shipped_head_and_word_is_of_a_column() {
        let heads = Heads::load(None, &CodeBook::load(None).unwrap()).unwrap();
        let specs: Vec<Spec> = Made::Ledger.specs().into_iter().chain(Made::Roster.specs()).collect();
        for name in heads.columns.values().chain(heads.words.keys()) {
            assert!(specs.iter().any(|spec| spec.name == name), "{name}");
        }
        assert_eq!(heads.code_of("insutype", "城乡居民基本医疗保险"), Some("390"));
        assert_eq!(heads.code_of("insutype", "390"), None);
    }
}
