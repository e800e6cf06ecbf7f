//! The language of texts for people: English with Chinese terms, or Chinese.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_where_nothing_is_said() {
        let of = |set: &'static str| Lang::of_locale(move |name| (name == set).then(|| "zh_CN.UTF-8".to_owned()));
        assert_eq!(of("LANG"), Lang::Zh);
        assert_eq!(of("PATH"), Lang::En);
        let both = |name: &str| Some(if name == "LC_ALL" { "C" } else { "zh_CN" }.to_owned());
        assert_eq!(Lang::of_locale(both), Lang::En);
    }
}
