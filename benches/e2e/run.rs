//! Runs each scenario at all peers, interleaved, on fresh processes.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use crate::{
    Options,
    load::{self, Sample},
    peers::{self, Process},
    report::{self, Row},
    scenario::{SCENARIOS, Scenario},
};

/// Runs what `options` asks for and prints it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let directory = std::env::temp_dir().join(format!("gateway-e2e-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let result = measure(options, &directory).await;
    _ = fs::remove_dir_all(&directory);
    result
}

async fn measure(options: &Options, directory: &Path) -> anyhow::Result<()> {
    let own = std::env::current_exe()?;
    let gateway = match &options.gateway {
        Some(path) => PathBuf::from(path),
        None => own.with_file_name("gateway"),
    };
    anyhow::ensure!(
        gateway.exists(),
        "{} is not built; run: cargo build --release -p gateway",
        gateway.display()
    );
    let upstream_port = peers::free_port()?;
    let upstream = Process::start(
        0,
        upstream_port,
        &own,
        &["upstream".into(), upstream_port.to_string()],
    )
    .await?;
    // The load client at the upstream itself: what a peer adds is counted from here.
    let mut running: Vec<(&'static str, Process)> = vec![("direct", upstream)];
    let port = peers::free_port()?;
    let args = [
        "hyperproxy".into(),
        port.to_string(),
        upstream_port.to_string(),
    ];
    running.push(("hyper", Process::start(1, port, &own, &args).await?));
    match peers::nginx() {
        Some(nginx) => {
            let port = peers::free_port()?;
            let file = directory.join("nginx.conf");
            fs::write(&file, peers::nginx_config(directory, port, upstream_port))?;
            let args = ["-c".into(), file.display().to_string()];
            running.push(("nginx", Process::start(1, port, &nginx, &args).await?));
        }
        None => println!("SKIPPED: nginx is not installed; no ratios to it"),
    }
    let port = peers::free_port()?;
    let file = directory.join("gateway.yaml");
    fs::write(
        &file,
        gateway_config(port, peers::free_port()?, upstream_port),
    )?;
    let args = ["run".into(), file.display().to_string()];
    running.push((
        "gateway",
        Process::start(1, port, &gateway, &args)
            .await
            .context("the gateway")?,
    ));
    report::preamble(&running);
    for scenario in SCENARIOS {
        if options.only.is_empty() || options.only.iter().any(|name| name == scenario.name) {
            compare(options, scenario, &running).await;
        }
    }
    Ok(())
}

async fn compare(options: &Options, scenario: &Scenario, running: &[(&'static str, Process)]) {
    let mut rows: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
    for round in 0..=options.rounds {
        for (name, process) in running {
            let Some(request) = scenario.call.request(name) else {
                continue;
            };
            let before = process.cost();
            let sample: Sample = load::run(
                process.port,
                scenario.connections,
                scenario.pace,
                if round == 0 {
                    Duration::from_millis(500)
                } else {
                    options.seconds
                },
                &[request],
            )
            .await;
            let after = process.cost();
            if round > 0 {
                rows.entry(name).or_default().push(Row::new(
                    sample,
                    before,
                    after,
                    scenario.events,
                ));
            }
        }
    }
    report::table(scenario, &rows);
}

/// The whole gateway: access log and metrics on, every route the scenarios need.
fn gateway_config(port: u16, admin: u16, upstream: u16) -> String {
    let mut text = String::new();
    _ = write!(
        text,
        "listen: 127.0.0.1:{port}
admin: 127.0.0.1:{admin}
observe: {{ access_log: {{ format: json, to: /dev/null }} }}
upstreams:
  origin: {{ endpoints: [\"http://127.0.0.1:{upstream}\"] }}
routes:
  plain: {{ match: \"/{{*rest}}\", to: origin }}
  guarded:
    match: \"/guarded/{{*rest}}\"
    to: origin
    layers:
      api_key: {{ keys: [bench] }}
      rate_limit: {{ rate: 100000000/min, key: subject }}
      transform: {{ request: {{ set_headers: {{ x-gateway: bench }}, remove_headers: [cookie] }} }}
  ai:
    match: \"/v1/{{*rest}}\"
    layers: {{ api_key: {{ keys: [bench] }} }}
    ai:
      providers:
        openai: {{ base_url: \"http://127.0.0.1:{upstream}/v1\", keys: [bench] }}
        anthropic: {{ base_url: \"http://127.0.0.1:{upstream}/v1\", keys: [bench] }}
        paced: {{ kind: openai, base_url: \"http://127.0.0.1:{upstream}/paced/v1\", keys: [bench] }}
        paced-anthropic: {{ kind: anthropic, base_url: \"http://127.0.0.1:{upstream}/paced/v1\", keys: [bench] }}
      models: {{ fast: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5] }}
"
    );
    text
}
