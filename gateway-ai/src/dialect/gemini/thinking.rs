/// The budget a model takes that is nearest to a wish. Whoever cannot be told not to think is told to
/// think as little as it can.
pub(super) fn budget(model: &str, wish: u64) -> u64 {
    let (least, most) = if model.contains("2.5-pro") {
        return wish.clamp(128, 32_768);
    } else if model.contains("flash-lite") {
        (512, 24_576)
    } else if model.contains("flash") {
        (0, 24_576)
    } else {
        return wish;
    };
    if wish == 0 {
        0
    } else {
        wish.clamp(least, most)
    }
}

/// The level a model takes that is nearest to a wish, rounded up.
pub(super) fn level<'w>(model: &str, wish: &'w str) -> &'w str {
    let is_first_pro = model.contains("gemini-3-pro");
    let is_pro = model.contains("gemini-3") && model.contains("-pro");
    match wish {
        "minimal" if is_pro => "low",
        "medium" if is_first_pro => "high",
        "xhigh" | "max" => "high",
        wish => wish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_what_a_model_can_do() {
        for (model, wish, expected) in [
            ("gemini-2.5-pro", 0, 128),
            ("gemini-2.5-pro", 99_999, 32_768),
            ("gemini-2.5-flash", 0, 0),
            ("gemini-2.5-flash", 1, 1),
            ("gemini-2.5-flash", 32_768, 24_576),
            ("gemini-2.5-flash-lite", 0, 0),
            ("gemini-2.5-flash-lite", 1, 512),
            ("someones-own", 99_999, 99_999),
        ] {
            assert_eq!(budget(model, wish), expected, "{model} {wish}");
        }
        for (model, wish, expected) in [
            ("gemini-3-pro-preview", "minimal", "low"),
            ("gemini-3-pro-preview", "medium", "high"),
            ("gemini-3.1-pro-preview", "medium", "medium"),
            ("gemini-3-flash-preview", "minimal", "minimal"),
            ("gemini-3-flash-preview", "max", "high"),
        ] {
            assert_eq!(level(model, wish), expected, "{model} {wish}");
        }
    }
}
