use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An answer as text, its body with whatever chunk sizes it came in.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// What follows it.
    pub body: String,
}

impl Answer {
    /// The value of a response header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
    }
}

/// Sends one request on a connection of its own and reads to the end.
///
/// # Panics
///
/// If there is no answer.
pub async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the gateway listens");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the gateway reads");
    let mut answer = Vec::new();
    // A connection that is cut is an answer too.
    _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| unreachable!("no answer to {method} {path}: {answer:?}")),
        head: head.to_ascii_lowercase().replace("\r\n", "\n"),
        body: body.to_owned(),
    }
}

/// `GET`.
pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    call(address, "GET", path, headers, "").await
}

/// `POST` of JSON with the demo's key.
pub async fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("authorization", "Bearer demo"),
    ];
    call(address, "POST", path, &headers, body).await
}
