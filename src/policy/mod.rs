//! Policies as data: the file as written, what is wrong with it, and the integer tables made of it.
//!
//! | file | idea |
//! |---|---|
//! | `document` | the TOML document, strict |
//! | `value` | ratios and amounts, fixed or as shares of a dated parameter |
//! | `parameters` | dated values, the user's over the shipped ones |
//! | `check` | what cannot be meant |
//! | `compile` | document + parameters + years → tables |
//! | `tables` | the flat integer tables that the kernel walks |
//! | `eras` | several policies of one run: which takes which day, one naming for all |
//! | `show`, `diff` | a policy for people; two policies side by side |

pub mod check;
pub mod compile;
pub mod diff;
pub mod document;
pub mod eras;
pub mod error;
pub mod figures;
pub mod parameters;
pub mod show;
pub mod tables;
pub mod value;

use crate::lang;
use document::PolicyDoc;
use error::PolicyError;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/shipped_policies.rs"));

/// A policy: its document, its text and where it comes from.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The document.
    pub doc: PolicyDoc,
    /// Its text, byte for byte.
    pub text: String,
    /// `shipped`, or the path as given.
    pub origin: String,
}

impl Policy {
    /// Loads a shipped policy by id, or any policy by path.
    ///
    /// # Errors
    /// [`PolicyError`]: neither shipped nor a file; unreadable; not a valid document.
    pub fn load(id_or_path: &str) -> Result<Self, PolicyError> {
        if let Some((id, text)) = SHIPPED.iter().find(|(id, _)| *id == id_or_path) {
            return Self::parse(id, text, "shipped");
        }
        let path = Path::new(id_or_path);
        if !path.exists() {
            let known: Vec<_> = SHIPPED.iter().map(|(id, _)| *id).collect();
            return Err(PolicyError::Unknown { id: id_or_path.to_owned(), known: known.join(", ") });
        }
        let text = std::fs::read_to_string(path).map_err(|source| PolicyError::Io { path: path.to_owned(), source })?;
        Self::parse(id_or_path, &text, id_or_path)
    }

    /// Reads a policy from its text.
    ///
    /// # Errors
    /// [`PolicyError::Syntax`] with line and column.
    pub fn parse(name: &str, text: &str, origin: &str) -> Result<Self, PolicyError> {
        let doc: PolicyDoc = toml::from_str(text)
            .map_err(|e| PolicyError::Syntax { name: name.to_owned(), message: lang::toml(&e.to_string()) })?;
        Ok(Self { doc, text: text.to_owned(), origin: origin.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compile::{Needs, compile};
    use parameters::Parameters;

    #[test]
    fn every_shipped_policy_is_sound_and_compiles() {
        let parameters = Parameters::shipped().unwrap();
        for (id, _) in SHIPPED {
            let policy = Policy::load(id).unwrap();
            assert_eq!(policy.doc.policy.id, *id);
            assert_eq!(check::check(&policy.doc), [], "{id}");
            let year = crate::model::date::year_of(policy.doc.policy.from.0);
            compile(&policy.doc, &parameters, &[year], Needs { subsidies: true }).unwrap();
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let text = SHIPPED[0].1.replace("[assistance]\n", "[assistance]\ncolour = \"red\"\n");
        let error = Policy::parse("mine", &text, "mine").unwrap_err().to_string();
        assert!(error.contains("colour") && error.contains("line"), "{error}");
    }

    #[test]
    fn an_unknown_policy_names_those_that_are_shipped() {
        let error = Policy::load("atlantis-2023").unwrap_err().to_string();
        assert!(error.contains("atlantis-2023") && error.contains(SHIPPED[0].0), "{error}");
    }
}
