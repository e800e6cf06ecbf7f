//! Texts that only travel or match (visit types, disease codes) as numbers.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// Numbers of texts, from 1; 0 stands for none. Numbers depend on who came first, so nothing may be
/// ordered by them.
#[derive(Debug, Default)]
pub struct Interner {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Interner {
    /// The number of a text, given on first sight.
    pub fn number(&self, text: &str) -> u32 {
        if let Some(number) = self.find(text) {
            return number;
        }
        let mut inner = self.inner.write().unwrap_or_else(|e| e.into_inner());
        if let Some(number) = inner.numbers.get(text) {
            return *number;
        }
        inner.texts.push(text.into());
        let number = inner.texts.len() as u32;
        inner.numbers.insert(text.into(), number);
        number
    }

    /// The number of a text that was seen.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.inner.read().unwrap_or_else(|e| e.into_inner()).numbers.get(text).copied()
    }

    /// All texts, by number; the empty text stands for none.
    pub fn texts(&self) -> Arc<[Box<str>]> {
        let inner = self.inner.read().unwrap_or_else(|e| e.into_inner());
        std::iter::once(Box::from("")).chain(inner.texts.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number() {
        let interner = Interner::default();
        let a = interner.number("a");
        assert_eq!((interner.number("b"), interner.number("a")), (2, a));
        assert_eq!(interner.find("c"), None);
        assert_eq!(&*interner.texts()[2], "b");
    }
}
