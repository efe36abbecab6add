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
    out.extend_from_slice(format!(": gateway {{\"cost_usd\":{}}}\n\n", usd(cost)).as_bytes());
}

/// Says in the head what a whole answer cost.
pub(super) fn head(usage: &Usage, response: &mut Response) {
    let cost = usage.cost_micro_usd.map(usd);
    if let Some(Ok(value)) = cost.map(HeaderValue::try_from) {
        response.headers_mut().insert(COST, value);
    }
}

/// Micro-USD as USD, exactly.
fn usd(micro: u64) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

const COST: HeaderName = HeaderName::from_static("x-gateway-cost-usd");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_dollars_are_written_exactly() {
        assert_eq!(usd(0), "0.000000");
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
