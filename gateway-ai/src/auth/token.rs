use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use gateway_core::{Body, Request, body::collect};
use http::{HeaderValue, Method, StatusCode, Uri, header, uri::Scheme};
use serde::Deserialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::CredentialsError;
use crate::{
    error::{AiError, AiErrorKind},
    providers::HttpClient,
};

/// How an access token is asked for.
pub(super) enum Grant {
    /// A form whose fields never change.
    Fixed { url: Uri, body: Bytes },
    /// A form with a fresh assertion each time.
    #[cfg(feature = "google")]
    Assertion {
        url: Uri,
        assertion: Box<super::assertion::Assertion>,
    },
    /// Google's metadata server, which answers to anyone on the machine.
    Metadata { url: Uri },
}

/// An access token that is fetched when it is needed, and ahead of its end.
#[derive(Debug)]
pub(super) struct TokenSource {
    grant: Grant,
    client: HttpClient,
    token: ArcSwapOption<Token>,
    /// Held by the one call that fetches; remembers how the last attempt failed.
    flight: Mutex<Option<(Instant, AiError)>>,
}

/// A token as it goes into the header.
struct Token {
    value: HeaderValue,
    refresh_at: Instant,
    ends_at: Instant,
}

impl TokenSource {
    pub(super) fn new(grant: Grant, client: HttpClient) -> Self {
        Self {
            grant,
            client,
            token: ArcSwapOption::empty(),
            flight: Mutex::new(None),
        }
    }

    /// The value of `authorization`.
    pub(super) async fn get(&self) -> Result<HeaderValue, AiError> {
        let now = Instant::now();
        let have = self.token.load_full();
        let Some(token) = have.filter(|token| now < token.ends_at) else {
            return self.wait().await;
        };
        if now >= token.refresh_at
            && let Ok(mut flight) = self.flight.try_lock()
            && flight
                .as_ref()
                .is_none_or(|(at, _)| now >= *at + PAUSE_AHEAD)
        {
            // The token at hand is still good: a failure to renew it is remembered, not told.
            if let Ok(value) = self.renew(&mut flight).await {
                return Ok(value);
            }
        }
        Ok(token.value.clone())
    }

    /// Forgets a token that was refused, if it is still the one in use.
    pub(super) fn refused(&self, value: &HeaderValue) {
        let have = self.token.load_full();
        if have.is_some_and(|token| token.value == *value) {
            self.token.store(None);
        }
    }

    /// Fetches a token, or waits for the call that does.
    async fn wait(&self) -> Result<HeaderValue, AiError> {
        let mut flight = self.flight.lock().await;
        let now = Instant::now();
        let have = self.token.load_full();
        if let Some(token) = have.filter(|token| now < token.ends_at) {
            return Ok(token.value.clone());
        }
        // Those who waited for an attempt that failed must not each make their own.
        if let Some((at, error)) = &*flight
            && now < *at + PAUSE
        {
            return Err(error.clone());
        }
        self.renew(&mut flight).await
    }

    async fn renew(&self, flight: &mut Option<(Instant, AiError)>) -> Result<HeaderValue, AiError> {
        let fetched = timeout(PATIENCE, self.fetch())
            .await
            .unwrap_or_else(|_| Err(failed(AiErrorKind::Timeout, "did not answer in time")));
        match fetched {
            Ok(token) => {
                *flight = None;
                let value = token.value.clone();
                self.token.store(Some(Arc::new(token)));
                Ok(value)
            }
            Err(error) => {
                tracing::warn!(%error, "no access token");
                *flight = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn fetch(&self) -> Result<Token, AiError> {
        let request = self
            .grant
            .request(SystemTime::now())
            .ok_or_else(|| failed(AiErrorKind::Server, "cannot be asked"))?;
        let asked = Instant::now();
        let response = self.client.send(request).await.map_err(|error| {
            tracing::debug!(%error, "token endpoint cannot be reached");
            failed(AiErrorKind::Connect, "cannot be reached")
        })?;
        let (head, body) = response.into_parts();
        let body = collect(body, ANSWER_LIMIT)
            .await
            .map_err(|_| failed(AiErrorKind::Malformed, "gave an answer that cannot be read"))?;
        read(head.status, body.bytes(), asked)
    }
}

/// Reads the answer of a token endpoint (RFC 6749 §5.1).
fn read(status: StatusCode, body: &[u8], asked: Instant) -> Result<Token, AiError> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        #[serde(default)]
        expires_in: Option<u64>,
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(failed(AiErrorKind::Server, "is out of order").with_status(status));
    }
    if !status.is_success() {
        return Err(failed(AiErrorKind::Authentication, "refused the account").with_status(status));
    }
    let malformed = || failed(AiErrorKind::Malformed, "gave an answer that makes no sense");
    let answer: Answer = serde_json::from_slice(body).map_err(|_| malformed())?;
    let mut value = HeaderValue::try_from(format!("Bearer {}", answer.access_token))
        .map_err(|_| malformed())?;
    value.set_sensitive(true);
    let life = Duration::from_secs(answer.expires_in.unwrap_or(3600).min(MAX_LIFE));
    Ok(Token {
        value,
        refresh_at: asked + life.saturating_sub(AHEAD.min(life / 2)),
        ends_at: asked + life.saturating_sub(MARGIN.min(life / 4)),
    })
}

fn failed(kind: AiErrorKind, what: &str) -> AiError {
    AiError::upstream(kind, format!("the token endpoint {what}"))
}

impl Grant {
    fn request(&self, now: SystemTime) -> Option<Request> {
        let (url, body) = match self {
            Self::Fixed { url, body } => (url, body.clone()),
            #[cfg(feature = "google")]
            Self::Assertion { url, assertion } => (url, assertion.body(now)?),
            Self::Metadata { url } => {
                let mut request = Request::new(Body::empty());
                *request.uri_mut() = url.clone();
                let flavor = HeaderValue::from_static("Google");
                request.headers_mut().insert("metadata-flavor", flavor);
                return Some(request);
            }
        };
        #[cfg(not(feature = "google"))]
        let _ = now;
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.clone();
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        Some(request)
    }
}

/// Writes the body of a form.
pub(super) fn form(fields: &[(&str, &str)]) -> Bytes {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    body.finish().into()
}

/// Reads the address of a token endpoint.
pub(super) fn endpoint(url: &str) -> Result<Uri, CredentialsError> {
    let known = |uri: &Uri| {
        let scheme = uri.scheme();
        (scheme == Some(&Scheme::HTTP) || scheme == Some(&Scheme::HTTPS))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
    };
    let parsed: Option<Uri> = url.parse().ok();
    parsed
        .filter(known)
        .ok_or_else(|| CredentialsError::TokenUrl(url.to_owned()))
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Fixed { url, .. } | Self::Metadata { url } => url,
            #[cfg(feature = "google")]
            Self::Assertion { url, .. } => url,
        };
        f.debug_struct("Grant")
            .field("url", url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// How long before its end a token is renewed.
const AHEAD: Duration = Duration::from_secs(300);
/// How long before its end a token is used no more: it must outlive the call's way to the provider.
const MARGIN: Duration = Duration::from_secs(30);
/// No token is trusted for longer, whatever the endpoint says.
const MAX_LIFE: u64 = 24 * 3600;
/// The longest wait for a token.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a failure answers those who ask next.
const PAUSE: Duration = Duration::from_secs(1);
/// The same while a good token is at hand.
const PAUSE_AHEAD: Duration = Duration::from_secs(15);
const ANSWER_LIMIT: usize = 64 * 1024;
