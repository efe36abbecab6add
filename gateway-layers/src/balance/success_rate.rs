//! Which endpoints fail more often than the others. Pure.

use std::time::Duration;

/// When an endpoint is ejected because it fails more often than the others: at the end of an
/// interval, if its success rate is below the mean of all by so many standard deviations.
///
/// It finds what failures in a row never will: an endpoint of which every other answer is bad. It is
/// a comparison, so that an upstream of which all endpoints fail alike loses none of them.
#[derive(Clone, Copy, Debug)]
pub struct SuccessRate {
    pub(super) interval: Duration,
    pub(super) deviations: f64,
    pub(super) min_requests: u32,
    pub(super) min_endpoints: usize,
}

impl SuccessRate {
    /// Every 10 s, 1.9 standard deviations, among at least five endpoints with at least 100 requests
    /// each.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            interval: Duration::from_secs(10),
            deviations: 1.9,
            min_requests: 100,
            min_endpoints: 5,
        }
    }

    /// How long answers are counted before they are compared. Defaults to 10 s.
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How many standard deviations below the mean is too low. One bad endpoint of n is at most
    /// √(n−1) of them below, so that 1.9 takes five endpoints. Defaults to 1.9.
    #[must_use]
    pub const fn deviations(mut self, deviations: f64) -> Self {
        self.deviations = deviations;
        self
    }

    /// How many requests in the interval an endpoint is judged by at least. Defaults to 100.
    #[must_use]
    pub const fn min_requests(mut self, requests: u32) -> Self {
        self.min_requests = requests;
        self
    }

    /// How many endpoints with that many requests there must be. Defaults to 5.
    #[must_use]
    pub const fn min_endpoints(mut self, endpoints: usize) -> Self {
        self.min_endpoints = endpoints;
        self
    }
}

impl Default for SuccessRate {
    fn default() -> Self {
        Self::new()
    }
}

/// The rate below which an endpoint is an outlier, of endpoints with so many good answers of so many
/// in all. `None` while there is too little to compare.
#[expect(clippy::cast_precision_loss, reason = "a handful of endpoints")]
pub(super) fn least(rule: &SuccessRate, windows: &[(u32, u32)]) -> Option<f64> {
    let judged = windows.iter().filter(|window| enough(rule, **window));
    let rates: Vec<f64> = judged.map(|window| rate(*window)).collect();
    if rates.len() < rule.min_endpoints.max(1) {
        return None;
    }
    let count = rates.len() as f64;
    let mean = rates.iter().sum::<f64>() / count;
    let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count;
    Some(rule.deviations.mul_add(-variance.sqrt(), mean))
}

/// Whether an endpoint is below.
pub(super) fn is_below(rule: &SuccessRate, window: (u32, u32), least: f64) -> bool {
    enough(rule, window) && rate(window) < least
}

const fn enough(rule: &SuccessRate, (_, all): (u32, u32)) -> bool {
    all > 0 && all >= rule.min_requests
}

fn rate((good, all): (u32, u32)) -> f64 {
    f64::from(good) / f64::from(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outliers(rule: &SuccessRate, windows: &[(u32, u32)]) -> Vec<usize> {
        let Some(least) = least(rule, windows) else {
            return Vec::new();
        };
        (0..windows.len())
            .filter(|index| is_below(rule, windows[*index], least))
            .collect()
    }

    #[test]
    fn one_of_five_that_fails_every_other_time_is_found() {
        let rule = SuccessRate::new();
        let mut windows = [(200, 200), (199, 200), (198, 200), (100, 200), (200, 200)];
        assert_eq!(outliers(&rule, &windows), [3]);
        // Of four no one can be so far from the mean.
        assert!(outliers(&rule.min_endpoints(2), &windows[..4]).is_empty());
        assert!(
            outliers(&rule, &windows[..4]).is_empty(),
            "and they are too few"
        );
        windows[3] = (3, 20);
        assert!(
            outliers(&rule, &windows).is_empty(),
            "too few of its answers"
        );
    }

    #[test]
    fn all_alike_means_none() {
        let rule = SuccessRate::new();
        assert!(outliers(&rule, &[(0, 100); 6]).is_empty());
        assert!(outliers(&rule, &[(50, 100); 6]).is_empty());
        assert!(outliers(&rule.min_requests(0), &[(0, 0); 6]).is_empty());
    }
}
