//! Names that are safe in a topic, a file name and a URL.

use std::fmt;

/// A checked name: 1 to 32 of `a-z 0-9 -`. A topic built from slugs can hold no `/`, `+` or `#`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// `None` when `text` is not a slug.
    pub fn new(text: &str) -> Option<Self> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ((1..=32).contains(&text.len()) && text.chars().all(legal)).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_cannot_break_a_topic() {
        assert_eq!(Slug::new("cam-utara").expect("legal").as_str(), "cam-utara");
        for bad in ["", "a/b", "a+b", "#", "Utara", "ü", &"x".repeat(33)] {
            assert_eq!(Slug::new(bad), None, "{bad:?}");
        }
    }
}
