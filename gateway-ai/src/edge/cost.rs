use bytes::BytesMut;
use gateway_core::{Response, Usage};
use http::{HeaderName, HeaderValue};

use crate::{call::Settle, dialect::Dialect};

/// Which streams say in a comment what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamCost {
    /// Those the gateway prints; what passes byte for byte stays as it is.
    #[default]
    Translated,
    /// All whose clients know comments.
    Always,
    /// None.
    Never,
}

impl StreamCost {
    /// What holds for a client that may know no comments.
    pub(super) fn unless(self, unknown: bool) -> Self {
        if unknown { Self::Never } else { self }
    }

    pub(super) fn of_printed(self, dialect: Dialect) -> bool {
        self != Self::Never && knows_comments(dialect)
    }

    pub(super) fn of_passed(self, dialect: Dialect) -> bool {
        self == Self::Always && knows_comments(dialect)
    }
}

/// Comments belong to server-sent events, but the SDKs of Gemini read each line that is no `data`
/// as a piece of JSON.
const fn knows_comments(dialect: Dialect) -> bool {
    matches!(
        dialect,
        Dialect::Chat | Dialect::Responses | Dialect::Messages
    )
}

/// Writes what was counted so far and what it costs; nothing where that is not known.
pub(super) fn comment(settle: &Settle, out: &mut BytesMut) {
    let Some(cost) = settle.summary().and_then(|usage| usage.cost_micro_usd) else {
        return;
    };
    out.extend_from_slice(b": gateway {\"cost_usd\":");
    usd(cost, out);
    out.extend_from_slice(b"}\n\n");
}

/// Says in the head what a whole answer cost.
pub(super) fn head(usage: &Usage, response: &mut Response) {
    let Some(cost) = usage.cost_micro_usd else {
        return;
    };
    let mut text = BytesMut::with_capacity(DIGITS + 1);
    usd(cost, &mut text);
    if let Ok(value) = HeaderValue::from_maybe_shared(text.freeze()) {
        response.headers_mut().insert(COST, value);
    }
}

/// Micro-USD as USD, exactly: it stands in every whole answer, and formatters take their time.
fn usd(micro: u64, out: &mut BytesMut) {
    let mut digits = [b'0'; DIGITS];
    let (mut at, mut rest) = (DIGITS, micro);
    while rest > 0 {
        at -= 1;
        digits[at] += (rest % 10) as u8;
        rest /= 10;
    }
    let point = DIGITS - 6;
    out.extend_from_slice(&digits[at.min(point - 1)..point]);
    out.extend_from_slice(b".");
    out.extend_from_slice(&digits[point..]);
}

/// Those of the largest number.
const DIGITS: usize = 20;

const COST: HeaderName = HeaderName::from_static("x-gateway-cost-usd");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_dollars_are_written_exactly() {
        let usd = |micro| {
            let mut out = BytesMut::new();
            usd(micro, &mut out);
            out
        };
        assert_eq!(usd(0), "0.000000");
        assert_eq!(usd(1_000_000), "1.000000");
        assert_eq!(usd(450), "0.000450");
        assert_eq!(usd(12_000_001), "12.000001");
        assert_eq!(usd(u64::MAX), "18446744073709.551615");
    }

    #[test]
    fn only_those_who_know_comments_get_one() {
        for dialect in Dialect::ALL {
            let knows = !matches!(dialect, Dialect::Gemini | Dialect::Converse);
            assert_eq!(StreamCost::Translated.of_printed(dialect), knows);
            assert!(!StreamCost::Translated.of_passed(dialect));
            assert_eq!(StreamCost::Always.of_passed(dialect), knows);
            assert!(!StreamCost::Never.of_printed(dialect));
        }
    }
}
