use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use gateway_core::{Body, ErrorKind, GatewayError, Request, Responder, Response};
use gateway_layers::{observe::Metrics, split::Weights};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use tower_service::Service;

use super::{Guard, Readiness, split};

/// The answer to `POST /admin/reload`, in time.
pub type ReloadFuture = Pin<Box<dyn Future<Output = Result<Value, Value>> + Send>>;

/// Loads the config again.
pub trait Reload: Send + Sync + 'static {
    /// What is now in force, or every finding that kept the old config in force.
    fn reload(&self) -> ReloadFuture;
}

impl<F: Fn() -> ReloadFuture + Send + Sync + 'static> Reload for F {
    fn reload(&self) -> ReloadFuture {
        self()
    }
}

/// The service of the admin listener. See the [module docs](super).
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
}

struct Shared {
    guard: Guard,
    readiness: Readiness,
    metrics: Box<dyn Fn() -> String + Send + Sync>,
    status: Box<dyn Fn() -> Value + Send + Sync>,
    reload: Box<dyn Reload>,
    splits: OnceLock<Box<FindSplit>>,
}

/// The weights of a route that is split.
type FindSplit = dyn Fn(&str) -> Option<Weights> + Send + Sync;

impl Admin {
    /// The service; `metrics` and `status` are asked for each time their page is.
    pub fn new(
        guard: Guard,
        readiness: Readiness,
        metrics: impl Fn() -> String + Send + Sync + 'static,
        status: impl Fn() -> Value + Send + Sync + 'static,
        reload: impl Reload,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                guard,
                readiness,
                metrics: Box::new(metrics),
                status: Box::new(status),
                reload: Box::new(reload),
                splits: OnceLock::new(),
            }),
        }
    }
}

impl Admin {
    /// Serves the weights of the routes for which `find` has some. Defaults to none.
    #[must_use]
    pub fn splits(self, find: impl Fn(&str) -> Option<Weights> + Send + Sync + 'static) -> Self {
        _ = self.shared.splits.set(Box::new(find));
        self
    }
}

impl Shared {
    fn split(&self, path: &str) -> Answer {
        let route = split::route_of(path);
        let found = route.and_then(|route| self.splits.get()?(&route));
        found.map_or_else(
            || {
                let error = GatewayError::new(ErrorKind::NoRoute);
                Answer::Refused(error.detail("there is no route of this name that is split"))
            },
            Answer::Split,
        )
    }

    fn answer(&self, request: &Request) -> Answer {
        let Some(page) = Page::of(request.uri().path()) else {
            return Answer::Refused(GatewayError::new(ErrorKind::NoRoute));
        };
        let allowed = page.methods();
        if !allowed
            .split(", ")
            .any(|method| method == request.method().as_str())
        {
            let error = GatewayError::new(ErrorKind::MethodNotAllowed)
                .header(header::ALLOW, HeaderValue::from_static(allowed));
            return Answer::Refused(error);
        }
        if !page.is_open()
            && let Err(error) = self.guard.check(request.headers())
        {
            return Answer::Refused(error);
        }
        match page {
            Page::Health => text(StatusCode::OK, "text/plain", "ok\n".into()),
            Page::Ready => self.ready(),
            Page::Metrics => text(StatusCode::OK, Metrics::CONTENT_TYPE, (self.metrics)()),
            Page::Status => json_answer(StatusCode::OK, &(self.status)()),
            Page::Reload => Answer::Reload(self.reload.reload()),
            Page::Split => self.split(request.uri().path()),
        }
    }

    fn ready(&self) -> Answer {
        let status = if self.readiness.is_ready() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json_answer(status, &json!({ "status": self.readiness.as_str() }))
    }
}

enum Answer {
    Now(Response),
    Refused(GatewayError),
    Reload(ReloadFuture),
    Split(Weights),
}

#[derive(Clone, Copy)]
enum Page {
    Health,
    Ready,
    Metrics,
    Status,
    Reload,
    Split,
}

impl Page {
    fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/admin/status" => Self::Status,
            "/admin/reload" => Self::Reload,
            path if split::route_of(path).is_some() => Self::Split,
            _ => return None,
        })
    }

    const fn methods(self) -> &'static str {
        match self {
            Self::Reload => "POST",
            Self::Split => "GET, HEAD, POST",
            _ => "GET, HEAD",
        }
    }

    const fn is_open(self) -> bool {
        matches!(self, Self::Health | Self::Ready)
    }
}

fn json_answer(status: StatusCode, value: &Value) -> Answer {
    text(status, "application/json", value.to_string())
}

fn text(status: StatusCode, media_type: &'static str, content: String) -> Answer {
    Answer::Now(respond(status, media_type, content))
}

fn respond(status: StatusCode, media_type: &'static str, content: String) -> Response {
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Service<Request> for Admin {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let responder = Responder::of(&request);
            let head = *request.method() == Method::HEAD;
            let response = match shared.answer(&request) {
                Answer::Now(response) => response,
                Answer::Refused(error) => responder.refuse(error),
                Answer::Split(weights) => match split::answer(&weights, request).await {
                    Ok((tag, shares)) => {
                        let mut response = respond(StatusCode::OK, JSON, shares.to_string());
                        response.headers_mut().insert(header::ETAG, tag);
                        response
                    }
                    Err(error) => responder.refuse(error.layer("admin")),
                },
                Answer::Reload(reload) => match reload.await {
                    Ok(report) => respond(StatusCode::OK, JSON, report.to_string()),
                    Err(findings) => {
                        respond(StatusCode::UNPROCESSABLE_ENTITY, JSON, findings.to_string())
                    }
                },
            };
            Ok(if head {
                response.map(|_| Body::empty())
            } else {
                response
            })
        })
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    fn admin(readiness: &Readiness) -> Admin {
        let guard = Guard::new("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let reload = || -> ReloadFuture { Box::pin(async { Err(json!({ "findings": 1 })) }) };
        let status = || json!({ "generation": 3 });
        Admin::new(
            guard,
            readiness.clone(),
            || "# EOF\n".to_owned(),
            status,
            reload,
        )
    }

    async fn ask(admin: &Admin, method: &str, path: &str) -> (u16, String) {
        let request = http::Request::builder().method(method).uri(path);
        let answer = admin
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body = answer.body().as_bytes().unwrap().to_vec();
        (status, String::from_utf8(body).unwrap())
    }

    #[tokio::test]
    async fn readiness_fails_before_and_while_draining() {
        let readiness = Readiness::new();
        let admin = admin(&readiness);
        assert_eq!(ask(&admin, "GET", "/readyz").await.0, 503);
        readiness.ready();
        assert_eq!(ask(&admin, "GET", "/readyz").await.0, 200);
        readiness.drain();
        let (status, text) = ask(&admin, "GET", "/readyz").await;
        assert_eq!((status, &*text), (503, r#"{"status":"draining"}"#));
        assert_eq!(ask(&admin, "GET", "/healthz").await.0, 200);
    }

    #[tokio::test]
    async fn pages_methods_and_findings() {
        let admin = admin(&Readiness::new());
        assert!(ask(&admin, "GET", "/metrics").await.1.ends_with("# EOF\n"));
        assert_eq!(ask(&admin, "HEAD", "/metrics").await, (200, String::new()));
        assert_eq!(
            ask(&admin, "GET", "/admin/status").await.1,
            r#"{"generation":3}"#
        );
        assert_eq!(ask(&admin, "GET", "/admin/reload").await.0, 405);
        let reload = ask(&admin, "POST", "/admin/reload").await;
        assert_eq!(reload, (422, r#"{"findings":1}"#.to_owned()));
        assert_eq!(ask(&admin, "GET", "/").await.0, 404);
    }
}
