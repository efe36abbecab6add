//! Requests about what a provider keeps: they name no model, and pass as they are.

use bytes::Bytes;
use gateway_core::{Body, Request, Response, body::collect};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;

use super::{Provider, exchange, headers, receive};
use crate::{
    dialect::Dialect,
    error::{AiError, AiErrorKind},
};

/// A request about an earlier answer, or about a conversation, that a provider keeps.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) method: Method,
    /// Path and query behind the base URL.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Provider {
    /// Sends a request about what this provider keeps, with its credentials.
    ///
    /// # Errors
    ///
    /// Where the provider cannot be reached, fails, or refuses the gateway's credentials. What only
    /// the client can mend is an answer.
    pub(crate) async fn stored(&self, stored: Stored) -> Result<Response, AiError> {
        let provider = &self.inner;
        let wire = provider.wire(Dialect::Responses, "");
        let uri = wire.at(&stored.path).ok_or_else(|| {
            AiError::invalid("the path cannot be sent to the provider").with_param("id")
        })?;
        let key = provider.keys.pick(&[], Instant::now()).map(|(_, key)| key);
        let mut request = Request::new(Body::from(stored.body.clone()));
        *request.method_mut() = stored.method;
        *request.uri_mut() = uri;
        let out = request.headers_mut();
        headers::forward(
            &stored.headers,
            Some(Dialect::Responses),
            &provider.forward,
            out,
        );
        for (name, value) in &provider.extra {
            out.insert(name.clone(), value.clone());
        }
        if !stored.body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            out.insert(header::CONTENT_TYPE, json);
        }
        let agent = HeaderValue::from_static(exchange::USER_AGENT);
        out.insert(header::USER_AGENT, agent);
        if let Some(key) = key {
            out.insert(provider.key_header.clone(), key);
        }
        if let Some(authorizer) = &provider.authorizer {
            authorizer.authorize(&mut request).await?;
        }
        let sent = provider.client.send(request).await;
        answered(sent.map_err(|error| exchange::unreachable(&error))?).await
    }
}

async fn answered(response: Response) -> Result<Response, AiError> {
    let (head, body) = response.into_parts();
    let headers = receive::kept(&head.headers);
    if head.status.is_success() {
        return Ok(build(head.status, headers, body));
    }
    let bytes = match collect(body, ERROR_LIMIT).await {
        Ok(collected) => collected.into_parts().0,
        Err(_) => Bytes::new(),
    };
    let error = Dialect::Responses.parse_error(head.status, &head.headers, &bytes);
    // A missing answer reads like a missing model; it is the client's to mend all the same.
    let clients = head.status.is_client_error() && !error.is_gateway_credential();
    if clients && error.kind() != AiErrorKind::Server && !bytes.is_empty() {
        return Ok(build(head.status, headers, Body::from(bytes)));
    }
    Err(error)
}

fn build(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

const ERROR_LIMIT: usize = 64 * 1024;
