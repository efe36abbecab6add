//! One probe of one endpoint.

use bytes::Bytes;
use gateway_core::{Body, BoxError, Request, body::collect};
use http::{HeaderMap, HeaderValue, Response, Uri, header};
use http_body::Body as HttpBody;
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    Probe, grpc,
    probe::{Http, Question},
};
use crate::balance::{EndpointState, Fault};

impl Probe {
    /// Asks once. `None` if it cannot be asked.
    pub(super) async fn ask<S, ResBody>(
        &self,
        service: S,
        state: &EndpointState,
    ) -> Option<Result<(), Fault>>
    where
        S: Service<Request, Response = Response<ResBody>>,
        ResBody: HttpBody<Data = Bytes> + Send + 'static,
        ResBody::Error: Into<BoxError>,
    {
        let asked = async {
            match &self.question {
                Question::Tcp => connect(state.address()?).await,
                Question::Http(http) => page(http, service).await,
                Question::Grpc(http, name) => serving(http, name, service).await,
            }
            .into()
        };
        let answer = tokio::time::timeout(self.timeout, asked).await;
        answer.unwrap_or(Some(Err(Fault::Timeout)))
    }
}

async fn connect(address: &str) -> Result<(), Fault> {
    match TcpStream::connect(address).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::Unreachable),
    }
}

async fn page<S, ResBody>(http: &Http, service: S) -> Result<(), Fault>
where
    S: Service<Request, Response = Response<ResBody>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    let response = send(http, Body::empty(), HeaderMap::new(), service).await?;
    let good = http.status.contains(&response.status().as_u16());
    // Read in any case: a connection whose answer was read can be used again.
    let read = collect(response.into_body(), MAX_BODY).await;
    match (&http.body, read) {
        _ if !good => Err(Fault::Status),
        (None, _) => Ok(()),
        (Some(text), Ok(read)) if contains(read.bytes(), text.as_bytes()) => Ok(()),
        (Some(_), _) => Err(Fault::Content),
    }
}

async fn serving<S, ResBody>(http: &Http, name: &str, service: S) -> Result<(), Fault>
where
    S: Service<Request, Response = Response<ResBody>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    let mut headers = HeaderMap::new();
    let media_type = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    let body = Body::from(grpc::request(name));
    let response = send(http, body, headers, service).await?;
    if !http.status.contains(&response.status().as_u16()) {
        return Err(Fault::Status);
    }
    let failed = |headers: &HeaderMap| {
        let status = headers.get("grpc-status");
        status.is_some_and(|status| status != "0")
    };
    if failed(response.headers()) {
        return Err(Fault::NotServing);
    }
    let read = collect(response.into_body(), MAX_BODY).await;
    let read = read.map_err(|_| Fault::Unreachable)?;
    let ended_well = read.trailers().is_some_and(|trailers| !failed(trailers));
    if ended_well && grpc::is_serving(read.bytes()) {
        return Ok(());
    }
    Err(Fault::NotServing)
}

/// A refusal of our own means that nobody answered.
async fn send<S, ResBody>(
    http: &Http,
    body: Body,
    headers: HeaderMap,
    mut service: S,
) -> Result<Response<ResBody>, Fault>
where
    S: Service<Request, Response = Response<ResBody>>,
{
    let mut request = Request::new(body);
    *request.method_mut() = http.method.clone();
    *request.uri_mut() = Uri::from(http.path.clone());
    let agent = HeaderValue::from_static("gateway-probe");
    request.headers_mut().insert(header::USER_AGENT, agent);
    request.headers_mut().extend(headers);
    request.headers_mut().extend(http.headers.clone());
    let ready = std::future::poll_fn(|cx| service.poll_ready(cx)).await;
    ready.map_err(|_| Fault::Unreachable)?;
    let answered = service.call(request).await;
    let response = answered.map_err(|_| Fault::Unreachable)?;
    match response.extensions().get::<gateway_core::GatewayError>() {
        Some(_) => Err(Fault::Unreachable),
        None => Ok(response),
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

const MAX_BODY: usize = 64 * 1024;
