//! W3C Trace Context: `traceparent` and `tracestate`, read strictly.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// `traceparent`.
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// `tracestate`.
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Where a request stands in a distributed trace: the trace, this hop's span, and its flags.
///
/// In the request extensions, and – as `traceparent` – in the headers of what goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// The caller samples this trace.
const SAMPLED: u8 = 0x01;
/// The trace id is random in its last 56 bits (Trace Context Level 2).
const RANDOM: u8 = 0x02;

impl TraceContext {
    /// The root of a new trace. Zero is not an id: it becomes one.
    pub(super) const fn root(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self {
            trace_id: if trace_id == 0 { 1 } else { trace_id },
            span_id: if span_id == 0 { 1 } else { span_id },
            flags: RANDOM | if sampled { SAMPLED } else { 0 },
        }
    }

    /// The same trace, one hop further.
    pub(super) const fn child(self, span_id: u64) -> Self {
        Self {
            span_id: if span_id == 0 { 1 } else { span_id },
            ..self
        }
    }

    /// Reads a `traceparent` value (Trace Context §3.2).
    ///
    /// Versions above 00 are read as 00 and may have more behind the flags (§3.2.4).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let [v0, v1, b'-', rest @ ..] = value else {
            return None;
        };
        let version = hex(&[*v0, *v1])?;
        let (trace_id, rest) = rest.split_at_checked(32)?;
        let [b'-', rest @ ..] = rest else { return None };
        let (span_id, rest) = rest.split_at_checked(16)?;
        let [b'-', f0, f1, rest @ ..] = rest else {
            return None;
        };
        let more = match rest {
            [] => true,
            [b'-', ..] => version > 0,
            _ => false,
        };
        if version == 0xff || !more {
            return None;
        }
        let context = Self {
            trace_id: hex(trace_id)?,
            span_id: u64::try_from(hex(span_id)?).ok()?,
            flags: u8::try_from(hex(&[*f0, *f1])?).ok()? & (SAMPLED | RANDOM),
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }

    /// The context a request arrives with, if it has exactly one valid `traceparent`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&TRACEPARENT).iter();
        let first = values.next()?;
        if values.next().is_some() {
            return None;
        }
        Self::parse(first.as_bytes())
    }

    /// The trace, 32 hexadecimal digits.
    #[must_use]
    pub const fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The span, 16 hexadecimal digits.
    #[must_use]
    pub const fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Whether the caller samples this trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The `traceparent` value.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(&mut text[3..35], self.trace_id);
        write_hex(&mut text[36..52], u128::from(self.span_id));
        write_hex(&mut text[53..55], u128::from(self.flags));
        HeaderValue::from_bytes(&text).expect("hexadecimal digits and dashes")
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            flags,
        } = self;
        write!(
            f,
            "TraceContext({trace_id:032x}-{span_id:016x}-{flags:02x})"
        )
    }
}

/// Lower-case digits only: the standard forbids the others.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u128::from(digit))
    })
}

/// Fills `out` with the digits of `value`, least significant last.
pub(super) fn write_hex(out: &mut [u8], mut value: u128) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for slot in out.iter_mut().rev() {
        *slot = DIGITS[usize::try_from(value & 0xf).unwrap_or(0)];
        value >>= 4;
    }
}

/// Whether the `tracestate` headers together are a list the standard allows (§3.3).
pub(super) fn is_valid_state(headers: &HeaderMap) -> bool {
    let mut keys: Vec<&str> = Vec::new();
    for value in headers.get_all(&TRACESTATE) {
        let Ok(text) = value.to_str() else {
            return false;
        };
        for member in text.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let Some((key, value)) = member.split_once('=') else {
                return false;
            };
            if !is_key(key) || !is_value(value) || keys.contains(&key) {
                return false;
            }
            keys.push(key);
        }
    }
    keys.len() <= 32
}

fn is_key(key: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'_' | b'-' | b'*' | b'/')
    };
    let part = |part: &str, max: usize| {
        (1..=max).contains(&part.len())
            && part.bytes().all(plain)
            && part.as_bytes()[0].is_ascii_alphanumeric()
    };
    match key.split_once('@') {
        None => part(key, 256),
        Some((tenant, system)) => part(tenant, 241) && part(system, 14),
    }
}

fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && !value.ends_with(' ')
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn reads_and_writes() {
        let context = TraceContext::parse(GOOD.as_bytes()).unwrap();
        assert!(context.is_sampled());
        assert_eq!(context.header_value(), GOOD);
        let child = context.child(0x1234);
        assert_eq!(
            child.header_value(),
            "00-0af7651916cd43dd8448eb211c80319c-0000000000001234-01"
        );
    }

    #[test]
    fn refuses_what_the_standard_refuses() {
        for bad in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.",
        ] {
            assert!(TraceContext::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn later_versions_are_read_as_the_first() {
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09-what-else";
        let context = TraceContext::parse(later.as_bytes()).unwrap();
        assert_eq!(context.header_value(), GOOD);
    }

    #[test]
    fn two_parents_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, GOOD.parse().unwrap());
        assert!(TraceContext::of(&headers).is_some());
        headers.append(TRACEPARENT, GOOD.parse().unwrap());
        assert!(TraceContext::of(&headers).is_none());
    }

    #[test]
    fn states() {
        let valid = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACESTATE, text.parse().unwrap());
            is_valid_state(&headers)
        };
        for good in ["a=1", "a=1,b=2", "a=1, ,b=2", "t@sys=x y", "1a=b"] {
            assert!(valid(good), "{good}");
        }
        let many = (0..33)
            .map(|n| format!("k{n}=v"))
            .collect::<Vec<_>>()
            .join(",");
        for bad in [
            "a", "A=1", "a=1,a=2", "a=b=c", "@s=1", "a@=1", "=1", "a=", &many,
        ] {
            assert!(!valid(bad), "{bad}");
        }
    }
}
