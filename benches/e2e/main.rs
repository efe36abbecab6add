//! One command that compares the gateway with nginx and a bare hyper proxy on this machine.
//!
//! `cargo run --release -p gateway-benches --bin e2e [-- --rounds 5 --seconds 2 --only plain,chat]`
//!
//! It runs an upstream double and a load client on one core and the peer under test on another,
//! everything on loopback, interleaves the peers round by round, and prints medians: requests per
//! second, p50 and p99, CPU-µs per request of the peer's process tree, memory – and their ratio to
//! nginx in the same run. Absolute numbers belong to a machine and an hour; the ratios are the result.
//!
//! Delays of less than a millisecond are lost where anything else runs on these cores. `chrt -f 10`
//! before the program's path, as root, gives it and all it starts their cores whenever they want them.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "printing a table is what this program is for"
)]

mod load;
mod peers;
mod report;
mod run;
mod scenario;
mod server;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) seconds: Duration,
    pub(crate) only: Vec<String>,
    pub(crate) gateway: Option<String>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("e2e: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(args: &[String]) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["upstream", port] => runtime.block_on(server::upstream(port.parse()?)),
        ["hyperproxy", port, upstream] => {
            runtime.block_on(server::hyperproxy(port.parse()?, upstream.parse()?))
        }
        _ => runtime.block_on(run::run(&options(args)?)),
    }
}

fn options(args: &[String]) -> anyhow::Result<Options> {
    let mut options = Options {
        rounds: 5,
        seconds: Duration::from_secs(2),
        only: Vec::new(),
        gateway: None,
    };
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        let mut value = || args.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--rounds" => options.rounds = value()?.parse()?,
            "--seconds" => options.seconds = Duration::from_secs_f64(value()?.parse()?),
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--gateway" => options.gateway = Some(value()?.clone()),
            _ => bail!(
                "unknown option {flag}; known are --rounds, --seconds, --only and --gateway PATH"
            ),
        }
    }
    Ok(options)
}
