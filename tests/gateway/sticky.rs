//! Clients that come back to the backend that they had.

use std::net::SocketAddr;

use gateway::doubles::Serving;
use gateway_tests::get;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::balancing::{before, replica, seen, until, urls};

/// The answer's text, with its case.
async fn raw(address: SocketAddr, cookie: &str) -> String {
    let request = format!(
        "GET /items HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("the gateway reads");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    read.expect("the gateway answers");
    String::from_utf8_lossy(&answer).into_owned()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

#[tokio::test]
async fn a_client_stays_where_its_cookie_leads() {
    let replicas = [
        replica("one").await,
        replica("two").await,
        replica("three").await,
    ];
    let options = "    sticky: cookie
    probe: { path: /healthz, every: 100ms, up: 1, down: 1 }";
    let each: Vec<&Serving> = replicas.iter().collect();
    let (gateway, _file) = before(&urls(&each), options).await;
    let first = raw(gateway.address, "theme=dark").await;
    let set = header(&first, "set-cookie").expect("the first answer sets it");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let pair = set.split(';').next().expect("a pair");
    let home = header(&first, "x-replica").expect("who").to_owned();
    for _ in 0..20 {
        let answer = raw(gateway.address, &format!("theme=dark; {pair}")).await;
        assert_eq!(header(&answer, "x-replica"), Some(&*home));
        assert_eq!(header(&answer, "set-cookie"), None, "it has one");
    }

    let forged = format!("{}x", &pair[..pair.len() - 1]);
    let answer = raw(gateway.address, &forged).await;
    assert!(header(&answer, "set-cookie").is_some(), "{answer}");

    let (gone, rest): (Vec<_>, Vec<_>) = replicas
        .into_iter()
        .zip(["one", "two", "three"])
        .partition(|(_, name)| *name == home);
    let url = gone[0].0.url();
    drop(gone);
    until(&gateway, &url, "unhealthy").await;
    let answer = raw(gateway.address, pair).await;
    let moved = header(&answer, "x-replica").expect("who");
    assert_ne!(moved, home);
    let set = header(&answer, "set-cookie").expect("its home is elsewhere now");
    let answer = raw(gateway.address, set.split(';').next().expect("a pair")).await;
    assert_eq!(header(&answer, "x-replica"), Some(moved));
    drop(rest);
}

#[tokio::test]
async fn a_header_keeps_a_user_at_one_backend() {
    let (one, two, three) = (
        replica("one").await,
        replica("two").await,
        replica("three").await,
    );
    let options = "    sticky: { header: x-user }";
    let (gateway, _file) = before(&urls(&[&one, &two, &three]), options).await;
    let mut homes = std::collections::BTreeSet::new();
    for user in 0..12 {
        let user = user.to_string();
        let mut homes_of_user = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let answer = get(gateway.address, "/items", &[("x-user", &user)]).await;
            homes_of_user.insert(seen(&answer));
        }
        assert_eq!(homes_of_user.len(), 1, "{homes_of_user:?}");
        homes.extend(homes_of_user);
    }
    assert!(homes.len() > 1, "{homes:?}");
}
