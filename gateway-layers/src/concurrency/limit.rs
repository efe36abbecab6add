use std::num::NonZeroU32;

use super::{Aimd, Gradient, aimd, gradient, sample::Sample};

/// How many requests may be under way.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Limit {
    /// So many.
    Fixed(NonZeroU32),
    /// As many as are answered in a given time.
    Aimd(Aimd),
    /// As many as do not make answers slower.
    Gradient(Gradient),
}

impl From<NonZeroU32> for Limit {
    fn from(limit: NonZeroU32) -> Self {
        Self::Fixed(limit)
    }
}

impl From<Aimd> for Limit {
    fn from(limit: Aimd) -> Self {
        Self::Aimd(limit)
    }
}

impl From<Gradient> for Limit {
    fn from(limit: Gradient) -> Self {
        Self::Gradient(limit)
    }
}

/// A limit and what it has learnt.
#[derive(Debug)]
pub(super) enum Limiter {
    Fixed(u32),
    Aimd(aimd::State),
    Gradient(gradient::State),
}

impl Limiter {
    pub(super) fn new(limit: Limit) -> Self {
        match limit {
            Limit::Fixed(limit) => Self::Fixed(limit.get()),
            Limit::Aimd(settings) => Self::Aimd(aimd::State::new(settings)),
            Limit::Gradient(settings) => Self::Gradient(gradient::State::new(settings)),
        }
    }

    /// The limit now, at least one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between the bounds of the limit, which are `u32`"
    )]
    pub(super) fn limit(&self) -> u32 {
        match self {
            Self::Fixed(limit) => *limit,
            Self::Aimd(state) => (state.limit() as u32).max(1),
            Self::Gradient(state) => (state.limit() as u32).max(1),
        }
    }

    pub(super) fn take(&mut self, sample: Sample) {
        match self {
            Self::Fixed(_) => {}
            Self::Aimd(state) => state.take(sample),
            Self::Gradient(state) => state.take(sample),
        }
    }
}
