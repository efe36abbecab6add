//! The forward proxy, with curl and with bare hands.

use std::{net::SocketAddr, process::Command, time::Duration};

use gateway_core::Body;
use gateway_tests::{ConfigFile, Gateway};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::support::{One, Two, upstream};
use crate::PROGRAM;

async fn proxy(options: &str, log: &str) -> (Gateway, ConfigFile) {
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
observe: {{ access_log: {{ format: json, to: {log} }} }}
forward_proxies:
  main: {{ {options} }}
"
    ));
    let path = file.path().display().to_string();
    (Gateway::start(PROGRAM, &["run", &path]).await, file)
}

async fn tell(request: Request<Incoming>) -> Response<Body> {
    let told = format!(
        "{:?} {} {:?}",
        request.version(),
        request.uri(),
        request.headers()
    );
    Response::new(Body::from(told))
}

fn any_port(to: SocketAddr) -> String {
    format!("ports: [{}], allow_addresses: 127.0.0.0/8", to.port())
}

fn curl(arguments: &[&str]) -> Option<String> {
    let output = Command::new("curl")
        .args(["-sS", "-i", "--max-time", "10"])
        .args(arguments)
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: curl is not installed");
        return None;
    };
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_goes_through_it() {
    let (one, two) = (upstream(One, tell).await, upstream(Two, tell).await);
    let options = format!(
        "ports: [{}, {}], allow_addresses: 127.0.0.0/8, users: {{ ci: s3cret }}",
        one.port(),
        two.port()
    );
    let (gateway, _file) = proxy(&options, "stdout").await;
    let at = format!("http://{}", gateway.address);
    let url = format!("http://{one}/a?b");
    let Some(said) = curl(&["-x", &at, "-U", "ci:s3cret", &url]) else {
        return;
    };
    assert!(
        said.contains("HTTP/1.1 /a?b") && said.contains(&format!("\"host\": \"{one}\"")),
        "{said}"
    );
    assert!(!said.contains("proxy-authorization"), "{said}");
    // By name, resolved and checked by the gateway; and a tunnel for HTTP/2.
    let url = format!("http://localhost:{}/in", two.port());
    let said = curl(&[
        "-x",
        &at,
        "-p",
        "-U",
        "ci:s3cret",
        "--http2-prior-knowledge",
        &url,
    ])
    .unwrap_or_default();
    assert!(said.contains("HTTP/2.0") && said.contains("/in"), "{said}");
    let said = curl(&["-x", &at, "-p", "-U", "ci:wrong", &url]).unwrap_or_default();
    assert!(
        said.contains("407") && said.to_lowercase().contains("proxy-authenticate: basic"),
        "{said}"
    );
    let said = curl(&["-x", &at, &url]).unwrap_or_default();
    assert!(said.contains("407"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_not_go_everywhere() {
    let to = upstream(One, tell).await;
    let (gateway, _file) = proxy(&format!("ports: [{}]", to.port()), "stdout").await;
    let at = format!("http://{}", gateway.address);
    for url in [
        format!("http://{to}/"),
        format!("http://localhost:{}/", to.port()),
        "http://169.254.169.254/".to_owned(),
    ] {
        let Some(said) = curl(&["-x", &at, &url]) else {
            return;
        };
        assert!(
            said.contains("403 Forbidden") && said.contains("blocked"),
            "{url}: {said}"
        );
        let said = curl(&["-x", &at, "-p", &url]).unwrap_or_default();
        assert!(said.contains("403 Forbidden"), "{url}: {said}");
    }
    let said = curl(&[&format!("{at}/path")]).unwrap_or_default();
    assert!(said.contains("400 Bad Request"), "{said}");
}

/// The record of a tunnel is written when it ends, with what it has carried.
#[tokio::test]
async fn the_log_has_the_bytes_of_a_tunnel() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let to = listener.local_addr().expect("it is bound");
    super::support::spawn(async move {
        while let Ok((mut io, _)) = listener.accept().await {
            let mut said = Vec::new();
            _ = io.read_to_end(&mut said).await;
            _ = io.write_all(b"goodbye").await;
        }
    });
    let directory = std::env::temp_dir().join(format!("gateway-tunnel-{}", std::process::id()));
    let log = directory.display().to_string();
    let (gateway, _file) = proxy(&any_port(to), &log).await;
    let mut io = TcpStream::connect(gateway.address)
        .await
        .expect("it listens");
    let ask = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n");
    io.write_all(ask.as_bytes()).await.expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.expect("it answers"));
    }
    assert!(head.starts_with(b"HTTP/1.1 200"));
    io.write_all(b"hello").await.expect("it is open");
    io.shutdown().await.expect("it is open");
    let mut said = String::new();
    io.read_to_string(&mut said).await.expect("it is open");
    assert_eq!(said, "goodbye");
    let mut line = String::new();
    for _ in 0..50 {
        line = std::fs::read_to_string(&log).unwrap_or_default();
        if !line.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    _ = std::fs::remove_file(&log);
    let record: serde_json::Value = serde_json::from_str(line.trim()).unwrap_or_default();
    assert_eq!(
        (&record["method"], &record["bytes_in"], &record["bytes_out"]),
        (&"CONNECT".into(), &5.into(), &7.into()),
        "{line}"
    );
}

#[tokio::test]
async fn an_open_proxy_is_an_error() {
    for (config, code) in [
        (
            "listen: 0.0.0.0:0\nforward_proxies: { main: {} }\n",
            "GW2022",
        ),
        (
            "listen: 127.0.0.1:0\nforward_proxies: { other: {} }\n",
            "GW2021",
        ),
        (
            "listen: 127.0.0.1:0\nforward_proxies: { main: { allow: \"*x\" } }\n",
            "GW2001",
        ),
    ] {
        let file = ConfigFile::new(config);
        let path = file.path().display().to_string();
        let output = gateway_tests::Output::of(PROGRAM, &["check", &path]).await;
        assert_ne!(output.code, Some(0), "{config}");
        let all = format!("{}{}", output.stderr, output_of_check(&path));
        assert!(all.contains(code), "{config}: {all}");
    }
}

fn output_of_check(path: &str) -> String {
    let output = Command::new(PROGRAM).args(["check", path]).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}
