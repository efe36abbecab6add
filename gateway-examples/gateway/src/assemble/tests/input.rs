use super::support::{File, address, exchange, get, origin, start, status, yaml};

async fn table(cases: &[(&str, Vec<u8>, u16, &str)]) {
    let file = File::new(&yaml(origin().await));
    let instance = start(&file);
    for (name, request, expected, code) in cases {
        let answer = exchange(address(&instance), request).await;
        assert_eq!(status(&answer), *expected, "{name}: {answer}");
        assert!(answer.contains(code), "{name}: no {code} in {answer}");
    }
    let answer = get(address(&instance), "/o/x").await;
    assert!(answer.ends_with("hello"), "still serving: {answer}");
}

fn raw(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn with_header(length: usize) -> Vec<u8> {
    let long = "x".repeat(length);
    raw(&format!(
        "GET /o/x HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n"
    ))
}

#[tokio::test]
async fn malformed_requests() {
    let many = "x-h: 1\r\n".repeat(200);
    table(&[
        ("no host", raw("GET /o/x HTTP/1.1\r\n\r\n"), 400, "bad_request"),
        ("two hosts", raw("GET /o/x HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n"), 400, "bad_request"),
        ("host list", raw("GET /o/x HTTP/1.1\r\nhost: a, b\r\n\r\n"), 400, "bad_request"),
        ("user info", raw("GET http://u@a/o/x HTTP/1.1\r\nhost: a\r\n\r\n"), 400, "bad_request"),
        ("asterisk", raw("GET * HTTP/1.1\r\nhost: a\r\n\r\n"), 400, "bad_request"),
        ("not ASCII", raw("GET /o/é HTTP/1.1\r\nhost: a\r\n\r\n"), 400, ""),
        ("encoded NUL", raw("GET /o/%00 HTTP/1.1\r\nhost: a\r\n\r\n"), 400, "bad_request"),
        ("climbing", raw("GET /o/../../x HTTP/1.1\r\nhost: a\r\n\r\n"), 400, "bad_request"),
        ("bad version", raw("GET /o/x HTTP/3.7\r\nhost: a\r\n\r\n"), 400, ""),
        ("long header", with_header(20_000), 431, ""),
        ("many headers", raw(&format!("GET /o/x HTTP/1.1\r\nhost: a\r\n{many}\r\n")), 431, ""),
        ("long method", vec![b'A'; 5000], 400, ""),
        (
            "both lengths",
            raw("POST /o/x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            // hyper reads the chunks, drops the length, and closes: RFC 9112 §6.3 allows it, and what
            // goes upstream is framed anew.
            200,
            "connection: close",
        ),
    ])
    .await;
}

#[tokio::test]
async fn bodies_beyond_the_limit() {
    let announced = raw("POST /o/x HTTP/1.1\r\nhost: a\r\ncontent-length: 1025\r\n\r\n");
    let mut chunked = raw("POST /o/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..5 {
        chunked.extend_from_slice(b"100\r\n");
        chunked.extend_from_slice(&[b'x'; 256]);
        chunked.extend_from_slice(b"\r\n");
    }
    table(&[
        ("announced", announced, 413, "body_too_large"),
        ("chunked", chunked, 413, "body_too_large"),
    ])
    .await;
}

#[tokio::test]
async fn routes_and_upstreams() {
    table(&[
        (
            "no route",
            raw("GET /nope HTTP/1.1\r\nhost: a\r\n\r\n"),
            404,
            "no_route",
        ),
        (
            "method",
            raw("PUT /get HTTP/1.1\r\nhost: a\r\n\r\n"),
            405,
            "method_not_allowed",
        ),
        (
            "dead",
            raw("GET /dead HTTP/1.1\r\nhost: a\r\n\r\n"),
            502,
            "upstream_connect",
        ),
        (
            "dying",
            raw("POST /o/die HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx"),
            502,
            "upstream_reset",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_slow_head_and_a_slow_body_are_cut() {
    let file = File::new(&yaml(origin().await));
    let instance = start(&file);
    let begin = std::time::SystemTime::now();
    let answer = exchange(address(&instance), b"GET /o/x HT").await;
    assert_eq!(status(&answer), 408, "{answer}");
    let slow = b"POST /o/x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx";
    let answer = exchange(address(&instance), slow).await;
    assert_eq!(status(&answer), 408, "{answer}");
    let took = begin.elapsed().unwrap().as_millis();
    assert!(
        (1900..20_000).contains(&took),
        "{took} ms for two timeouts of 1 s"
    );
}
