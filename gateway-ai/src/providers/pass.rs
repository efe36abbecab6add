//! Requests about what a provider keeps: they name no model, and pass as they are.

use bytes::Bytes;
use gateway_core::{Body, Request, Response, body::collect};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use tokio::time::Instant;

use super::{Provider, exchange, headers, receive};
use crate::{
    call::Form,
    dialect::Dialect,
    error::{AiError, AiErrorKind},
};

/// A request about something that a provider keeps: answers and conversations, files and batches.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) method: Method,
    /// Path and query behind the base URL.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) dialect: Dialect,
    pub(crate) body: Body,
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
        let dialect = stored.dialect;
        let uri = provider.wire(dialect, "").at(&stored.path).ok_or_else(|| {
            AiError::invalid("the path cannot be sent to the provider").with_param("id")
        })?;
        // What one key has uploaded another may not know.
        let key = match dialect {
            Dialect::Responses => provider.keys.pick(&[], Instant::now()).map(|(_, key)| key),
            _ => provider.keys.first(),
        };
        let media = stored.headers.get(header::CONTENT_TYPE).cloned();
        let mut request = Request::new(stored.body);
        *request.method_mut() = stored.method;
        *request.uri_mut() = uri;
        let bodiless = request.body().is_end_stream();
        let out = request.headers_mut();
        headers::forward(&stored.headers, Some(dialect), &provider.forward, out);
        headers::dialect(dialect, out);
        for (name, value) in &provider.extra {
            out.insert(name.clone(), value.clone());
        }
        if !bodiless {
            // A form's type names its boundary; all else is JSON, whatever it is called.
            let form = media.filter(|media| media.to_str().is_ok_and(Form::is_form));
            let media = form.unwrap_or_else(|| HeaderValue::from_static("application/json"));
            out.insert(header::CONTENT_TYPE, media);
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
        answered(
            sent.map_err(|error| exchange::unreachable(&error))?,
            dialect,
        )
        .await
    }
}

async fn answered(response: Response, dialect: Dialect) -> Result<Response, AiError> {
    let (head, body) = response.into_parts();
    let mut headers = receive::kept(&head.headers);
    if let Some(name) = head.headers.get(header::CONTENT_DISPOSITION) {
        headers.insert(header::CONTENT_DISPOSITION, name.clone());
    }
    if head.status.is_success() {
        return Ok(build(head.status, headers, body));
    }
    let bytes = match collect(body, ERROR_LIMIT).await {
        Ok(collected) => collected.into_parts().0,
        Err(_) => Bytes::new(),
    };
    let error = dialect.parse_error(head.status, &head.headers, &bytes);
    // A missing answer reads like a missing model; it is the client's to mend all the same.
    let clients = head.status.is_client_error() && !error.is_gateway_credential();
    if clients && error.kind() != AiErrorKind::Server && receive::is_in_words(&bytes) {
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
