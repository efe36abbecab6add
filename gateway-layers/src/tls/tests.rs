use std::{path::PathBuf, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::{TlsConnector, client};

use super::{certificate::Loaded, *};

/// A chain and its key, in PEM.
pub(super) struct Pair {
    pub(super) chain: String,
    pub(super) key: String,
}

pub(super) struct Ca {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

pub(super) fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Ca {
        certificate,
        issuer: Issuer::new(params, key),
    }
}

impl Ca {
    pub(super) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(super) fn sign(&self, names: &[&str]) -> Pair {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

pub(super) fn leaf(names: &[&str]) -> Pair {
    ca("test").sign(names)
}

impl Pair {
    pub(super) fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.chain.clone(), self.key.clone())
    }
}

pub(super) fn loaded(pair: &Pair) -> Loaded {
    let certificate = pair.certificate();
    let text = certificate.read(0).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    certificate.load(0, &text, &provider).unwrap()
}

/// A directory of a test's own.
pub(super) struct Dir(PathBuf);

impl Dir {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gateway-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(super) fn pair(&self, name: &str, pair: &Pair) -> (String, String) {
        (
            self.file(&format!("{name}.crt"), &pair.chain),
            self.file(&format!("{name}.key"), &pair.key),
        )
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Client {
    config: ClientConfig,
}

impl Client {
    fn new(ca: &Ca, certificate: Option<&Pair>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(ca.certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match certificate {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let chain = CertificateDer::pem_slice_iter(pair.chain.as_bytes());
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
                builder
                    .with_client_auth_cert(chain.map(Result::unwrap).collect(), key)
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { config }
    }

    /// Both ends of a connection to `name`, after a byte each way.
    async fn connect(
        &self,
        acceptor: &TlsAcceptor,
        name: &'static str,
    ) -> Result<(TlsStream<DuplexStream>, client::TlsStream<DuplexStream>), AcceptError> {
        let (near, far) = duplex(1 << 16);
        let connector = TlsConnector::from(Arc::new(self.config.clone()));
        let name = ServerName::try_from(name).unwrap();
        let client = async {
            let mut client = connector.connect(name, near).await?;
            // Reads the session tickets, too.
            client.read_u8().await?;
            Ok::<_, std::io::Error>(client)
        };
        let server = async {
            let mut server = acceptor.accept(far).await?;
            _ = server.write_u8(1).await;
            _ = server.flush().await;
            Ok::<_, AcceptError>(server)
        };
        let (client, server) = tokio::join!(client, server);
        Ok((server?, client.map_err(AcceptError::Handshake)?))
    }
}

fn presented(client: &client::TlsStream<DuplexStream>) -> Vec<u8> {
    let chain = client.get_ref().1.peer_certificates().unwrap();
    chain[0].to_vec()
}

#[tokio::test]
async fn sni_chooses_and_sessions_are_resumed() {
    let ca = ca("test");
    let (one, two) = (ca.sign(&["one.example"]), ca.sign(&["*.two.example"]));
    let builder = TlsAcceptor::builder()
        .certificate(one.certificate())
        .certificate(two.certificate());
    let acceptor = builder.clone().build().unwrap();
    let client = Client::new(&ca, None);
    let (server, _client) = client.connect(&acceptor, "one.example").await.unwrap();
    assert_eq!(
        (server.alpn(), server.version()),
        (Some(&b"http/1.1"[..]), "1.3")
    );
    assert_eq!(server.server_name(), Some("one.example"));
    assert!(!server.is_resumed() && server.client_certificate().is_none());
    let (server, _client) = client.connect(&acceptor, "a.two.example").await.unwrap();
    assert!(!server.is_resumed());
    let (server, _client) = client.connect(&acceptor, "one.example").await.unwrap();
    assert!(server.is_resumed());
    // A wrong name is shown the default, and the client declines.
    assert!(client.connect(&acceptor, "three.example").await.is_err());

    let forgetful = builder.resumption(false).build().unwrap();
    for _ in 0..2 {
        let client = Client::new(&ca, None);
        for _ in 0..2 {
            let (server, _client) = client.connect(&forgetful, "one.example").await.unwrap();
            assert!(!server.is_resumed());
        }
    }
}

#[tokio::test]
async fn changed_files_are_for_new_connections() {
    let (ca, dir) = (ca("test"), Dir::new("reload"));
    let (cert, key) = dir.pair("site", &ca.sign(&["one.example"]));
    let acceptor = TlsAcceptor::builder()
        .certificate(Certificate::from_files(cert, key))
        .build()
        .unwrap();
    let watch = acceptor.watch(Duration::from_millis(10));
    let (mut old_server, mut old) = Client::new(&ca, None)
        .connect(&acceptor, "one.example")
        .await
        .unwrap();
    assert!(!acceptor.reload().unwrap());

    let next = ca.sign(&["one.example"]);
    dir.file("site.crt", &next.chain);
    let error = acceptor.reload().unwrap_err();
    assert_eq!(error.part(), Part::Key(0), "half of the change: {error}");
    let (_server, still) = Client::new(&ca, None)
        .connect(&acceptor, "one.example")
        .await
        .unwrap();
    assert_eq!(presented(&still), presented(&old));

    dir.file("site.key", &next.key);
    let mut tries = 0;
    loop {
        let (_server, new) = Client::new(&ca, None)
            .connect(&acceptor, "one.example")
            .await
            .unwrap();
        if presented(&new) != presented(&old) {
            break;
        }
        tries += 1;
        assert!(tries < 500, "the files are watched");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(watch);
    old.write_all(b"still here").await.unwrap();
    old.flush().await.unwrap();
    let mut said = [0; 10];
    old_server.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"still here");
}

#[tokio::test]
async fn client_certificates_are_verified() {
    let (servers, clients, strangers) = (ca("servers"), ca("clients"), ca("clients"));
    let site = servers.sign(&["one.example"]);
    let builder = || {
        TlsAcceptor::builder()
            .certificate(site.certificate())
            .client_ca_pem(clients.pem())
    };
    let required = builder().build().unwrap();
    let optional = builder().client_auth(ClientAuth::Optional).build().unwrap();
    let good = Client::new(&servers, Some(&clients.sign(&["orders.example"])));
    let forged = Client::new(&servers, Some(&strangers.sign(&["orders.example"])));
    let none = Client::new(&servers, None);
    for (acceptor, who, subject) in [
        (&required, &good, Some("orders.example")),
        (&optional, &good, Some("orders.example")),
        (&optional, &none, None),
    ] {
        let (server, _client) = who.connect(acceptor, "one.example").await.unwrap();
        let certificate = server.client_certificate();
        let found = certificate.as_ref().map(|found| found.identity().subject());
        assert_eq!(found, subject);
    }
    for (acceptor, who) in [
        (&required, &none),
        (&required, &forged),
        (&optional, &forged),
    ] {
        assert!(who.connect(acceptor, "one.example").await.is_err());
    }
    // Whoever was let in by an authority is not let in by a ticket after it is gone.
    let replaced = TlsAcceptor::builder()
        .certificate(site.certificate())
        .client_ca_pem(strangers.pem())
        .build()
        .unwrap();
    required.adopt(&replaced);
    assert!(good.connect(&required, "one.example").await.is_err());
    assert!(forged.connect(&required, "one.example").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn silence_and_nonsense_end_the_handshake() {
    let acceptor = TlsAcceptor::builder()
        .certificate(leaf(&["one.example"]).certificate())
        .handshake_timeout(Duration::from_secs(3))
        .max_handshakes(1)
        .build()
        .unwrap();
    let (_near, far) = duplex(64);
    let silent = acceptor.accept(far);
    let (mut near, far) = duplex(1 << 12);
    near.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    // The silent one does not take the only place.
    let (silent, nonsense) = tokio::join!(silent, acceptor.accept(far));
    assert!(matches!(silent, Err(AcceptError::Timeout)));
    assert!(matches!(nonsense, Err(AcceptError::Handshake(_))));
}
