use std::{convert::Infallible, fmt, time::Duration};

use bytes::Bytes;
use gateway_core::{BoxError, Request, SharedService};
use http::Method;
use http_body::Body as HttpBody;
use serde_json::Value;
use tower_service::Service;

/// One of the answers an [`Aggregate`](super::Aggregate) is made of, and how to ask for it.
///
/// Templates are read by [`AggregateBuilder::build`](super::AggregateBuilder::build); what they can
/// say is in the [module docs](crate::aggregate).
#[derive(Clone)]
pub struct Part {
    pub(super) name: String,
    pub(super) service: SharedService,
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout: Option<Duration>,
    pub(super) on_error: OnError,
    pub(super) pick: Option<String>,
    pub(super) rename: Option<String>,
}

/// What becomes of an aggregate when one of its parts fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// The part is `null`: the document keeps its shape.
    #[default]
    UseNull,
    /// The part is left out.
    Omit,
    /// The whole fails.
    Fail,
}

impl Part {
    /// A part by GET of a path and query.
    pub fn get<S, B>(name: &str, service: S, target: &str) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::new(name, Method::GET, SharedService::new(service), target)
    }

    /// A part by another method.
    #[must_use]
    pub fn new(name: &str, method: Method, service: SharedService, target: &str) -> Self {
        Self {
            name: name.to_owned(),
            service,
            method,
            target: target.to_owned(),
            body: None,
            headers: Vec::new(),
            timeout: None,
            on_error: OnError::default(),
            pick: None,
            rename: None,
        }
    }

    /// The JSON body it is asked with; its texts are templates. Defaults to none.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets a header by a template, in place of the client's.
    #[must_use]
    pub fn header(mut self, name: &str, template: &str) -> Self {
        self.headers.push((name.to_owned(), template.to_owned()));
        self
    }

    /// How long it may take. Defaults to the time of the whole.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What becomes of the whole when this fails. Defaults to [`OnError::UseNull`].
    #[must_use]
    pub const fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Takes only the place of its answer at this JSON pointer, `/user/flags` or `$.user.flags`; an
    /// answer without it is a failure. Defaults to all of it.
    #[must_use]
    pub fn pick(mut self, pointer: &str) -> Self {
        self.pick = Some(pointer.to_owned());
        self
    }

    /// The member of the document. Defaults to the part's name.
    #[must_use]
    pub fn rename(mut self, member: &str) -> Self {
        self.rename = Some(member.to_owned());
        self
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("body", &self.body)
            .field("headers", &self.headers)
            .field("timeout", &self.timeout)
            .field("on_error", &self.on_error)
            .field("pick", &self.pick)
            .field("rename", &self.rename)
            .finish_non_exhaustive()
    }
}
