use std::{fmt, sync::Arc, time::Duration};

/// A model of a provider, `provider/model`, and what is particular about asking it.
///
/// A reference count to clone.
///
/// ```
/// use std::time::Duration;
/// use gateway_ai::models::target;
///
/// let target = target("anthropic/claude-haiku-4-5")
///     .weight(80)
///     .timeout_first_token(Duration::from_secs(8));
///
/// assert_eq!(target.provider(), "anthropic");
/// assert_eq!(target.model(), "claude-haiku-4-5");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    name: Arc<str>,
    /// Where the slash between provider and model stands; the whole length for an alias.
    slash: usize,
    weight: u32,
    first_token: Option<Duration>,
}

/// The target `provider/model`, or, where there is no slash, another alias.
///
/// Only the first slash counts: `openrouter/meta-llama/llama-3.3-70b` is the model
/// `meta-llama/llama-3.3-70b` of the provider `openrouter`.
pub fn target(name: impl AsRef<str>) -> Target {
    let name = name.as_ref();
    Target {
        slash: memchr::memchr(b'/', name.as_bytes()).unwrap_or(name.len()),
        name: Arc::from(name),
        weight: 1,
        first_token: None,
    }
}

impl Target {
    /// The share of calls this target gets in a split, relative to its neighbours. Defaults to 1.
    #[must_use]
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// How long this target may take to the first token of a stream. Defaults to the fallback's.
    #[must_use]
    pub const fn timeout_first_token(mut self, timeout: Duration) -> Self {
        self.first_token = Some(timeout);
        self
    }

    /// The whole name, `provider/model`.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The provider; for an alias, the alias.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.name[..self.slash]
    }

    /// The model as the provider calls it; empty for an alias.
    #[must_use]
    pub fn model(&self) -> &str {
        self.name.get(self.slash + 1..).unwrap_or_default()
    }

    /// Whether this names another alias rather than a model.
    #[must_use]
    pub fn is_alias(&self) -> bool {
        self.slash == self.name.len()
    }

    /// The share in a split.
    #[must_use]
    pub const fn share(&self) -> u32 {
        self.weight
    }

    /// The first-token clock of this target, if it has one of its own.
    #[must_use]
    pub const fn first_token(&self) -> Option<Duration> {
        self.first_token
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.name)
    }
}

impl From<&str> for Target {
    fn from(name: &str) -> Self {
        target(name)
    }
}

/// Whether a model's name may be sent and put into a URL path.
///
/// Names come from clients. Control characters and spaces have no business in a header or a path,
/// `..`, `?`, `#`, `%` and `\` would change which resource is asked for.
#[must_use]
pub fn is_valid_model(model: &str) -> bool {
    let is_name = |segment: &[u8]| {
        !matches!(segment, b"" | b"." | b"..")
            && segment.iter().all(|byte| PLAIN[usize::from(*byte)])
    };
    model.len() <= MAX_MODEL && model.as_bytes().split(|byte| *byte == b'/').all(is_name)
}

const MAX_MODEL: usize = 256;

/// What a segment of a name is made of.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = matches!(
            byte as u8,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
                | b'-' | b'_' | b'.' | b':' | b'@' | b'+' | b'=' | b'~' | b','
        );
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_slash_counts() {
        let target = target("openrouter/meta-llama/llama-3.3-70b:free");
        assert_eq!(target.provider(), "openrouter");
        assert_eq!(target.model(), "meta-llama/llama-3.3-70b:free");
    }

    #[test]
    fn names_without_a_slash_are_aliases() {
        assert!(target("fast").is_alias());
        assert_eq!(target("fast").model(), "");
        assert!(!target("a/b").is_alias());
    }

    #[test]
    fn names_that_would_change_a_path_are_refused() {
        for name in [
            "gpt-4o",
            "meta-llama/llama-3.3",
            "qwen2.5:7b",
            "arn:aws:x/y",
            "a@b",
        ] {
            assert!(is_valid_model(name), "{name}");
        }
        for name in [
            "", "..", "a/../b", "a/./b", "a//b", "/a", "a/", "a?b", "a#b", "a%2e", "a b", "a\nb",
            "a\\b", "é",
        ] {
            assert!(!is_valid_model(name), "{name:?}");
        }
        assert!(!is_valid_model(&"a".repeat(257)));
    }
}
