//! What requests share, and what they never do.

use gateway::doubles::{spawn, upstream};
use gateway_tests::{ConfigFile, Gateway, call, get};

use crate::PROGRAM;

#[tokio::test]
async fn misses_collapse_and_identities_never_share() {
    let double = upstream::UpstreamServer::new("origin");
    let stats = double.stats().clone();
    let origin = spawn(double.router()).await.unwrap();
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstreams: {{ shop: {{ endpoints: [\"{}\"] }} }}
routes:
  public: {{ match: \"/cache/{{*rest}}\", to: shop, layers: {{ cache: true }} }}
  private:
    match: \"/echo/{{*rest}}\"
    to: shop
    layers:
      api_key: {{ keys: [{{ id: a, key: \"${{env:PATH}}\" }}, {{ id: b, key: \"${{env:HOME}}\" }}] }}
      cache: {{ ttl: 60s, partition: subject }}
",
        origin.url()
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    let at = gateway.address;
    let set = call(origin.addr(), "POST", "/__fault", &[], "latency=300ms").await;
    assert_eq!(set.status, 200, "{}", set.body);

    let before = stats.snapshot().requests;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        calls.spawn(async move { get(at, "/cache/30", &[]).await.status });
    }
    let statuses = calls.join_all().await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(
        stats.snapshot().requests - before,
        1,
        "one trip to the origin for 200 misses"
    );

    let keys = ["PATH", "HOME"].map(|name| std::env::var(name).unwrap());
    let mut seen = Vec::new();
    for key in [&keys[0], &keys[0], &keys[1]] {
        let answer = get(at, "/echo/me", &[("x-api-key", key)]).await;
        seen.push(answer.header("cache-status").unwrap_or("none").to_owned());
    }
    assert!(seen[1].starts_with("gateway; hit"), "{seen:?}");
    assert!(!seen[2].contains("hit"), "{seen:?}");
}
