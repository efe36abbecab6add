use std::{future::poll_fn, pin::Pin, sync::Arc};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Outcome, service::unready};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    CacheKey, Entry,
    flight::{Landing, Lead, Part, Waited, landed},
    policy::{self, Asked, Verdict, is_error, judge, may_answer_error},
    state::{State, is_fresh},
    status::{Forward, Report},
};

/// A request that the store alone cannot answer.
pub(super) struct Ask {
    pub(super) state: Arc<State>,
    pub(super) key: CacheKey,
    pub(super) method: Method,
    pub(super) asked: Asked,
    pub(super) forward: Forward,
    /// The stale response to validate.
    pub(super) stored: Option<Arc<Entry>>,
    pub(super) collapsible: bool,
    pub(super) cell: Option<Outcome>,
    /// A refresh behind an answer: it is nobody's outcome.
    pub(super) quiet: bool,
}

enum Followed {
    Answer(Response<Body>),
    Go(Option<Lead>),
}

impl Ask {
    /// Answers by asking the origin, or by waiting for who asks already.
    pub(super) async fn run<S, A, B>(
        self,
        inner: S,
        request: Request<A>,
    ) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<A>, Response = Response<B>> + Clone,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if !self.collapsible {
            return self.fetch(inner, request, None).await;
        }
        let flight = match self.state.flights.join(&self.key) {
            Part::Lead(lead) => return self.fetch(inner, request, Some(lead)).await,
            Part::Alone => return self.fetch(inner, request, None).await,
            Part::Follow(flight) => flight,
        };
        // Whoever waits holds no place that the service inside gave it when it was polled ready.
        let mut later = unready(&inner);
        drop(inner);
        match self.follow(flight).await {
            Followed::Answer(response) => Ok(response),
            Followed::Go(lead) => {
                poll_fn(|cx| later.poll_ready(cx)).await?;
                self.fetch(later, request, lead).await
            }
        }
    }

    async fn follow(&self, mut flight: tokio::sync::watch::Receiver<Landing>) -> Followed {
        let until = Instant::now() + self.state.wait;
        loop {
            match landed(&mut flight, until).await {
                Waited::TooLong | Waited::Alone => return Followed::Go(None),
                Waited::Shared(entry) if self.matches(&entry) => {
                    return self
                        .with_shared(&entry)
                        .map_or(Followed::Go(None), Followed::Answer);
                }
                // The leader died, or fetched another variant, or its client reads slowly: the
                // next flight is for the rest.
                Waited::Shared(_) | Waited::Died | Waited::Slow => {}
            }
            let flights = &self.state.flights;
            match flights.join_but(&self.key, Some(&flight)) {
                Part::Lead(lead) => return Followed::Go(Some(lead)),
                Part::Alone => return Followed::Go(None),
                Part::Follow(next) => flight = next,
            }
        }
    }

    fn matches(&self, entry: &Entry) -> bool {
        entry.selecting.matches(&self.asked.headers)
    }

    fn with_shared(&self, entry: &Entry) -> Option<Response<Body>> {
        let now = Instant::now();
        if judge(&entry.freshness, &self.asked.control, now) != Verdict::Fresh {
            return None;
        }
        let report = Report::collapsed(self.forward, entry.freshness.ttl(now));
        Some(self.tell(
            entry.answer(&self.method, &self.asked.headers, now),
            &report,
        ))
    }

    /// Asks the origin.
    pub(super) async fn fetch<S, A, B>(
        self,
        mut inner: S,
        mut request: Request<A>,
        lead: Option<Lead>,
    ) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<A>, Response = Response<B>>,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let validating = self
            .stored
            .as_ref()
            .is_some_and(|stored| policy::make_conditional(request.headers_mut(), &stored.headers));
        let asked_at = Instant::now();
        let result = inner.call(request).await;
        drop(inner);
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                if let Some(lead) = lead {
                    lead.release();
                }
                return self.in_place_of_error().ok_or(error);
            }
        };
        if is_error(response.status())
            && let Some(stale) = self.in_place_of_error()
        {
            if let Some(lead) = lead {
                lead.release();
            }
            return Ok(stale);
        }
        match &self.stored {
            Some(stored) if validating && response.status() == StatusCode::NOT_MODIFIED => {
                Ok(self.validated(stored, asked_at, response.headers(), lead))
            }
            _ => Ok(self.pass(response.map(Body::new), asked_at, lead)),
        }
    }

    /// The stale response, where RFC 5861 §4 lets it stand in for a failed origin.
    fn in_place_of_error(&self) -> Option<Response<Body>> {
        let now = Instant::now();
        let stored = self.stored.as_ref()?;
        if !may_answer_error(&stored.freshness, &self.asked.control, now) {
            return None;
        }
        let report = Report::stale(stored.freshness.ttl(now), "stale-if-error");
        Some(self.tell(
            stored.answer(&self.method, &self.asked.headers, now),
            &report,
        ))
    }

    fn validated(
        &self,
        stored: &Entry,
        asked_at: Instant,
        update: &HeaderMap,
        lead: Option<Lead>,
    ) -> Response<Body> {
        let state = &self.state;
        let (entry, kept) = state.freshened(stored, &self.asked, asked_at, update);
        let entry = Arc::new(entry);
        if kept {
            state
                .store
                .put(self.key.clone(), Arc::clone(&entry), asked_at);
            state.counters.stored();
        } else {
            state.store.invalidate(&self.key.borrowed().place());
        }
        let now = Instant::now();
        if let Some(lead) = lead {
            if kept && is_fresh(&entry, now) {
                lead.share(Arc::clone(&entry));
            } else {
                lead.release();
            }
        }
        let report = Report::revalidated(self.forward, entry.freshness.ttl(now)).stored(kept);
        let mut response = entry.answer(&self.method, &self.asked.headers, now);
        if !state.rules.store_set_cookie {
            // It is for this caller, and so it is not in the entry.
            for cookie in update.get_all(header::SET_COOKIE) {
                response
                    .headers_mut()
                    .append(header::SET_COOKIE, cookie.clone());
            }
        }
        self.tell(response, &report)
    }

    /// Passes a response on, into the store too if it may be stored.
    fn pass(
        &self,
        response: Response<Body>,
        asked_at: Instant,
        lead: Option<Lead>,
    ) -> Response<Body> {
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return response;
        }
        let (parts, body) = response.into_parts();
        let (body, stored) = if self.method == Method::GET {
            self.state
                .fill(&self.key, &self.asked, asked_at, &parts, body, lead)
        } else {
            (body, false)
        };
        if !stored && self.method == Method::GET && self.stored.is_some() && !is_error(status) {
            // The origin has something else now, and it may not be kept: neither may the old.
            self.state.store.invalidate(&self.key.borrowed().place());
        }
        let report = Report::forwarded(self.forward, status).stored(stored);
        self.tell(Response::from_parts(parts, body), &report)
    }

    fn tell(&self, mut response: Response<Body>, report: &Report) -> Response<Body> {
        if !self.quiet {
            self.state.counters.outcome(report.outcome());
            report.tell(&self.state.name, &mut response, self.cell.as_ref());
        }
        response
    }
}

/// Reads a body to its end for the sake of what watches it.
pub(super) async fn drain(mut body: Body) {
    while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
}
