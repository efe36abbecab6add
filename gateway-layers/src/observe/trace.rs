//! W3C Trace Context: `traceparent` and `tracestate`, read strictly.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// `traceparent`.
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// `tracestate`.
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Where a request stands in a distributed trace: the trace, this hop's span, and its flags.
///
/// In the `traceparent` of what goes on, where [`of`](Self::of) finds it.
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
        Self::only(headers.get_all(&TRACEPARENT).iter())
    }

    /// The context of the one value there is.
    pub(super) fn only<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Option<Self> {
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
        let [high, low] = halves(self.trace_id).map(digits);
        let [.., f0, f1] = digits(self.flags.into());
        text[3..19].copy_from_slice(&high);
        text[19..35].copy_from_slice(&low);
        text[36..52].copy_from_slice(&digits(self.span_id));
        text[53..55].copy_from_slice(&[f0, f1]);
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

/// The more and the less significant half.
pub(super) const fn halves(value: u128) -> [u64; 2] {
    [(value >> 64) as u64, value as u64]
}

/// The digits of `value`, least significant last. Ids are written twice for each request: eight
/// digits at once.
pub(super) const fn digits(value: u64) -> [u8; 16] {
    let low = eight_digits(value as u32);
    let both = (eight_digits((value >> 32) as u32) as u128) << 64 | low as u128;
    both.to_be_bytes()
}

const fn eight_digits(value: u32) -> u64 {
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // Half of what there is goes up each time, until there is a nibble in each byte.
    let mut nibbles = value as u64;
    nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | nibbles << 4) & each(0x0f);
    // Six more than a figure can be is what carries into the upper nibble.
    let letters = (nibbles + each(6)) >> 4 & each(1);
    nibbles + each(b'0') + letters * (b'a' - b'9' - 1) as u64
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
