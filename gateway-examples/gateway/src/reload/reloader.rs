use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use gateway_core::{
    Reloadable, SharedService,
    config::{ConfigError, Diagnostic, Diagnostics, Flex},
    service::ReloadHandle,
};

use super::{
    status::{Attempt, Cause, Status, unix_now},
    stores::{Draft, Stores},
};
use crate::config::{self, Loaded, check::codes, model::Listener};

/// Builds the stack of a config.
///
/// Any closure of this form is one. Errors have paths from the top of the file, so that they can
/// be shown at their line; all that can be found in one run should be.
pub trait Build: Send + Sync + 'static {
    /// Builds the stack, taking from `stores` what must survive.
    ///
    /// # Errors
    ///
    /// What the builders of layers and upstreams refuse.
    fn build(&self, loaded: &Loaded, stores: &Draft) -> Result<SharedService, Vec<ConfigError>>;
}

impl<F> Build for F
where
    F: Fn(&Loaded, &Draft) -> Result<SharedService, Vec<ConfigError>> + Send + Sync + 'static,
{
    fn build(&self, loaded: &Loaded, stores: &Draft) -> Result<SharedService, Vec<ConfigError>> {
        self(loaded, stores)
    }
}

/// Swaps the running stack for that of a changed file.
pub struct Reloader {
    path: Option<PathBuf>,
    build: Box<dyn Build>,
    stores: Stores,
    handle: ReloadHandle,
    running: ArcSwap<Running>,
    last: ArcSwap<Attempt>,
    /// One reload at a time: the second would build on stores the first is about to drop.
    turn: Mutex<()>,
}

struct Running {
    loaded: Loaded,
    generation: u64,
    since: u64,
}

/// A stack that is ready to take over.
#[must_use = "a prepared stack takes over when it is committed"]
pub struct Prepared<'a> {
    reloader: &'a Reloader,
    loaded: Loaded,
    service: SharedService,
    stores: Draft,
}

impl Reloader {
    /// Builds the first stack and the service that will always run the newest one.
    ///
    /// # Errors
    ///
    /// What the builders refuse.
    pub fn start(first: Loaded, build: impl Build) -> Result<(Arc<Self>, Reloadable), Diagnostics> {
        let stores = Stores::new();
        let draft = stores.draft();
        let service = assemble(&build, &first, &draft)?;
        stores.adopt(draft);
        let (reloadable, handle) = Reloadable::new(service);
        let warnings = first.warnings.clone();
        let reloader = Self {
            path: first.path().map(Path::to_owned),
            build: Box::new(build),
            stores,
            handle,
            running: ArcSwap::from_pointee(Running {
                loaded: first,
                generation: 1,
                since: unix_now(),
            }),
            last: ArcSwap::from_pointee(Attempt::new(Cause::Start, true, warnings)),
            turn: Mutex::default(),
        };
        Ok((Arc::new(reloader), reloadable))
    }

    /// The file that is read again, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reads the file again and puts its stack in place of the running one.
    ///
    /// It reads files and builds for some milliseconds: call it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// Everything wrong with the file; the running stack is untouched.
    pub fn reload(&self, cause: Cause) -> Result<Status, Diagnostics> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match self.prepare() {
            Ok(prepared) => {
                prepared.commit(cause);
                let status = self.status();
                tracing::info!(?cause, generation = status.generation, "config reloaded");
                for warning in &status.last_reload.findings {
                    report(warning);
                }
                Ok(status)
            }
            Err(findings) => {
                tracing::error!(
                    ?cause,
                    summary = findings.summary(),
                    "config not reloaded; the one before stays in use"
                );
                for finding in &findings {
                    report(finding);
                }
                let attempt = Attempt::new(cause, false, findings.clone());
                self.last.store(Arc::new(attempt));
                Err(findings)
            }
        }
    }

    /// Reads the file and builds its stack beside the running one.
    ///
    /// # Errors
    ///
    /// Everything wrong with the file.
    pub fn prepare(&self) -> Result<Prepared<'_>, Diagnostics> {
        let Some(path) = &self.path else {
            let message = "the config does not come from a file, so there is nothing to read again";
            return Err(Diagnostic::error(codes::NO_FILE, message).into());
        };
        let mut loaded = config::load(path)?;
        let stores = self.stores.draft();
        let service = assemble(&*self.build, &loaded, &stores)?;
        fixed(&self.running.load().loaded, &mut loaded);
        Ok(Prepared {
            reloader: self,
            loaded,
            service,
            stores,
        })
    }

    /// What is running and how the last reload went.
    #[must_use]
    pub fn status(&self) -> Status {
        let running = self.running.load();
        Status {
            generation: running.generation,
            since: running.since,
            file: self.path.as_ref().map(|path| path.display().to_string()),
            hash: fingerprint(running.loaded.tree().source().text()),
            last_reload: Attempt::clone(&self.last.load()),
        }
    }

    /// Whether the last reload succeeded: the metric `gateway_config_last_reload_successful`.
    #[must_use]
    pub fn last_successful(&self) -> bool {
        self.last.load().successful
    }
}

impl Prepared<'_> {
    /// Puts the stack in place. From here on nothing can fail.
    pub fn commit(self, cause: Cause) {
        let Self {
            reloader,
            loaded,
            service,
            stores,
        } = self;
        reloader.handle.swap(service);
        reloader.stores.adopt(stores);
        let attempt = Attempt::new(cause, true, loaded.warnings.clone());
        let generation = reloader.running.load().generation + 1;
        reloader.running.store(Arc::new(Running {
            loaded,
            generation,
            since: unix_now(),
        }));
        reloader.last.store(Arc::new(attempt));
    }
}

fn assemble<B: Build + ?Sized>(
    build: &B,
    loaded: &Loaded,
    stores: &Draft,
) -> Result<SharedService, Diagnostics> {
    build.build(loaded, stores).map_err(|errors| {
        let mut findings = loaded.warnings.clone();
        for error in &errors {
            findings.push(loaded.refusal(error));
        }
        findings.sort();
        findings
    })
}

/// Sockets are opened once: a change of theirs is told, since it has no effect.
fn fixed(running: &Loaded, next: &mut Loaded) {
    fixed_proxies(running, next);
    for section in ["listen", "listeners", "admin", "limits", "drain"] {
        let node = |loaded: &Loaded| loaded.tree().root().get(section).cloned();
        let same = match section {
            "listen" | "listeners" => opened(running, section) == opened(next, section),
            _ => node(running) == node(next),
        };
        if !same {
            let at = next.tree().key_location(section);
            next.warnings.push(
                Diagnostic::warning(
                    codes::NEEDS_RESTART,
                    format!("a change of `{section}` takes effect at the next start"),
                )
                .at(at)
                .path(section),
            );
        }
    }
}

/// What of the listeners is there for good: with TLS or without it is, and with which certificates
/// is not.
fn opened(loaded: &Loaded, section: &str) -> Vec<(String, Listener)> {
    let config = &loaded.config;
    let without = |listener: &Flex<Listener>| {
        let mut listener = listener.0.clone();
        listener.tls = listener.tls.map(|_| Flex::default());
        listener
    };
    match section {
        "listen" => {
            let listen = config.listen.iter();
            listen
                .map(|listen| (String::new(), without(listen)))
                .collect()
        }
        _ => {
            let all = config.listeners.iter();
            all.map(|(name, listener)| (name.to_owned(), without(listener)))
                .collect()
        }
    }
}

/// Which listeners are forward proxies is there for good; where they go, and for whom, is not.
fn fixed_proxies(running: &Loaded, next: &mut Loaded) {
    let names = |loaded: &Loaded| {
        let each = loaded.config.forward_proxies.iter();
        each.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    if names(running) != names(next) {
        let message = "which listeners are forward proxies is settled at the start";
        let at = next.tree().key_location("forward_proxies");
        next.warnings.push(
            Diagnostic::warning(codes::NEEDS_RESTART, message)
                .at(at)
                .path("forward_proxies"),
        );
    }
}

fn report(finding: &Diagnostic) {
    let place = finding.location().map_or_else(String::new, |at| {
        format!("{}:{}:{}", at.file, at.line, at.col)
    });
    let label = finding.get_label().unwrap_or_default();
    let (code, message) = (finding.code(), finding.message());
    match finding.severity() {
        gateway_core::config::Severity::Error => {
            tracing::error!(code, at = place, fix = label, "{message}");
        }
        gateway_core::config::Severity::Warning => {
            tracing::warn!(code, at = place, fix = label, "{message}");
        }
    }
}

/// Not a security measure: it tells texts apart, on all instances alike.
pub(super) fn fingerprint(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader")
            .field("path", &self.path)
            .field("stores", &self.stores)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
