/// The budget that stands for an effort word, for models that take tokens.
///
/// | effort | tokens |
/// |---|---|
/// | `minimal` | 1,024 |
/// | `low` | 2,048 |
/// | `medium` | 8,192 |
/// | `high` | 16,384 |
/// | `xhigh`, `max` | 32,768 |
pub(crate) fn budget_of_effort(effort: &str) -> Option<u64> {
    Some(match effort {
        "minimal" => 1024,
        "low" => 2048,
        "medium" | "default" => 8192,
        "high" => 16_384,
        "xhigh" | "max" => 32_768,
        _ => return None,
    })
}

/// The effort word nearest to a budget: the reverse of [`budget_of_effort`], rounded up.
pub(crate) fn effort_of_budget(budget: u64) -> &'static str {
    match budget {
        0..=2048 => "low",
        2049..=8192 => "medium",
        _ => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_turns_back() {
        for effort in ["low", "medium", "high"] {
            assert_eq!(budget_of_effort(effort).map(effort_of_budget), Some(effort));
        }
        assert_eq!(budget_of_effort("none"), None);
    }
}
