//! What a request and a reply cost between any two dialects: throughput, time and allocations.
//!
//! `cargo bench -p gateway-benches --bench codecs [-- NAME]`
//!
//! Between equal dialects a request is looked through for its model and passed on; a reply is not
//! read at all and so not listed. The 1 MB prompt is a conversation of 600 turns.
#![expect(
    clippy::print_stdout,
    reason = "printing a table is what a bench is for"
)]

use std::time::Duration;

use gateway_benches::codecs::{self, Codec};
use tokio::time::Instant;

/// What one batch should handle.
const BATCH_BYTES: usize = 1 << 18;
const BATCHES: usize = 30;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    println!("| body | MB/s | µs | allocations |\n|---|---|---|---|");
    for mut codec in codecs::all() {
        if !wanted.is_empty() && !wanted.iter().any(|name| codec.name.contains(name.as_str())) {
            continue;
        }
        let (allocations, _) = codecs::allocations(&mut codec);
        let mut times: Vec<Duration> = (0..BATCHES).map(|_| batch(&mut codec)).collect();
        times.sort_unstable();
        let seconds = times[BATCHES / 2].as_secs_f64();
        println!(
            "| {} | {:.0} | {:.2} | {allocations} |",
            codec.name,
            codec.bytes as f64 / seconds / 1e6,
            seconds * 1e6,
        );
    }
}

/// The time of one body.
fn batch(codec: &mut Codec) -> Duration {
    let times = u32::try_from(BATCH_BYTES / codec.bytes).unwrap_or(1).max(1);
    let start = Instant::now();
    for _ in 0..times {
        (codec.run)();
    }
    start.elapsed() / times
}
