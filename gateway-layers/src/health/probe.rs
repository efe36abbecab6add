use std::{ops::RangeInclusive, time::Duration};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Request, body::collect};
use http::{Method, Uri, header, uri::PathAndQuery};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::Prober;
use crate::balance::Balance;

/// What to ask an endpoint, how often, and what to make of the answers.
///
/// See the [module docs](crate::health) for an example.
#[derive(Clone, Debug)]
pub struct Probe {
    pub(super) method: Method,
    pub(super) path: PathAndQuery,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
    pub(super) up: u32,
    pub(super) down: u32,
    pub(super) status: RangeInclusive<u16>,
    pub(super) body: Option<String>,
}

impl Probe {
    /// Asks `GET path` every 5 s (give or take a tenth) with a timeout of 2 s; 2xx and 3xx are good;
    /// two good ones in a row bring an endpoint up, three bad ones down.
    ///
    /// # Errors
    ///
    /// `path` is not a path.
    pub fn get(path: &str) -> Result<Self, InvalidPath> {
        if !path.starts_with('/') {
            return Err(InvalidPath(()));
        }
        Ok(Self {
            method: Method::GET,
            path: path.parse().map_err(|_| InvalidPath(()))?,
            every: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            up: 2,
            down: 3,
            status: 200..=399,
            body: None,
        })
    }

    /// The method. Defaults to `GET`.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The time between two probes of an endpoint. Defaults to 5 s.
    #[must_use]
    pub const fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// How long an answer may take, its body included. Defaults to 2 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many good probes in a row bring an endpoint back. Defaults to 2.
    #[must_use]
    pub const fn up_after(mut self, probes: u32) -> Self {
        self.up = probes;
        self
    }

    /// How many bad probes in a row take an endpoint out. Defaults to 3.
    #[must_use]
    pub const fn down_after(mut self, probes: u32) -> Self {
        self.down = probes;
        self
    }

    /// Which statuses are good. Defaults to 200 to 399.
    #[must_use]
    pub const fn expect_status(mut self, status: RangeInclusive<u16>) -> Self {
        self.status = status;
        self
    }

    /// What the body, up to 64 KiB, must contain. Defaults to nothing.
    #[must_use]
    pub fn expect_body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Probes the endpoints of `balance`, also those it gets later, until the [`Prober`] is dropped.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn watch<S, ResBody>(self, balance: &Balance<S>) -> Prober
    where
        S: Service<Request, Response = http::Response<ResBody>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Send,
        ResBody: HttpBody<Data = Bytes> + Send + 'static,
        ResBody::Error: Into<BoxError>,
    {
        Prober::start(self, balance.clone())
    }

    /// Asks once. Whatever goes wrong is a bad answer.
    pub(super) async fn ask<S, ResBody>(&self, service: S) -> bool
    where
        S: Service<Request, Response = http::Response<ResBody>>,
        ResBody: HttpBody<Data = Bytes> + Send + 'static,
        ResBody::Error: Into<BoxError>,
    {
        tokio::time::timeout(self.timeout, self.exchange(service))
            .await
            .unwrap_or(false)
    }

    async fn exchange<S, ResBody>(&self, mut service: S) -> bool
    where
        S: Service<Request, Response = http::Response<ResBody>>,
        ResBody: HttpBody<Data = Bytes> + Send + 'static,
        ResBody::Error: Into<BoxError>,
    {
        if std::future::poll_fn(|cx| service.poll_ready(cx))
            .await
            .is_err()
        {
            return false;
        }
        let Ok(response) = service.call(self.request()).await else {
            return false;
        };
        let good = self.status.contains(&response.status().as_u16());
        // Read in any case: a connection whose answer was read can be used again.
        let read = collect(response.into_body(), MAX_BODY).await;
        match (&self.body, read) {
            (None, _) => good,
            (Some(text), Ok(read)) => good && contains(read.bytes(), text.as_bytes()),
            (Some(_), Err(_)) => false,
        }
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from(self.path.clone());
        let agent = http::HeaderValue::from_static("gateway-probe");
        request.headers_mut().insert(header::USER_AGENT, agent);
        request
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

/// The path of a probe is not a path.
#[derive(Debug, thiserror::Error)]
#[error("a probe's path begins with `/`")]
pub struct InvalidPath(pub(super) ());

const MAX_BODY: usize = 64 * 1024;
