use gateway_core::{Body, ClientIp, Outcome, Request, Response, Upstream};
use http::StatusCode;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tower::ServiceExt as _;

use super::support::{
    canned, exchange, gateway, raw, read_all, read_head, request, text, upstream,
};
use crate::{
    proxy::{Forwarding, Host, Proxy},
    transport::{Client, Protocol},
};

/// Answers with the request's head, sorted, one field a line.
async fn mirror() -> std::net::SocketAddr {
    upstream(false, |request| async move {
        let mut lines: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines.insert(0, format!("{} {}", request.method(), request.uri()));
        Response::new(Body::from(lines.join("\n")))
    })
    .await
}

async fn ask(proxy: Proxy, request: Request) -> String {
    text(proxy.oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn the_upstream_sees_a_clean_request() {
    let address = mirror().await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let mut request = request("GET", "http://shop.example/a%2Fb//c?d=e", "");
    for (name, value) in [
        ("connection", "keep-alive, x-hop, authorization"),
        ("x-hop", "1"),
        ("authorization", "Bearer t"),
        ("proxy-connection", "keep-alive"),
        ("x-forwarded-for", "203.0.113.66"),
        ("x_forwarded_for", "203.0.113.66"),
        ("forwarded", "for=203.0.113.66"),
        ("te", "trailers, gzip"),
        ("host", "forged.example"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let ip = "192.0.2.7".parse::<std::net::IpAddr>().unwrap();
    request.extensions_mut().insert(ClientIp::new(ip));
    assert_eq!(
        ask(proxy, request).await,
        "GET /a%2Fb//c?d=e\n\
         authorization: Bearer t\n\
         connection: te\n\
         host: shop.example\n\
         te: trailers\n\
         via: 1.1 gateway\n\
         x-forwarded-for: 192.0.2.7\n\
         x-forwarded-host: shop.example\n\
         x-forwarded-proto: http"
    );
}

#[tokio::test]
async fn the_builder_decides_host_path_and_forwarding() {
    let address = mirror().await;
    let proxy = Proxy::builder(&format!("http://{address}/api/"))
        .unwrap()
        .host(Host::Upstream)
        .forwarding(Forwarding::Append)
        .rfc7239(true)
        .via(None)
        .strip_prefix("/shop")
        .build()
        .unwrap();
    let mut request = request("GET", "/shop/1?x", "");
    for (name, value) in [
        ("host", "shop.example"),
        ("x-forwarded-for", "203.0.113.1"),
        ("x-forwarded-proto", "https"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let peer = "10.0.0.9:1".parse().unwrap();
    request
        .extensions_mut()
        .insert(crate::client_ip::PeerAddr::new(peer));
    assert_eq!(
        ask(proxy, request).await,
        format!(
            "GET /api/1?x\n\
             forwarded: for=10.0.0.9;host=\"shop.example\";proto=http\n\
             host: {address}\n\
             x-forwarded-for: 203.0.113.1, 10.0.0.9\n\
             x-forwarded-host: shop.example\n\
             x-forwarded-proto: https"
        )
    );
}

#[tokio::test]
async fn named_headers_of_the_gateway_survive_behind_the_edge_layer() {
    use tower_layer::Layer as _;
    let address = mirror().await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    // What an authentication layer between the two does.
    let authenticate = tower::util::MapRequestLayer::new(|mut request: Request| {
        assert!(!request.headers().contains_key("x-user"));
        request
            .headers_mut()
            .insert("x-user", "alice".parse().unwrap());
        request
    });
    let stack = crate::proxy::HopByHopLayer::new().layer(authenticate.layer(proxy));
    let mut request = request("GET", "/", "");
    request
        .headers_mut()
        .insert("connection", "x-user, close".parse().unwrap());
    request
        .headers_mut()
        .insert("x-user", "forged".parse().unwrap());
    let seen = text(stack.oneshot(request).await.unwrap()).await;
    assert!(seen.contains("x-user: alice"), "{seen}");
}

#[tokio::test]
async fn the_response_tells_who_answered() {
    let address = mirror().await;
    let proxy = Proxy::builder(&format!("http://{address}"))
        .unwrap()
        .name("orders")
        .build()
        .unwrap();
    let outcome = Outcome::new();
    let mut request = request("GET", "/", "");
    request.extensions_mut().insert(outcome.clone());
    let response = proxy.oneshot(request).await.unwrap();
    let upstream = response.extensions().get::<Upstream>().unwrap();
    assert_eq!(upstream.name(), "orders");
    assert_eq!(upstream.endpoint(), format!("http://{address}"));
    assert!(upstream.first_byte().is_some());
    assert_eq!(outcome.take().upstream.unwrap().name(), "orders");
}

pub(super) async fn through(answer: &'static str, request: &str) -> String {
    let address = canned(answer).await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    exchange(gateway(false, proxy).await, request).await
}

#[tokio::test]
async fn http10_upstreams_and_clients_are_served() {
    let old = "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nuntil the end";
    let got = through(
        old,
        "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 200 OK"), "{got}");
    assert!(got.contains("transfer-encoding: chunked"), "{got}");
    assert!(got.contains("until the end"), "{got}");

    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let got = through(chunked, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(got.starts_with("HTTP/1.0 200 OK"), "{got}");
    assert!(!got.contains("chunked"), "{got}");
    assert!(got.ends_with("\r\n\r\nabc"), "{got}");
}

#[tokio::test]
async fn hop_by_hop_fields_of_answers_end_here() {
    let got = through(
        "HTTP/1.1 200 OK\r\nconnection: x-hop, keep-alive\r\nkeep-alive: timeout=5\r\n\
         x-hop: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(
        !got.contains("x-hop") && !got.contains("keep-alive"),
        "{got}"
    );
    assert_eq!(got.matches("set-cookie").count(), 2);
}

#[tokio::test]
async fn the_client_is_told_to_continue_once_the_upstream_has_the_head() {
    let address = raw(|mut io| async move {
        let head = read_head(&mut io).await;
        assert!(!head.contains("expect"), "{head}");
        let mut body = [0; 5];
        tokio::io::AsyncReadExt::read_exact(&mut io, &mut body)
            .await
            .unwrap();
        assert_eq!(&body, b"12345");
        io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let mut io = TcpStream::connect(gateway(false, proxy).await)
        .await
        .unwrap();
    io.write_all(
        b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 5\r\nconnection: close\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!(read_head(&mut io).await, "HTTP/1.1 100 Continue\r\n\r\n");
    io.write_all(b"12345").await.unwrap();
    assert!(read_all(&mut io).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn an_h2_client_reaches_an_http1_upstream() {
    let address = mirror().await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(true, proxy).await;
    let client = Client::builder().protocol(Protocol::Http2).build().unwrap();
    let mut request = request("GET", &format!("http://{front}/x"), "");
    request
        .headers_mut()
        .insert("host", "shop.example".parse().unwrap());
    let seen = text(client.oneshot(request).await.unwrap()).await;
    assert!(seen.contains("host: shop.example\n"), "{seen}");
    assert!(seen.contains("via: 2 gateway"), "{seen}");
}

#[tokio::test]
async fn absolute_and_asterisk_targets() {
    let address = mirror().await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(false, proxy).await;
    let got = exchange(
        front,
        "GET http://real.example/p?q HTTP/1.1\r\nhost: forged.example\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(got.contains("GET /p?q\n"), "{got}");
    assert!(got.contains("host: real.example\n"), "{got}");
    let got = exchange(
        front,
        "OPTIONS * HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(got.contains("OPTIONS *\n"), "{got}");
}

#[tokio::test]
async fn the_upstreams_own_status_is_the_answer() {
    let address = canned("HTTP/1.1 503 Down\r\ncontent-length: 4\r\n\r\nmine").await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let response = proxy.oneshot(request("GET", "/", "")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        response
            .extensions()
            .get::<gateway_core::GatewayError>()
            .is_none()
    );
    assert_eq!(text(response).await, "mine");
}
