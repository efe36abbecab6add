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

const WORDS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The effort words a reasoning model of OpenAI's takes; none is known of any other model.
fn words_of(model: &str) -> &'static [&'static str] {
    let name = model.rsplit('/').next().unwrap_or(model);
    let o_series = name
        .strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if o_series {
        return &["low", "medium", "high"];
    }
    match name.strip_prefix("gpt-5") {
        None => &[],
        Some(rest) if rest.starts_with("-pro") => &["high"],
        Some(rest) if rest.contains("-pro") => &["medium", "high", "xhigh"],
        Some(rest) if rest.starts_with("-codex") => &["low", "medium", "high"],
        Some(rest) if rest.starts_with(".1") && !rest.contains("-max") => {
            &["none", "low", "medium", "high"]
        }
        Some(rest) if rest.starts_with('.') => &["none", "low", "medium", "high", "xhigh"],
        Some(_) => &["minimal", "low", "medium", "high"],
    }
}

/// The effort word a model takes that is nearest to a wish: the next one up, or the highest there
/// is. A word nobody knows is left to the provider, and so is every word for a model nobody knows.
pub(crate) fn nearest_effort<'w>(model: &str, wish: &'w str) -> &'w str {
    let words = words_of(model);
    let rank = |word: &str| WORDS.iter().position(|known| *known == word);
    let (Some(wished), false) = (rank(wish), words.is_empty() || words.contains(&wish)) else {
        return wish;
    };
    let up = words
        .iter()
        .find(|word| rank(word).is_some_and(|rank| rank > wished));
    up.or(words.last()).copied().unwrap_or(wish)
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

    #[test]
    fn a_word_is_one_the_model_takes() {
        for (model, wish, expected) in [
            ("o3", "xhigh", "high"),
            ("openai/o4-mini", "none", "low"),
            ("gpt-5-mini", "none", "minimal"),
            ("gpt-5-mini", "max", "high"),
            ("gpt-5.1", "minimal", "low"),
            ("gpt-5.1", "none", "none"),
            ("gpt-5.1-codex-max", "max", "xhigh"),
            ("gpt-5.2", "xhigh", "xhigh"),
            ("gpt-5-pro", "low", "high"),
            ("gpt-5-codex", "minimal", "low"),
            ("gpt-5", "a new word", "a new word"),
            ("grok-4", "max", "max"),
        ] {
            assert_eq!(nearest_effort(model, wish), expected, "{model} {wish}");
        }
    }
}
