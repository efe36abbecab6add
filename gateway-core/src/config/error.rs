use std::fmt;

/// Why a builder refused the config struct it was given.
///
/// `from_config` constructors return it. The path is relative to the struct – `jwks.url`,
/// `keys[2]` – because a layer cannot know where in a file its section stands; whoever loaded the
/// file puts the prefix in front with [`ConfigError::at`] and finds the line and column.
///
/// ```
/// use gateway_core::config::ConfigError;
///
/// let error = ConfigError::new("quota", "a quota of 0 admits nothing")
///     .with_help("remove the route, or write a quota of at least 1")
///     .at("routes.orders.layers.rate_limit");
///
/// assert_eq!(error.path(), "routes.orders.layers.rate_limit.quota");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    message: String,
    help: Option<String>,
}

impl ConfigError {
    /// An error at `path` inside the struct, or about the whole struct when `path` is empty.
    #[must_use]
    pub fn new(path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            path: path.into(),
            message: message.to_string(),
            help: None,
        }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Puts `prefix` in front of the path.
    #[must_use]
    pub fn at(mut self, prefix: &str) -> Self {
        if self.path.is_empty() {
            self.path = prefix.to_owned();
        } else if !prefix.is_empty() {
            let dot = if self.path.starts_with('[') { "" } else { "." };
            self.path = format!("{prefix}{dot}{}", self.path);
        }
        self
    }

    /// Where, as dotted keys and `[index]` steps; empty for the struct itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong, as a lower-case sentence without a full stop.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, where the builder knows it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_nest_and_indices_take_no_dot() {
        for (path, prefix, expected) in [
            ("", "", ""),
            ("", "a", "a"),
            ("b", "", "b"),
            ("b.c", "a", "a.b.c"),
            ("[2]", "a.keys", "a.keys[2]"),
        ] {
            assert_eq!(ConfigError::new(path, "m").at(prefix).path(), expected);
        }
    }

    #[test]
    fn display_names_the_place_the_fault_and_the_fix() {
        let error = ConfigError::new("ttl", "must not be zero").with_help("write `1s`");
        assert_eq!(error.to_string(), "`ttl`: must not be zero (write `1s`)");
        assert_eq!(ConfigError::new("", "empty").to_string(), "empty");
    }
}
