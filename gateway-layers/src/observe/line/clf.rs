use http::HeaderValue;

use super::{Query, escape, number, time};
use crate::observe::Record;

/// `127.0.0.1 - alice [22/Nov/2026:12:03:11 +0000] "GET /x HTTP/1.1" 200 13`, and for the combined
/// format `"referer" "user agent"`.
pub(super) fn write(query: Query, record: &Record<'_>, combined: bool, out: &mut Vec<u8>) {
    let known = record.outcome;
    match known.client_ip {
        Some(ip) => number::ip(out, ip.ip()),
        None => out.push(b'-'),
    }
    out.extend_from_slice(b" - ");
    match &known.identity {
        Some(identity) => user(out, identity.subject()),
        None => out.push(b'-'),
    }
    out.push(b' ');
    time::common(out, record.time);
    out.extend_from_slice(b" \"");
    escape::common(out, record.method.as_str().as_bytes());
    out.push(b' ');
    escape::common(out, record.uri.path().as_bytes());
    query.write(record.uri.query(), out, escape::common);
    out.extend_from_slice(b" HTTP/");
    out.extend_from_slice(match record.version {
        http::Version::HTTP_10 => b"1.0",
        http::Version::HTTP_2 => b"2.0",
        http::Version::HTTP_3 => b"3.0",
        _ => b"1.1",
    });
    out.extend_from_slice(b"\" ");
    number::decimal(out, u64::from(record.status));
    out.push(b' ');
    match record.bytes_out {
        0 => out.push(b'-'),
        bytes => number::decimal(out, bytes),
    }
    if combined {
        quoted(out, record.referer);
        quoted(out, record.user_agent);
    }
}

/// The field ends at a space, so a subject with one would shift all that follow.
fn user(out: &mut Vec<u8>, subject: &str) {
    let start = out.len();
    escape::common(out, subject.as_bytes());
    for byte in &mut out[start..] {
        if *byte == b' ' {
            *byte = b'_';
        }
    }
}

fn quoted(out: &mut Vec<u8>, value: Option<&HeaderValue>) {
    out.extend_from_slice(b" \"");
    escape::common(out, value.map_or(b"-", HeaderValue::as_bytes));
    out.push(b'"');
}
