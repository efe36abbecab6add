//! Who runs a connection: the response, or a task where the request is still on its way.

use http_body_util::{BodyExt as _, channel::Channel};

use super::*;

const PIECE: usize = 64 * 1024;
const PIECES: usize = 64;

/// A peer that sends back what it gets, as it gets it, without a length.
async fn mirror(request: http::Request<Incoming>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::new(request.into_body())))
}

async fn serve_mirror() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    drop(tokio::task::spawn_local(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let serving =
                conn::http1::Builder::new().serve_connection(TokioIo::new(io), service_fn(mirror));
            drop(tokio::task::spawn_local(async move {
                serving.await.unwrap_or_default();
            }));
        }
    }));
    (address, connections)
}

fn post(address: SocketAddr, body: Body) -> Request {
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = format!("http://{address}/").parse().unwrap();
    request
}

#[test]
fn a_request_goes_on_while_nobody_reads_its_response() {
    local(async {
        let (address, connections) = serve_mirror().await;
        let client = Client::new();
        for _ in 0..2 {
            let (mut send, body) = Channel::<Bytes, Infallible>::new(1);
            let response = client.clone().oneshot(post(address, Body::new(body)));
            let (response, ()) = tokio::join!(response, async {
                // Far less than what sockets hold, so that the mirror is not blocked either.
                send.send_data(Bytes::from(vec![1; 10])).await.unwrap();
            });
            for _ in 0..4 {
                tokio::time::timeout(
                    Duration::from_secs(5),
                    send.send_data(Bytes::from(vec![1; 10])),
                )
                .await
                .expect("nobody has read anything yet")
                .unwrap();
            }
            drop(send);
            let got = collect(response.unwrap().into_body(), 1 << 10)
                .await
                .unwrap();
            assert_eq!(got.bytes().len(), 50);
            // The task gives the connection back when it next runs.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_response_in_many_pieces_leaves_its_connection_to_the_next() {
    local(async {
        let (address, connections) = serve_mirror().await;
        let client = Client::new();
        let whole = Bytes::from(vec![7; PIECE * PIECES]);
        for _ in 0..3 {
            let request = post(address, Body::from(whole.clone()));
            let response = client.clone().oneshot(request).await.unwrap();
            let got = collect(response.into_body(), whole.len()).await.unwrap();
            assert!(got.bytes() == &whole, "{} bytes", got.bytes().len());
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_dropped_response_closes_its_connection() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = tokio::task::spawn_local(async move {
            let (mut io, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let _ = io.read(&mut buffer).await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning";
            io.write_all(head).await.unwrap();
            io.read(&mut buffer).await
        });
        let response = Client::new()
            .oneshot(get(&format!("http://{address}/")))
            .await
            .unwrap();
        let mut body = response.into_body();
        assert_eq!(
            body.frame().await.unwrap().unwrap().into_data().unwrap(),
            "the beginning"
        );
        drop(body);
        let end = tokio::time::timeout(Duration::from_secs(5), peer).await;
        let end = end.expect("the peer is told").unwrap();
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    });
}

#[test]
fn a_response_that_breaks_off_is_an_error() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(tokio::task::spawn_local(async move {
            let (mut io, _) = listener.accept().await.unwrap();
            let _ = io.read(&mut vec![0; 4096]).await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning";
            io.write_all(head).await.unwrap();
        }));
        let response = Client::new()
            .oneshot(get(&format!("http://{address}/")))
            .await
            .unwrap();
        let mut body = response.into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
    });
}

#[test]
fn a_response_that_came_whole_is_in_memory() {
    local(async {
        for (head, whole) in [
            ("content-length: 2", "\r\n\r\nok"),
            ("transfer-encoding: chunked", "\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            drop(tokio::task::spawn_local(async move {
                let (mut io, _) = listener.accept().await.unwrap();
                let mut buffer = vec![0; 4096];
                let _ = io.read(&mut buffer).await.unwrap();
                let answer = format!("HTTP/1.1 200 OK\r\n{head}{whole}");
                io.write_all(answer.as_bytes()).await.unwrap();
                let _ = io.read(&mut buffer).await.unwrap();
            }));
            let response = Client::new()
                .oneshot(get(&format!("http://{address}/")))
                .await
                .unwrap();
            let announced = head.starts_with("content-length");
            assert_eq!(response.body().as_bytes().is_some(), announced, "{head}");
            assert_eq!(text(response).await.0, "ok");
        }
    });
}
