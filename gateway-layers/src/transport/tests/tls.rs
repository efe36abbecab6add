use std::{net::SocketAddr, sync::Arc};

use gateway_core::{Body, ErrorKind, Request, Response};
use hyper::{server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::{super::*, local, text};

const CA: &str = include_str!("../testdata/ca.pem");
const GOOD: &str = include_str!("../testdata/server.pem");
const EXPIRED: &str = include_str!("../testdata/expired.pem");
/// Of a certificate made for these tests and trusted by nobody.
const KEY: &str = include_str!("../testdata/server.key");

/// A server for `upstream.example` and `localhost` that speaks what `alpn` says.
async fn serve(certificate: &str, alpn: &[&str]) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(tokio::task::spawn_local(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            // A client that refuses the certificate is what some of the tests are about.
            let Ok(io) = acceptor.accept(io).await else {
                continue;
            };
            let h2 = io.get_ref().1.alpn_protocol() == Some(b"h2");
            let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let version = format!("{:?}", request.version());
                Ok::<_, std::convert::Infallible>(Response::new(Body::from(version)))
            });
            drop(tokio::task::spawn_local(async move {
                let io = TokioIo::new(io);
                if h2 {
                    conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(io, answer)
                        .await
                        .unwrap_or_default();
                } else {
                    conn::http1::Builder::new()
                        .serve_connection(io, answer)
                        .await
                        .unwrap_or_default();
                }
            }));
        }
    }));
    address
}

async fn ask(builder: ClientBuilder, host: &str, address: SocketAddr) -> Result<String, Error> {
    let mut request = Request::new(Body::empty());
    let uri = format!("https://{host}:{}/", address.port());
    *request.uri_mut() = uri.parse().unwrap();
    let response = builder.build().unwrap().oneshot(request).await?;
    Ok(text(response).await.0)
}

#[test]
fn alpn_decides_the_version() {
    local(async {
        let both = serve(GOOD, &["h2", "http/1.1"]).await;
        let old = serve(GOOD, &["http/1.1"]).await;
        let none = serve(GOOD, &[]).await;
        let client = || Client::builder().ca_pem(CA);
        for (protocol, address, expected) in [
            (Protocol::Auto, both, "HTTP/2.0"),
            (Protocol::Http1, both, "HTTP/1.1"),
            (Protocol::Http2, both, "HTTP/2.0"),
            (Protocol::Auto, old, "HTTP/1.1"),
            (Protocol::Auto, none, "HTTP/1.1"),
        ] {
            let spoken = ask(client().protocol(protocol), "localhost", address).await;
            assert_eq!(spoken.unwrap(), expected, "{protocol:?}");
        }
        for address in [old, none] {
            let error = ask(client().protocol(Protocol::Http2), "localhost", address).await;
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UpstreamTls);
            assert!(error.is_unsent());
        }
    });
}

#[test]
fn an_upgrade_gets_http1_from_a_server_that_prefers_h2() {
    local(async {
        let address = serve(GOOD, &["h2", "http/1.1"]).await;
        let client = Client::builder().ca_pem(CA).build().unwrap();
        let uri = format!("https://localhost:{}", address.port());
        let origin = client.origin(&uri.parse().unwrap()).unwrap();
        for (upgrade, expected) in [(false, "HTTP/2.0"), (true, "HTTP/1.1"), (false, "HTTP/2.0")] {
            let request = Request::new(Body::empty());
            let response = origin.send(request, upgrade).await.unwrap();
            assert_eq!(text(response).await.0, expected);
        }
    });
}

#[test]
fn certificates_are_verified() {
    local(async {
        let good = serve(GOOD, &[]).await;
        let expired = serve(EXPIRED, &[]).await;
        let trusting = || Client::builder().ca_pem(CA);
        for (what, client, host, address) in [
            ("unknown authority", Client::builder(), "localhost", good),
            ("wrong name", trusting(), "127.0.0.1", good),
            (
                "other name",
                trusting().server_name("a.example"),
                "localhost",
                good,
            ),
            ("expired", trusting(), "localhost", expired),
        ] {
            let error = ask(client, host, address).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UpstreamTls, "{what}");
            assert!(error.is_unsent(), "{what}");
        }
        let named = trusting().server_name("upstream.example");
        assert_eq!(ask(named, "127.0.0.1", good).await.unwrap(), "HTTP/1.1");
    });
}

#[test]
fn a_silent_peer_ends_at_the_connect_timeout() {
    local(async {
        // Accepts, and never says a word of TLS.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::builder()
            .ca_pem(CA)
            .connect_timeout(std::time::Duration::from_millis(50));
        let error = ask(client, "localhost", address).await.unwrap_err();
        assert!(error.is_connect_timeout() && error.is_unsent());
        assert_eq!(error.kind(), ErrorKind::UpstreamConnect);
        drop(listener);
    });
}
