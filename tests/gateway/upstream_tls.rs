//! TLS towards upstreams: who they are, and who is shown to them.

use gateway_tests::{ConfigFile, get};

use crate::{
    certs::{Certs, listener},
    tls::{origin, start, yaml},
};

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one gateway for all cases: each start is most of their time"
)]
async fn upstreams_are_verified_and_shown_a_certificate() {
    let (origin, certs) = (origin().await, Certs::new("upstream"));
    certs.make("good", &["upstream.example"], None);
    certs.make("old", &["upstream.example"], Some(2020));
    certs.make("client", &["gateway.example"], None);
    let ca = certs.path("ca.pem");
    // The upstreams are gateways themselves.
    let required = format!("{}, client_ca: {ca}", certs.pair("good"));
    let behind = ConfigFile::new(&yaml(
        &origin.url(),
        &required,
        ", layers: { client_cert: true }",
    ));
    let behind = start(&behind).await;
    let expired = ConfigFile::new(&yaml(&origin.url(), &certs.pair("old"), ""));
    let expired = start(&expired).await;
    let (good, old) = (
        listener(&behind, "secure").await,
        listener(&expired, "secure").await,
    );
    let named = format!("ca: {ca}, server_name: upstream.example");
    let shown = format!(
        "{named}, client_cert: {}, client_key: \"${{file:{}}}\", min_version: \"1.3\"",
        certs.path("client.crt"),
        certs.path("client.key")
    );
    let cases = [
        ("good", good, shown.clone(), 200),
        ("no-certificate", good, named.clone(), 502),
        (
            "unknown-authority",
            good,
            shown.replacen(&format!("ca: {ca}, "), "", 1),
            502,
        ),
        (
            "wrong-host",
            good,
            shown.replace("upstream.example", "other.example"),
            502,
        ),
        ("expired", old, named.clone(), 502),
        ("anybody", old, "insecure_skip_verify: true".to_owned(), 200),
    ];
    let mut text = "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstreams:\n".to_owned();
    for (name, at, tls, _) in &cases {
        text += &format!("  {name}: {{ endpoints: [\"https://{at}\"], tls: {{ {tls} }} }}\n");
    }
    text += "routes:\n";
    for (name, ..) in &cases {
        let rule = format!("{{ match: \"/{name}/{{*rest}}\", to: {name}");
        text += &format!(
            "  {name}: {rule}, layers: {{ transform: {{ request: {{ strip_prefix: /{name} }} }} }} }}\n"
        );
    }
    let file = ConfigFile::new(&text);
    let gateway = start(&file).await;
    for (name, _, _, status) in cases {
        let answer = get(gateway.address, &format!("/{name}/items"), &[]).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        if status == 502 && name != "no-certificate" {
            assert!(
                answer.body.contains("upstream_tls"),
                "{name}: {}",
                answer.body
            );
            let told = answer.header("proxy-status").unwrap_or_default();
            assert!(
                told.contains("tls_certificate_error"),
                "{name}: {}",
                answer.head
            );
        }
    }
}

/// Their names are the same; what is in them is not.
#[tokio::test]
async fn a_reload_reads_the_files_of_upstreams_again() {
    let (origin, certs) = (origin().await, Certs::new("renewed"));
    let strangers = Certs::new("strangers");
    certs.make("good", &["upstream.example"], None);
    let mine = certs.make("client", &["gateway.example"], None);
    let theirs = strangers.make("client", &["gateway.example"], None);
    let required = format!(
        "{}, client_ca: {}",
        certs.pair("good"),
        certs.path("ca.pem")
    );
    let behind = ConfigFile::new(&yaml(&origin.url(), &required, ""));
    let behind = start(&behind).await;
    let at = listener(&behind, "secure").await;
    let files = |ca: &str, (chain, key): &(String, String)| {
        certs.write("trusted.pem", ca);
        certs.write("shown.crt", chain);
        certs.write("shown.key", key);
    };
    files(strangers.ca_pem(), &theirs);
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstreams:\n  up:\n    endpoints: [\"https://{at}\"]\n    \
         tls: {{ ca: {}, server_name: upstream.example, client_cert: {}, client_key: \"${{file:{}}}\" }}\n\
         routes: {{ all: {{ match: \"/{{*rest}}\", to: up }} }}\n",
        certs.path("trusted.pem"),
        certs.path("shown.crt"),
        certs.path("shown.key"),
    ));
    let gateway = start(&file).await;
    for (ca, shown, status) in [
        (strangers.ca_pem(), &theirs, 502),
        (certs.ca_pem(), &theirs, 502),
        (certs.ca_pem(), &mine, 200),
        (strangers.ca_pem(), &mine, 502),
    ] {
        files(ca, shown);
        let reload = gateway_tests::call(gateway.admin, "POST", "/admin/reload", &[], "").await;
        assert_eq!(reload.status, 200, "{}", reload.body);
        let answer = get(gateway.address, "/items", &[]).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}
