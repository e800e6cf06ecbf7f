//! The language of texts for people: English with Chinese terms, or Chinese.

mod foreign;

pub use foreign::{io, toml};

use std::fmt;

/// Language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English, with Chinese terms.
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// Chooses between two texts.
    pub fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// A Chinese term; in English texts with its English or its code after it: `低保对象 dibao`.
    pub fn term(self, zh: &str, en: impl fmt::Display) -> String {
        match self {
            Lang::En => format!("{zh} {en}").trim_start().to_owned(),
            Lang::Zh if zh.is_empty() => en.to_string(),
            Lang::Zh => zh.to_owned(),
        }
    }

    /// Chinese where the locale is; the variables in the order that the C library asks them.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|n| variable(n).filter(|v| !v.is_empty()));
        if locale.is_some_and(|l| l.starts_with("zh")) { Lang::Zh } else { Lang::En }
    }
}

/// An error that is told in either language: its `Display` is the English text, [`Told::zh`] the Chinese one.
/// Both say what and where in one line, and what to do in the next.
pub trait Told: std::error::Error {
    /// The Chinese text.
    fn zh(&self) -> String;

    /// The text in a language.
    fn told(&self, lang: Lang) -> String {
        match lang {
            Lang::En => self.to_string(),
            Lang::Zh => self.zh(),
        }
    }
}

/// A text in both languages, where it is a part of others; its `Display` is the English one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Both {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Both {
    /// A text of others, which is as it is in either language.
    pub fn foreign(text: impl fmt::Display) -> Self {
        let text = text.to_string();
        Self { en: text.clone(), zh: text }
    }

    /// What an error says.
    pub fn of(error: &impl Told) -> Self {
        Self { en: error.to_string(), zh: error.zh() }
    }

    /// Texts one after the other, with this between them.
    pub fn list(between_en: &str, between_zh: &str, texts: impl IntoIterator<Item = Both>) -> Self {
        let (en, zh): (Vec<String>, Vec<String>) = texts.into_iter().map(|t| (t.en, t.zh)).unzip();
        Self { en: en.join(between_en), zh: zh.join(between_zh) }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.en.is_empty()
    }

    /// The text in a language.
    pub fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.zh)
    }
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

impl std::error::Error for Both {}

impl Told for Both {
    fn zh(&self) -> String {
        self.zh.clone()
    }
}

impl Told for std::io::Error {
    fn zh(&self) -> String {
        io(self)
    }
}

/// Texts that outputs keep are English.
impl From<Both> for String {
    fn from(text: Both) -> Self {
        text.en
    }
}

impl serde::Serialize for Both {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.en)
    }
}

/// A [`Both`] of two format strings that take what they name from where they stand.
macro_rules! both {
    ($en:literal, $zh:literal $(, $($arg:tt)+)?) => {
        $crate::lang::Both { en: format!($en $(, $($arg)+)?), zh: format!($zh $(, $($arg)+)?) }
    };
}

pub(crate) use both;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The Chinese text of an error has its facts, says what to do in its last line, and begins in Chinese.
    pub(crate) fn two_lines(error: &impl Told, facts: &[&str]) {
        let (en, zh) = (error.to_string(), error.zh());
        for text in [&en, &zh] {
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.len() >= 2 && lines[lines.len() - 1].starts_with("  "), "{text}");
        }
        for fact in facts {
            assert!(zh.contains(fact), "{fact}\n{zh}");
        }
        assert!(zh.lines().all(|line| line.chars().any(|c| c >= '一')), "{zh}");
        assert_ne!(en, zh);
    }

    #[test]
    fn the_locale_decides_where_nothing_is_said() {
        let of = |set: &'static str| Lang::of_locale(move |name| (name == set).then(|| "zh_CN.UTF-8".to_owned()));
        assert_eq!(of("LANG"), Lang::Zh);
        assert_eq!(of("PATH"), Lang::En);
        let both = |name: &str| Some(if name == "LC_ALL" { "C" } else { "zh_CN" }.to_owned());
        assert_eq!(Lang::of_locale(both), Lang::En);
    }

    #[test]
    fn a_term_stands_alone_where_chinese_is_spoken() {
        assert_eq!(
            (Lang::En.term("退回", "rejected"), Lang::Zh.term("退回", "rejected")),
            ("退回 rejected".into(), "退回".into())
        );
        assert_eq!((Lang::En.term("", "al.1"), Lang::Zh.term("", "al.1")), ("al.1".into(), "al.1".into()));
    }

    #[test]
    fn a_text_in_both_languages_is_english_where_it_is_kept() {
        let (file, row) = ("a.csv", 3);
        let text = both!("{file}, row {row}", "{file} 第 {row} 行");
        assert_eq!((text.pick(Lang::En), text.pick(Lang::Zh)), ("a.csv, row 3", "a.csv 第 3 行"));
        assert_eq!((text.to_string(), text.told(Lang::Zh)), ("a.csv, row 3".to_owned(), "a.csv 第 3 行".to_owned()));
        assert_eq!(String::from(text), "a.csv, row 3");
        assert_eq!(Both::foreign(7).zh, "7");
    }
}
