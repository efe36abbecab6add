//! Requests with absolute targets.

use std::time::Duration;

use gateway_core::{Body, ErrorKind, GatewayError, Request, Response, error::cause_ref};
use http::{HeaderValue, Version, header};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::resolve::{Forbidden, Resolver};
use crate::proxy::{ViaLines, hop, via};

pub(super) type Client = legacy::Client<HttpConnector<Resolver>, Body>;

pub(super) fn client(connector: HttpConnector<Resolver>, idle: Duration) -> Client {
    legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(idle)
        .pool_max_idle_per_host(MAX_IDLE)
        .pool_timer(TokioTimer::new())
        .http1_max_headers(MAX_HEADERS)
        .build(connector)
}

pub(super) async fn forward(
    client: &Client,
    mut request: Request,
    lines: &ViaLines,
) -> Result<Response, GatewayError> {
    prepare(&mut request, lines);
    let answered = client.request(request).await;
    let mut response = answered.map_err(failed)?.map(Body::new);
    *response.version_mut() = Version::HTTP_11;
    hop::strip(response.headers_mut(), |_| false);
    Ok(response)
}

/// What was meant for this hop stays here, credentials first of all. Nothing is said about the client.
fn prepare(request: &mut Request, lines: &ViaLines) {
    let version = request.version();
    *request.version_mut() = Version::HTTP_11;
    // RFC 9112 §3.2.2: the target wins.
    let authority = request.uri().authority().map(|host| host.as_str());
    let host = authority.and_then(|host| HeaderValue::from_str(host).ok());
    let headers = request.headers_mut();
    let trailers = hop::has_token(headers, &header::TE, "trailers");
    hop::strip(headers, |_| false);
    headers.remove(header::EXPECT);
    if let Some(host) = host {
        headers.insert(header::HOST, host);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    via(headers, version, lines);
}

/// What a failed connection or request is to the client.
pub(super) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> GatewayError {
    let kind = if cause_ref::<Forbidden>(&error).is_some() {
        return GatewayError::new(ErrorKind::Blocked).source(error);
    } else if let Some(own) = cause_ref::<GatewayError>(&error) {
        return own.clone();
    } else if let Some(error) = cause_ref::<hyper::Error>(&error) {
        if error.is_parse() || error.is_parse_status() || error.is_parse_too_large() {
            ErrorKind::UpstreamProtocol
        } else if error.is_user() {
            ErrorKind::InvalidBody
        } else {
            ErrorKind::UpstreamReset
        }
    } else {
        ErrorKind::UpstreamConnect
    };
    tracing::debug!(%error, cause = error.source(), "forwarding failed");
    GatewayError::new(kind).source(error)
}

const MAX_IDLE: usize = 16;
const MAX_HEADERS: usize = 256;
