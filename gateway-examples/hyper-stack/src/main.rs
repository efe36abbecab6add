//! Gateway layers on a plain hyper server: the service keeps its own body and error types.
//!
//! ```text
//! cargo run -p hyper-stack
//! curl -i localhost:3001 -H 'x-api-key: demo'       # 200 with RateLimit headers; the sixth at once is a 429
//! curl -i localhost:3001                            # 401 as problem+json
//! ```
#![forbid(unsafe_code)]

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use gateway_core::{Identity, Key};
use gateway_layers::{
    api_key::{ApiKey, ApiKeyLayer},
    client_ip::{ClientIpLayer, PeerAddr},
    rate_limit::{RateLimitLayer, per_minute},
    request_id::RequestIdLayer,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, service_fn};

type Answer = Response<Full<Bytes>>;

/// An ordinary service; nothing in it knows about the layers around it.
async fn hello<B>(request: Request<B>) -> Result<Answer, Infallible> {
    let caller = request
        .extensions()
        .get::<Identity>()
        .map_or("nobody", Identity::subject);
    Ok(Response::new(Full::from(format!("hello, {caller}\n"))))
}

/// The stack, outermost first. Its response and error types are those of `hello`.
fn stack<B: Send + 'static>()
-> impl Service<Request<B>, Response = Answer, Error = Infallible, Future: Send> + Clone {
    ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(ClientIpLayer::direct())
        .layer(ApiKeyLayer::new([ApiKey::new("demo", "demo")]))
        .layer(RateLimitLayer::new(per_minute(60).burst(5)).key(Key::Subject.or(Key::ClientIp)))
        .service(service_fn(hello))
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let stack = stack();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 3001))).await?;
    eprintln!("listening http://{}", listener.local_addr()?);
    loop {
        let (io, peer) = listener.accept().await?;
        // Limits by address need to know the peer; hyper leaves telling to whoever accepts.
        let service = ServiceBuilder::new()
            .map_request(move |mut request: Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(PeerAddr::new(peer));
                request
            })
            .service(stack.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "a connection's task ends with its connection"
        )]
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            _ = server
                .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
                .await;
        });
    }
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn keys_are_known_and_limited() {
        let stack = stack::<()>();
        let call = |key: &'static str| {
            stack.clone().oneshot(
                Request::builder()
                    .header("x-api-key", key)
                    .body(())
                    .unwrap(),
            )
        };
        assert_eq!(call("guess").await.unwrap().status(), 401);
        for _ in 0..5 {
            assert_eq!(call("demo").await.unwrap().status(), 200);
        }
        let refused = call("demo").await.unwrap();
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));
        assert!(refused.headers().contains_key("x-request-id"));
    }
}
