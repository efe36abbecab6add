//! Backends that are found by name, and follow it.

use std::time::Duration;

use gateway::doubles::Serving;
use gateway_tests::{Gateway, get};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    balancing::{all_are, ask, before, of, replica},
    names::NameServer,
};

/// Waits until the upstream's endpoints are these ports of this machine.
async fn until_ports(gateway: &Gateway, ports: &[u16]) {
    let mut expected: Vec<_> = ports
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}/"))
        .collect();
    expected.sort();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let status = get(gateway.admin, "/admin/status", &[]).await;
        let status: Value = serde_json::from_str(&status.body).expect("it is JSON");
        let endpoints = status["upstreams"][0]["endpoints"].as_array();
        let endpoints = endpoints.into_iter().flatten();
        let mut names: Vec<_> = endpoints
            .filter_map(|endpoint| endpoint["name"].as_str())
            .collect();
        names.sort_unstable();
        if names == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{names:?} and not {expected:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn names_of_services_follow_their_records() {
    let (one, two, spare) = (
        replica("one").await,
        replica("two").await,
        replica("spare").await,
    );
    let names = NameServer::start().await;
    names.addresses("host.test", &[std::net::Ipv4Addr::LOCALHOST]);
    let port = |replica: &Serving| replica.addr().port();
    let service = "_http._tcp.shop.test";
    names.services(
        service,
        "host.test",
        &[(1, port(&one)), (1, port(&two)), (2, port(&spare))],
    );
    let options = format!(
        "    resolve: {{ every: 50ms, servers: [\"{}\"] }}",
        names.address
    );
    let endpoints = [format!("\"srv+http://{service}\"")];
    let (gateway, _file) = before(&endpoints, &options).await;
    until_ports(&gateway, &[port(&one), port(&two), port(&spare)]).await;
    let shares = ask(&gateway, 160).await;
    assert!(all_are(&shares, 200), "{shares:?}");
    assert_eq!(of(&shares, "spare"), 0, "{shares:?}");
    assert!(of(&shares, "two") > 20, "{shares:?}");

    // A stream that is under way survives that its backend leaves the zone.
    let address = gateway.address;
    #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
    let stream = tokio::spawn(async move { get(address, "/stream/40?pace=20", &[]).await });
    sleep(Duration::from_millis(100)).await;
    names.services(service, "host.test", &[(2, port(&spare))]);
    until_ports(&gateway, &[port(&spare)]).await;
    let shares = ask(&gateway, 80).await;
    assert_eq!(of(&shares, "spare"), 80, "{shares:?}");
    let streamed = stream.await.expect("it ends");
    assert_eq!(streamed.status, 200);
    assert!(streamed.body.ends_with("0\r\n\r\n"), "{}", streamed.body);

    names.forget();
    sleep(Duration::from_millis(500)).await;
    let shares = ask(&gateway, 80).await;
    assert_eq!(
        of(&shares, "spare"),
        80,
        "the last answer stays: {shares:?}"
    );
}

#[tokio::test]
async fn a_name_is_an_endpoint_for_each_address() {
    let one = replica("one").await;
    let port = one.addr().port();
    let names = NameServer::start().await;
    names.addresses("shop.test", &[std::net::Ipv4Addr::LOCALHOST]);
    let options = format!(
        "    resolve: {{ every: 50ms, servers: [\"{}\"] }}
    proxy: {{ host: upstream }}",
        names.address
    );
    let endpoints = [format!("http://shop.test:{port}")];
    let (gateway, _file) = before(&endpoints, &options).await;
    until_ports(&gateway, &[port]).await;
    let answer = get(gateway.address, "/echo/host", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let host = format!("shop.test:{port}");
    assert!(answer.body.contains(&host), "no {host}: {}", answer.body);
}
