//! Medians, spreads and ratios, as a table.

use std::collections::BTreeMap;

use crate::{
    load::Sample,
    peers::{Cost, Process},
    scenario::Scenario,
};

/// One round of one peer.
#[derive(Debug)]
pub(crate) struct Row {
    per_second: f64,
    cpu_per_unit: f64,
    p50: f64,
    p99: f64,
    pss_mb: f64,
    errors: u64,
    first_error: Option<String>,
}

impl Row {
    pub(crate) fn new(mut sample: Sample, before: Cost, after: Cost, events: u64) -> Self {
        let units = (sample.requests * events).max(1) as f64;
        let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
        Self {
            per_second: sample.requests as f64 / sample.elapsed.as_secs_f64(),
            cpu_per_unit: cpu * 1e6 / units,
            p50: sample.percentile(0.50),
            p99: sample.percentile(0.99),
            pss_mb: after.pss_kb as f64 / 1024.0,
            errors: sample.errors,
            first_error: sample.first_error,
        }
    }
}

fn median(rows: &[Row], of: impl Fn(&Row) -> f64) -> f64 {
    let mut values: Vec<f64> = rows.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn spread(rows: &[Row], of: impl Fn(&Row) -> f64) -> f64 {
    let middle = median(rows, &of);
    let (low, high) = rows
        .iter()
        .map(of)
        .fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if middle > 0.0 {
        (high - low) / middle * 50.0
    } else {
        0.0
    }
}

/// Start time and idle memory of every peer.
pub(crate) fn preamble(running: &[(&'static str, Process)]) {
    println!("| peer | start, ms | idle PSS, MB |\n|---|---|---|");
    for (name, process) in running {
        let idle = process.cost().pss_kb as f64 / 1024.0;
        println!(
            "| {name} | {:.0} | {idle:.1} |",
            process.start.as_secs_f64() * 1e3
        );
    }
}

/// The table of one scenario; × is the ratio to nginx in this run.
pub(crate) fn table(scenario: &Scenario, rows: &BTreeMap<&'static str, Vec<Row>>) {
    let unit = if scenario.events > 1 { "event" } else { "req" };
    println!("\n### {} (`{}`)\n", scenario.title, scenario.name);
    println!(
        "| peer | req/s | × nginx | CPU µs/{unit} | ± % | × nginx | p50 µs | p99 µs | added p50 | added p99 | PSS MB | errors |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let (nginx, direct) = (rows.get("nginx"), rows.get("direct"));
    for (name, rows) in rows {
        let ratio = |of: fn(&Row) -> f64| {
            nginx.map_or_else(
                || "–".to_owned(),
                |nginx| format!("{:.2}", median(rows, of) / median(nginx, of)),
            )
        };
        let added = |of: fn(&Row) -> f64| {
            direct.map_or_else(
                || "–".to_owned(),
                |direct| format!("{:+.0}", median(rows, of) - median(direct, of)),
            )
        };
        // What the upstream itself costs is nobody's overhead.
        let cpu = if *name == "direct" {
            "– | – | –".to_owned()
        } else {
            format!(
                "{:.2} | {:.0} | {}",
                median(rows, |row| row.cpu_per_unit),
                spread(rows, |row| row.cpu_per_unit),
                ratio(|row| row.cpu_per_unit),
            )
        };
        let errors: u64 = rows.iter().map(|row| row.errors).sum();
        println!(
            "| {name} | {:.0} | {} | {cpu} | {:.0} | {:.0} | {} | {} | {:.1} | {errors} |",
            median(rows, |row| row.per_second),
            ratio(|row| row.per_second),
            median(rows, |row| row.p50),
            median(rows, |row| row.p99),
            added(|row| row.p50),
            added(|row| row.p99),
            median(rows, |row| row.pss_mb),
        );
        if let Some(error) = rows.iter().find_map(|row| row.first_error.as_ref()) {
            println!("  first error of {name}: {error}");
        }
    }
}
