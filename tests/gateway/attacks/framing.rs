//! Where a message ends, and whom it is for.

use gateway_tests::call;

use super::raw::{OPEN, counting, exchange, gateway, statuses};

/// What hides behind each message below.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/// Heads that no two readers agree on; all are refused, and nothing behind them is read.
const MALFORMED: &[(&str, &str)] = &[
    (
        "two TE",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    (
        "unknown TE",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked not last",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ),
    (
        "TE in HTTP/1.0",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "two CL",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    ),
    (
        "signed CL",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
    ),
    (
        "hex CL",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n",
    ),
    (
        "empty CL",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
    ),
    (
        "overflowing CL",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
    ),
    (
        "obs-fold",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    ),
    ("space before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    (
        "space in a name",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer Encoding: chunked\r\n\r\n",
    ),
    (
        "NUL in a value",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    ),
    (
        "bare CR in a value",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    ),
    ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("no host", "GET / HTTP/1.1\r\n\r\n"),
    ("host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    ("host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    (
        "target with user",
        "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    ("CONNECT", "CONNECT a:22 HTTP/1.1\r\nHost: a:22\r\n\r\n"),
];

#[tokio::test]
async fn what_is_malformed_is_refused_and_closed() {
    let (to, seen) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    for (what, head) in MALFORMED {
        let said = exchange(gateway.address, format!("{head}{HIDDEN}").as_bytes()).await;
        let statuses = statuses(&said);
        assert!(statuses.len() <= 1, "{what}: {said}");
        assert!(
            statuses.iter().all(|status| (400..600).contains(status)),
            "{what}: {said}"
        );
        let seen = std::mem::take(&mut *seen.lock().expect("nobody panics"));
        assert!(seen.is_empty(), "{what}: {seen:?}");
    }
}

/// RFC 9112 §6.3: `Transfer-Encoding` wins, nothing of the length is passed on, and the connection
/// ends with the answer.
#[tokio::test]
async fn a_length_beside_chunks_is_dropped() {
    let (to, seen) = counting(&["content-length"]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    for framing in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
    ] {
        let bytes = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n0\r\n\r\n{HIDDEN}");
        let said = exchange(gateway.address, bytes.as_bytes()).await;
        assert_eq!(statuses(&said).len(), 1, "{said}");
        assert!(said.contains("connection: close"), "{said}");
        let seen = std::mem::take(&mut *seen.lock().expect("nobody panics"));
        assert!(seen.iter().all(|line| line == "POST /"), "{seen:?}");
    }
}

/// Bodies whose framing breaks: the request may have begun, what is hidden has not.
#[tokio::test]
async fn a_broken_body_hides_nothing() {
    let (to, seen) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    for chunks in [
        "5\r\nhello0\r\n\r\n",
        "-1\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "g\r\n",
    ] {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let said = exchange(
            gateway.address,
            format!("{head}{chunks}{HIDDEN}").as_bytes(),
        )
        .await;
        assert!(statuses(&said).len() <= 1, "{chunks:?}: {said}");
        let seen = std::mem::take(&mut *seen.lock().expect("nobody panics"));
        let hidden = seen.iter().any(|line| line.contains("hidden"));
        assert!(!hidden, "{chunks:?}: {seen:?}");
    }
}

/// Each side counts the same, whatever is in one write.
#[tokio::test]
async fn pipelined_requests_are_counted_alike() {
    let (to, seen) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    let bytes = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 34\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n\r\n\
        POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nx: y\r\n\r\n\
        GET http://b/4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let said = exchange(gateway.address, bytes.as_bytes()).await;
    assert_eq!(statuses(&said), [200; 4], "{said}");
    let seen = seen.lock().expect("nobody panics");
    assert_eq!(*seen, ["GET /1", "POST /2", "POST /3", "GET /4"]);
}

/// An upstream that does not switch: what was sent ahead of its answer is no request.
#[tokio::test]
async fn nothing_follows_an_upgrade_that_was_not_made() {
    let (to, seen) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    let ask = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let said = exchange(gateway.address, format!("{ask}{HIDDEN}").as_bytes()).await;
    assert_eq!(statuses(&said), [200], "{said}");
    assert_eq!(*seen.lock().expect("nobody panics"), ["GET /ws"]);
}

/// A refusal that does not wait for the body does not take the body for a request.
#[tokio::test]
async fn an_unread_body_is_no_request() {
    let (to, seen) = counting(&[]).await;
    let routes =
        "  all: { match: \"/{*rest}\", to: up, layers: { api_key: { keys: [\"secret-key\"] } } }";
    let (gateway, _file) = gateway(to, routes).await;
    let key = "x-api-key: secret-key\r\n";
    let inside = format!("GET /hidden HTTP/1.1\r\nHost: a\r\n{key}\r\n");
    let post = |headers: &str, length: usize| {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n{inside}")
    };
    for (bytes, status) in [
        (post("", inside.len()), 401),
        (post(key, 1 << 20), 413),
        (post(&format!("Expect: 200-ok\r\n{key}"), inside.len()), 417),
    ] {
        let said = exchange(gateway.address, bytes.as_bytes()).await;
        assert_eq!(statuses(&said), [status], "{said}");
        let seen = seen.lock().expect("nobody panics");
        assert!(seen.is_empty(), "{seen:?}");
    }
}

/// `Connection` names what belongs to one hop; what the gateway has set does not.
#[tokio::test]
async fn a_refusal_before_the_body_says_whether_the_connection_closes() {
    let (to, _) = counting(&[]).await;
    let routes =
        "  all: { match: \"/{*rest}\", to: up, layers: { api_key: { keys: [secret-key] } } }";
    let (gateway, _file) = gateway(to, routes).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let closing = exchange(gateway.address, head.as_bytes()).await;
    assert!(
        closing.to_ascii_lowercase().contains("connection: close"),
        "{closing}"
    );
    assert_eq!(statuses(&closing), [401]);
    let twice = format!("{head}12345{head}12345");
    let kept = exchange(gateway.address, twice.as_bytes()).await;
    assert_eq!(statuses(&kept), [401, 401], "{kept}");
    assert!(
        !kept.to_ascii_lowercase().contains("connection: close"),
        "{kept}"
    );
}

#[tokio::test]
async fn identity_headers_cannot_be_forged_or_removed() {
    let (to, seen) = counting(&["x-caller", "x-forwarded-for", "x-hop"]).await;
    let routes = "  all: { match: \"/{*rest}\", to: up, layers: { api_key: {
      keys: [{ id: alice, key: \"secret-key\" }], to_upstream: { x-caller: sub } } } }";
    let (gateway, _file) = gateway(to, routes).await;
    for connection in [
        "x-caller",
        "X-Caller, close",
        "close, x-forwarded-for, authorization, x-caller, x-hop",
    ] {
        let headers = [
            ("connection", connection),
            ("x-api-key", "secret-key"),
            ("x-caller", "root"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-hop", "1"),
        ];
        let answer = call(gateway.address, "GET", "/", &headers, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let line = seen
            .lock()
            .expect("nobody panics")
            .pop()
            .unwrap_or_default();
        assert!(
            line.contains("x-caller=alice x-forwarded-for=127.0.0.1"),
            "{line}"
        );
        assert!(!line.contains("root"), "{line}");
        assert_eq!(
            line.contains("x-hop=1"),
            !connection.contains("x-hop"),
            "{line}"
        );
    }
}
