//! gRPC as its users speak it: tonic on both sides, with the health service that comes with it.

use std::{net::SocketAddr, time::Duration};

use gateway_tests::Gateway;
use tokio::{net::TcpListener, time::timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code,
    transport::{Channel, Endpoint, Server},
};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, health_check_response::ServingStatus as Told,
        health_client::HealthClient,
    },
    server::HealthReporter,
};

use super::support::{Two, gateway, spawn};

async fn server() -> (SocketAddr, HealthReporter) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let incoming = TcpListenerStream::new(listener);
    spawn(async move {
        let serving = Server::builder().add_service(health);
        _ = serving.serve_with_incoming(incoming).await;
    });
    (address, reporter)
}

async fn client(gateway: &Gateway) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", gateway.address));
    let channel = endpoint.expect("a URI").connect().await;
    HealthClient::new(channel.expect("it listens"))
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn calls_streams_and_failures_are_what_tonic_expects() {
    let (to, reporter) = server().await;
    let (gateway, _file) = gateway(Two, to, "", "").await;
    let mut client = client(&gateway).await;
    reporter
        .set_service_status("shop", ServingStatus::Serving)
        .await;

    let answer = client.check(of("shop")).await.expect("an answer");
    assert_eq!(answer.into_inner().status(), Told::Serving);
    let unknown = client.check(of("nobody")).await.expect_err("it is unknown");
    assert_eq!(unknown.code(), Code::NotFound, "{unknown}");

    // Each message as it comes, while the answer goes on.
    let watched = client.watch(of("shop")).await.expect("a stream");
    let mut watched = watched.into_inner();
    for (next, told) in [
        (Some(ServingStatus::NotServing), Told::Serving),
        (Some(ServingStatus::Serving), Told::NotServing),
        (None, Told::Serving),
    ] {
        let message = timeout(PATIENCE, watched.message()).await.expect("in time");
        let message = message.expect("a message").expect("not the end");
        assert_eq!(message.status(), told);
        if let Some(next) = next {
            reporter.set_service_status("shop", next).await;
        }
    }
    // Another call while that one is open.
    client.check(of("shop")).await.expect("an answer");
}

#[tokio::test]
async fn what_the_gateway_refuses_has_a_status_of_grpc() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = gone.local_addr().expect("it is bound");
    drop(gone);
    let (dead, _file) = gateway(Two, nobody, "", "").await;
    let failed = client(&dead).await.check(of("")).await;
    assert_eq!(
        failed.expect_err("nobody answers").code(),
        Code::Unavailable
    );

    let (to, _reporter) = server().await;
    let key = ", layers: { api_key: { keys: [secret-of-somebody] } }";
    let (closed, _file) = gateway(Two, to, "", key).await;
    let mut stranger = client(&closed).await;
    let failed = stranger.check(of("")).await.expect_err("a key is missing");
    assert_eq!(failed.code(), Code::Unauthenticated);
    let mut request = tonic::Request::new(of(""));
    let key = "secret-of-somebody".parse().expect("a value");
    request.metadata_mut().insert("x-api-key", key);
    stranger.check(request).await.expect("with the key");
}

const PATIENCE: Duration = Duration::from_secs(20);
