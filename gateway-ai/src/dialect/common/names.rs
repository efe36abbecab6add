use std::collections::{BTreeMap, HashMap};

/// What a dialect allows in a tool's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameRules {
    /// The longest name.
    pub(crate) limit: usize,
    /// Characters allowed besides letters, digits, `_` and `-`.
    pub(crate) also: &'static str,
    /// Whether the first character must be a letter or `_`.
    pub(crate) letter_first: bool,
}

/// Renames tools to what a dialect allows, without two ever meeting.
///
/// Names of definitions are claimed first: they win over names found in history alone.
#[derive(Debug)]
pub(crate) struct ToolNames {
    rules: NameRules,
    sent: HashMap<String, String>,
    /// Sent name → the client's, for those that differ.
    restore: BTreeMap<String, String>,
}

impl ToolNames {
    pub(crate) fn new<'n>(
        rules: NameRules,
        defined: impl Iterator<Item = &'n str> + Clone,
    ) -> Self {
        let mut names = Self {
            rules,
            sent: HashMap::new(),
            restore: BTreeMap::new(),
        };
        // Good names first, so that a rewritten one never takes the place of a good one.
        for name in defined.clone() {
            if names.allowed(name) {
                names.sent.insert(name.to_owned(), name.to_owned());
            }
        }
        for name in defined {
            names.get(name);
        }
        names
    }

    /// The name to send.
    pub(crate) fn get(&mut self, name: &str) -> String {
        if let Some(known) = self.sent.get(name) {
            return known.clone();
        }
        let sent = self.rewrite(name);
        if sent != name {
            self.restore.insert(sent.clone(), name.to_owned());
        }
        self.sent.insert(name.to_owned(), sent.clone());
        sent
    }

    /// Sent name → the client's.
    pub(crate) fn into_restore(self) -> BTreeMap<String, String> {
        self.restore
    }

    fn allowed(&self, name: &str) -> bool {
        let first = name.chars().next();
        let starts =
            first.is_some_and(|c| !self.rules.letter_first || c.is_ascii_alphabetic() || c == '_');
        starts && name.len() <= self.rules.limit && name.chars().all(|c| self.plain(c))
    }

    fn plain(&self, c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || self.rules.also.contains(c)
    }

    fn rewrite(&self, name: &str) -> String {
        let mut sent: String = name
            .chars()
            .map(|c| if self.plain(c) { c } else { '_' })
            .take(self.rules.limit)
            .collect();
        let bad_start = |c: char| !(c.is_ascii_alphabetic() || c == '_');
        if sent.is_empty() || (self.rules.letter_first && sent.starts_with(bad_start)) {
            sent.insert(0, '_');
            sent.truncate(self.rules.limit);
        }
        let taken = |sent: &str| self.sent.values().any(|have| have == sent);
        let mut number = 1;
        while taken(&sent) {
            number += 1;
            let suffix = format!("_{number}");
            sent.truncate(self.rules.limit - suffix.len());
            sent.push_str(&suffix);
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: NameRules = NameRules {
        limit: 12,
        also: "",
        letter_first: true,
    };

    #[test]
    fn names_stay_apart_and_turn_back() {
        let defined = ["get.weather", "get_weather", "get:weather", "1st", "a"];
        let mut names = ToolNames::new(RULES, defined.into_iter());
        let sent: Vec<String> = defined.iter().map(|name| names.get(name)).collect();
        assert_eq!(
            sent,
            ["get_weathe_2", "get_weather", "get_weathe_3", "_1st", "a"]
        );
        assert_eq!(names.get("only.history"), "only_history");
        let restore = names.into_restore();
        for (name, sent) in defined.iter().zip(&sent) {
            assert_eq!(
                restore.get(sent).map_or(sent.as_str(), String::as_str),
                *name
            );
        }
    }
}
