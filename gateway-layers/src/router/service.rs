use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{ErrorFormat, ErrorKind, GatewayError, Outcome, RejectBody, Responder, Route};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, uri::PathAndQuery,
};
use tower_service::Service;

use super::{
    future::ResponseFuture,
    path::{self, CleanPath},
    rule::{Rule, RuleError},
    shadow::{self, Shadowed},
    table::{Found, Head, Table},
};

/// A service that chooses one of many by host, path, method, headers and query.
///
/// Always ready: the chosen service is polled ready inside the call, on a clone of its own.
/// See the [module docs](crate::router) for an example.
pub struct Router<S> {
    table: Arc<Table<S>>,
    malformed: Option<FormatOf>,
}

/// The form of a refusal, told by path and headers.
type FormatOf = fn(&str, &HeaderMap) -> Option<ErrorFormat>;

impl<S> Router<S> {
    /// A router without routes: every request is `no_route`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: Arc::new(Table::default()),
            malformed: None,
        }
    }

    /// In which form a request is refused whose path is malformed, by that path and its headers.
    /// Defaults to the request's own form.
    ///
    /// A route says how its refusals look, but such a request has none: no two readers agree about
    /// where its path leads. What it looks like is enough to tell its client that it will not do.
    #[must_use]
    pub fn format_malformed(
        mut self,
        format: fn(path: &str, headers: &HeaderMap) -> Option<ErrorFormat>,
    ) -> Self {
        self.malformed = Some(format);
        self
    }

    /// Adds a route for a path, named like its pattern.
    ///
    /// # Errors
    ///
    /// If the pattern is malformed.
    pub fn route(self, pattern: &str, service: S) -> Result<Self, RuleError>
    where
        S: Clone,
    {
        Ok(self.add(Rule::new(pattern, pattern)?, service))
    }

    /// Adds a route.
    #[must_use]
    pub fn add(self, rule: Rule, service: S) -> Self
    where
        S: Clone,
    {
        self.extend([(rule, service)])
    }

    /// Adds many routes.
    #[must_use]
    pub fn extend(self, routes: impl IntoIterator<Item = (Rule, S)>) -> Self
    where
        S: Clone,
    {
        let mut table = Arc::try_unwrap(self.table).unwrap_or_else(|shared| shared.rebuilt());
        for (rule, service) in routes {
            table.insert(rule, service);
        }
        Self {
            table: Arc::new(table),
            malformed: self.malformed,
        }
    }

    /// The routes, in the order in which they were added.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.table.rules()
    }

    /// The routes that no request can reach, because another takes all their requests first.
    #[must_use]
    pub fn shadowed(&self) -> Vec<Shadowed> {
        shadow::shadowed(self.table.rules())
    }

    /// Finds the route of a request without calling it; the request's path becomes the clean one.
    ///
    /// # Errors
    ///
    /// The refusal, if no route takes the request.
    pub fn find<B>(&self, request: &mut Request<B>) -> Result<(Route, &S), GatewayError> {
        self.choose(request).map_err(|miss| miss.refusal())
    }

    fn choose<B>(&self, request: &mut Request<B>) -> Result<(Route, &S), Miss> {
        if *request.method() == Method::CONNECT {
            return Err(Miss::Connect);
        }
        let uri = request.uri();
        if uri.path() == "*" && *request.method() == Method::OPTIONS {
            return Err(Miss::Server);
        }
        let clean = path::clean(uri.path()).map_err(|error| Miss::Path(error.to_string()))?;
        let found = self.table.find(&Head {
            uri,
            path: &clean,
            method: request.method(),
            headers: request.headers(),
        });
        match found {
            Found::Route(route, service) => {
                if clean.is_changed() {
                    let uri = with_path(uri, &clean).ok_or(Miss::Rewrite)?;
                    *request.uri_mut() = uri;
                }
                Ok((route, service))
            }
            Found::Nothing => Err(Miss::Nothing),
            Found::Ambiguous => Err(Miss::Path(
                "the path has an encoded slash or a semicolon, which this route does not take"
                    .to_owned(),
            )),
            Found::Methods(methods) => Err(Miss::Methods {
                allow: allow(methods.iter()),
                options: *request.method() == Method::OPTIONS,
            }),
        }
    }
}

impl<S> Router<S> {
    fn responder<B>(&self, miss: &Miss, request: &Request<B>) -> Responder {
        let responder = Responder::of(request);
        let format = match (miss, self.malformed) {
            (Miss::Path(_), Some(format)) => format(request.uri().path(), request.headers()),
            _ => None,
        };
        match format {
            Some(format) => responder.with_format(format),
            None => responder,
        }
    }
}

impl<S: Clone> Table<S> {
    fn rebuilt(&self) -> Self {
        let mut table = Self::default();
        for (rule, service) in self.entries() {
            table.insert(rule.clone(), service.clone());
        }
        table
    }
}

/// Why no service is called.
#[derive(Debug)]
enum Miss {
    Nothing,
    Connect,
    Rewrite,
    Path(String),
    Methods { allow: HeaderValue, options: bool },
    Server,
}

impl Miss {
    fn refusal(self) -> GatewayError {
        let error = match self {
            Self::Nothing | Self::Server => GatewayError::new(ErrorKind::NoRoute),
            Self::Connect => {
                GatewayError::new(ErrorKind::NotImplemented).detail("this gateway opens no tunnels")
            }
            Self::Rewrite => GatewayError::new(ErrorKind::BadRequest),
            Self::Path(detail) => GatewayError::new(ErrorKind::BadRequest).detail(detail),
            Self::Methods { allow, .. } => {
                GatewayError::new(ErrorKind::MethodNotAllowed).header(header::ALLOW, allow)
            }
        };
        error.layer("router")
    }

    fn into_response<B: RejectBody>(self, responder: &Responder) -> Response<B> {
        let allow = match self {
            Self::Methods {
                allow,
                options: true,
            } => Some(allow),
            Self::Server => None,
            miss => return responder.refuse(miss.refusal()),
        };
        let mut response = Response::new(B::from_rejection(Bytes::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

fn with_path(uri: &Uri, clean: &CleanPath<'_>) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{}?{query}", clean.as_str()),
        None => clean.as_str().to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> HeaderValue {
    let mut names: Vec<_> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.dedup();
    HeaderValue::try_from(names.join(", ")).expect("method names are tokens")
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Router<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: RejectBody,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.choose(&mut request) {
            Ok((route, service)) => {
                let service = service.clone();
                Outcome::record(request.extensions(), |record| {
                    record.route = Some(route.clone());
                });
                request.extensions_mut().insert(route);
                ResponseFuture::chosen(service, request)
            }
            Err(miss) => {
                let responder = self.responder(&miss, &request);
                ResponseFuture::refused(miss.into_response(&responder))
            }
        }
    }
}

impl<S> Default for Router<S> {
    fn default() -> Self {
        Self::new()
    }
}

// Not derived: the services are behind the `Arc`.
impl<S> Clone for Router<S> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            malformed: self.malformed,
        }
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field(
                "routes",
                &self.table.rules().map(Rule::name).collect::<Vec<_>>(),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests;
