use std::sync::Arc;

use compact_str::CompactString;
use smallvec::SmallVec;

/// The route that was chosen for a request.
///
/// A clone is one reference count, or two if the path has parameters.
#[derive(Clone, Debug)]
pub struct Route {
    rule: Arc<Named>,
    params: Params,
}

#[derive(Debug)]
struct Named {
    name: Arc<str>,
    pattern: Arc<str>,
}

impl Route {
    /// A route with a name, the path pattern it matched, and the values of the pattern's parameters.
    #[must_use]
    pub fn new(name: Arc<str>, pattern: Arc<str>, params: Params) -> Self {
        Self {
            rule: Arc::new(Named { name, pattern }),
            params,
        }
    }

    /// The same route for another path. For a table, which makes each of its routes once.
    #[must_use]
    pub fn with_params(&self, params: Params) -> Self {
        Self {
            rule: Arc::clone(&self.rule),
            params,
        }
    }

    /// The name given to the route by its author: bounded, fit for metric labels.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.rule.name
    }

    /// The path pattern, such as `/orders/{id}`.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.rule.pattern
    }

    /// The parameters of the path, percent-decoded, in order of appearance.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The value of one parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }
}

/// Parameters of a path: names from the pattern, values from the request.
#[derive(Clone, Debug, Default)]
pub struct Params {
    pairs: Option<Arc<Pairs>>,
}

/// Short texts in place: most patterns have one parameter, and most of its values are words.
type Pairs = SmallVec<[(CompactString, CompactString); 2]>;

impl Params {
    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// All pairs, in order of appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .flat_map(|pairs| pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs: Pairs = pairs
            .into_iter()
            .map(|(k, v)| (k.as_ref().into(), v.as_ref().into()))
            .collect();
        Self {
            pairs: (!pairs.is_empty()).then(|| Arc::new(pairs)),
        }
    }
}
