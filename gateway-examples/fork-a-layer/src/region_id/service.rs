use std::{
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{Outcome, RequestId};
use http::{HeaderName, HeaderValue, Request, Response};
use tower_service::Service;
use uuid::Uuid;

use super::future::ResponseFuture;

/// The service of [`RegionIdLayer`](super::RegionIdLayer).
#[derive(Clone, Debug)]
pub(crate) struct RegionId<S> {
    pub(super) inner: S,
    pub(super) region: Arc<str>,
}

impl<S> RegionId<S> {
    /// The one decision that differs from the original.
    fn id(&self) -> RequestId {
        let text = format!("{}-{}", self.region, Uuid::now_v7());
        let value = HeaderValue::try_from(text).ok().and_then(RequestId::new);
        value.unwrap_or_else(|| {
            let unnamed = HeaderValue::try_from(Uuid::now_v7().to_string()).ok();
            unnamed
                .and_then(RequestId::new)
                .expect("a UUID is visible ASCII")
        })
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RegionId<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let id = self.id();
        let value = id.header_value().clone();
        Outcome::record(request.extensions(), |record| {
            record.request_id = Some(id.clone())
        });
        request.headers_mut().insert(HEADER, value.clone());
        request.extensions_mut().insert(id);
        ResponseFuture::new(self.inner.call(request), value)
    }
}

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

#[cfg(test)]
mod tests {
    use crate::region_id::RegionIdLayer;

    gateway_core::contract!(region_id, RegionIdLayer::new("eu"), clones = 0);
}
