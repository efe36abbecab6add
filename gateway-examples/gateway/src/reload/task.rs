use std::{path::Path, sync::Arc};

use super::{
    reloader::{Reloader, fingerprint},
    status::Cause,
    watch::Watch,
};

/// Reloads when the file changes and on `SIGHUP`, until it is dropped.
pub async fn run(reloader: Arc<Reloader>) {
    let Some(path) = reloader.path().map(Path::to_owned) else {
        return;
    };
    let mut watch = Watch::new(&path)
        .inspect_err(|error| tracing::warn!(%error, "config is not watched"))
        .ok();
    let mut hangup = Hangup::new();
    let mut seen = reloader.status().hash;
    loop {
        let cause = tokio::select! {
            () = changed(&mut watch) => Cause::FileChanged,
            () = hangup.recv() => Cause::Signal,
        };
        // A directory tells about all its files, and an editor about one save many times.
        let now = tokio::fs::read_to_string(&path)
            .await
            .map(|text| fingerprint(&text));
        let same = now.as_ref().is_ok_and(|now| *now == seen);
        if cause == Cause::FileChanged && same {
            continue;
        }
        seen = now.unwrap_or_default();
        let reloader = Arc::clone(&reloader);
        let done = tokio::task::spawn_blocking(move || reloader.reload(cause).is_ok()).await;
        if let Err(error) = done {
            tracing::error!(%error, "reload panicked; the config before stays in use");
        }
    }
}

async fn changed(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

#[cfg(unix)]
struct Hangup(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Hangup {
    fn new() -> Self {
        let kind = tokio::signal::unix::SignalKind::hangup();
        Self(
            tokio::signal::unix::signal(kind)
                .inspect_err(|error| tracing::warn!(%error, "SIGHUP does not reload"))
                .ok(),
        )
    }

    async fn recv(&mut self) {
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

#[cfg(not(unix))]
struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    const fn new() -> Self {
        Self
    }

    async fn recv(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use gateway_core::{Body, Request, Response, SharedService, config::ConfigError};
    use tower::service_fn;

    use super::*;
    use crate::{
        config::{self, Loaded},
        reload::Draft,
    };

    const GOOD: &str = "upstreams: { app: { endpoints: [http://127.0.0.1:1] } }\nroutes: { all: { match: /, to: app } }\n";

    fn stack(_: &Loaded, _: &Draft) -> Result<SharedService, Vec<ConfigError>> {
        Ok(SharedService::new(service_fn(|_: Request| async {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        })))
    }

    async fn until(reloader: &Reloader, what: impl Fn(&Reloader) -> bool) {
        for _ in 0..500 {
            if what(reloader) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", reloader.status());
    }

    #[tokio::test]
    async fn a_saved_file_is_loaded_and_a_replaced_one_too() {
        let dir = std::env::temp_dir().join(format!("gateway-watch-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("gateway.yaml");
        std::fs::write(&path, GOOD).unwrap();
        let first = config::load(&path).unwrap();
        let (reloader, _service) = Reloader::start(first, stack).unwrap();
        let mut task = Box::pin(run(Arc::clone(&reloader)));
        let steps = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            std::fs::write(&path, format!("{GOOD}# saved\n")).unwrap();
            until(&reloader, |r| r.status().generation == 2).await;

            let other = dir.join("other");
            std::fs::write(&other, format!("{GOOD}# replaced\n")).unwrap();
            std::fs::rename(&other, &path).unwrap();
            until(&reloader, |r| r.status().generation == 3).await;

            std::fs::write(&path, "routes: 1\n").unwrap();
            until(&reloader, |r| !r.last_successful()).await;
            assert_eq!(reloader.status().generation, 3);
            assert_eq!(reloader.status().last_reload.cause, Cause::FileChanged);
        };
        tokio::select! {
            () = &mut task => panic!("the task ended"),
            () = steps => {}
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
