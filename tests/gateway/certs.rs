//! Certificates for a test, and the programs that look at them.

use std::{io::ErrorKind, net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use gateway_tests::{Gateway, get};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::{process::Command, time::timeout};

/// A directory with an authority of its own; removed when dropped.
pub(crate) struct Certs {
    directory: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    ca_pem: String,
}

impl Certs {
    pub(crate) fn new(name: &str) -> Self {
        let process = std::process::id();
        let directory = std::env::temp_dir().join(format!("gateway-certs-{name}-{process}"));
        std::fs::create_dir_all(&directory).expect("a directory of its own");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("randomness");
        let certificate = params.self_signed(&key).expect("a certificate");
        let certs = Self {
            ca_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            directory,
        };
        certs.write("ca.pem", &certs.ca_pem);
        certs
    }

    pub(crate) fn path(&self, file: &str) -> String {
        self.directory.join(file).display().to_string()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.directory.join(file), text).expect("its own directory");
    }

    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Writes `FILE.crt` and `FILE.key` for `names`, valid to the end of `year`, or for years.
    pub(crate) fn make(&self, file: &str, names: &[&str], year: Option<i32>) -> (String, String) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, file);
        if let Some(year) = year {
            params.not_after = date_time_ymd(year, 12, 31);
        }
        let key = KeyPair::generate().expect("randomness");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let (chain, key) = (certificate.pem(), key.serialize_pem());
        self.write(&format!("{file}.crt"), &chain);
        self.write(&format!("{file}.key"), &key);
        (chain, key)
    }

    /// `{ cert: …, key: … }` of what was made.
    pub(crate) fn pair(&self, file: &str) -> String {
        format!(
            "cert: {}, key: {}",
            self.path(&format!("{file}.crt")),
            self.path(&format!("{file}.key"))
        )
    }
}

impl Drop for Certs {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a program printed on both outputs; `None`, and a line that says so, where it is missing.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match timeout(Duration::from_secs(20), output).await {
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: {program} is not installed");
            None
        }
        ended => {
            let output = ended.expect("it ends in time").expect("it starts");
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            Some(text(&output.stdout) + &text(&output.stderr))
        }
    }
}

/// Where the listener called `name` is, as the status says.
pub(crate) async fn listener(gateway: &Gateway, name: &str) -> SocketAddr {
    let status = get(gateway.admin, "/admin/status", &[]).await;
    let body = status.body.trim();
    let start = body.find('{').expect("JSON");
    let end = body.rfind('}').expect("JSON");
    let status: serde_json::Value = serde_json::from_str(&body[start..=end]).expect("JSON");
    let all = status["listeners"].as_array().expect("listeners");
    let found = all.iter().find(|listener| listener["name"] == name);
    let address = &found.expect("it is listed")["address"];
    let address = address.as_str().expect("an address");
    address.parse().expect("an address and a port")
}
