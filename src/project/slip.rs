//! Slips of the pen: what a figure or a line of a scenarios file was probably meant to be. Nothing is read so;
//! it is only said with the error.

use super::choice::number;
use crate::lang::{Both, both};
use rust_decimal::Decimal;

/// Chinese and full-width signs, and what TOML has in their place.
const SIGNS: &[(char, char)] = &[
    ('“', '"'),
    ('”', '"'),
    ('‘', '\''),
    ('’', '\''),
    ('＂', '"'),
    ('＝', '='),
    ('：', '='),
    ('，', ','),
    ('、', ','),
    ('［', '['),
    ('］', ']'),
    ('【', '['),
    ('】', ']'),
    ('｛', '{'),
    ('｝', '}'),
    ('＃', '#'),
    ('．', '.'),
    ('。', '.'),
    ('＋', '+'),
    ('－', '-'),
    ('−', '-'),
    ('×', 'x'),
    ('＊', 'x'),
    ('*', 'x'),
    ('X', 'x'),
    ('％', '%'),
];

/// What the parser says, and what to do about it, in English and Chinese.
const FORMS: &[(&str, &str, &str)] = &[
    (
        "invalid type: map, expected a sequence",
        "write its heading in double brackets, such as [[scenario.fees]]",
        "表头请用双方括号，例如 [[scenario.fees]]",
    ),
    (
        "invalid type: sequence, expected addresses",
        "write its heading in single brackets: [scenario.set]",
        "表头请用单方括号：[scenario.set]",
    ),
    (
        "expected a sequence",
        "write a list in brackets, such as [\"inpatient\"] or [3]",
        "请用方括号写成列表，例如 [\"inpatient\"] 或 [3]",
    ),
    ("expected u8", "write a whole number without quotes, such as 3", "请写整数，不加引号，例如 3"),
    ("expected u64", "write a whole number without quotes, such as 2900000", "请写整数，不加引号，例如 2900000"),
    ("expected i32", "write a year without quotes, such as 2022", "请写年份，不加引号，例如 2022"),
    ("expected a boolean", "write true or false, without quotes", "请写 true 或 false，不加引号"),
    (
        "duplicate key",
        "put what belongs under one heading there, once; another scenario begins with [[scenario]]",
        "同一表头下的内容请写在一处，只写一次；另一方案以 [[scenario]] 开头",
    ),
    ("string values must be quoted", "write the value in quotes, such as \"0.75\"", "取值请加引号，例如 \"0.75\""),
    (
        "`title`, `policy`, `as_if`, `set`",
        "addresses such as \"ma.A.ratio\" stand under the heading [scenario.set]",
        "\"ma.A.ratio\" 之类的地址请写在表头 [scenario.set] 之下",
    ),
];

/// What to do about a line that the parser refuses with this message, if that can be told.
pub(super) fn form(message: &str, line: &str) -> Option<Both> {
    if let Some((wrong, right)) = sign(line) {
        return Some(both!(
            "write `{right}` for `{wrong}`: signs outside of quotes are those of an English keyboard",
            "请将 `{wrong}` 改为 `{right}`：引号之外须用英文标点"
        ));
    }
    let (_, en, zh) = FORMS.iter().find(|(needle, ..)| message.contains(needle))?;
    Some(Both { en: (*en).to_owned(), zh: (*zh).to_owned() })
}

/// The first Chinese or full-width sign of a line outside of quotes and remarks, or within quotes that never end.
fn sign(line: &str) -> Option<(char, char)> {
    let (mut quote, mut within) = (None, None);
    for letter in line.chars() {
        let found = SIGNS.iter().find(|(wrong, right)| *wrong == letter && !wrong.is_ascii() && *right != letter);
        match (quote, letter) {
            (None, '#') => return None,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if letter == open => (quote, within) = (None, None),
            (None, _) if found.is_some() => return found.copied(),
            (Some(open), _) => within = within.or(found.filter(|(_, right)| *right == open)),
            _ => {}
        }
    }
    within.copied()
}

/// How a text is written that should have been a figure, a range or one of the words: `"0.75"` for `75%`.
pub(super) fn meant(text: &str) -> Option<String> {
    let read = word(text).or_else(|| figure(text)).or_else(|| range(text))?;
    (read != text).then(|| format!("\"{read}\""))
}

/// The same of a value of the policy, where a change in per cent can mean two things.
pub(super) fn meant_to_be_set(text: &str) -> Option<Both> {
    let meant = meant(text)?;
    let plain = plain(text);
    match (figure(text), plain.strip_suffix('%')) {
        (Some(points), Some(_)) if points.starts_with(['+', '-']) => {
            let times = (Decimal::ONE + number(&points)?).normalize();
            Some(both!(
                "\"x{times}\" for {plain} of what it is, or \"{points}\" for so many percentage points",
                "\"x{times}\"（在原值上变动 {plain}），或 \"{points}\"（变动若干个百分点）"
            ))
        }
        _ => Some(Both::foreign(meant)),
    }
}

/// A share of 1 for a ratio that was written in hundredths: `0.75` for `75`.
pub(super) fn hundredths(text: &str) -> Option<Both> {
    let figure = number(text).filter(|n| *n > Decimal::ONE && *n <= Decimal::ONE_HUNDRED)?;
    let share = (figure / Decimal::ONE_HUNDRED).normalize();
    Some(both!("\"{share}\" for {text} %", "\"{share}\"（即 {text} %）"))
}

fn word(text: &str) -> Option<String> {
    let word = match plain(text).to_lowercase().as_str() {
        "none" | "null" | "无" | "不设" => "none",
        "off" | "取消" | "停用" => "off",
        "on" | "启用" => "on",
        _ => return None,
    };
    Some(word.to_owned())
}

/// A figure: its sign or `x`, and the decimal that is left once units are worked out.
fn figure(text: &str) -> Option<String> {
    let plain = plain(text);
    let (sign, rest) = match plain.chars().next()? {
        sign @ ('+' | '-' | 'x') => (Some(sign), &plain[1..]),
        _ => (None, plain.as_str()),
    };
    let rest = rest.strip_suffix('元').unwrap_or(rest);
    let units = [("个百分点", -2), ("%", -2), ("万", 4), ("亿", 8), ("", 0)];
    let (digits, tens) = units.iter().find_map(|(unit, tens)| Some((rest.strip_suffix(unit)?, *tens)))?;
    let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    let exact = number(digits.trim_end_matches('.')).filter(|_| !digits.starts_with(['+', '-']))?;
    let factor = Decimal::from(10u64.pow(i32::unsigned_abs(tens)));
    let read = match tens {
        0 => exact,
        1.. => exact.checked_mul(factor)?.normalize(),
        _ => exact.checked_div(factor)?.normalize(),
    };
    Some(format!("{}{read}", sign.map_or(String::new(), String::from)))
}

/// A range: two figures with something between them that is no `..`, or with units.
fn range(text: &str) -> Option<String> {
    const BETWEEN: [&str; 9] = ["..", "…", "~", "～", "—", "–", "至", "到", "-"];
    let (ends, step) = ["step", "步长"].iter().find_map(|word| text.split_once(word)).unwrap_or((text, ""));
    let ends = ends.trim_matches(|c: char| c.is_whitespace() || ",，;；".contains(c));
    let both = |between: &&str| {
        // The sign of the first end is none between the two.
        let at = 1 + ends.get(1..)?.find(*between)?;
        let second = ends[at..].trim_start_matches(|c: char| between.contains(c));
        Some((figure(&ends[..at])?, figure(second)?))
    };
    let (from, to) = BETWEEN.iter().find_map(both)?;
    let step = figure(step.trim_matches(|c: char| c.is_whitespace() || "=:：为".contains(c)));
    Some(format!("{from}..{to} step {}", step.as_deref().unwrap_or("…")))
}

/// The text with signs as TOML and figures have them; without blanks, quotes, and commas between thousands.
fn plain(text: &str) -> String {
    let ascii = |letter: char| match letter {
        '０'..='９' => char::from_digit(letter as u32 - '０' as u32, 10).unwrap_or(letter),
        _ => SIGNS.iter().find(|(wrong, _)| *wrong == letter).map_or(letter, |(_, right)| *right),
    };
    let all: Vec<char> = text.chars().map(ascii).filter(|c| !c.is_whitespace() && !"\"'".contains(*c)).collect();
    let digits = |from: usize| all[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let thousands = |at: usize| at > 0 && all[at - 1].is_ascii_digit() && digits(at + 1) == 3;
    all.iter().enumerate().filter(|(at, c)| **c != ',' || !thousands(*at)).map(|(_, c)| *c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_with_units_and_signs_of_another_keyboard_are_understood() {
        for (written, read) in [
            ("75%", "0.75"),
            ("75 ％", "0.75"),
            ("6.5%", "0.065"),
            ("-6%", "-0.06"),
            ("5个百分点", "0.05"),
            ("０．７５", "0.75"),
            ("“0.75”", "0.75"),
            (".75", "0.75"),
            ("80,000", "80000"),
            ("1，234，567.5", "1234567.5"),
            ("8万", "80000"),
            ("8.5 万元", "85000"),
            ("1.2亿", "120000000"),
            ("80000元", "80000"),
            ("＋0.05", "+0.05"),
            ("−1000", "-1000"),
            ("×1.10", "x1.10"),
            ("*1.10", "x1.10"),
            ("None", "none"),
            ("OFF", "off"),
            ("无", "none"),
            ("0.60~0.80 step 0.05", "0.60..0.80 step 0.05"),
            ("0.60-0.80, step=0.05", "0.60..0.80 step 0.05"),
            ("60%..80% step 5%", "0.6..0.8 step 0.05"),
            ("7万至10万 步长 1万", "70000..100000 step 10000"),
            ("-0.05~+0.05", "-0.05..+0.05 step …"),
        ] {
            assert_eq!(meant(written).as_deref(), Some(format!("\"{read}\"").as_str()), "{written}");
        }
        for written in
            ["0.75", "none", "much", "", "half_even", "0,75", "x", "+", "第一条至第三条", "2023-01-01", "-", "万"]
        {
            assert_eq!(meant(written), None, "{written}");
        }
    }

    #[test]
    fn a_change_in_per_cent_can_mean_two_things() {
        let both = "\"x1.05\" for +5% of what it is, or \"+0.05\" for so many percentage points";
        assert_eq!(meant_to_be_set("+5%").unwrap().en, both);
        assert!(meant_to_be_set("-5 ％").unwrap().en.starts_with("\"x0.95\" for -5%"));
        assert_eq!(meant_to_be_set("75%").unwrap().en, "\"0.75\"");
        assert_eq!(meant_to_be_set("5%~9% step 1%").unwrap().en, "\"0.05..0.09 step 0.01\"");
        assert_eq!(meant_to_be_set("None").unwrap().en, "\"none\"");
        assert_eq!(meant_to_be_set("0.75"), None);
        assert_eq!(hundredths("75").unwrap().en, "\"0.75\" for 75 %");
        assert_eq!((hundredths("0.75"), hundredths("101"), hundredths("-75")), (None, None, None));
    }

    #[test]
    fn signs_count_outside_of_quotes_alone() {
        let remedy = |line: &str| form("string values must be quoted", line).unwrap().en;
        assert!(remedy("growth = “0.06”").starts_with("write `\"` for `“`"));
        assert!(remedy("\"ma.A.ratio\" ＝ \"0.75\"").starts_with("write `=` for `＝`"));
        assert!(remedy("care = [\"inpatient\"，\"chronic\"]").starts_with("write `,` for `，`"));
        assert!(remedy("title = \"比例，限额\" x # “”").starts_with("write the value in quotes"));
        assert!(remedy("growth = \"0.06”").starts_with("write `\"` for `”`"));
        assert!(remedy("title = \"方案“一”\" x").starts_with("write the value in quotes"));
        assert_eq!(form("something else", "“#”").unwrap().en.chars().nth(7), Some('"'));
        assert_eq!(form("something else", "x = 1"), None);
    }
}
