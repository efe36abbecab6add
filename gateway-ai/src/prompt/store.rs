use std::{collections::BTreeMap, sync::Arc};

use http::Method;

use super::Prompt;

/// All prompts, by name and version.
///
/// ```
/// use gateway_ai::prompt::{Prompt, Prompts};
///
/// let old = Prompt::builder("summarize", "fast").version(2).user("…").build()?;
/// let new = Prompt::builder("summarize", "smart").version(3).user("…").build()?;
/// let prompts: Prompts = [old, new].into_iter().collect();
///
/// assert_eq!(prompts.get("summarize").unwrap().version(), 3);
/// assert_eq!(prompts.get("summarize@2").unwrap().model(), "fast");
/// # Ok::<(), gateway_ai::prompt::PromptError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    by_name: Arc<BTreeMap<Box<str>, BTreeMap<u32, Arc<Prompt>>>>,
}

impl Prompts {
    /// The newest version of a prompt, or the one named after `@`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Prompt>> {
        let (name, version) = match name.split_once('@') {
            Some((name, version)) => (name, Some(version.parse().ok()?)),
            None => (name, None),
        };
        self.version(name, version)
    }

    fn version(&self, name: &str, version: Option<u32>) -> Option<&Arc<Prompt>> {
        let versions = self.by_name.get(name)?;
        match version {
            Some(version) => versions.get(&version),
            None => versions.values().next_back(),
        }
    }

    /// The prompt published here: the newest version that is.
    #[must_use]
    pub fn at(&self, method: &Method, path: &str) -> Option<Arc<Prompt>> {
        self.newest()
            .find(|prompt| prompt.publish() == Some((method, path)))
            .cloned()
    }

    /// Another version of the same prompt.
    #[must_use]
    pub fn sibling(&self, prompt: &Prompt, version: u32) -> Option<Arc<Prompt>> {
        self.version(prompt.name(), Some(version)).cloned()
    }

    /// Where prompts are published.
    pub fn published(&self) -> impl Iterator<Item = (&Method, &str)> {
        self.newest().filter_map(|prompt| prompt.publish())
    }

    fn newest(&self) -> impl Iterator<Item = &Arc<Prompt>> {
        self.by_name.values().filter_map(|versions| {
            versions
                .values()
                .rev()
                .find(|prompt| prompt.publish().is_some())
        })
    }

    /// All prompts, every version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Prompt>> {
        self.by_name.values().flat_map(BTreeMap::values)
    }
}

impl FromIterator<Prompt> for Prompts {
    fn from_iter<I: IntoIterator<Item = Prompt>>(prompts: I) -> Self {
        let mut by_name: BTreeMap<Box<str>, BTreeMap<u32, Arc<Prompt>>> = BTreeMap::new();
        for prompt in prompts {
            let versions = by_name.entry(prompt.name().into()).or_default();
            versions.insert(prompt.version(), Arc::new(prompt));
        }
        Self {
            by_name: Arc::new(by_name),
        }
    }
}
