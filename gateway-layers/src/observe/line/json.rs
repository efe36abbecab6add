use std::time::Duration;

use http::Version;

use super::{Query, escape, number, time};
use crate::observe::{Record, trace};

pub(super) fn write(query: Query, record: &Record<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    time::rfc3339(out, record.time);
    out.push(b'"');
    request(query, record, out);
    out.extend_from_slice(b",\"status\":");
    number::decimal(out, u64::from(record.status));
    text(out, b",\"code\":\"", record.reason());
    outcome(record, out);
    caller(record, out);
    model(record, out);
    ids(record, out);
    out.extend_from_slice(b",\"duration_ms\":");
    number::millis(out, record.duration);
    duration(out, b",\"first_byte_ms\":", record.first_byte);
    count(out, b",\"bytes_in\":", record.bytes_in);
    count(out, b",\"bytes_out\":", Some(record.bytes_out));
    plain(out, b",\"end\":\"", record.end_str());
    value(
        out,
        b",\"user_agent\":\"",
        record.user_agent.map(http::HeaderValue::as_bytes),
    );
    value(
        out,
        b",\"referer\":\"",
        record.referer.map(http::HeaderValue::as_bytes),
    );
    out.push(b'}');
}

fn request(query: Query, record: &Record<'_>, out: &mut Vec<u8>) {
    plain(out, b",\"method\":\"", record.method.as_str());
    let authority = record
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let host = authority.or_else(|| record.host.map(http::HeaderValue::as_bytes));
    value(out, b",\"host\":\"", host);
    out.extend_from_slice(b",\"path\":\"");
    escape::json(out, record.uri.path().as_bytes());
    query.write(record.uri.query(), out, escape::json);
    out.push(b'"');
    plain(out, b",\"protocol\":\"", protocol(record.version));
}

fn outcome(record: &Record<'_>, out: &mut Vec<u8>) {
    let known = record.outcome;
    text(
        out,
        b",\"layer\":\"",
        known.error.as_ref().and_then(|error| error.layer_name()),
    );
    text(
        out,
        b",\"route\":\"",
        known.route.as_ref().map(|route| route.name()),
    );
    text(out, b",\"target\":\"", known.target.as_deref());
    if let Some(upstream) = &known.upstream {
        text(out, b",\"upstream\":\"", Some(upstream.name()));
        text(out, b",\"endpoint\":\"", Some(upstream.endpoint()));
        count(out, b",\"attempts\":", Some(u64::from(upstream.attempts())));
        duration(out, b",\"upstream_ms\":", upstream.first_byte());
    }
    text(
        out,
        b",\"cache\":\"",
        known.cache.map(gateway_core::CacheOutcome::as_str),
    );
}

fn caller(record: &Record<'_>, out: &mut Vec<u8>) {
    let known = record.outcome;
    if let Some(ip) = known.client_ip {
        out.extend_from_slice(b",\"client_ip\":\"");
        number::ip(out, ip.ip());
        out.push(b'"');
    }
    if let Some(identity) = &known.identity {
        text(out, b",\"auth\":\"", Some(identity.kind().as_str()));
        text(out, b",\"subject\":\"", Some(identity.subject()));
        text(out, b",\"tenant\":\"", identity.tenant());
    }
}

fn model(record: &Record<'_>, out: &mut Vec<u8>) {
    text(out, b",\"client\":\"", record.outcome.client);
    text(out, b",\"model\":\"", record.outcome.model.as_deref());
    others(record, out);
    let lossy = record.outcome.lossy.as_deref();
    text(out, b",\"lossy\":\"", lossy.map(|lossy| &*lossy.names));
    let Some(usage) = &record.outcome.usage else {
        return;
    };
    count(out, b",\"tokens_in\":", usage.total_input());
    count(out, b",\"tokens_cached\":", usage.cached_read);
    count(out, b",\"tokens_out\":", usage.output);
    count(out, b",\"tokens_reasoning\":", usage.reasoning);
    count(out, b",\"cost_micro_usd\":", usage.cost_micro_usd);
    if usage.estimated {
        out.extend_from_slice(b",\"tokens_estimated\":true");
    }
    let lost = record
        .outcome
        .prefix_lost
        .map(gateway_core::PrefixLost::as_str);
    text(out, b",\"prefix_lost\":\"", lost);
}

/// What targets have used that did not answer: `"others":[{"model":"a/b","tokens_in":9}]`.
fn others(record: &Record<'_>, out: &mut Vec<u8>) {
    let others = &record.outcome.others;
    for (number, (model, usage)) in others.iter().enumerate() {
        out.extend_from_slice(if number == 0 { b",\"others\":[" } else { b"," });
        text(out, b"{\"model\":\"", Some(&**model));
        count(out, b",\"tokens_in\":", usage.total_input());
        count(out, b",\"tokens_out\":", usage.output);
        count(out, b",\"cost_micro_usd\":", usage.cost_micro_usd);
        out.push(b'}');
    }
    if !others.is_empty() {
        out.push(b']');
    }
}

fn ids(record: &Record<'_>, out: &mut Vec<u8>) {
    let id = record.outcome.request_id.as_ref();
    text(out, b",\"request_id\":\"", id.map(|id| id.as_str()));
    if let Some(context) = &record.trace {
        let [high, low] = trace::halves(context.trace_id()).map(trace::digits);
        out.extend_from_slice(b",\"trace_id\":\"");
        out.extend_from_slice(&high);
        out.extend_from_slice(&low);
        out.extend_from_slice(b"\",\"span_id\":\"");
        out.extend_from_slice(&trace::digits(context.span_id()));
        out.push(b'"');
    }
}

const fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

/// What has nothing to escape: words of ours, and methods, which are tokens (RFC 9110 §9.1).
fn plain(out: &mut Vec<u8>, name: &[u8], content: &str) {
    out.extend_from_slice(name);
    out.extend_from_slice(content.as_bytes());
    out.push(b'"');
}

fn text(out: &mut Vec<u8>, name: &[u8], content: Option<&str>) {
    value(out, name, content.map(str::as_bytes));
}

fn value(out: &mut Vec<u8>, name: &[u8], content: Option<&[u8]>) {
    if let Some(content) = content {
        out.extend_from_slice(name);
        escape::json(out, content);
        out.push(b'"');
    }
}

fn count(out: &mut Vec<u8>, name: &[u8], value: Option<u64>) {
    if let Some(value) = value {
        out.extend_from_slice(name);
        number::decimal(out, value);
    }
}

fn duration(out: &mut Vec<u8>, name: &[u8], value: Option<Duration>) {
    if let Some(value) = value {
        out.extend_from_slice(name);
        number::millis(out, value);
    }
}
