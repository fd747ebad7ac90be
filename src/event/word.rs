//! A word of a vocabulary that may grow: known words are typed, others are kept as they came.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// A word of `T`, or one that a later version added. We only ever write known ones, so the schema is `T`'s.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Word<T> {
    /// One of ours.
    Known(T),
    /// Added after this program was built.
    Other(String),
}

impl<T: Copy> Word<T> {
    /// The typed word, when it is one of ours.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Other(_) => None,
        }
    }
}

impl<T> From<T> for Word<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

impl<T: JsonSchema> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    #[test]
    fn a_word_of_a_later_version_is_kept_as_it_came() {
        let words: Vec<Word<Kind>> = serde_json::from_str(r#"["queuing", "flooding"]"#).expect("both are words");
        assert_eq!(words, [Word::Known(Kind::Queuing), Word::Other("flooding".to_owned())]);
        assert_eq!(serde_json::to_string(&words).expect("writes"), r#"["queuing","flooding"]"#);
    }
}
