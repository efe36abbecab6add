use std::task::{Context, Poll};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::{HeaderValue, Method, Request, Response, header};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    ResponseFuture,
    content::{self, Encoding},
    request::RequestBody,
};

/// Middleware that turns gRPC-Web into gRPC, and back.
///
/// See the [module docs](crate::grpc_web) for an example.
#[derive(Clone, Copy, Debug)]
pub struct GrpcWeb<S> {
    inner: S,
}

impl<S> GrpcWeb<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for GrpcWeb<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>>,
    ReqBody: HttpBody<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<BoxError>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut request = request.map(Body::new);
        let encoding = translate(&mut request);
        ResponseFuture::new(self.inner.call(request), encoding)
    }
}

/// Makes the request one of gRPC, if it is one of gRPC-Web; how its answer is to be written.
fn translate(request: &mut Request<Body>) -> Option<Encoding> {
    if request.method() != Method::POST {
        return None;
    }
    let kind = request.headers().get(header::CONTENT_TYPE)?;
    let (sent, rest) = content::read(kind)?;
    let kind = content::to_grpc(rest);
    let wanted = content::wanted(request.headers(), sent);
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.remove(header::ACCEPT);
    if sent == Encoding::Text {
        headers.remove(header::CONTENT_LENGTH);
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(RequestBody::new(body));
    }
    Some(wanted)
}
