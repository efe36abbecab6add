//! A caching reverse proxy on plain hyper: a server, [`CacheLayer`], and a client.
//!
//! `cargo run -p gateway-layers --features cache --example cache_proxy -- 127.0.0.1:8000 127.0.0.1:8080`
//!
//! Options after the two addresses: `heuristic` guesses lifetimes from `Last-Modified`, `set-cookie`
//! stores responses that set cookies, `grace` serves stale responses for a minute in place of a
//! failed origin. With all three, the public suite `http-cache-tests` measures all of RFC 9111 that
//! a shared cache may do.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use gateway_core::{Body, ErrorKind, GatewayError, Responder};
use gateway_layers::cache::CacheLayer;
use http::{Request, Response, Uri, header, uri::Authority};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, task::JoinSet};
use tower::{ServiceBuilder, service_fn};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [origin, listen, options @ ..] = arguments.as_slice() else {
        return Err("usage: cache_proxy ORIGIN LISTEN [heuristic] [set-cookie] [grace]".into());
    };
    let origin: Authority = origin.parse()?;
    let listener = TcpListener::bind(listen.parse::<SocketAddr>()?).await?;
    let client = Client::builder(TokioExecutor::new()).build_http();

    let has = |name: &str| options.iter().any(|option| option == name);
    let cache = CacheLayer::memory(64 << 20)
        .heuristic(has("heuristic"))
        .store_set_cookie(has("set-cookie"))
        .stale_if_error(if has("grace") { GRACE } else { Duration::ZERO });
    let service = ServiceBuilder::new()
        .layer(cache)
        .service(service_fn(move |request| {
            forward(client.clone(), origin.clone(), request)
        }));

    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        connections.spawn(async move {
            // A connection that breaks is its client's affair.
            _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn forward(
    client: Client<HttpConnector, hyper::body::Incoming>,
    origin: Authority,
    mut request: Request<hyper::body::Incoming>,
) -> Result<Response<Body>, Infallible> {
    let responder = Responder::of(&request);
    for name in [
        header::CONNECTION,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ] {
        request.headers_mut().remove(name);
    }
    let target = request.uri().path_and_query().cloned();
    let uri = Uri::builder().scheme("http").authority(origin);
    let uri = match target {
        Some(target) => uri.path_and_query(target),
        None => uri.path_and_query("/"),
    };
    match uri.build() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => return Ok(responder.refuse(refusal(ErrorKind::BadRequest, error))),
    }
    Ok(match client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => responder.refuse(refusal(ErrorKind::UpstreamConnect, error)),
    })
}

fn refusal(kind: ErrorKind, cause: impl Into<Error>) -> GatewayError {
    GatewayError::new(kind).source(cause)
}

const GRACE: Duration = Duration::from_secs(60);
