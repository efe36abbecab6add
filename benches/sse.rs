//! What a streamed answer costs, stage by stage: throughput, time and allocations of an event.
//!
//! `cargo bench -p gateway-benches --bench sse [-- NAME]`
//!
//! The stream has 104 events, one in each chunk, which is how providers send them. Throughput is
//! that of the provider's bytes.
#![expect(
    clippy::print_stdout,
    reason = "printing a table is what a bench is for"
)]

use std::time::Duration;

use gateway_benches::streams::{self, Stage};
use tokio::time::Instant;

const BATCH: u32 = 50;
const BATCHES: usize = 50;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    println!("| stage | MB/s | ns/event | allocations/event |\n|---|---|---|---|");
    for mut stage in streams::all() {
        if !wanted.is_empty() && !wanted.iter().any(|name| stage.name.contains(name.as_str())) {
            continue;
        }
        let allocations = streams::allocations(&mut stage) as f64 / stage.events as f64;
        let mut times: Vec<Duration> = (0..BATCHES).map(|_| batch(&mut stage)).collect();
        times.sort_unstable();
        let seconds = times[BATCHES / 2].as_secs_f64();
        println!(
            "| {} | {:.0} | {:.0} | {allocations:.2} |",
            stage.name,
            stage.bytes as f64 / seconds / 1e6,
            seconds * 1e9 / stage.events as f64,
        );
    }
}

/// The time of one whole stream.
fn batch(stage: &mut Stage) -> Duration {
    let start = Instant::now();
    for _ in 0..BATCH {
        (stage.run)();
    }
    start.elapsed() / BATCH
}
