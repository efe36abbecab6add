//! A name server of one zone, for backends that have names.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{net::UdpSocket, task::JoinHandle};

const A: u16 = 1;
const SRV: u16 = 33;

type Zone = HashMap<(String, u16), Vec<Vec<u8>>>;

/// Answers by UDP until it is dropped; what it does not know does not exist.
#[derive(Debug)]
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    task: JoinHandle<()>,
}

impl NameServer {
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let zone = Arc::new(Mutex::new(Zone::new()));
        let known = Arc::clone(&zone);
        #[expect(
            clippy::disallowed_methods,
            reason = "aborted when the server is dropped"
        )]
        let task = tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let answer = {
                    let zone = known.lock().unwrap_or_else(PoisonError::into_inner);
                    answer(&zone, &packet[..length])
                };
                // Who asked and is gone needs no answer.
                _ = socket.send_to(&answer, from).await;
            }
        });
        Self {
            address,
            zone,
            task,
        }
    }

    /// `name` has these addresses, and no others any more.
    pub(crate) fn addresses(&self, name: &str, addresses: &[Ipv4Addr]) {
        let data = addresses.iter().map(|address| address.octets().to_vec());
        self.set(name, A, data.collect());
    }

    /// `name` is a service at these ports of `host`, each with its priority.
    pub(crate) fn services(&self, name: &str, host: &str, ports: &[(u8, u16)]) {
        let data = ports.iter().map(|(priority, port)| {
            let mut data = vec![0, *priority, 0, 1];
            data.extend(port.to_be_bytes());
            for label in host.split('.') {
                data.push(u8::try_from(label.len()).expect("a short label"));
                data.extend(label.as_bytes());
            }
            data.push(0);
            data
        });
        self.set(name, SRV, data.collect());
    }

    /// It knows nothing any more.
    pub(crate) fn forget(&self) {
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.clear();
    }

    fn set(&self, name: &str, kind: u16, data: Vec<Vec<u8>>) {
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.insert((name.to_owned(), kind), data);
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// RFC 1035 §4: the question back, and what the zone has for it.
fn answer(zone: &Zone, query: &[u8]) -> Vec<u8> {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        let label = String::from_utf8_lossy(&query[at + 1..end]);
        labels.push(label.to_ascii_lowercase());
        at = end;
    }
    let (name, kind) = (
        labels.join("."),
        u16::from_be_bytes([query[at + 1], query[at + 2]]),
    );
    let records = zone.get(&(name.clone(), kind));
    let records = records.map_or(&[][..], Vec::as_slice);
    let exists = zone.keys().any(|(known, _)| *known == name);
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, if exists { 0x80 } else { 0x83 }, 0, 1, 0]);
    answer.extend([u8::try_from(records.len()).expect("a few"), 0, 0, 0, 0]);
    answer.extend(&query[12..at + 5]);
    for data in records {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 30]);
        let length = u16::try_from(data.len()).expect("a few bytes");
        answer.extend(length.to_be_bytes());
        answer.extend(data);
    }
    answer
}
