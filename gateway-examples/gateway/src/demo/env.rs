//! What the references in the demo's config stand for.

use std::io;
use std::path::Path;

use gateway_core::config::Lookup;

/// The demo's own environment; the process's is not looked at.
#[derive(Clone, Debug)]
pub struct DemoEnv {
    entries: Vec<(&'static str, String)>,
}

impl DemoEnv {
    pub(super) fn new<const N: usize>(entries: [(&'static str, String); N]) -> Self {
        Self {
            entries: entries.into(),
        }
    }
}

impl Lookup for DemoEnv {
    fn env(&self, name: &str) -> Option<String> {
        self.entries
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    }

    fn file(&self, path: &Path) -> io::Result<String> {
        let why = format!("the demo reads no files, and not {}", path.display());
        Err(io::Error::new(io::ErrorKind::NotFound, why))
    }
}
