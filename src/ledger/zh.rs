//! What is said about damaged Parquet, in Chinese: the texts of this program, and the common ones of the reader.

use crate::lang::Both;

/// A text with gaps (`{}`), and the Chinese for it with the same gaps in the same order.
const TEXTS: &[(&str, &str)] = &[
    ("the footer cannot be read", "文件尾无法读取"),
    ("the footer tells of {} columns within one, and of {} in all", "文件尾称一列之内有 {} 列，而总共 {} 列"),
    ("columns lie within one another more than {} deep", "列的嵌套超过 {} 层"),
    ("the footer tells of {} rows, and its row groups of others", "文件尾称有 {} 行，与各行组之和不符"),
    ("the footer tells of {} rows", "文件尾称有 {} 行"),
    ("column `{}` is said to lie outside the file's pages", "列 `{}` 的位置在文件的数据页之外"),
    ("column `{}` is said to have {} values in {} rows", "列 `{}` 称有 {} 个值，而行数为 {}"),
    ("column `{}` is said to be {} bytes wide", "列 `{}` 称宽 {} 字节"),
    ("columns `{}` and `{}` are said to lie in one place", "列 `{}` 和 `{}` 称在同一位置"),
    (
        "its footer takes {} bytes, more than {}: write fewer row groups, larger ones",
        "文件尾占 {} 字节，超过 {}：请写较少而较大的行组",
    ),
    ("the dictionary of column `{}` claims {} values in {} bytes", "列 `{}` 的字典称有 {} 个值，而只有 {} 字节"),
    (
        "unpacked, a page of each column up to `{}` takes {} bytes, more than {}: write smaller pages",
        "截至 `{}` 各列一页解压后占 {} 字节，超过 {}：请写较小的数据页",
    ),
    ("a page of column `{}` claims more values than it has", "列 `{}` 有一页所称的值多于实有"),
    ("the header of a page cannot be read", "有一页的页头无法读取"),
    ("a page without data", "有一页没有数据"),
    ("Invalid Parquet file. Corrupt footer", "不是有效的 Parquet 文件：文件尾已损坏"),
    ("Invalid Parquet file. Size is smaller than footer", "不是有效的 Parquet 文件：文件过短"),
];

/// What the Parquet reader says, in both languages; what is not known stays English.
pub(super) fn reader(error: &parquet::errors::ParquetError) -> Both {
    let en = error.to_string();
    let said = en.strip_prefix("Parquet error: ").unwrap_or(&en);
    let zh = match TEXTS.iter().find_map(|(text, zh)| Some(fill(zh, &gaps(text, said)?))) {
        Some(zh) => zh,
        None => format!("读取出错（{said}）"),
    };
    Both { en, zh }
}

/// What stands in the gaps of a text, if it is this text.
fn gaps<'a>(text: &str, said: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = text.split("{}");
    let mut rest = said.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = if parts.peek().is_none() && part.is_empty() { rest.len() } else { rest.find(part)? };
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(found)
}

fn fill(zh: &str, gaps: &[&str]) -> String {
    let mut filled = String::new();
    let mut gaps = gaps.iter();
    for (n, part) in zh.split("{}").enumerate() {
        if n > 0 {
            filled.push_str(gaps.next().copied().unwrap_or_default());
        }
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::footer::damaged;

    #[test]
    fn texts_keep_their_figures_and_unknown_ones_stay() {
        let said = reader(&damaged("column `a` is said to have 2 values in 3 rows"));
        assert_eq!(said.en, "Parquet error: column `a` is said to have 2 values in 3 rows");
        assert_eq!(said.zh, "列 `a` 称有 2 个值，而行数为 3");
        assert_eq!(reader(&damaged("the footer tells of 7 rows")).zh, "文件尾称有 7 行");
        assert_eq!(reader(&damaged("something else")).zh, "读取出错（something else）");
    }

    #[test]
    fn every_text_has_the_same_gaps_in_both_languages() {
        for (en, zh) in TEXTS {
            assert_eq!(en.matches("{}").count(), zh.matches("{}").count(), "{en}");
            assert_eq!(gaps(en, en).map(|g| g.len()), Some(en.matches("{}").count()), "{en}");
        }
    }
}
