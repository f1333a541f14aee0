//! How a part's state is written down and read back.
//!
//! A part saves itself as a [`SavedState`]: a version and the bytes of a form of its own, apart from the live
//! struct, so that the struct may change while old snapshots stay readable. `save` takes the live struct apart
//! exhaustively (`let Self { a, b } = self;`), so that a forgotten field does not compile.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One part's state in its own versioned form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedState {
    pub version: u16,
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RestoreError {
    #[error("The saved state is of version {found}, and this program reads up to version {newest}")]
    Version { found: u16, newest: u16 },
    #[error("The saved state is damaged: {0}")]
    Damaged(String),
    #[error("The saved state belongs to another machine: {0}")]
    Foreign(String),
}

impl SavedState {
    /// Writes `form` down as version `version`.
    ///
    /// # Panics
    /// Only when a form cannot be serialised at all (a map with no known length), which is a mistake in the form.
    pub fn new<T: Serialize>(version: u16, form: &T) -> Self {
        let body = postcard::to_stdvec(form).expect("a saved form is plain data");
        Self { version, body }
    }

    /// Reads the body as the form of version `version`.
    ///
    /// # Errors
    /// [`RestoreError::Version`] when the state has another version, [`RestoreError::Damaged`] when the bytes
    /// do not spell the form.
    pub fn read<T: DeserializeOwned>(&self, version: u16) -> Result<T, RestoreError> {
        if self.version != version {
            return Err(RestoreError::Version { found: self.version, newest: version });
        }
        match postcard::take_from_bytes(&self.body) {
            Ok((form, [])) => Ok(form),
            Ok((_, rest)) => Err(RestoreError::Damaged(format!("{} bytes too many", rest.len()))),
            Err(error) => Err(RestoreError::Damaged(error.to_string())),
        }
    }
}

/// Byte strings as one run instead of a sequence of numbers.
pub(crate) mod bytes {
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(bytes)
            }
        }
        from.deserialize_byte_buf(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_back_and_a_wrong_one_is_named() {
        let saved = SavedState::new(3, &(7u8, vec![1u16, 2]));
        assert_eq!(saved.read::<(u8, Vec<u16>)>(3), Ok((7, vec![1, 2])));
        assert_eq!(saved.read::<u8>(2), Err(RestoreError::Version { found: 3, newest: 2 }));
        assert!(matches!(saved.read::<u8>(3), Err(RestoreError::Damaged(_))));
        assert!(matches!(saved.read::<[u64; 9]>(3), Err(RestoreError::Damaged(_))));
    }
}
