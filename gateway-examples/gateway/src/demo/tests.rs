use std::net::SocketAddr;

use gateway_core::config::Format;
use gateway_core::config::Source;
use gateway_core::config::Style;

use super::*;
use crate::assemble::Instance;
use crate::assemble::Overrides;
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
    assert!(names.len() > 10);
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
        &format!("{}/token -d sub=alice", demo.idp_url()),
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

/// What the answer to each command of the banner says, in their order.
const ANSWERS: [&[&str]; 13] = [
    &["HTTP/1.1 200", "x-replica: shop-"],
    &["HTTP/1.1 401", "www-authenticate: Bearer"],
    &["HTTP/1.1 200", "lantern"],
    &["200\n200\n200\n429\n"],
    &["fwd=uri-miss", "; hit;"],
    &[
        "HTTP/1.1 200",
        "x-transformed: true",
        "edited by the gateway",
        "x-added-by",
    ],
    &[
        "HTTP/1.1 200",
        "x-gateway-model: anthropic/",
        "chat.completion",
    ],
    &[
        "HTTP/1.1 200",
        "x-gateway-model: openai/",
        "\"type\":\"message\"",
    ],
    &["text/event-stream", "chat.completion.chunk", "data: [DONE]"],
    &["status=500,times=1"],
    &[
        "HTTP/1.1 200",
        "x-gateway-attempts: 2",
        "x-gateway-fallback: openai/gpt-4o-mini=500",
    ],
    &["HTTP/1.1 200", "{\"text\":\""],
    &["gateway_requests_total"],
];

/// Runs a command as a user does who copies it.
async fn typed(command: String) -> String {
    let run = move || {
        std::process::Command::new("sh")
            .arg("-c")
            .arg(command)
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_banner_does_what_it_says() {
    if typed("command -v curl".to_owned()).await.is_empty() {
        eprintln!("SKIPPED: curl is not installed");
        return;
    }
    let demo = Demo::start().await.unwrap();
    let env = demo.env(addr(0), addr(0));
    let loaded = load_text(Source::new(CONFIG_NAME, CONFIG), Format::Yaml, &env).unwrap();
    let gateway = Instance::start(loaded, Overrides::default()).unwrap();
    let (listen, admin) = (gateway.listeners()[0].1, gateway.admin().unwrap());
    let commands = banner::commands(&demo, listen, admin);
    assert_eq!(commands.len(), ANSWERS.len());
    for ((what, command), expected) in commands.into_iter().zip(ANSWERS) {
        let answer = typed(command.clone()).await;
        for part in expected {
            assert!(
                answer.contains(part),
                "{what}: {part} in\n{command}\n{answer}"
            );
        }
    }
}
