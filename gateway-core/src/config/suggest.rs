/// The candidate closest to `word`, if it is close enough to be a slip of the finger.
///
/// Distance is optimal string alignment (insert, delete, replace, swap neighbours) without regard
/// to case and with `-` equal to `_`; at most a third of the word may differ, so that `port` is
/// never offered for `host`. A word that begins one candidate only is taken for it.
pub fn closest<'a, I>(word: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let word = fold(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.iter().copied() {
        let folded = fold(candidate);
        let longest = word.len().max(folded.len());
        let allowed = (longest / 3).max(1);
        // The length difference is a lower bound of the distance; it also keeps a hostile,
        // megabyte-long key from costing a quadratic table.
        if longest > LONGEST || word.len().abs_diff(folded.len()) > allowed {
            continue;
        }
        let distance = distance(&word, &folded);
        if distance <= allowed && distance < longest && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    if let Some((_, candidate)) = best {
        return Some(candidate);
    }
    let begins = |candidate: &&&str| word.len() >= SHORTEST && fold(candidate).starts_with(&word);
    let mut longer = candidates.iter().filter(begins);
    match (longer.next(), longer.next()) {
        (Some(candidate), None) => Some(candidate),
        _ => None,
    }
}

fn fold(word: &str) -> Vec<char> {
    word.chars()
        .map(|c| {
            if c == '-' {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut current = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (previous[j] + usize::from(x != y))
                .min(previous[j + 1] + 1)
                .min(current[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            current.push(cost);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[b.len()]
}

const LONGEST: usize = 64;

/// Fewer letters than this begin too many things.
const SHORTEST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_slips_and_nothing_else() {
        let names = ["audience", "issuer", "algorithms", "leeway", "jwks"];
        for (word, expected) in [
            ("audiance", Some("audience")),
            ("Issuer", Some("issuer")),
            ("isuser", Some("issuer")),
            ("jkws", Some("jwks")),
            ("algorithm", Some("algorithms")),
            ("host", None),
            ("", None),
        ] {
            assert_eq!(closest(word, names), expected, "{word}");
        }
        assert_eq!(closest("p2c", ["p2c_ewma", "random"]), Some("p2c_ewma"));
        assert_eq!(closest("time", ["timeouts", "timestamps"]), None);
        assert_eq!(closest("rate-limit", ["rate_limit"]), Some("rate_limit"));
        assert_eq!(closest("order", ["orders", "order_v2"]), Some("orders"));
    }

    #[test]
    fn a_huge_word_is_cheap() {
        let word = "a".repeat(1 << 20);
        assert_eq!(closest(&word, ["audience"]), None);
    }
}
