use std::net::SocketAddr;

use gateway_core::config::Format;
use gateway_core::config::Source;
use gateway_core::config::Style;

use super::*;
use crate::config::load_text;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[tokio::test]
async fn the_config_loads_without_a_finding() {
    let demo = Demo::start().await.unwrap();
    let env = demo.env(addr(8080), addr(9080));
    match load_text(Source::new(CONFIG_NAME, CONFIG), Format::Yaml, &env) {
        Ok(loaded) => assert!(loaded.warnings.is_empty(), "{}", loaded.warnings),
        Err(findings) => panic!("{}", findings.render(Style::Human)),
    }
}

#[tokio::test]
async fn every_reference_is_known() {
    let demo = Demo::start().await.unwrap();
    let env = demo.env(addr(8080), addr(9080));
    let references = CONFIG.split("${env:").skip(1);
    let names: Vec<&str> = references
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    assert!(names.len() > 8);
    for name in names {
        assert!(
            gateway_core::config::Lookup::env(&env, name).is_some(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_banner_names_the_real_addresses() {
    let demo = Demo::start().await.unwrap();
    let text = banner(&demo, addr(18080), addr(19080));
    for needle in [
        "http://127.0.0.1:18080/shop/items",
        "http://127.0.0.1:19080/metrics",
        &format!("{}/__fault -d 'status=500,times=1'", demo.openai_url()),
    ] {
        assert!(text.contains(needle), "{needle} in {text}");
    }
}

#[tokio::test]
async fn the_flaky_replica_is_flaky_and_the_others_are_not() {
    let demo = Demo::start().await.unwrap();
    let faults = demo.shop().map(|replica| replica.faults().list().len());
    assert_eq!(faults, [0, 0, 1]);
}
