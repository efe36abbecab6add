use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Deadline, ErrorKind, GatewayError, Responder};
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    ResponseFuture,
    body::TimedBody,
    future::{Limit, Plan},
    header,
    layer::Clocks,
};

/// Middleware that bounds how long an answer may take.
///
/// See the [module docs](crate::timeout) for an example.
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) clocks: Arc<Clocks>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Timeout<S>
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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let now = Instant::now();
        let asked = header::take(request.headers_mut());
        let asked = match asked {
            Err(()) if self.clocks.client_header => {
                let error = GatewayError::new(ErrorKind::InvalidParameter)
                    .layer("timeout")
                    .param("x-gateway-timeout")
                    .detail("x-gateway-timeout must be a duration such as 250ms or 10s");
                return ResponseFuture::refused(Responder::of(&request).refuse(error));
            }
            Ok(asked) if self.clocks.client_header => asked,
            _ => None,
        };
        let set = request
            .extensions()
            .get::<Deadline>()
            .map(|deadline| deadline.at());
        let total = [self.clocks.total, asked]
            .into_iter()
            .flatten()
            .map(|limit| now + limit);
        let total = total.chain(set).min();
        if let Some(total) = total {
            request.extensions_mut().insert(Deadline::new(total));
        }
        let plan = Plan {
            responder: Responder::of(&request),
            head: Limit::earlier(self.clocks.first_byte.map(|limit| now + limit), total),
            idle: self.clocks.idle,
            total,
            connect: request.method() == Method::CONNECT,
        };
        let request = request.map(|body| match self.clocks.upload_idle {
            Some(idle) if !body.is_end_stream() => {
                Body::new(TimedBody::new(Body::new(body), Some(idle), None))
            }
            _ => Body::new(body),
        });
        ResponseFuture::waiting(self.inner.call(request), plan)
    }
}
