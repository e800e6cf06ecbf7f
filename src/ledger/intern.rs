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
    /// Full chunks, which never change.
    full: Vec<Arc<[Box<str>]>>,
    /// The chunk being filled.
    last: Vec<Box<str>>,
}

/// Texts of a chunk.
const CHUNK: usize = 1_024;

/// The texts known at some moment, by number. Cheap to take while others are being added.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    chunks: Vec<Arc<[Box<str>]>>,
}

impl Texts {
    /// The text of a number; `None` for 0, and for a number given later.
    pub fn get(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK).map(|text| &**text)
    }
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
        inner.last.push(text.into());
        if inner.last.len() == CHUNK {
            let full = std::mem::take(&mut inner.last);
            inner.full.push(full.into());
        }
        let number = inner.numbers.len() as u32 + 1;
        inner.numbers.insert(text.into(), number);
        number
    }

    /// The number of a text that was seen.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.inner.read().unwrap_or_else(|e| e.into_inner()).numbers.get(text).copied()
    }

    /// All texts so far.
    pub fn texts(&self) -> Texts {
        let inner = self.inner.read().unwrap_or_else(|e| e.into_inner());
        let last = inner.last.iter().cloned().collect();
        Texts { chunks: inner.full.iter().cloned().chain([last]).collect() }
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
        assert_eq!(interner.texts().get(2), Some("b"));
    }

    #[test]
    fn texts_taken_early_do_not_know_what_came_later() {
        let interner = Interner::default();
        let numbers: Vec<u32> = (0..3 * CHUNK).map(|n| interner.number(&n.to_string())).collect();
        let texts = interner.texts();
        let later = interner.number("later");
        assert!(numbers.iter().zip(0..).all(|(number, n)| texts.get(*number) == Some(n.to_string().as_str())));
        assert_eq!((texts.get(0), texts.get(later)), (None, None));
        assert_eq!(interner.texts().get(later), Some("later"));
    }
}
