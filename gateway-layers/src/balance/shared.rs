//! What the clones of a balancer share, and how it chooses for a request.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use gateway_core::{
    ErrorKind, GatewayError, Outcome, Request, Responder, Response, context::Tried, turn,
};
use http::{HeaderValue, uri};
use tokio::time::{Duration, Instant};

use super::{
    EndpointState,
    alarm::Alarm,
    ewma::Millis,
    group::{Ask, Picker},
    hash,
    set::{Past, Set},
    state::LoadGuard,
};
use crate::circuit_breaker::{self, Permit};

pub(super) struct Shared<S> {
    pub(super) name: Arc<str>,
    pub(super) set: ArcSwap<Set<S>>,
    pub(super) picker: Picker,
    pub(super) alarm: Arc<Alarm>,
    pub(super) start: Instant,
    /// Milliseconds from the start to the end of the interval in which successes are counted.
    pub(super) interval_ends: AtomicU64,
}

/// An endpoint for a request, and the cookie that leads back to it.
pub(super) struct Chosen<S> {
    pub(super) service: S,
    pub(super) at: Instant,
    pub(super) load: LoadGuard,
    pub(super) permit: Option<Permit>,
    pub(super) cookie: Option<Box<HeaderValue>>,
}

impl<S> Shared<S> {
    pub(super) const fn start(&self) -> Instant {
        self.start
    }

    /// Chooses an endpoint for `request` and counts it there.
    ///
    /// One that earlier attempts went to is chosen only if there is no other; `failed`, which this
    /// very attempt went to, never.
    pub(super) fn choose(
        &self,
        request: &Request,
        failed: Option<&EndpointState>,
    ) -> Option<Chosen<S>>
    where
        S: Clone,
    {
        // Of those who find a half-open circuit at once, only the first are let through.
        for _ in 0..TRIES {
            if let Ok(chosen) = self.try_choose(request, failed) {
                return chosen;
            }
        }
        None
    }

    /// `Err` if the circuit of the endpoint has just let somebody else through.
    fn try_choose(
        &self,
        request: &Request,
        failed: Option<&EndpointState>,
    ) -> Result<Option<Chosen<S>>, Duration>
    where
        S: Clone,
    {
        let set = self.set.load();
        let at = turn::now();
        let elapsed = at.saturating_duration_since(self.start);
        let past = Past {
            tried: request.extensions().get::<Tried>(),
            failed,
        };
        let cookies = self
            .picker
            .sticky
            .as_ref()
            .map(|sticky| (sticky, unix_now()));
        let known = cookies.and_then(|(sticky, now)| sticky.read(request.headers(), now));
        let home = known.and_then(|id| set.stick(id, past, elapsed));
        let endpoint = match home {
            Some(home) => home,
            None => {
                let key = self.picker.key.as_ref().and_then(|key| key.eval(request));
                let ask = Ask {
                    now: Millis::since_start(elapsed),
                    at,
                    again: failed.is_some(),
                    key: key.map(|key| hash::hash(key.as_str())),
                };
                let Some(chosen) = set.choose(&self.picker, ask, past, elapsed) else {
                    return Ok(None);
                };
                chosen
            }
        };
        let permit = endpoint.state.admit()?.map(|permit| {
            let outcome = request.extensions().get::<Outcome>();
            permit.with_outcome(outcome.cloned())
        });
        if let Some(tried) = past.tried {
            tried.add(endpoint.state.shared_name());
        }
        let cookie = cookies.filter(|_| home.is_none()).map(|(sticky, now)| {
            let id = sticky.id(endpoint.state.name());
            Box::new(sticky.issue(id, now, is_https(request)))
        });
        Ok(Some(Chosen {
            service: endpoint.service.clone(),
            at,
            load: endpoint.state.open(),
            permit,
            cookie,
        }))
    }

    pub(super) fn refuse(&self, request: &Request) -> Response {
        let set = self.set.load();
        let circuits = set.endpoints().filter_map(|one| one.state.circuit());
        let error = match circuits.filter_map(|circuit| circuit.wait()).min() {
            Some(wait) => circuit_breaker::open(wait),
            None => {
                GatewayError::new(ErrorKind::NoHealthyUpstream).retry_after(Duration::from_secs(1))
            }
        };
        let error = error
            .detail(format!("upstream `{}`", self.name))
            .layer("balance");
        Outcome::record(request.extensions(), |record| {
            record.error = Some(error.clone());
        });
        Responder::of(request).refuse(error)
    }
}

/// Seconds since 1970.
fn unix_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}

/// The server says so with a `Scheme` extension where it terminates TLS; HTTP/2 and absolute
/// targets carry it.
fn is_https(request: &Request) -> bool {
    let told = request.extensions().get::<uri::Scheme>();
    told.or_else(|| request.uri().scheme()) == Some(&uri::Scheme::HTTPS)
}

/// How often an endpoint is chosen anew whose circuit let somebody else through.
const TRIES: usize = 4;
