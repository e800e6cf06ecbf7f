//! Person numbers that only who has the key can tell: each is replaced by a keyed hash as its file is read, so
//! that no output and no report ever sees the number itself.
//!
//! A masked number is the first 32 hexadecimal digits of HMAC-SHA-256 (RFC 2104) of the number's text under
//! the bytes of the key file. The same key gives the same masked number in every year and every file, so that
//! persons can still be followed; text and integer numbers of the same digits give the same.

use super::decode;
use super::reject::id_text;
use super::rows::Ids;
use super::schema::id_type;
use crate::lang::{Told, io};
use crate::output::parquet_file::hex;
use arrow::array::{ArrayRef, StringBuilder};
use arrow::error::ArrowError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A key shorter than this could be found by trying.
const LEAST_KEY: usize = 16;
/// Bytes kept of a hash of a person: of a billion persons no two share them.
const MASKED: usize = 16;
/// Bytes kept of what tells keys apart.
const KEY_ID: usize = 8;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// The file.
    #[error("{path}: {source}\n  check the path and its permissions", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Too short.
    #[error("{path}: a key of {found} bytes could be guessed; {LEAST_KEY} are the least\n  make one with `head -c 32 /dev/urandom > FILE`, and keep it", path = path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Bytes in it.
        found: usize,
    },
}

impl Told for MaskError {
    fn zh(&self) -> String {
        match self {
            MaskError::Io { path, source } => {
                format!("{}：{}\n  请核对路径和访问权限", path.display(), io(source))
            }
            MaskError::Short { path, found } => format!(
                "{}：密钥只有 {found} 字节，可被猜出；至少须 {LEAST_KEY} 字节\n  \
                 可用 `head -c 32 /dev/urandom > FILE` 生成，并妥善保管",
                path.display()
            ),
        }
    }
}

/// A key that person numbers are masked with.
#[derive(Clone)]
pub struct Mask {
    keyed: Hmac<Sha256>,
    id: Arc<str>,
}

impl fmt::Debug for Mask {
    /// The key itself is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.id)
    }
}

impl Mask {
    /// Takes a file's bytes as the key, as they are.
    ///
    /// # Errors
    /// [`MaskError`].
    pub fn load(path: &Path) -> Result<Self, MaskError> {
        let key = std::fs::read(path).map_err(|source| MaskError::Io { path: path.to_owned(), source })?;
        let short = MaskError::Short { path: path.to_owned(), found: key.len() };
        let keyed = Hmac::new_from_slice(&key).ok().filter(|_| key.len() >= LEAST_KEY).ok_or(short)?;
        // Nobody's number is empty, so this is nobody's hash.
        let id = hex(&keyed.clone().finalize().into_bytes()[..KEY_ID]).into();
        Ok(Self { keyed, id })
    }

    /// What tells this key from another, and nothing about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The masked number of a person.
    pub fn of(&self, psn_no: &str) -> String {
        let mut keyed = self.keyed.clone();
        keyed.update(psn_no.as_bytes());
        hex(&keyed.finalize().into_bytes()[..MASKED])
    }

    /// The masked numbers of a column; nobody stays nobody.
    ///
    /// # Errors
    /// If Arrow cannot unpack the column.
    pub(super) fn column(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let (mut ids, of) = (Ids::default(), id_type(array.data_type()));
        decode::ids(array, &mut ids)?;
        let mut masked = StringBuilder::with_capacity(ids.len(), ids.len() * 2 * MASKED);
        let (mut last, mut text) = (&[][..], String::new());
        for row in 0..ids.len() {
            let id = ids.get(row);
            if id.is_empty() {
                masked.append_null();
                continue;
            }
            // A person's rows mostly stand together.
            if id != last {
                (last, text) = (id, self.of(&id_text(id, of)));
            }
            masked.append_value(&text);
        }
        Ok(Arc::new(masked.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;
    use arrow::array::{Array as _, AsArray as _, Int64Array, StringArray};

    fn mask(key: &[u8]) -> Result<Mask, MaskError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), key).unwrap();
        Mask::load(file.path())
    }

    #[test]
    fn a_masked_number_is_the_hmac_that_other_programs_compute() {
        let mask = mask(&[0xaa; 20]).unwrap();
        // printf P1 | openssl dgst -sha256 -mac HMAC -macopt hexkey:aaaa…aa (20 bytes)
        assert_eq!(mask.of("P1"), "51e9d87255705cb93b565169297e28a4");
    }

    #[test]
    fn a_short_key_is_refused_and_keys_are_told_apart() {
        assert!(matches!(mask(b"secret"), Err(MaskError::Short { found: 6, .. })));
        let (one, other) = (mask(&[1; 16]).unwrap(), mask(&[2; 16]).unwrap());
        assert_ne!(one.id(), other.id());
        assert_ne!(one.of("P1"), other.of("P1"));
        assert_eq!(format!("{one:?}"), format!("Mask({})", one.id()));
    }

    #[test]
    fn numbers_are_masked_by_their_text_and_nobody_stays_nobody() {
        let mask = mask(&[7; 16]).unwrap();
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(" 12 "), Some("12"), None, Some(" "), Some("-3")]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(12), Some(12), None, None, Some(-3)]));
        let [texts, numbers] = [texts, numbers].map(|array| mask.column(&array).unwrap());
        assert_eq!(texts.as_string::<i32>(), numbers.as_string::<i32>());
        let of = |row: usize| texts.is_valid(row).then(|| texts.as_string::<i32>().value(row).to_owned());
        assert_eq!([of(0), of(1), of(2), of(4)], [Some(mask.of("12")), Some(mask.of("12")), None, Some(mask.of("-3"))]);
    }

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let gone = std::io::ErrorKind::NotFound.into();
        two_lines(&MaskError::Io { path: "key".into(), source: gone }, &["key", "文件不存在"]);
        two_lines(&MaskError::Short { path: "key".into(), found: 3 }, &["key", "3 字节", "16 字节"]);
    }
}
