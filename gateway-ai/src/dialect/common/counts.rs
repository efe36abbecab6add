use serde_json::Value;

use crate::{
    canonical::{Raw, Usage},
    loss::Losses,
};

/// Reports the counts a dialect has no field for: of those with a name all that are not in `slots`,
/// and whatever only the provider's dialect has a word for. A count of nothing is not missed.
pub(crate) fn missed_counts(usage: &Usage, slots: &[&str], losses: &mut Losses) {
    let counts = [
        ("usage.reasoning", usage.reasoning),
        ("usage.cache_write_1h", usage.cache_write_1h),
        ("usage.input_audio", usage.input_audio),
        ("usage.input_image", usage.input_image),
        ("usage.output_audio", usage.output_audio),
        ("usage.output_image", usage.output_image),
        ("usage.accepted_prediction", usage.accepted_prediction),
        ("usage.rejected_prediction", usage.rejected_prediction),
    ];
    for (name, count) in counts {
        if count.is_some_and(|count| count > 0) && !slots.contains(&name) {
            losses.add(name);
        }
    }
    for (name, value) in usage.extra.iter() {
        if !(says_nothing(value) || is_tier(name) && is_usual(value.as_str().trim_matches('"'))) {
            losses.add_field("usage", name);
        }
    }
}

/// Reports a tier of another dialect that was not printed; the usual one has many names.
pub(crate) fn missed_tier(tier: Option<&str>, printed: Option<&str>, losses: &mut Losses) {
    if printed.is_none() && tier.is_some_and(|tier| !is_usual(tier)) {
        losses.add("service_tier");
    }
}

fn is_tier(name: &str) -> bool {
    matches!(name, "service_tier" | "serviceTier" | "trafficType")
}

fn is_usual(tier: &str) -> bool {
    matches!(
        tier,
        "" | "auto" | "default" | "standard" | "on_demand" | "ON_DEMAND"
    )
}

/// Whether a field holds no count, no word and no switch that is on.
pub(crate) fn says_nothing(value: &Raw) -> bool {
    fn is_nothing(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(on) => !on,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.iter().all(is_nothing),
            Value::Object(map) => map.values().all(is_nothing),
        }
    }
    match value.as_str().as_bytes() {
        b"null" | b"0" | b"false" | b"\"\"" => true,
        [b'{' | b'[', ..] => value.read::<Value>().is_ok_and(|value| is_nothing(&value)),
        [b'0', ..] => value.read::<f64>().is_ok_and(|number| number == 0.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Extra;

    fn raw(text: &str) -> Raw {
        Raw::new(text).unwrap()
    }

    #[test]
    fn a_count_of_nothing_is_not_missed() {
        for text in ["0", "0.0", "null", "[]", r#"{"a":0,"b":[false]}"#, "\"\""] {
            assert!(says_nothing(&raw(text)), "{text}");
        }
        for text in ["0.5", "true", r#"{"a":[0,1]}"#, "\"low\"", "10"] {
            assert!(!says_nothing(&raw(text)), "{text}");
        }
    }

    #[test]
    fn what_has_no_field_is_named() {
        let mut extra = Extra::new();
        extra.push("cost", raw("0.1"));
        extra.push("is_byok", raw("false"));
        extra.push("trafficType", raw("\"ON_DEMAND\""));
        extra.push_own("cached_tokens", raw("5"));
        let usage = Usage {
            reasoning: Some(3),
            input_audio: Some(0),
            output_image: Some(1),
            extra,
            ..Usage::default()
        };
        let mut losses = Losses::new();
        missed_counts(&usage, &["usage.reasoning"], &mut losses);
        assert_eq!(losses.to_string(), "usage.output_image, usage.cost");
    }

    #[test]
    fn the_usual_tier_is_not_missed() {
        let missed = |tier, printed| {
            let mut losses = Losses::new();
            missed_tier(tier, printed, &mut losses);
            losses.to_string()
        };
        assert_eq!(missed(Some("on_demand"), None), "");
        assert_eq!(missed(Some("flex"), Some("flex")), "");
        assert_eq!(missed(Some("provisioned"), None), "service_tier");
    }
}
