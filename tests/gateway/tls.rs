//! TLS on both sides of the gateway, as other programs see it.

use std::{net::SocketAddr, time::Duration};

use gateway::doubles::{Serving, spawn, upstream::UpstreamServer};
use gateway_core::{Body, Request};
use gateway_layers::transport::{Client, ClientBuilder};
use gateway_tests::{ConfigFile, Gateway, Output, get};
use tower::ServiceExt as _;

use crate::{
    PROGRAM,
    certs::{Certs, listener, run},
};

pub(crate) async fn origin() -> Serving {
    let router = UpstreamServer::new("origin").router();
    spawn(router).await.expect("a free port")
}

/// One listener in the clear, so that it says where it is, and one with TLS.
pub(crate) fn yaml(origin: &str, tls: &str, more: &str) -> String {
    format!(
        "listeners:\n  plain: 127.0.0.1:0\n  secure:\n    bind: 127.0.0.1:0\n    tls: {{ {tls} }}\n    hsts: {{ max_age: 365d }}\n\
         admin: 127.0.0.1:0\n\
         upstreams: {{ shop: {{ endpoints: [\"{origin}\"] }} }}\n\
         routes:\n  shop: {{ match: \"/{{*rest}}\", to: shop{more} }}\n"
    )
}

pub(crate) async fn start(file: &ConfigFile) -> Gateway {
    Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await
}

pub(crate) async fn ask(
    client: &Client,
    host: &str,
    at: SocketAddr,
    path: &str,
) -> Result<String, String> {
    let mut request = Request::new(Body::empty());
    let uri = format!("https://{host}:{}{path}", at.port());
    *request.uri_mut() = uri.parse().expect("a URI");
    let answer = client.clone().oneshot(request).await;
    let response = answer.map_err(|error| error.to_string())?;
    let (status, version) = (response.status().as_u16(), response.version());
    let body = gateway_core::body::collect(response.into_body(), 1 << 20).await;
    let body = body.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(body.bytes()).into_owned();
    Ok(format!("{status} {version:?} {text}"))
}

/// A client whose connections all go to 127.0.0.1 and ask for `name`.
pub(crate) fn client(certs: &Certs, name: &str) -> ClientBuilder {
    Client::builder().ca_pem(certs.ca_pem()).server_name(name)
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one gateway for all cases: each start is most of their time"
)]
async fn curl_and_openssl_agree_on_names_versions_and_sessions() {
    let (origin, certs) = (origin().await, Certs::new("names"));
    certs.make("site", &["site.example"], None);
    certs.make("wild", &["*.api.example"], None);
    let tls = format!(
        "{}, certs: [{{ {} }}]",
        certs.pair("site"),
        certs.pair("wild")
    );
    let file = ConfigFile::new(&yaml(&origin.url(), &tls, ""));
    let gateway = start(&file).await;
    let at = listener(&gateway, "secure").await;
    let ca = certs.path("ca.pem");
    for name in ["site.example", "v1.api.example"] {
        let resolve = format!("{name}:{}:127.0.0.1", at.port());
        let url = format!("https://{name}:{}/echo", at.port());
        for (version, expected) in [("--http2", "HTTP/2 200"), ("--http1.1", "HTTP/1.1 200")] {
            let arguments = ["-si", "--cacert", &ca, "--resolve", &resolve, version, &url];
            let Some(said) = run("curl", &arguments).await else {
                return;
            };
            assert!(said.starts_with(expected), "{said}");
            assert!(
                said.contains("strict-transport-security: max-age=31536000"),
                "{said}"
            );
            assert!(
                said.contains("x-forwarded-proto") && said.contains("https"),
                "{said}"
            );
        }
    }
    let plain = get(gateway.address, "/items", &[]).await;
    assert_eq!(plain.header("strict-transport-security"), None);
    let connect = at.to_string();
    let arguments = [
        "s_client",
        "-connect",
        &connect,
        "-servername",
        "site.example",
        "-CAfile",
        &ca,
        "-tls1_2",
        "-reconnect",
    ];
    let Some(said) = run("openssl", &arguments).await else {
        return;
    };
    assert_eq!(said.matches("Reused, TLSv1.2").count(), 5, "{said}");
    let arguments = [
        "s_client",
        "-connect",
        &connect,
        "-tls1_1",
        "-cipher",
        "ALL:@SECLEVEL=0",
    ];
    let said = run("openssl", &arguments).await.unwrap_or_default();
    assert!(
        said.contains("alert") && said.contains("Cipher is (NONE)"),
        "{said}"
    );
}

#[tokio::test]
async fn a_certificate_is_swapped_under_load_and_nothing_is_lost() {
    let (origin, old, new) = (origin().await, Certs::new("old"), Certs::new("new"));
    old.make("site", &["site.example"], None);
    let tls = format!("{}, reload: 50ms", old.pair("site"));
    let file = ConfigFile::new(&yaml(&origin.url(), &tls, ""));
    let gateway = start(&file).await;
    let at = listener(&gateway, "secure").await;

    let lasting = client(&old, "site.example").build().expect("a client");
    let first = ask(&lasting, "127.0.0.1", at, "/items")
        .await
        .expect("an answer");
    assert!(first.starts_with("200 HTTP/2.0"), "{first}");
    let both = format!("{}{}", old.ca_pem(), new.ca_pem());
    let load = async {
        // No connection is kept, so that each request is a handshake.
        let fresh = Client::builder().ca_pem(both).server_name("site.example");
        let fresh = fresh.protocol(gateway_layers::transport::Protocol::Http1);
        let fresh = fresh.max_idle_per_host(0).build().expect("a client");
        for number in 0..300 {
            let said = ask(&fresh, "127.0.0.1", at, "/items").await;
            assert!(
                said.as_ref().is_ok_and(|said| said.starts_with("200")),
                "{number}: {said:?}"
            );
        }
    };
    let swap = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (chain, key) = new.make("site", &["site.example"], None);
        old.write("site.crt", &chain);
        tokio::time::sleep(Duration::from_millis(120)).await;
        old.write("site.key", &key);
    };
    tokio::join!(load, swap);
    let fresh = client(&new, "site.example").build().expect("a client");
    let mut tries = 0;
    while ask(&fresh, "127.0.0.1", at, "/items").await.is_err() {
        tries += 1;
        assert!(tries < 100, "the new certificate is in use");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let still = ask(&lasting, "127.0.0.1", at, "/items")
        .await
        .expect("it lives on");
    assert!(still.starts_with("200"), "{still}");
    let strangers = client(&old, "site.example").build().expect("a client");
    assert!(ask(&strangers, "127.0.0.1", at, "/items").await.is_err());
}

#[tokio::test]
async fn a_reload_changes_certificates_and_a_bad_one_changes_nothing() {
    let (origin, certs) = (origin().await, Certs::new("reload"));
    certs.make("one", &["one.example"], None);
    certs.make("two", &["two.example"], None);
    let file = ConfigFile::new(&yaml(&origin.url(), &certs.pair("one"), ""));
    let gateway = start(&file).await;
    let at = listener(&gateway, "secure").await;
    let reach = async |name: &str| {
        let client = client(&certs, name).build().expect("a client");
        ask(&client, "127.0.0.1", at, "/items").await.is_ok()
    };
    assert!(reach("one.example").await && !reach("two.example").await);
    let mismatch = format!(
        "cert: {}, key: {}",
        certs.path("two.crt"),
        certs.path("one.key")
    );
    file.replace(&yaml(&origin.url(), &mismatch, ""));
    let reply = gateway_tests::call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    assert_eq!(reply.status, 422, "{}", reply.body);
    assert!(
        reply.body.contains("not the key of this certificate"),
        "{}",
        reply.body
    );
    assert!(reach("one.example").await);
    file.replace(&yaml(&origin.url(), &certs.pair("two"), ""));
    let reply = gateway_tests::call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(!reply.body.contains("next start"), "{}", reply.body);
    assert!(!reach("one.example").await && reach("two.example").await);
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    let line = "gateway_tls_certificate_expiry_seconds{listener=\"secure\",certificate=\"cert\"} ";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn client_certificates_become_identities() {
    let (origin, certs, strangers) = (origin().await, Certs::new("mtls"), Certs::new("strangers"));
    certs.make("site", &["site.example"], None);
    let (chain, key) = certs.make("orders", &["orders.example"], None);
    let forged = strangers.make("orders", &["orders.example"], None);
    let tls = format!(
        "{}, client_ca: {}, client_auth: optional",
        certs.pair("site"),
        certs.path("ca.pem")
    );
    let layers = ", layers: { client_cert: { to_upstream: { x-client: sub } } }";
    let log = certs.path("access.log");
    let observe = format!("observe: {{ access_log: {{ format: json, to: {log} }} }}\n");
    let file = ConfigFile::new(&(yaml(&origin.url(), &tls, layers) + &observe));
    let mut gateway = start(&file).await;
    let at = listener(&gateway, "secure").await;

    let known = client(&certs, "site.example").client_certificate_pem(chain, key);
    let known = known.build().expect("a client");
    let said = ask(&known, "127.0.0.1", at, "/echo")
        .await
        .expect("an answer");
    assert!(
        said.contains("x-client") && said.contains("orders.example"),
        "{said}"
    );
    let nobody = client(&certs, "site.example").build().expect("a client");
    let said = ask(&nobody, "127.0.0.1", at, "/echo")
        .await
        .expect("an answer");
    assert!(
        said.starts_with("403") && said.contains("auth_required"),
        "{said}"
    );
    let forger = client(&certs, "site.example").client_certificate_pem(forged.0, forged.1);
    let forger = forger.build().expect("a client");
    assert!(ask(&forger, "127.0.0.1", at, "/echo").await.is_err());
    // In the clear a header proves nothing.
    let plain = get(gateway.address, "/echo", &[("x-client", "orders.example")]).await;
    assert_eq!(plain.status, 403);

    gateway.signal("INT");
    gateway.ended().await;
    let log = std::fs::read_to_string(&log).expect("the log");
    let line = log.lines().find(|line| line.contains("\"status\":200"));
    let line = line.expect("the line of the one that was let in");
    for part in ["\"auth\":\"certificate\"", "\"subject\":\"orders.example\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn check_looks_at_certificates() {
    let certs = Certs::new("check");
    certs.make("old", &["site.example"], Some(2020));
    certs.make("good", &["site.example"], None);
    certs.make("other", &["other.example"], None);
    let swapped = format!(
        "cert: {}, key: {}",
        certs.path("good.crt"),
        certs.path("other.key")
    );
    for (tls, code, said) in [
        (certs.pair("good"), 0, "".to_owned()),
        (certs.pair("old"), 2, "gateway.yaml:5:18".to_owned()),
        (swapped, 2, "not the key of this certificate".to_owned()),
        ("self_signed: [localhost]".to_owned(), 0, String::new()),
    ] {
        let file = ConfigFile::new(&yaml("http://127.0.0.1:1", &tls, ""));
        let path = file.path().display().to_string();
        let output = Output::of(PROGRAM, &["check", &path]).await;
        assert_eq!(output.code, Some(code), "{tls}: {}", output.stderr);
        assert!(output.stderr.contains(&said), "{said} in {}", output.stderr);
    }
}
