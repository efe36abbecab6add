use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::TryFutureExt as _;
use gateway_core::{Body, BoxError, Request, Response};
use gateway_layers::transport::{Client, Origin};
use http::{Method, Uri, header};
use http_body::Body as HttpBody;
use tower_service::Service;

/// The HTTP client that calls providers: any service over `http`, erased and shared.
///
/// [`HttpClient::default`] is the gateway's pooled client. Anything else works as well: a client
/// with its own layers, or a function that answers in the process – which is how everything here
/// is tested.
///
/// ```
/// use std::convert::Infallible;
/// use gateway_ai::providers::HttpClient;
/// use gateway_core::{Body, Request, Response};
///
/// let client = HttpClient::new(tower::service_fn(async |_: Request| {
///     Ok::<_, Infallible>(Response::new(Body::from("{}")))
/// }));
/// # drop(client);
/// ```
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<dyn Call>,
}

impl HttpClient {
    /// Erases `service`.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            inner: Arc::new(Erased { service }),
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// What the client says when there is no response head.
    pub fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, BoxError>> + Send + use<> {
        self.inner.call(request)
    }

    /// The same client for requests to the host of `uri` alone: it need not look up where each goes.
    pub(super) fn toward(self, uri: &Uri) -> Self {
        let near = self.inner.toward(uri);
        near.unwrap_or(self)
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self {
            inner: Arc::new(Pooled {
                client: Client::new(),
            }),
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

type BoxFuture = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

trait Call: Send + Sync {
    fn call(&self, request: Request) -> BoxFuture;

    /// What calls one host alone, where that is less work.
    fn toward(&self, _: &Uri) -> Option<HttpClient> {
        None
    }
}

/// The gateway's own client, whose service would be a box in a box.
struct Pooled {
    client: Client,
}

impl Call for Pooled {
    fn call(&self, request: Request) -> BoxFuture {
        Box::pin(self.client.send(request).map_err(Into::into))
    }

    fn toward(&self, uri: &Uri) -> Option<HttpClient> {
        let origin = self.client.origin(uri)?;
        Some(HttpClient {
            inner: Arc::new(Near { origin }),
        })
    }
}

/// The gateway's own client, at one host.
struct Near {
    origin: Origin,
}

impl Call for Near {
    fn call(&self, request: Request) -> BoxFuture {
        // As the client itself has it: what is upgraded begins with a `GET`.
        let upgrade =
            request.method() == Method::GET && request.headers().contains_key(header::UPGRADE);
        let sent = self.origin.send(request, upgrade);
        Box::pin(sent.map_err(|failed| failed.into_parts().0.into()))
    }
}

struct Erased<S> {
    service: S,
}

impl<S, B> Call for Erased<S>
where
    S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, request: Request) -> BoxFuture {
        let mut service = self.service.clone();
        Box::pin(async move {
            std::future::poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(Into::into)?;
            let response = service.call(request).await.map_err(Into::into)?;
            Ok(response.map(Body::new))
        })
    }
}
