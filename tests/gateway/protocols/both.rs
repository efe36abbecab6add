//! HTTP/1.1 and HTTP/2 on both sides.

use std::process::Command;

use gateway_core::Body;
use http::{Request, Response};
use hyper::body::Incoming;

use super::support::{ALL, Client, Http, One, Two, frames, gateway, read, upstream};

/// Says what it was sent, in the body, and something more in trailers.
async fn tell(request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let (body, trailers) = read(body).await;
    let told = format!(
        "{} {} {:?} {body} {trailers:?} {:?}",
        parts.method, parts.uri, parts.version, parts.headers
    );
    let told: &'static str = told.leak();
    let mut response = Response::new(frames(&[told, "!"], &[("x-sum", "7")]));
    let headers = response.headers_mut();
    headers.insert("trailer", "x-sum".parse().expect("a value"));
    headers.insert("keep-alive", "timeout=5".parse().expect("a value"));
    response
}

#[tokio::test]
async fn bodies_and_trailers_pass_both_ways() {
    for (client, server) in ALL {
        let to = upstream(server, tell).await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let request = Request::post("/a%2Fb?c=%20".replace("%2F", "/"))
            .header("trailer", "x-end")
            .header("te", "trailers")
            .header("x-kept", "1")
            .body(frames(&["pi", "ng"], &[("x-end", "42")]))
            .expect("a request");
        let response = Client::connect(client, gateway.address)
            .await
            .send(request)
            .await;
        let case = format!("{client:?} to {server:?}");
        assert_eq!(response.status(), 200, "{case}");
        assert!(!response.headers().contains_key("keep-alive"), "{case}");
        let (told, trailers) = read(response.into_body()).await;
        assert_eq!(trailers["x-sum"], "7", "{case}");
        assert!(
            told.contains("POST") && told.contains("/a/b?c=%20"),
            "{case}: {told}"
        );
        assert!(told.contains(" ping {\"x-end\": \"42\"}"), "{case}: {told}");
        assert!(told.contains("\"te\": \"trailers\""), "{case}: {told}");
        assert!(told.contains("\"x-kept\": \"1\""), "{case}: {told}");
        let version = if server == Two {
            "HTTP/2.0"
        } else {
            "HTTP/1.1"
        };
        assert!(told.contains(version), "{case}: {told}");
        let via = if client == Two {
            "\"2 gateway\""
        } else {
            "\"1.1 gateway\""
        };
        assert!(told.contains(via), "{case}: {told}");
        // The host the client asked for, wherever it stands.
        assert!(told.contains("h.test"), "{case}: {told}");
    }
}

#[tokio::test]
async fn what_belongs_to_one_connection_stays_on_it() {
    for server in [One, Two] {
        let to = upstream(server, tell).await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let request = Request::get("/")
            .header("connection", "x-hop")
            .header("x-hop", "1")
            .header("keep-alive", "timeout=1")
            .header("proxy-connection", "keep-alive")
            .body(Body::empty())
            .expect("a request");
        let response = Client::connect(One, gateway.address)
            .await
            .send(request)
            .await;
        let (told, _) = read(response.into_body()).await;
        for gone in ["x-hop", "keep-alive", "proxy-connection"] {
            assert!(!told.contains(gone), "{server:?}: {told}");
        }
    }
}

/// RFC 9113 §8.2.3: HTTP/2 may cut cookies into crumbs, HTTP/1.1 has one field.
#[tokio::test]
async fn crumbs_of_cookies_are_joined() {
    for server in [One, Two] {
        let to = upstream(server, tell).await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let request = Request::get("/")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Body::empty())
            .expect("a request");
        let response = Client::connect(Two, gateway.address)
            .await
            .send(request)
            .await;
        let (told, _) = read(response.into_body()).await;
        assert!(
            told.contains("\"cookie\": \"a=1; b=2\""),
            "{server:?}: {told}"
        );
    }
}

fn curl(arguments: &[&str]) -> Option<String> {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "10"])
        .args(arguments)
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: curl is not installed");
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_speaks_either_by_prior_knowledge() {
    for (client, server) in ALL {
        let to = upstream(server, tell).await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let url = format!("http://{}/curl", gateway.address);
        let version = match client {
            Http::One => "--http1.1",
            Http::Two => "--http2-prior-knowledge",
        };
        let Some(told) = curl(&[version, "-d", "said", "-H", "te: trailers", "-i", &url]) else {
            return;
        };
        let status = if client == Two {
            "HTTP/2 200"
        } else {
            "HTTP/1.1 200"
        };
        assert!(told.starts_with(status), "{told}");
        assert!(told.contains("POST") && told.contains(" said "), "{told}");
    }
}

/// The client is not told to send what nobody will read.
#[tokio::test]
async fn an_expectation_waits_for_the_upstream() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (up, dead) = (upstream(One, tell).await, "127.0.0.1:9");
    for (to, expected) in [
        (up, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"),
        (dead.parse().expect("an address"), "HTTP/1.1 502"),
    ] {
        let (gateway, _file) = gateway(One, to, "", "").await;
        let mut io = tokio::net::TcpStream::connect(gateway.address)
            .await
            .expect("it listens");
        io.write_all(
            b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\
              connection: close\r\n\r\n",
        )
        .await
        .expect("it reads");
        let mut said = vec![0; 12];
        io.read_exact(&mut said).await.expect("it answers");
        if said.ends_with(b"100") {
            io.write_all(b"said").await.expect("it reads");
        }
        _ = io.read_to_end(&mut said).await;
        let said = String::from_utf8_lossy(&said);
        assert!(said.starts_with(expected), "{said}");
    }
}
