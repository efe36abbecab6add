use std::{ops::RangeInclusive, time::Duration};

use bytes::Bytes;
use gateway_core::{BoxError, Request};
use http::{HeaderMap, HeaderName, HeaderValue, Method, uri::PathAndQuery};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{Prober, grpc};
use crate::balance::Balance;

/// What to ask an endpoint, how often, and what to make of the answers.
///
/// See the [module docs](crate::health) for an example.
#[derive(Clone, Debug)]
pub struct Probe {
    pub(super) question: Question,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
    pub(super) up: u32,
    pub(super) down: u32,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// For a connection, and nothing else.
    Tcp,
    /// For an answer.
    Http(Http),
    /// Whether this service serves.
    Grpc(Http, String),
}

#[derive(Clone, Debug)]
pub(super) struct Http {
    pub(super) method: Method,
    pub(super) path: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) status: RangeInclusive<u16>,
    pub(super) body: Option<String>,
}

impl Http {
    fn new(method: Method, path: PathAndQuery, status: RangeInclusive<u16>) -> Self {
        Self {
            method,
            path,
            headers: HeaderMap::new(),
            status,
            body: None,
        }
    }
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
        let path = path.parse().map_err(|_| InvalidPath(()))?;
        let http = Http::new(Method::GET, path, 200..=399);
        Ok(Self::new(Question::Http(http)))
    }

    /// Connects, and hangs up: for what does not speak HTTP, or has no page for it. Endpoints whose
    /// [address](crate::balance::Endpoint::address) is unknown are not asked. As often, patient and
    /// strict as [`get`](Self::get).
    #[must_use]
    pub fn tcp() -> Self {
        Self::new(Question::Tcp)
    }

    /// Asks `grpc.health.v1.Health/Check` for `service`, or with an empty name for the server.
    /// Endpoints must be reached over HTTP/2. As often, patient and strict as [`get`](Self::get).
    #[must_use]
    pub fn grpc(service: impl Into<String>) -> Self {
        let path = PathAndQuery::from_static(grpc::PATH);
        let http = Http::new(Method::POST, path, 200..=200);
        Self::new(Question::Grpc(http, service.into()))
    }

    const fn new(question: Question) -> Self {
        Self {
            question,
            every: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            up: 2,
            down: 3,
        }
    }

    const fn http(&mut self) -> Option<&mut Http> {
        match &mut self.question {
            Question::Tcp => None,
            Question::Http(http) | Question::Grpc(http, _) => Some(http),
        }
    }

    /// The method. Defaults to `GET`; for HTTP alone.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        if let Question::Http(http) = &mut self.question {
            http.method = method;
        }
        self
    }

    /// Sends this header too, `Host` for instance. Not when only connecting.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Some(http) = self.http() {
            http.headers.append(name, value);
        }
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

    /// Which statuses are good. Defaults to 200 to 399; for HTTP alone.
    #[must_use]
    pub fn expect_status(mut self, status: RangeInclusive<u16>) -> Self {
        if let Question::Http(http) = &mut self.question {
            http.status = status;
        }
        self
    }

    /// What the body, up to 64 KiB, must contain. Defaults to nothing; for HTTP alone.
    #[must_use]
    pub fn expect_body(mut self, text: impl Into<String>) -> Self {
        if let Question::Http(http) = &mut self.question {
            http.body = Some(text.into());
        }
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
}

/// The path of a probe is not a path.
#[derive(Debug, thiserror::Error)]
#[error("a probe's path begins with `/`")]
pub struct InvalidPath(pub(super) ());
