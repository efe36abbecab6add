//! Slow start: how much of its weight an endpoint gets that has just become available. Pure.

use std::time::Duration;

/// Rises from a tenth to 1 over `window`.
///
/// From a tenth, because what gets no requests does not warm up.
pub(super) fn factor(available_for: Duration, window: Duration) -> f64 {
    if available_for >= window {
        return 1.0;
    }
    (available_for.as_secs_f64() / window.as_secs_f64()).max(LEAST)
}

const LEAST: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_from_a_tenth_to_all() {
        let window = Duration::from_secs(30);
        for (secs, expected) in [(0, 0.1), (3, 0.1), (15, 0.5), (30, 1.0), (300, 1.0)] {
            let factor = factor(Duration::from_secs(secs), window);
            assert!((factor - expected).abs() < 1e-9, "{secs} s: {factor}");
        }
        assert!((factor(Duration::ZERO, Duration::ZERO) - 1.0).abs() < 1e-9);
    }
}
