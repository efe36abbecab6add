use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::{ArcSwapOption, Guard};
use bytes::Bytes;
use futures_util::{FutureExt as _, future::Shared};
use tokio::{task::AbortHandle, time::Instant};

use super::{
    super::{
        error::FetchError,
        jwk::{self, Secrets},
        key::KeySet,
    },
    Fetch, Location,
    location::read_configuration,
    ttl::ttl,
};

/// The keys of an issuer somewhere else.
///
/// Nothing runs until a request asks. The request that needs keys waits for the flight and polls
/// it; when it goes away the next one to wait polls on. While old keys are good, a task owned by
/// this value polls it instead, and nobody waits.
pub(in crate::jwt) struct Remote {
    core: Arc<Core>,
    desk: Mutex<Desk>,
}

/// A fetch under way. Whoever holds one can drive it.
pub(in crate::jwt) type Flight = Shared<Fetching>;
type Fetching = Pin<Box<dyn Future<Output = Result<(), FetchError>> + Send>>;

/// When to fetch.
#[derive(Clone, Copy, Debug)]
pub(in crate::jwt) struct Timing {
    /// How long keys are fresh when the issuer does not say.
    pub(in crate::jwt) refresh: Duration,
    /// Between two attempts, whatever asks for them.
    pub(in crate::jwt) cooldown: Duration,
    /// How long keys are used after they should have been refreshed, if they cannot be.
    pub(in crate::jwt) stale: Duration,
    /// For one attempt.
    pub(in crate::jwt) timeout: Duration,
}

struct Core {
    location: Location,
    fetch: Arc<dyn Fetch>,
    timing: Timing,
    snapshot: ArcSwapOption<Snapshot>,
}

/// Keys as they were fetched.
pub(in crate::jwt) struct Snapshot {
    pub(in crate::jwt) keys: KeySet,
    /// Changes when the document does.
    pub(in crate::jwt) generation: u64,
    document: Bytes,
    fresh_until: Instant,
    usable_until: Instant,
}

#[derive(Default)]
struct Desk {
    flight: Option<Flight>,
    started: Option<Instant>,
    driver: Option<AbortHandle>,
}

impl Remote {
    pub(in crate::jwt) fn new(location: Location, fetch: Arc<dyn Fetch>, timing: Timing) -> Self {
        Self {
            core: Arc::new(Core {
                location,
                fetch,
                timing,
                snapshot: ArcSwapOption::empty(),
            }),
            desk: Mutex::default(),
        }
    }

    /// The keys, if there are any that may be used at `now`; when they are no longer fresh, a fetch
    /// begins beside it.
    pub(in crate::jwt) fn current(&self, now: Instant) -> Option<Guard<Option<Arc<Snapshot>>>> {
        let snapshot = self.core.snapshot.load();
        let keys = snapshot.as_ref()?;
        if now >= keys.usable_until {
            return None;
        }
        if now >= keys.fresh_until {
            self.refresh_beside(now);
        }
        Some(snapshot)
    }

    /// The flight to wait for: the one under way, or a new one unless the last began too recently.
    pub(in crate::jwt) fn refresh(&self, now: Instant) -> Option<Flight> {
        let mut desk = self.desk();
        let Timing {
            cooldown, timeout, ..
        } = self.core.timing;
        let flown = desk.started.map(|at| now.saturating_duration_since(at));
        let flown = flown.unwrap_or(Duration::MAX);
        match desk
            .flight
            .as_ref()
            .filter(|flight| flight.peek().is_none())
        {
            Some(flight) if flown < timeout => return Some(flight.clone()),
            // Overdue: all who waited have left, and it would land as a time-out.
            Some(_) => {}
            None if flown < cooldown => return None,
            None => {}
        }
        let fetching: Fetching = Box::pin(Arc::clone(&self.core).load());
        let flight = fetching.shared();
        desk.started = Some(now);
        desk.flight = Some(flight.clone());
        Some(flight)
    }

    /// How long until an attempt can be made again.
    pub(in crate::jwt) fn rest(&self, now: Instant) -> Duration {
        let started = self.desk().started;
        let since = started.map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        self.core.timing.cooldown.saturating_sub(since)
    }

    /// Without a runtime nobody can drive the fetch beside the request; the keys stay until one
    /// request has to wait for new ones.
    fn refresh_beside(&self, now: Instant) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self
            .desk()
            .driver
            .as_ref()
            .is_some_and(|driver| !driver.is_finished())
        {
            return;
        }
        let Some(flight) = self.refresh(now) else {
            return;
        };
        let task = runtime.spawn(flight.map(drop));
        // Dropping the owner aborts it.
        self.desk().driver = Some(task.abort_handle());
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(driver) = self.desk().driver.take() {
            driver.abort();
        }
    }
}

impl Core {
    /// Logs a failure itself: once, however many wait.
    async fn load(self: Arc<Self>) -> Result<(), FetchError> {
        let limit = self.timing.timeout;
        let loaded = tokio::time::timeout(limit, self.fetch_keys()).await;
        let late = |_| Err(FetchError::new("the issuer did not answer in time"));
        match loaded.unwrap_or_else(late) {
            Ok(next) => self.snapshot.store(Some(Arc::new(next))),
            Err(error) => {
                let (from, cause) = (self.location.first(), std::error::Error::source(&error));
                tracing::warn!(%error, cause, %from, "signing keys could not be fetched");
                return Err(error);
            }
        }
        Ok(())
    }

    async fn fetch_keys(&self) -> Result<Snapshot, FetchError> {
        let uri = match &self.location {
            Location::Set(uri) => uri.clone(),
            Location::Discovery { issuer, uri } => {
                let document = self.fetch.get(uri.clone()).await?;
                read_configuration(issuer, uri, &document.content)?
            }
        };
        let document = self.fetch.get(uri).await?;
        let keys = jwk::set(&document.content, Secrets::Refused)
            .map_err(|error| FetchError::new("the issuer's keys are malformed").because(error))?;
        let fresh_until = Instant::now() + ttl(&document.headers, self.timing.refresh);
        Ok(Snapshot {
            keys,
            generation: self.next_generation(&document.content),
            document: document.content,
            fresh_until,
            usable_until: fresh_until + self.timing.stale,
        })
    }

    fn next_generation(&self, document: &Bytes) -> u64 {
        match self.snapshot.load().as_ref() {
            Some(last) if last.document == *document => last.generation,
            Some(last) => last.generation + 1,
            None => 1,
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("location", &self.core.location)
            .field("timing", &self.core.timing)
            .finish_non_exhaustive()
    }
}
