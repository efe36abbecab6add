use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use gateway_core::{Deadline, service::take_ready, turn};
use tokio::time::Instant;
use tower_service::Service;

use super::Fallback;
use crate::{
    call::{AiCall, AiReply, FailedAttempt, ReplyBody},
    error::{AiError, AiErrorKind},
    models::{Catalog, Plan, Target},
};

/// A service that resolves a call's model and asks its targets one after the other.
///
/// See the [module docs](crate::fallback) for an example.
pub struct Failover<S> {
    inner: S,
    shared: Arc<Shared>,
}

struct Shared {
    catalog: Catalog,
    policy: Fallback,
}

impl<S> Failover<S> {
    /// Asks `inner` for the targets that `catalog` names.
    pub fn new(inner: S, catalog: Catalog, policy: Fallback) -> Self {
        Self {
            inner,
            shared: Arc::new(Shared { catalog, policy }),
        }
    }

    /// What there is to ask for.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.shared.catalog
    }
}

impl<S> Service<AiCall> for Failover<S>
where
    S: Service<AiCall, Response = AiReply, Error = AiError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = AiReply;
    type Error = AiError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: AiCall) -> ResponseFuture {
        let mut inner = take_ready(&mut self.inner);
        let shared = Arc::clone(&self.shared);
        ResponseFuture {
            // A block that lends what it holds: a function would hold its arguments beside it.
            inner: Box::pin(async move { shared.run(&mut inner, &call).await }),
        }
    }
}

impl Shared {
    async fn run<S>(&self, inner: &mut S, call: &AiCall) -> Result<AiReply, AiError>
    where
        S: Service<AiCall, Response = AiReply, Error = AiError>,
    {
        let plan = self.catalog.plan(call)?;
        let deadline = self.deadline(call);
        let mut first: Option<AiError> = None;
        for (number, target) in plan.iter().enumerate() {
            if number > 0 {
                // The instance that was polled ready is spent by the first attempt.
                std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
            }
            let until = earlier(self.limit(call, target), deadline);
            let last = number + 1 == plan.len();
            let answer = inner.call(call.for_target(target.clone()));
            let answer = self.attempt(answer, until, last, deadline).await;
            let error = match &answer {
                Ok(reply) => match reply.refusal() {
                    None => return answer,
                    Some(refusal) => refusal.clone(),
                },
                Err(error) => error.clone(),
            };
            call.note_failure(FailedAttempt::new(target.name().clone(), &error));
            let over = deadline.is_some_and(|deadline| deadline <= turn::now());
            if last || over || call.is_spent() || !self.policy.covers(&error) {
                return prefer(first, answer, &error);
            }
            tracing::debug!(target = %target, %error, "falling back to the next target");
            if error.kind() != AiErrorKind::Lossy {
                first = Some(error);
            }
        }
        Err(empty(&plan, call))
    }

    /// When a target that is asked now must have begun to answer a stream, or have answered.
    fn limit(&self, call: &AiCall, target: &Target) -> Option<Instant> {
        let limit = if call.is_stream() {
            target.first_token().or(self.policy.first_token)
        } else {
            self.policy.attempt
        };
        limit.map(|limit| turn::now() + limit)
    }

    async fn attempt(
        &self,
        answer: impl Future<Output = Result<AiReply, AiError>>,
        until: Option<Instant>,
        last: bool,
        deadline: Option<Instant>,
    ) -> Result<AiReply, AiError> {
        let work = async {
            let mut reply = answer.await?;
            let parts = &mut *reply.parts;
            if let ReplyBody::Stream(stream) = &mut parts.body {
                // With nobody left to take over there is nothing to hold back for.
                let eager = last || self.policy.is_eager();
                stream.commit(eager, &mut parts.settle).await?;
                stream.set_idle(self.policy.idle);
                stream.deadline = deadline;
            }
            Ok(reply)
        };
        match until {
            None => work.await,
            Some(until) => {
                let started = turn::now();
                turn::timeout_at(until, work)
                    .await
                    .unwrap_or_else(|| Err(late(until.saturating_duration_since(started))))
            }
        }
    }

    fn deadline(&self, call: &AiCall) -> Option<Instant> {
        let total = self.policy.total.map(|total| turn::now() + total);
        earlier(total, call.deadline().map(Deadline::at))
    }
}

/// A target that was left out because it cannot express the request says less about what went wrong
/// than one that was asked.
fn prefer(
    first: Option<AiError>,
    answer: Result<AiReply, AiError>,
    error: &AiError,
) -> Result<AiReply, AiError> {
    match first {
        Some(first) if error.kind() == AiErrorKind::Lossy => Err(first),
        _ => answer,
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn late(after: Duration) -> AiError {
    AiError::upstream(
        AiErrorKind::Timeout,
        format!(
            "the provider did not answer within {:.1} s",
            after.as_secs_f64()
        ),
    )
}

fn empty(plan: &Plan, call: &AiCall) -> AiError {
    debug_assert!(
        plan.is_empty(),
        "every attempt returns or is followed by another"
    );
    AiError::new(
        AiErrorKind::NotFound,
        format!("the model `{}` has no target", call.model()),
    )
}

// Not derived: cloning shares the catalogue and the policy.
impl<S: Clone> Clone for Failover<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Failover<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failover")
            .field("inner", &self.inner)
            .field("policy", &self.shared.policy)
            .finish_non_exhaustive()
    }
}

/// Response future of [`Failover`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: Pin<Box<dyn Future<Output = Result<AiReply, AiError>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<AiReply, AiError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
