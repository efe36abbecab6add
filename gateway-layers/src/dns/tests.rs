use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{net::UdpSocket, time::Instant};

use super::*;
use crate::balance::{Balance, Endpoint};

const A: u16 = 1;
const SRV: u16 = 33;

type Zone = HashMap<(String, u16), Vec<Vec<u8>>>;

/// A name server of one zone.
struct Server {
    address: SocketAddr,
    zone: Arc<Mutex<Option<Zone>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "`Drop` aborts the task")]
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Some(Zone::new())));
        let known = Arc::clone(&zone);
        let task = tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let answer = known
                    .lock()
                    .unwrap()
                    .as_ref()
                    .map(|zone| answer(zone, &packet[..length]));
                if let Some(answer) = answer {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        Self {
            address,
            zone,
            task,
        }
    }

    fn set(&self, name: &str, kind: u16, data: &[&[u8]]) {
        let data = data.iter().map(|data| data.to_vec()).collect();
        let mut zone = self.zone.lock().unwrap();
        zone.get_or_insert_default()
            .insert((name.to_owned(), kind), data);
    }

    fn clear(&self) {
        *self.zone.lock().unwrap() = Some(Zone::new());
    }

    /// It answers nothing any more.
    fn fall_silent(&self) {
        *self.zone.lock().unwrap() = None;
    }

    fn resolver(&self) -> Resolver {
        let resolver = Resolver::with_servers(&[self.address]).unwrap();
        resolver.every(Duration::from_millis(20))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// RFC 1035 §4: the question back, and what the zone has for it.
fn answer(zone: &Zone, query: &[u8]) -> Vec<u8> {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let question = &query[12..at + 5];
    let (name, kind) = (
        labels.join("."),
        u16::from_be_bytes([query[at + 1], query[at + 2]]),
    );
    let records = zone
        .get(&(name.clone(), kind))
        .map_or(&[][..], Vec::as_slice);
    let exists = zone.keys().any(|(known, _)| *known == name);
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, if exists { 0x80 } else { 0x83 }, 0, 1, 0]);
    answer.extend([u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
    answer.extend(question);
    for data in records {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 30]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    answer
}

/// The name of a service's target, as a record has it.
fn service(priority: u8, weight: u8, port: u16, target: &str) -> Vec<u8> {
    let mut data = vec![0, priority, 0, weight];
    data.extend(port.to_be_bytes());
    for label in target.split('.') {
        data.push(u8::try_from(label.len()).unwrap());
        data.extend(label.as_bytes());
    }
    data.push(0);
    data
}

fn names(balance: &Balance<()>) -> Vec<String> {
    let mut names: Vec<_> = balance
        .status()
        .iter()
        .map(|one| format!("{} {} {}", one.name, one.priority, one.weight))
        .collect();
    names.sort();
    names
}

async fn until(balance: &Balance<()>, expected: &[&str]) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while names(balance) != expected {
        assert!(Instant::now() < deadline, "{:?}", names(balance));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn discover(balance: &Balance<()>, url: &str, server: &Server) -> Discovery {
    let sources = vec![Source::parse(url).unwrap()];
    Discovery::start(balance, sources, server.resolver(), |source, target| {
        let target = target?;
        let endpoint = Endpoint::new(source.url(target), ());
        Some(endpoint.weight(target.weight).priority(target.priority))
    })
}

#[tokio::test]
async fn addresses_come_and_go_and_the_last_ones_stay() {
    let server = Server::start().await;
    let balance = Balance::new("shop", []);
    server.set("shop.test", A, &[&[10, 0, 0, 1], &[10, 0, 0, 2]]);
    let discovery = discover(&balance, "http://shop.test:81/v1", &server);
    let both = ["http://10.0.0.1:81/v1 0 1", "http://10.0.0.2:81/v1 0 1"];
    until(&balance, &both).await;
    let state = Arc::clone(&balance.endpoints()[1]);
    let under_way = state.open();

    server.set("shop.test", A, &[&[10, 0, 0, 2], &[10, 0, 0, 3]]);
    until(
        &balance,
        &["http://10.0.0.2:81/v1 0 1", "http://10.0.0.3:81/v1 0 1"],
    )
    .await;
    let kept = balance
        .endpoints()
        .into_iter()
        .find(|one| one.active() == 1);
    assert!(Arc::ptr_eq(&kept.unwrap(), &state), "its load goes on");
    drop(under_way);

    let now = names(&balance);
    server.clear();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(names(&balance), now, "a name that is gone");
    server.fall_silent();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(names(&balance), now, "a server that is gone");
    server.set("shop.test", A, &[&[10, 0, 0, 4]]);
    until(&balance, &["http://10.0.0.4:81/v1 0 1"]).await;

    drop(discovery);
    server.set("shop.test", A, &[&[10, 0, 0, 5]]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(names(&balance), ["http://10.0.0.4:81/v1 0 1"]);
}

#[tokio::test]
async fn service_records_bring_port_weight_and_priority() {
    let server = Server::start().await;
    let balance = Balance::new("shop", []);
    let records = [
        service(1, 3, 8001, "one.test"),
        service(2, 0, 8002, "two.test"),
        service(2, 5, 8003, "nowhere.test"),
    ];
    server.set(
        "_http._tcp.test",
        SRV,
        &[&records[0], &records[1], &records[2]],
    );
    server.set("one.test", A, &[&[10, 0, 0, 1]]);
    server.set("two.test", A, &[&[10, 0, 0, 2]]);
    let _discovery = discover(&balance, "srv+https://_http._tcp.test/v1", &server);
    let both = [
        "https://10.0.0.1:8001/v1 1 3",
        "https://10.0.0.2:8002/v1 2 1",
    ];
    until(&balance, &both).await;
}
