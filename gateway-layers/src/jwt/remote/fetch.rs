use std::{fmt, future::poll_fn, pin::Pin};

use bytes::Bytes;
use gateway_core::{Body, BoxError, body::collect};
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::super::error::FetchError;

/// Gets a document: the one thing asked of an HTTP client, erased, so that the layer's type does
/// not name it. A boxed future is nothing beside a network.
pub(in crate::jwt) trait Fetch: Send + Sync {
    fn get(&self, uri: Uri) -> Fetching;
}

pub(in crate::jwt) type Fetching =
    Pin<Box<dyn Future<Output = Result<Document, FetchError>> + Send>>;

/// A document and what was said about it.
#[derive(Debug)]
pub(in crate::jwt) struct Document {
    pub(super) headers: HeaderMap,
    pub(super) content: Bytes,
}

/// Any HTTP client that is a service.
pub(in crate::jwt) struct Http<S>(pub(in crate::jwt) S);

/// The largest document that is read.
const MAX_DOCUMENT: usize = 1 << 20;

impl<S, B> Fetch for Http<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    fn get(&self, uri: Uri) -> Fetching {
        let mut client = self.0.clone();
        Box::pin(async move {
            let failed =
                |error: S::Error| FetchError::new("the issuer cannot be reached").because(error);
            poll_fn(|cx| client.poll_ready(cx)).await.map_err(failed)?;
            let response = client.call(get(uri)).await.map_err(failed)?;
            let (head, body) = response.into_parts();
            // A redirect is an answer like any other that is no document: not followed.
            if head.status != StatusCode::OK {
                let status = format!("status {}", head.status.as_u16());
                return Err(FetchError::new("the issuer gave no document").because(status));
            }
            let document = collect(body, MAX_DOCUMENT).await;
            let (content, _) = document
                .map_err(|error| FetchError::new("the document could not be read").because(error))?
                .into_parts();
            Ok(Document {
                headers: head.headers,
                content,
            })
        })
    }
}

fn get(uri: Uri) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let accept = http::HeaderValue::from_static("application/jwk-set+json, application/json");
    request.headers_mut().insert(header::ACCEPT, accept);
    request
}

impl<S> fmt::Debug for Http<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}
