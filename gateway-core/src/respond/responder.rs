use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use super::{ErrorFormat, RejectBody, ai, grpc, problem};
use crate::{GatewayError, RequestId, Route};

/// What a refusal needs to know about the request, taken before the request is given away.
///
/// Two reference counts and two flags; cheap enough to take on every request.
#[derive(Clone, Debug, Default)]
pub struct Responder {
    format: ErrorFormat,
    head: bool,
    request_id: Option<RequestId>,
    route: Option<Route>,
}

impl Responder {
    /// For answering `request`.
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        let format = ErrorFormat::of(request.headers(), request.extensions());
        Self::in_format(format, request.extensions()).head(*request.method() == Method::HEAD)
    }

    /// For answering in `format` the request that has these `extensions` and is no `HEAD`.
    ///
    /// For whoever keeps them anyway and refuses seldom: there is nothing to be taken beforehand.
    #[must_use]
    pub fn in_format(format: ErrorFormat, extensions: &Extensions) -> Self {
        Self {
            format,
            head: false,
            request_id: extensions.get::<RequestId>().cloned(),
            route: extensions.get::<Route>().cloned(),
        }
    }

    /// Whether the method is `HEAD`, whose answers have no body.
    #[must_use]
    pub const fn head(mut self, is_head: bool) -> Self {
        self.head = is_head;
        self
    }

    /// The format refusals will have.
    #[must_use]
    pub const fn format(&self) -> ErrorFormat {
        self.format
    }

    /// Answers with `format` instead of the request's own.
    #[must_use]
    pub const fn with_format(mut self, format: ErrorFormat) -> Self {
        self.format = format;
        self
    }

    /// The id of the request, if a layer gave it one.
    #[must_use]
    pub const fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// The route of the request, if one was chosen.
    #[must_use]
    pub const fn route(&self) -> Option<&Route> {
        self.route.as_ref()
    }

    /// Renders `error` and leaves it in the response's extensions.
    ///
    /// Sets `Content-Type`, `Content-Length`, `Retry-After`, `Proxy-Status` and the headers the
    /// error carries; `Cache-Control: no-store`, because a refusal is about one caller at one time.
    /// The answer to `HEAD` has the headers and no body (RFC 9110 §9.3.2).
    pub fn refuse<B: RejectBody>(&self, error: impl Into<GatewayError>) -> Response<B> {
        let error = error.into();
        let rendered = match self.format {
            ErrorFormat::Problem => problem::render(self, &error),
            ErrorFormat::Grpc => grpc::render(&error),
            ErrorFormat::OpenAi => ai::openai(&error),
            ErrorFormat::Anthropic => ai::anthropic(self, &error),
            ErrorFormat::Gemini => ai::gemini(&error),
            ErrorFormat::Bedrock => ai::bedrock(&error),
        };
        let Rendered {
            status,
            mut headers,
            body,
        } = rendered;
        common_headers(&mut headers, &error, body.len());
        let body = if self.head { Bytes::new() } else { body };
        let mut response = Response::new(B::from_rejection(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response.extensions_mut().insert(error);
        response
    }
}

/// One format's work.
pub(super) struct Rendered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Rendered {
    pub(super) fn json(
        status: StatusCode,
        media_type: &'static str,
        body: &serde_json::Value,
    ) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Self {
            status,
            headers,
            body: Bytes::from(body.to_string()),
        }
    }
}

fn common_headers(headers: &mut HeaderMap, error: &GatewayError, length: usize) {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = error.retry_after_value() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    if let Some(proxy_error) = error.kind().proxy_error()
        && let Ok(value) = HeaderValue::try_from(format!("gateway; error={proxy_error}"))
    {
        headers.insert("proxy-status", value);
    }
    for (name, value) in error.headers() {
        headers.append(name, value.clone());
    }
}

/// Rounded up, at least one: "retry after 0 seconds" is an invitation to a busy loop.
fn whole_seconds(after: Duration) -> u64 {
    (after.as_secs() + u64::from(after.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, ErrorKind};

    fn refuse(request: &Request<()>, error: GatewayError) -> Response<Body> {
        Responder::of(request).refuse(error)
    }

    #[test]
    fn problem_is_the_default() {
        let error = GatewayError::new(ErrorKind::RateLimited)
            .detail("600 per minute")
            .layer("rate_limit")
            .retry_after(Duration::from_millis(300));
        let response = refuse(&Request::new(()), error);
        assert_eq!(response.status(), 429);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers()["retry-after"], "1");
        let body: serde_json::Value =
            serde_json::from_slice(response.body().as_bytes().unwrap()).unwrap();
        assert_eq!(body["code"], "rate_limited");
        assert_eq!(body["layer"], "rate_limit");
        assert_eq!(body["status"], 429);
    }

    #[test]
    fn grpc_requests_get_a_trailers_only_answer() {
        let request = Request::builder()
            .header("content-type", "application/grpc+proto")
            .body(())
            .unwrap();
        let response = refuse(&request, GatewayError::new(ErrorKind::AuthRequired));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "16");
        assert!(response.body().as_bytes().unwrap().is_empty());
    }

    #[test]
    fn head_gets_the_headers_alone() {
        let request = Request::builder().method("HEAD").body(()).unwrap();
        let response = refuse(&request, GatewayError::new(ErrorKind::NoRoute));
        assert_ne!(response.headers()["content-length"], "0");
        assert!(response.body().as_bytes().unwrap().is_empty());
    }

    #[test]
    fn every_format_renders_every_kind() {
        for format in [
            ErrorFormat::Problem,
            ErrorFormat::Grpc,
            ErrorFormat::OpenAi,
            ErrorFormat::Anthropic,
            ErrorFormat::Gemini,
            ErrorFormat::Bedrock,
        ] {
            for kind in ErrorKind::ALL {
                let mut request = Request::new(());
                request.extensions_mut().insert(format);
                let response = refuse(&request, GatewayError::new(*kind));
                assert_eq!(
                    response.extensions().get::<GatewayError>().unwrap().kind(),
                    *kind
                );
            }
        }
    }

    #[test]
    fn openai_errors_have_all_four_members() {
        let mut request = Request::new(());
        request.extensions_mut().insert(ErrorFormat::OpenAi);
        let response = refuse(&request, GatewayError::new(ErrorKind::KeyInvalid));
        let body: serde_json::Value =
            serde_json::from_slice(response.body().as_bytes().unwrap()).unwrap();
        let error = body["error"].as_object().unwrap();
        assert_eq!(error["code"], "invalid_api_key");
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["param"].is_null());
        assert!(error["message"].is_string());
    }
}
