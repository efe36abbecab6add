use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

/// A config file of a test's own, removed when dropped.
#[derive(Debug)]
pub struct ConfigFile {
    directory: PathBuf,
    path: PathBuf,
}

impl ConfigFile {
    /// A file with `text`.
    ///
    /// # Panics
    ///
    /// If the temporary directory cannot be written to.
    #[must_use]
    #[expect(clippy::panic, reason = "only tests come here")]
    pub fn new(text: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let unique = format!(
            "gateway-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let directory = std::env::temp_dir().join(unique);
        let path = directory.join("gateway.yaml");
        let written = fs::create_dir_all(&directory).and_then(|()| fs::write(&path, text));
        if let Err(error) = written {
            panic!("{}: {error}", path.display());
        }
        Self { directory, path }
    }

    /// Replaces the text in one step, as an editor or a deployment does.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    #[expect(clippy::panic, reason = "only tests come here")]
    pub fn replace(&self, text: &str) {
        let fresh = self.directory.join("fresh");
        let moved = fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &self.path));
        if let Err(error) = moved {
            panic!("{}: {error}", self.path.display());
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.directory);
    }
}
