//! Pieces of a page: words in both languages, tables, amounts that say what they are.

use crate::lang::Both;
use crate::model::fen::{group_thousands, to_grouped, to_wan};
use std::fmt::Write as _;

/// How a page looks: on a screen, in grey, and on A4.
const STYLE: &str = "
:root{color-scheme:light}
body{font:15px/1.6 'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',sans-serif;
color:#1a1a1a;background:#fff;max-width:1080px;margin:0 auto;padding:20px}
h1{font-size:24px;margin:.2em 0}h2{font-size:18px;margin:1.8em 0 .5em;border-bottom:2px solid #444;break-after:avoid}
p{margin:.4em 0;break-after:avoid}.soft{color:#555}
table{border-collapse:collapse;width:100%;margin:.6em 0;break-inside:auto}
caption{text-align:left;color:#555}
th,td{border-bottom:1px solid #ccc;padding:3px 8px;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{border-bottom:1.5px solid #444;background:#f2f2f2}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.sum td{font-weight:700;border-top:1.5px solid #444}tr{break-inside:avoid}thead{display:table-header-group}
figure{margin:.6em 0;break-inside:avoid}figure svg{max-width:100%;height:auto}figcaption{font-size:12px;text-align:right}
.bars{display:grid;grid-template-columns:22fr 78fr;font-size:13px}.bars .names{display:grid;text-align:right;padding-right:8px}
.names span{align-self:center;line-height:1.1}.bars svg{width:100%;display:block}
.switch{float:right}.switch label{cursor:pointer;padding:2px 10px;border:1px solid #888}
input[name=lang]{position:absolute;opacity:0}
#zh:checked~main .en,#en:checked~main .zh{display:none}
#zh:checked~.switch label[for=zh],#en:checked~.switch label[for=en]{background:#333;color:#fff}
input:focus-visible~.switch label{outline:2px solid #06c}
@media print{@page{size:A4;margin:14mm}body{font-size:11px;padding:0;max-width:none}.switch{display:none}h1{font-size:18px}h2{font-size:14px}
th,td{padding:2px 5px}}
";

/// A text that stands in a page as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What a browser would take for nothing, or for an error.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Words in both languages, of which one is seen.
pub(super) fn words(zh: &str, en: &str) -> String {
    if zh == en {
        return escaped(zh);
    }
    let [zh, en] = [zh, en].map(escaped);
    format!("<span class=\"zh\" lang=\"zh\">{zh}</span><span class=\"en\" lang=\"en\">{en}</span>")
}

/// A cell of a table.
pub(super) enum Cell {
    /// Made of [`words`] or [`escaped`] text.
    Words(String),
    /// No figure.
    None,
    /// An amount: what it is, and its fen.
    Money(String, i128),
    /// A count: what it is, and the number.
    Count(String, u64),
}

impl Cell {
    fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Cell::Words(words) => write!(out, "<td>{words}</td>"),
            Cell::None => write!(out, "<td class=\"n\">—</td>"),
            Cell::Money(of, fen) => {
                let wan = to_wan(*fen).map_or_else(String::new, |wan| format!(" title=\"{}\"", escaped(&wan)));
                let (of, yuan) = (escaped(of), to_grouped(*fen));
                write!(out, "<td class=\"n\" data-of=\"{of}\" data-fen=\"{fen}\"{wan}>{yuan}</td>")
            }
            Cell::Count(of, n) => {
                let (of, shown) = (escaped(of), group_thousands(u128::from(*n)));
                write!(out, "<td class=\"n\" data-of=\"{of}\" data-count=\"{n}\">{shown}</td>")
            }
        };
    }
}

/// A page being written.
pub(super) struct Page {
    text: String,
    tables: u64,
}

impl Page {
    /// Begins a page with a title in both languages.
    pub(super) fn new(title: &Both) -> Self {
        let mut text = String::from("<!DOCTYPE html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\n");
        text.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n");
        text.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
        let _ = write!(text, "<title>{}</title>\n<style>{STYLE}</style></head><body>\n", escaped(&title.zh));
        text.push_str(
            "<input type=\"radio\" name=\"lang\" id=\"zh\" checked><input type=\"radio\" name=\"lang\" id=\"en\">\n",
        );
        text.push_str(
            "<div class=\"switch\"><label for=\"zh\">中文</label><label for=\"en\">English</label></div>\n<main>\n",
        );
        let _ = writeln!(text, "<h1>{}</h1>", words(&title.zh, &title.en));
        Self { text, tables: 0 }
    }

    /// A heading.
    pub(super) fn heading(&mut self, zh: &str, en: &str) {
        let _ = writeln!(self.text, "<h2>{}</h2>", words(zh, en));
    }

    /// A paragraph of what is made of [`words`].
    pub(super) fn paragraph(&mut self, inner: &str) {
        let _ = writeln!(self.text, "<p>{inner}</p>");
    }

    /// A chart of both languages.
    pub(super) fn chart(&mut self, svg: &str) {
        let _ = writeln!(self.text, "<figure>{svg}</figure>");
    }

    /// A chart for each language.
    pub(super) fn charts(&mut self, zh: &str, en: &str) {
        let _ = writeln!(self.text, "<figure><div class=\"zh\">{zh}</div><div class=\"en\">{en}</div></figure>");
    }

    /// A table; the last row is one of sums where that is said.
    pub(super) fn table(&mut self, heads: &[(&str, &str)], rows: &[Vec<Cell>], sums: bool) {
        self.tables += 1;
        self.text.push_str("<table><thead><tr>");
        for (at, (zh, en)) in heads.iter().enumerate() {
            let number = rows.first().and_then(|row| row.get(at)).is_some_and(|c| !matches!(c, Cell::Words(_)));
            let class = if number { " class=\"n\"" } else { "" };
            let _ = write!(self.text, "<th{class}>{}</th>", words(zh, en));
        }
        self.text.push_str("</tr></thead><tbody>\n");
        for (at, row) in rows.iter().enumerate() {
            self.text.push_str(if sums && at + 1 == rows.len() { "<tr class=\"sum\">" } else { "<tr>" });
            row.iter().for_each(|cell| cell.write(&mut self.text));
            self.text.push_str("</tr>\n");
        }
        self.text.push_str("</tbody></table>\n");
    }

    /// The whole page, and how many tables it has.
    pub(super) fn finish(mut self) -> (String, u64) {
        self.text.push_str("</main></body></html>\n");
        (self.text, self.tables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_becomes_a_part_of_the_page() {
        assert_eq!(escaped("<b a='1'>&\"\u{1}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;\u{fffd}");
        let mut page = Page::new(&Both { en: "T".to_owned(), zh: "题".to_owned() });
        let of = "person.<script>".to_owned();
        page.table(&[("甲", "A")], &[vec![Cell::Money(of, -123_456_789)]], false);
        let (text, tables) = page.finish();
        assert!(text.contains("data-of=\"person.&lt;script&gt;\" data-fen=\"-123456789\""), "{text}");
        assert!(text.contains(">-1,234,567.89</td>") && !text.contains("<script"));
        assert_eq!(tables, 1);
    }
}
