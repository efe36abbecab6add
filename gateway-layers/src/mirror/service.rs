use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Request, SharedService, body::ObservedBody};
use http::{Method, header, request::Parts};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    Mirrored,
    copy::{self, Tee},
    layer::Settings,
    tasks::{Ledger, Tasks, Ticket},
};

/// The service of [`MirrorLayer`](super::MirrorLayer).
///
/// See the [module docs](crate::mirror) for an example.
#[derive(Debug)]
pub struct Mirror<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: SharedService,
    pub(super) settings: Settings,
    pub(super) tasks: Tasks,
    pub(super) ledger: Arc<Ledger>,
    pub(super) random: AtomicU64,
}

/// A copy that can be sent as soon as the request itself is on its way.
type Copy = (Parts, Body, Ticket);

impl Shared {
    /// The request, and its copy if it is complete already. Otherwise the body sends the copy.
    fn copy(self: &Arc<Self>, request: Request) -> (Request, Option<Copy>) {
        if !self.wants(&request) {
            return (request, None);
        }
        let body = request.body();
        let least = body.size_hint().lower();
        if usize::try_from(least).map_or(true, |least| least > self.settings.max_body) {
            self.ledger.tell(Mirrored::TooLarge);
            return (request, None);
        }
        let Some(ticket) = self.ledger.admit(self.settings.max_in_flight) else {
            return (request, None);
        };
        let (parts, body) = request.into_parts();
        let head = copy::head(&parts);
        if let Some(whole) = body.as_bytes().cloned() {
            let request = Request::from_parts(parts, body);
            return (request, Some((head, Body::from(whole), ticket)));
        }
        let tee = Tee::new(Arc::clone(self), Box::new(head), ticket);
        let body = Body::new(ObservedBody::new(body, tee));
        (Request::from_parts(parts, body), None)
    }

    fn wants(&self, request: &Request) -> bool {
        self.settings.methods.contains(request.method())
            && request.method() != Method::CONNECT
            && !request.headers().contains_key(header::UPGRADE)
            && self.drawn()
    }

    /// By chance, with the probability of the share.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 of 64 random bits are enough"
    )]
    fn drawn(&self) -> bool {
        let share = self.settings.share;
        if share >= 1.0 {
            return true;
        }
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.random.fetch_add(step, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 / (1_u64 << 53) as f64) < share
    }

    pub(super) fn send(&self, head: Parts, body: Body, ticket: Ticket) {
        self.tasks.start(copy::deliver(
            self.target.clone(),
            Request::from_parts(head, body),
            ticket,
            self.settings.timeout,
            self.settings.max_answer,
        ));
    }
}

impl<S, B> Service<http::Request<B>> for Mirror<S>
where
    S: Service<Request>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (request, copy) = self.shared.copy(request.map(Body::new));
        let future = self.inner.call(request);
        if let Some((head, body, ticket)) = copy {
            self.shared.send(head, body, ticket);
        }
        future
    }
}

impl<S: Clone> Clone for Mirror<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}
