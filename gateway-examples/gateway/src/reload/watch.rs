use std::{path::Path, time::Duration};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{sync::mpsc, time::timeout};

/// Tells when a file may have changed.
///
/// The directory is watched and not the file: editors and `kubectl` put a new file in its place,
/// and a watch on the old one would never fire again.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<()>,
    /// Events end when it is dropped.
    _watcher: RecommendedWatcher,
}

/// The file system does not tell about changes; `SIGHUP` and `POST /admin/reload` remain.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be watched for changes")]
pub struct WatchError {
    path: String,
    #[source]
    source: notify::Error,
}

impl Watch {
    /// Watches the directory of `path`.
    ///
    /// # Errors
    ///
    /// If the system cannot watch it.
    pub fn new(path: &Path) -> Result<Self, WatchError> {
        let fail = |source| WatchError {
            path: path.display().to_string(),
            source,
        };
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        // One place in the queue: an event that finds it taken says nothing new.
        let (sender, events) = mpsc::channel(1);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // Reading the file is an event too, and would wake us for ever.
                if event.is_ok_and(|event| !event.kind.is_access()) {
                    let _ = sender.try_send(());
                }
            })
            .map_err(fail)?;
        watcher
            .watch(dir, RecursiveMode::NonRecursive)
            .map_err(fail)?;
        Ok(Self {
            events,
            _watcher: watcher,
        })
    }

    /// Waits for a change, and then until the directory is quiet: a save is several events.
    pub async fn changed(&mut self) {
        if self.events.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        for _ in 0..MAX_WAITS {
            if timeout(QUIET, self.events.recv()).await.is_err() {
                return;
            }
        }
    }
}

const QUIET: Duration = Duration::from_millis(100);

/// A directory that is never quiet, with a log in it perhaps, must not put a reload off for ever.
const MAX_WAITS: u32 = 20;
