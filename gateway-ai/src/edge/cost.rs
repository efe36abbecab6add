use bytes::BytesMut;
use gateway_core::{Response, Usage};
use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

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
    out.extend_from_slice(&usd(cost));
    out.extend_from_slice(b"}\n\n");
}

/// Says in the head what a whole answer cost.
pub(super) fn head(usage: &Usage, response: &mut Response) {
    let cost = usage.cost_micro_usd.map(usd);
    if let Some(Ok(value)) = cost.map(|cost| HeaderValue::from_bytes(&cost)) {
        response.headers_mut().insert(COST, value);
    }
}

/// Micro-USD as USD, exactly: it stands in every whole answer, and formatters take their time.
fn usd(micro: u64) -> SmallVec<[u8; DIGITS + 1]> {
    let mut digits = [b'0'; DIGITS];
    let (mut at, mut rest) = (DIGITS, micro);
    while rest > 0 {
        at -= 1;
        digits[at] += (rest % 10) as u8;
        rest /= 10;
    }
    let point = DIGITS - 6;
    let mut out = SmallVec::from_slice(&digits[at.min(point - 1)..point]);
    out.push(b'.');
    out.extend_from_slice(&digits[point..]);
    out
}

/// Those of the largest number.
const DIGITS: usize = 20;

const COST: HeaderName = HeaderName::from_static("x-gateway-cost-usd");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_dollars_are_written_exactly() {
        let usd = |micro| String::from_utf8(usd(micro).to_vec()).unwrap();
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
