//! Sessions of the Realtime API, which are WebSockets.

use std::sync::Arc;

use gateway_core::{Body, Request, body::collect};
use gateway_layers::proxy::WebSocketStream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::Instant;

use super::{Provider, exchange, headers, routes::Platform};
use crate::{
    catalog::PriceRef,
    dialect::Dialect,
    error::{AiError, AiErrorKind},
    models::Target,
};

impl Provider {
    /// Whether it may have the Realtime API: whoever speaks OpenAI's dialects by their own paths.
    pub(crate) fn has_realtime(&self) -> bool {
        let wire = self.inner.wire(Dialect::Chat, "");
        wire.platform == Platform::Own && matches!(wire.dialect, Dialect::Chat | Dialect::Responses)
    }

    /// Where it is, without the path.
    pub(crate) fn endpoint(&self) -> &Arc<str> {
        &self.inner.endpoint
    }

    /// What a model's tokens cost.
    pub(crate) fn price(&self, target: &Target) -> Option<PriceRef> {
        self.inner.prices.of(target.name(), self.inner.kind)
    }

    /// Opens a session with a model, with the gateway's credentials and what else the client's URL
    /// says.
    ///
    /// # Errors
    ///
    /// Where the provider cannot be reached, or refuses.
    pub(crate) async fn realtime(
        &self,
        model: &str,
        query: Option<&str>,
        client: &HeaderMap,
    ) -> Result<WebSocketStream, AiError> {
        let provider = &self.inner;
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("model", model)
            .extend_pairs(pairs.filter(|(name, _)| !OURS.contains(&&**name)))
            .finish();
        let wire = provider.wire(Dialect::Chat, "");
        let uri = wire.at(&format!("/realtime?{query}"));
        let (index, key) = provider.keys.pick(&[], Instant::now()).unzip();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.ok_or_else(|| AiError::invalid("the URL cannot be sent on"))?;
        let out = request.headers_mut();
        headers::forward(client, Some(Dialect::Chat), &provider.forward, out);
        for (name, value) in &provider.extra {
            out.insert(name.clone(), value.clone());
        }
        let agent = HeaderValue::from_static(exchange::USER_AGENT);
        out.insert(header::USER_AGENT, agent);
        if let Some(key) = key {
            out.insert(provider.key_header.clone(), key);
        }
        WebSocketStream::ask(out);
        if let Some(authorizer) = &provider.authorizer {
            authorizer.authorize(&mut request).await?;
        }
        let sent = provider.client.send(request).await;
        let response = sent.map_err(|error| exchange::unreachable(&error))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let opened = WebSocketStream::open(response).await;
            return opened.map_err(|error| exchange::unreachable(&error.into()));
        }
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            let message = "the provider does not open a WebSocket";
            return Err(AiError::upstream(AiErrorKind::Malformed, message));
        }
        let body = collect(body, ERROR_LIMIT).await;
        let bytes = body.map_or_else(|_| bytes::Bytes::new(), |body| body.into_parts().0);
        let error = Dialect::Chat.parse_error(head.status, &head.headers, &bytes);
        if let (Some(index), Some(fault)) = (index, exchange::fault(&error)) {
            let now = Instant::now();
            provider
                .keys
                .refused(index, fault, error.retry_after(), now);
        }
        Err(error)
    }
}

/// Parts of a client's query that do not go on: the model is the provider's, and keys are not sent in
/// URLs.
const OURS: [&str; 4] = ["model", "key", "api-key", "access_token"];
const ERROR_LIMIT: usize = 64 * 1024;
