use std::{collections::HashMap, fmt, ops::Deref, sync::Arc};

use super::{Price, table};

/// The price list of one gateway.
///
/// See [the module](super) for an example.
#[derive(Clone, Default)]
pub struct Prices {
    builtin: bool,
    own: HashMap<Box<str>, Arc<Price>>,
}

impl Prices {
    /// The built-in list.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            builtin: true,
            own: HashMap::new(),
        }
    }

    /// No prices: no call has a cost until a model is given one.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets what a target, `provider/model`, costs, whatever the built-in list says.
    #[must_use]
    pub fn with(mut self, target: impl Into<String>, price: Price) -> Self {
        self.own
            .insert(target.into().into_boxed_str(), Arc::new(price));
        self
    }

    /// What a target costs whose provider is of this kind: the operator's own price before the
    /// vendor's.
    #[must_use]
    pub fn of(&self, target: &str, kind: &str) -> Option<PriceRef> {
        if let Some(own) = self.own.get(target) {
            return Some(PriceRef(Shared::Own(Arc::clone(own))));
        }
        let slash = memchr::memchr(b'/', target.as_bytes());
        let model = slash.map_or("", |slash| &target[slash + 1..]);
        let known = self.builtin.then(|| table::find(kind, model)).flatten();
        known.map(|model| PriceRef(Shared::Builtin(&model.price)))
    }

    /// Whether the built-in list is part of it.
    #[must_use]
    pub const fn has_builtin(&self) -> bool {
        self.builtin
    }
}

impl fmt::Debug for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prices")
            .field("builtin", &self.builtin)
            .field("own", &self.own.len())
            .finish()
    }
}

/// A [`Price`] of a list, held without a copy.
#[derive(Clone)]
pub struct PriceRef(Shared);

#[derive(Clone)]
enum Shared {
    Builtin(&'static Price),
    Own(Arc<Price>),
}

impl Deref for PriceRef {
    type Target = Price;

    fn deref(&self) -> &Price {
        match &self.0 {
            Shared::Builtin(price) => price,
            Shared::Own(price) => price,
        }
    }
}

impl fmt::Debug for PriceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_prices_come_first_and_the_kind_finds_the_rest() {
        let prices = Prices::builtin().with("mine/gpt-4o", Price::new(1, 2));
        assert_eq!(
            prices.of("mine/gpt-4o", "openai").unwrap().rates.input,
            Some(1)
        );
        let theirs = prices.of("main/gpt-4o", "openai").unwrap();
        assert_eq!(theirs.rates.input, Some(2_500_000));
        assert!(prices.of("main/gpt-4o", "ollama").is_none());
        assert!(prices.of("gpt-4o", "openai").is_none());
        assert!(Prices::none().of("main/gpt-4o", "openai").is_none());
    }
}
