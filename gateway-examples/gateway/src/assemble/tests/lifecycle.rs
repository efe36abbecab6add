use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::support::{File, address, exchange, get, origin, spawn, start, status, yaml};

/// Begins a stream and gives what will have come of it.
async fn stream(
    address: std::net::SocketAddr,
    events: usize,
) -> tokio::task::JoinHandle<std::io::Result<String>> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET /o/stream?{events} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1024];
    let count = socket.read(&mut first).await.unwrap();
    let begun = String::from_utf8_lossy(&first[..count]).into_owned();
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    spawn(async move {
        let mut text = begun.into_bytes();
        socket.read_to_end(&mut text).await?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_reloads_under_load_fail_nothing_and_cut_no_stream() {
    let origin = origin().await;
    let file = File::new(&yaml(origin));
    let instance = start(&file);
    let (gateway, admin) = (address(&instance), instance.admin().unwrap());
    let long = stream(gateway, 60).await;
    let load: Vec<_> = (0..4)
        .map(|_| {
            spawn(async move {
                let mut answers = 0;
                for _ in 0..40 {
                    let answer = get(gateway, "/o/x").await;
                    assert!(answer.ends_with("hello"), "{answer}");
                    answers += 1;
                }
                answers
            })
        })
        .collect();
    let post = b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for turn in 0..20 {
        file.write(&format!("{}# {turn}\n", yaml(origin)));
        let answer = exchange(admin, post).await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
    file.write("routes: [");
    let answer = exchange(admin, post).await;
    assert_eq!(status(&answer), 422, "{answer}");
    assert!(
        answer.contains("\"line\":1"),
        "the position is told: {answer}"
    );
    for clients in load {
        assert_eq!(clients.await.unwrap(), 40);
    }
    let streamed = long.await.unwrap().unwrap();
    assert_eq!(streamed.matches("data: x").count(), 60);
    assert!(streamed.ends_with("0\r\n\r\n"));
    let metrics = get(admin, "/metrics").await;
    assert!(
        metrics.contains("gateway_config_last_reload_successful 0"),
        "{metrics}"
    );
    assert!(
        metrics
            .contains("gateway_requests_total{route=\"origin\",method=\"GET\",status=\"200\"} 161"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_fails_readiness_first_and_lets_streams_finish() {
    let patient = "drain: { delay: 2s, timeout: 60s }";
    let text = yaml(origin().await).replace("drain: { delay: 300ms, timeout: 3s }", patient);
    let file = File::new(&text);
    let instance = start(&file);
    let (gateway, admin) = (address(&instance), instance.admin().unwrap());
    assert_eq!(status(&get(admin, "/readyz").await), 200);
    let long = stream(gateway, 250).await;
    let delay = instance.drain_times().0;
    let draining = spawn(instance.drain(delay));
    while status(&get(admin, "/readyz").await) != 503 {}
    assert_eq!(
        status(&get(gateway, "/o/x").await),
        200,
        "taken during the delay"
    );
    // Refused after the delay.
    while TcpStream::connect(gateway).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&get(admin, "/healthz").await), 200);
    assert!(draining.await.unwrap(), "everything could finish");
    let streamed = long.await.unwrap().unwrap();
    assert_eq!(streamed.matches("data: x").count(), 250);
    assert!(TcpStream::connect(admin).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_does_not_wait_for_ever() {
    let text = yaml(origin().await).replace("timeout: 3s", "timeout: 200ms");
    let file = File::new(&text);
    let instance = start(&file);
    let long = stream(address(&instance), 10_000).await;
    let begin = std::time::SystemTime::now();
    assert!(!instance.drain(Duration::ZERO).await);
    let took = begin.elapsed().unwrap();
    assert!(took < Duration::from_secs(2), "{took:?}");
    long.abort();
}

#[tokio::test]
async fn a_kept_alive_connection_is_told_to_close() {
    let file = File::new(&yaml(origin().await));
    let instance = start(&file);
    let mut idle = TcpStream::connect(address(&instance)).await.unwrap();
    idle.write_all(b"GET /o/x HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let mut buf = [0; 1024];
    assert!(idle.read(&mut buf).await.unwrap() > 0);
    assert!(instance.drain(Duration::ZERO).await);
    assert_eq!(idle.read(&mut buf).await.unwrap(), 0, "closed");
}

#[tokio::test]
async fn a_taken_port_is_an_error_and_not_a_panic() {
    let file = File::new(&yaml(origin().await));
    let first = start(&file);
    let overrides = crate::assemble::Overrides {
        listen: Some(address(&first)),
        admin: None,
    };
    let loaded = crate::config::load(file.path()).unwrap();
    let error = crate::assemble::Instance::start(loaded, overrides).unwrap_err();
    assert!(error.to_string().contains("cannot listen on"), "{error}");
}

#[tokio::test]
async fn embedded_in_a_foreign_axum_app() {
    use tower::ServiceExt as _;

    let gateway = crate::Gateway::from_yaml(&yaml(origin().await)).unwrap();
    let app: axum::Router = axum::Router::new()
        .route("/own", axum::routing::get(|| async { "own" }))
        .fallback_service(gateway.embedded());
    for (path, expected) in [("/own", "own"), ("/o/x", "hello")] {
        let request = http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 64)
            .await
            .unwrap();
        assert_eq!(body, expected);
    }
}
