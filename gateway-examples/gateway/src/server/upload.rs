use std::{
    future::{Future as _, Ready, ready},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::Either;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError, Request, Responder, Response};
use gateway_layers::observe::RequestBytes;
use http::{HeaderMap, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower_layer::Layer;
use tower_service::Service;

/// Layer that bounds what a request body may cost: its bytes, and the time it makes others wait.
///
/// A body that announces more than the limit is refused with 413 unread. One that turns out longer,
/// or whose client lets wait for longer than a grace and a second more per KiB sent, fails with a
/// [`GatewayError`] that whoever reads it answers with: 413 or 408. Waiting is counted only while
/// the client has nothing to read, never while the upstream is slow to take it. gRPC streams may be
/// silent for as long as they like; HTTP/2 pings tell whether their client is there.
#[derive(Clone, Copy, Debug)]
pub struct UploadLayer {
    limit: u64,
    grace: Duration,
    rate: u64,
}

impl UploadLayer {
    /// At most `limit` bytes, and `grace` of waiting.
    #[must_use]
    pub const fn new(limit: u64, grace: Duration) -> Self {
        Self {
            limit,
            grace,
            rate: 1 << 10,
        }
    }

    /// Bytes a second below which a client uses up its grace. Defaults to 1 KiB; 0 lets clients take
    /// as long as they like.
    #[must_use]
    pub const fn min_rate(mut self, rate: u64) -> Self {
        self.rate = rate;
        self
    }
}

impl<S> Layer<S> for UploadLayer {
    type Service = Upload<S>;

    fn layer(&self, inner: S) -> Upload<S> {
        Upload {
            inner,
            limits: *self,
        }
    }
}

/// Middleware of [`UploadLayer`].
#[derive(Clone, Debug)]
pub struct Upload<S> {
    inner: S,
    limits: UploadLayer,
}

impl<S> Service<Request> for Upload<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.body().is_end_stream() {
            return Either::Left(self.inner.call(request));
        }
        if request.body().size_hint().lower() > self.limits.limit {
            let refusal = Responder::of(&request).refuse(too_large(self.limits.limit));
            return Either::Right(ready(Ok(refusal)));
        }
        // What is in memory lets nobody wait.
        if request.body().as_bytes().is_some() {
            return Either::Left(self.inner.call(request));
        }
        let counted = request.extensions().get::<RequestBytes>().cloned();
        let grace =
            (self.limits.rate > 0 && !is_grpc(request.headers())).then_some(self.limits.grace);
        let rate = self.limits.rate;
        let limit = self.limits.limit;
        let request = request.map(|inner| {
            Body::new(UploadBody {
                inner,
                limit,
                grace,
                rate,
                received: 0,
                counted,
                waited: Duration::ZERO,
                waiting_since: None,
                clock: None,
            })
        });
        Either::Left(self.inner.call(request))
    }
}

pin_project! {
    /// A request body that keeps to its limits.
    struct UploadBody {
        #[pin]
        inner: Body,
        limit: u64,
        grace: Option<Duration>,
        rate: u64,
        received: u64,
        counted: Option<RequestBytes>,
        waited: Duration,
        waiting_since: Option<Instant>,
        #[pin]
        clock: Option<Sleep>,
    }
}

impl HttpBody for UploadBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let Poll::Ready(polled) = this.inner.poll_frame(cx) else {
            let Some(grace) = *this.grace else {
                return Poll::Pending;
            };
            if this.waiting_since.is_none() {
                let now = Instant::now();
                let allowed = grace + Duration::from_millis(*this.received * 1000 / *this.rate);
                let clock = tokio::time::sleep_until(now + allowed.saturating_sub(*this.waited));
                this.clock.set(Some(clock));
                *this.waiting_since = Some(now);
            }
            return match this.clock.as_pin_mut().map(|clock| clock.poll(cx)) {
                Some(Poll::Ready(())) => Poll::Ready(Some(Err(too_slow().into()))),
                _ => Poll::Pending,
            };
        };
        if let Some(since) = this.waiting_since.take() {
            *this.waited += since.elapsed();
            this.clock.set(None);
        }
        if let Some(Ok(frame)) = &polled
            && let Some(data) = frame.data_ref()
        {
            let bytes = data.len() as u64;
            *this.received += bytes;
            if let Some(counted) = this.counted {
                counted.add(bytes);
            }
            if *this.received > *this.limit {
                return Poll::Ready(Some(Err(too_large(*this.limit).into())));
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn too_large(limit: u64) -> GatewayError {
    GatewayError::new(ErrorKind::BodyTooLarge)
        .layer("limits")
        .detail(format!("at most {limit} bytes"))
}

fn too_slow() -> GatewayError {
    GatewayError::new(ErrorKind::RequestTimeout)
        .layer("limits")
        .detail("the body did not arrive in time")
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::{
        body::{CollectError, collect},
        error::cause_ref,
    };
    use http_body_util::StreamBody;
    use tower::{ServiceBuilder, ServiceExt as _, service_fn};

    use super::*;

    /// Reads the body and answers with the code of its failure, or its length.
    async fn upload(layer: UploadLayer, body: Body) -> (u16, String) {
        let read = service_fn(|request: Request| async move {
            let responder = Responder::of(&request);
            let answer = match collect(request.into_body(), 1 << 20).await {
                Ok(read) => Response::new(Body::from(read.bytes().len().to_string())),
                Err(CollectError::Body(error)) => {
                    let cause = cause_ref::<GatewayError>(&*error).cloned();
                    responder.refuse(cause.expect("the guard's own error"))
                }
                Err(other) => unreachable!("{other}"),
            };
            Ok::<_, Infallible>(answer)
        });
        let service = ServiceBuilder::new().layer(layer).service(read);
        let response = service.oneshot(Request::new(body)).await.unwrap();
        let status = response.status().as_u16();
        let read = collect(response.into_body(), 4096).await.unwrap();
        (status, String::from_utf8(read.bytes().to_vec()).unwrap())
    }

    /// One byte every `pause`, `bytes` times.
    fn drip(bytes: usize, pause: Duration) -> Body {
        let stream = futures_util::stream::unfold(bytes, move |left| async move {
            tokio::time::sleep(pause).await;
            let frame = Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"x")));
            (left > 0).then(|| (frame, left - 1))
        });
        Body::new(StreamBody::new(Box::pin(stream)))
    }

    fn layer() -> UploadLayer {
        UploadLayer::new(8, Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn sizes() {
        assert_eq!(
            upload(layer(), Body::from("12345678")).await,
            (200, "8".into())
        );
        let (status, text) = upload(layer(), Body::from("123456789")).await;
        assert_eq!(status, 413);
        assert!(text.contains("body_too_large"), "{text}");
        let unannounced = drip(9, Duration::from_millis(1));
        assert_eq!(upload(layer(), unannounced).await.0, 413);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_uses_up_its_grace() {
        assert_eq!(
            upload(layer(), drip(8, Duration::from_secs(1))).await,
            (200, "8".into())
        );
        let (status, text) = upload(layer(), drip(8, Duration::from_secs(2))).await;
        assert_eq!(status, 408);
        assert!(text.contains("request_timeout"), "{text}");
        let slow = || drip(8, Duration::from_secs(2));
        // A byte every two seconds is what this asks for, and that does not.
        assert_eq!(upload(layer().min_rate(0), slow()).await.0, 200);
        let earned = layer().min_rate(1);
        assert_eq!(upload(earned, slow()).await.0, 200);
    }
}
