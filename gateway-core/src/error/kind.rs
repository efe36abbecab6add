use http::StatusCode;

/// Makes the enum and its one table: status, code, title, retryable, `Proxy-Status` error type.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal, $retry:literal, $proxy:expr;)*) => {
        /// What went wrong, as a closed set of stable codes.
        ///
        /// The code is the key of the documentation, the `reason` label of metrics and the `code`
        /// member of problem documents; it never changes once released. Retryable means: another
        /// attempt, elsewhere or later, can succeed, and the failed one had no effect that would
        /// make it unsafe.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $name,)*
        }

        impl ErrorKind {
            /// All kinds, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The HTTP status a refusal of this kind has.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The stable snake_case code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// A short human title, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whether another attempt can succeed.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retry,)* }
            }

            /// The `Proxy-Status` error type (RFC 9209 §2.3), where one fits.
            #[must_use]
            pub const fn proxy_error(self) -> Option<&'static str> {
                match self { $(Self::$name => $proxy,)* }
            }
        }
    };
}

kinds! {
    /// No route matches the request.
    NoRoute = NOT_FOUND, "no_route", "No route matches", false, None;
    /// A route matches, but not with this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", false, None;
    /// The API version is past its sunset.
    VersionRetired = GONE, "version_retired", "API version retired", false, None;
    /// The request line, a header or the framing is malformed.
    BadRequest = BAD_REQUEST, "bad_request", "Bad request", false, None;
    /// The body is not what its media type says.
    InvalidBody = BAD_REQUEST, "invalid_body", "Invalid body", false, None;
    /// A template variable is missing or has the wrong type.
    InvalidVariable = BAD_REQUEST, "invalid_variable", "Invalid variable", false, None;
    /// A parameter or field has a value that is not accepted.
    InvalidParameter = BAD_REQUEST, "invalid_parameter", "Invalid parameter", false, None;
    /// The body did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "Request timeout", false, None;
    /// The body is larger than allowed.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "Body too large", false, None;
    /// The target is longer than allowed.
    UriTooLong = URI_TOO_LONG, "uri_too_long", "URI too long", false, None;
    /// The client accepts no media type that there is.
    NotAcceptable = NOT_ACCEPTABLE, "not_acceptable", "Not acceptable", false, None;
    /// The media type is not supported here.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type", false, None;
    /// The header section is larger than allowed.
    HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "Headers too large", false, None;
    /// A protection rule refused the request.
    Blocked = FORBIDDEN, "blocked", "Blocked", false, None;
    /// Credentials are required and there are none.
    AuthRequired = UNAUTHORIZED, "auth_required", "Authentication required", false, None;
    /// The token is malformed, forged, or not for this audience.
    JwtInvalid = UNAUTHORIZED, "jwt_invalid", "Token invalid", false, None;
    /// The token has expired.
    JwtExpired = UNAUTHORIZED, "jwt_expired", "Token expired", false, None;
    /// The token is not valid yet.
    JwtNotYetValid = UNAUTHORIZED, "jwt_not_yet_valid", "Token not yet valid", false, None;
    /// The API key is unknown or revoked.
    KeyInvalid = UNAUTHORIZED, "key_invalid", "API key invalid", false, None;
    /// The API key has expired.
    KeyExpired = UNAUTHORIZED, "key_expired", "API key expired", false, None;
    /// The caller is known but may not do this.
    InsufficientScope = FORBIDDEN, "insufficient_scope", "Insufficient scope", false, None;
    /// The request rate is exhausted.
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "Rate limit exceeded", false, None;
    /// The quota of the period is exhausted.
    QuotaExceeded = TOO_MANY_REQUESTS, "quota_exceeded", "Quota exceeded", false, None;
    /// Too many requests of this caller are in flight.
    TooManyConcurrent = TOO_MANY_REQUESTS, "too_many_concurrent", "Too many concurrent requests", false, None;
    /// The request waited in a queue for longer than allowed.
    QueueTimeout = TOO_MANY_REQUESTS, "queue_timeout", "Queue timeout", false, None;
    /// The money of the period is spent.
    BudgetExceeded = TOO_MANY_REQUESTS, "budget_exceeded", "Budget exceeded", false, None;
    /// The gateway sheds load.
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "Overloaded", true, None;
    /// The gateway is shutting down.
    Draining = SERVICE_UNAVAILABLE, "draining", "Shutting down", true, None;
    /// A shared store is required and down.
    StateUnavailable = SERVICE_UNAVAILABLE, "state_unavailable", "State unavailable", true, None;
    /// Signing keys or another authority cannot be reached.
    AuthUnavailable = SERVICE_UNAVAILABLE, "auth_unavailable", "Authentication unavailable", true, None;
    /// No endpoint of the upstream can take the request.
    NoHealthyUpstream = SERVICE_UNAVAILABLE, "no_healthy_upstream", "No healthy upstream", true, Some("destination_unavailable");
    /// The circuit breaker is open.
    CircuitOpen = SERVICE_UNAVAILABLE, "circuit_open", "Circuit open", true, Some("destination_unavailable");
    /// The upstream cannot be connected to.
    UpstreamConnect = BAD_GATEWAY, "upstream_connect", "Upstream connection failed", true, Some("connection_refused");
    /// The upstream's certificate or handshake is not acceptable.
    UpstreamTls = BAD_GATEWAY, "upstream_tls", "Upstream TLS failed", false, Some("tls_certificate_error");
    /// The upstream closed the connection before it answered.
    UpstreamReset = BAD_GATEWAY, "upstream_reset", "Upstream connection lost", true, Some("connection_terminated");
    /// The upstream's answer is not HTTP, or not the HTTP that was asked for.
    UpstreamProtocol = BAD_GATEWAY, "upstream_protocol", "Upstream protocol error", false, Some("http_protocol_error");
    /// The upstream's answer is larger than this route can hold in memory.
    UpstreamTooLarge = BAD_GATEWAY, "upstream_too_large", "Upstream response too large", false, Some("http_response_body_size");
    /// The upstream answered, with an answer the gateway cannot use.
    UpstreamInvalid = BAD_GATEWAY, "upstream_invalid", "Upstream response invalid", false, Some("http_response_incomplete");
    /// All targets failed.
    UpstreamError = BAD_GATEWAY, "upstream_error", "Upstream failed", true, Some("destination_unavailable");
    /// The upstream did not answer in time.
    UpstreamTimeout = GATEWAY_TIMEOUT, "upstream_timeout", "Upstream timeout", true, Some("http_response_timeout");
    /// The time for the whole request is over.
    DeadlineExceeded = GATEWAY_TIMEOUT, "deadline_exceeded", "Deadline exceeded", false, Some("http_response_timeout");
    /// No alias or target has this name, or the caller may not use it.
    ModelNotFound = NOT_FOUND, "model_not_found", "Model not found", false, None;
    /// The prompt does not fit the model's context.
    ContextLengthExceeded = BAD_REQUEST, "context_length_exceeded", "Context length exceeded", false, None;
    /// A guard or the provider refused the content.
    ContentPolicy = BAD_REQUEST, "content_policy_violation", "Content refused", false, None;
    /// The request cannot be expressed in the target's dialect, and `strict` is set.
    LossyTranslation = BAD_REQUEST, "lossy_translation", "Lossy translation refused", false, None;
    /// The method or feature is not supported.
    NotImplemented = NOT_IMPLEMENTED, "not_implemented", "Not implemented", false, None;
    /// A bug in the gateway.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Internal error", false, Some("proxy_internal_error");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_snake_case_and_errors() {
        let codes: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            assert!(
                kind.code()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_')
            );
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
    }
}
