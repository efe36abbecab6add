use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use gateway_core::{Deadline, ErrorKind, GatewayError, Outcome, Responder, Response};
use http::{Method, request::Parts};
use tokio::time::Instant;
use tower_service::Service;

use super::{
    AggregateBuilder, ResponseFuture, accept,
    builder::{Ready, Settings},
    facts::Facts,
    gather, join,
};

/// A service that answers with one JSON document made of the answers of several.
///
/// See the [module docs](crate::aggregate) for an example.
#[derive(Clone)]
pub struct Aggregate {
    shared: Arc<Shared>,
}

struct Shared {
    parts: Arc<[Ready]>,
    settings: Settings,
}

/// What a part would be asked, from [`Aggregate::plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Planned {
    /// The name of the part.
    pub part: String,
    /// The method.
    pub method: Method,
    /// The path and query, or why there is none.
    pub target: Result<String, String>,
}

impl Aggregate {
    /// Builds an aggregate.
    #[must_use]
    pub const fn builder() -> AggregateBuilder {
        AggregateBuilder::new()
    }

    pub(super) fn from_ready(parts: Arc<[Ready]>, settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared { parts, settings }),
        }
    }

    /// What the parts would be asked for `request`. Nothing is called, so a part that is asked with
    /// the answer of another has no target.
    #[must_use]
    pub fn plan(&self, request: &Parts) -> Vec<Planned> {
        let facts = Facts {
            request,
            earlier: &[],
        };
        let each = self.shared.parts.iter().map(|part| Planned {
            part: part.name.clone(),
            method: part.method.clone(),
            target: part
                .target
                .target(&facts)
                .map_err(|fault| fault.to_string()),
        });
        each.collect()
    }
}

impl Shared {
    async fn answer(&self, request: &Parts, responder: &Responder) -> Response {
        let refuse = |error: GatewayError| {
            Outcome::record(&request.extensions, |record| {
                record.error = Some(error.clone());
            });
            responder.refuse(error)
        };
        if !accept::json(&request.headers) {
            let error = GatewayError::new(ErrorKind::NotAcceptable).layer("aggregate");
            return refuse(error.detail("the answer is application/json"));
        }
        let until = self.until(request.extensions.get().copied());
        let gathered = gather::gather(&self.parts, &self.settings, request, until).await;
        let done = match gathered {
            Ok(done) => done,
            Err((index, fault)) => return refuse(fault.of_all(&self.parts[index].name)),
        };
        if done.iter().all(|done| done.answer.is_err())
            && let Some(fault) = done.first().and_then(|done| done.answer.as_ref().err())
        {
            return refuse(fault.of_all(&self.parts[0].name));
        }
        join::join(&self.parts, &done)
    }

    /// When the waiting ends: a moment before whoever set the deadline gives up.
    fn until(&self, deadline: Option<Deadline>) -> Instant {
        let now = Instant::now();
        let own = now + self.settings.timeout.min(LONGEST);
        deadline.map_or(own, |deadline| {
            let left = deadline.remaining(now);
            own.min(now + left.saturating_sub(TO_ANSWER.min(left / 10)))
        })
    }
}

impl<B> Service<http::Request<B>> for Aggregate {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    /// Always ready: the services of the parts are polled ready inside the call.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        let shared = Arc::clone(&self.shared);
        let responder = Responder::of(&request);
        let (request, _) = request.into_parts();
        ResponseFuture::new(async move { shared.answer(&request, &responder).await })
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("parts", &self.shared.parts)
            .field("settings", &self.shared.settings)
            .finish()
    }
}

/// Time to put the answer together and send it.
const TO_ANSWER: Duration = Duration::from_millis(10);
/// Of what a clock can be moved by.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
