//! What each layer costs a request: time and allocations.
//!
//! `cargo bench -p gateway-benches --bench layers [-- NAME]`
#![expect(
    clippy::print_stdout,
    reason = "printing a table is what a bench is for"
)]

use std::{hint::black_box, time::Duration};

use gateway_benches::cases;
use tokio::time::Instant;

const BATCH: u32 = 2_000;
const BATCHES: usize = 50;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a current-thread runtime needs nothing from the system");
    let _entered = runtime.enter();
    println!("| layer | ns | allocations | budget |\n|---|---|---|---|");
    let mut base = Duration::ZERO;
    for mut case in cases::all() {
        if !wanted.is_empty() && !wanted.iter().any(|name| case.name.contains(name.as_str())) {
            continue;
        }
        let allocations = cases::allocations(&mut case);
        let mut times: Vec<Duration> = (0..BATCHES).map(|_| batch(&mut case)).collect();
        times.sort_unstable();
        let median = times[BATCHES / 2];
        if case.name == "(nothing)" {
            base = median;
        }
        let own = median.saturating_sub(base).as_nanos();
        println!(
            "| {} | {own} | {allocations} | {} |",
            case.name, case.budget
        );
    }
}

/// The time of one run, from a batch whose requests are made before the clock starts.
fn batch(case: &mut cases::Case) -> Duration {
    let requests: Vec<_> = (0..BATCH).map(|_| (case.request)()).collect();
    let start = Instant::now();
    for request in requests {
        (case.run)(black_box(request));
    }
    start.elapsed() / BATCH
}
