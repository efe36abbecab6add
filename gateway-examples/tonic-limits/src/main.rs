//! A rate limit on a tonic server: refusals are trailers-only answers with a `grpc-status`.
//!
//! ```text
//! cargo run -p tonic-limits
//! grpcurl -plaintext localhost:3002 grpc.health.v1.Health/Check   # the sixth at once is RESOURCE_EXHAUSTED
//! ```
#![forbid(unsafe_code)]

use std::net::SocketAddr;

use gateway_core::{Key, service::BodyLayer};
use gateway_layers::rate_limit::{RateLimitLayer, per_minute};
use tonic::transport::{Server, server::Router};
use tower::{
    ServiceBuilder,
    layer::util::{Identity, Stack},
};

/// tonic's body is not `From<Bytes>`, so [`BodyLayer`] goes under the layer that refuses.
type Limited = Stack<Stack<BodyLayer, Stack<RateLimitLayer, Identity>>, Identity>;

async fn server() -> Router<Limited> {
    let limit = RateLimitLayer::new(per_minute(60).burst(5)).key(Key::Global);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("", tonic_health::ServingStatus::Serving)
        .await;
    let layers = ServiceBuilder::new()
        .layer(limit)
        .layer(BodyLayer::new())
        .into_inner();
    Server::builder().layer(layers).add_service(health)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = SocketAddr::from(([127, 0, 0, 1], 3002));
    eprintln!("listening http://{address}");
    server().await.serve(address).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_stream::wrappers::TcpListenerStream;
    use tonic::transport::Endpoint;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;

    #[tokio::test]
    async fn the_sixth_call_is_resource_exhausted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = server()
            .await
            .serve_with_incoming(TcpListenerStream::new(listener));
        let calling = async {
            let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
            let mut client = HealthClient::new(endpoint.connect().await.unwrap());
            for _ in 0..5 {
                client.check(HealthCheckRequest::default()).await.unwrap();
            }
            client
                .check(HealthCheckRequest::default())
                .await
                .unwrap_err()
        };
        let status = tokio::select! {
            status = calling => status,
            ended = serving => panic!("the server ended: {ended:?}"),
        };
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert!(status.metadata().contains_key("retry-after"));
    }
}
