use std::fmt::Write as _;

use gateway_layers::{
    balance::{PolicyConfig, StickyConfig},
    transport::ProtocolConfig,
};
use http::Request;

use super::report::evaluated;
use crate::config::model::{Endpoint, Timeouts, Upstream};

/// Where an upstream is, who of it answers this request, and what guards the call.
pub(super) fn rows(
    rows: &mut Vec<[String; 2]>,
    (name, upstream): (&str, &Upstream),
    request: &Request<()>,
) {
    for (index, endpoint) in upstream.endpoints.iter().enumerate() {
        let first = index == 0;
        let what = if first { "upstream" } else { "" };
        let shown = if first { name } else { "" };
        let text = format!(
            "{shown:<width$}  {}",
            described(endpoint),
            width = name.len()
        );
        rows.push([what.to_owned(), text]);
    }
    rows.push(["balance".to_owned(), chosen(&upstream.balance, request)]);
    if let Some(sticky) = upstream.sticky.as_deref() {
        rows.push(["sticky".to_owned(), kept(sticky, request)]);
    }
    if let Some(resolve) = upstream.resolving() {
        let mut text = match &resolve.every {
            Some(every) => format!("every {every}"),
            None => "when answers expire".to_owned(),
        };
        if !resolve.servers.is_empty() {
            let _ = write!(text, ", by {}", resolve.servers.join(", "));
        }
        rows.push(["resolve".to_owned(), text]);
    }
    let guards = guards(upstream);
    if !guards.is_empty() {
        rows.push(["guards".to_owned(), guards.join(", ")]);
    }
    rows.push(["timeouts".to_owned(), timeouts(&upstream.timeouts)]);
    let speaks = match upstream.protocol {
        ProtocolConfig::Auto => return,
        ProtocolConfig::Http1 => "HTTP/1.1 only",
        ProtocolConfig::Http2 => "HTTP/2 only",
    };
    rows.push(["protocol".to_owned(), speaks.to_owned()]);
}

fn chosen(policy: &PolicyConfig, request: &Request<()>) -> String {
    let text = match policy {
        PolicyConfig::P2cEwma => "p2c_ewma",
        PolicyConfig::RoundRobin => "round_robin",
        PolicyConfig::Weighted => "weighted",
        PolicyConfig::LeastRequest => "least_request",
        PolicyConfig::Random => "random",
        PolicyConfig::Hash(key) => return format!("hash of {}", evaluated(key, request)),
    };
    text.to_owned()
}

fn timeouts(timeouts: &Timeouts) -> String {
    let bounds = [
        ("connect", Some(timeouts.connect)),
        ("first_byte", Some(timeouts.first_byte)),
        ("idle", Some(timeouts.idle)),
        ("upload_idle", timeouts.upload_idle),
        ("total", timeouts.total),
    ];
    let each = bounds
        .into_iter()
        .filter_map(|(name, bound)| Some(format!("{name} {}", bound?)));
    each.collect::<Vec<_>>().join(", ")
}

fn described(endpoint: &Endpoint) -> String {
    let notes = [
        ("weight", endpoint.weight.get(), 1),
        ("priority", endpoint.priority, 0),
    ];
    let notes: Vec<String> = notes
        .into_iter()
        .filter(|(_, value, default)| value != default)
        .map(|(what, value, _)| format!("{what} {value}"))
        .collect();
    match &*notes {
        [] => endpoint.url.to_string(),
        notes => format!("{} ({})", endpoint.url, notes.join(", ")),
    }
}

fn kept(sticky: &StickyConfig, request: &Request<()>) -> String {
    match sticky {
        StickyConfig::Cookie(cookie) => match &cookie.name {
            Some(name) => format!("by the cookie `{name}`"),
            None => "by a cookie".to_owned(),
        },
        StickyConfig::Header(name) => evaluated(&format!("header:{name}"), request),
        StickyConfig::Key(key) => evaluated(key, request),
    }
}

fn guards(upstream: &Upstream) -> Vec<String> {
    let mut guards = Vec::new();
    let given = [
        ("probe", upstream.probe.is_some()),
        ("outlier", upstream.outlier.is_some()),
        ("breaker", upstream.breaker.is_some()),
        ("retry", upstream.retry.is_some()),
        ("hedge", upstream.hedge.is_some()),
    ];
    for (name, given) in given {
        if given {
            guards.push(name.to_owned());
        }
    }
    if let Some(window) = &upstream.slow_start {
        guards.push(format!("slow start over {window}"));
    }
    if let Some(share) = &upstream.panic {
        guards.push(format!("panic below {share}"));
    }
    guards
}
