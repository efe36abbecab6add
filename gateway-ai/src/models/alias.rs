use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::Target;

/// What a name stands for: targets in the order they are tried.
///
/// ```
/// use gateway_ai::models::{Alias, target};
///
/// // Four of five calls go to Claude, the fifth to GPT; whichever was chosen, Llama is the reserve.
/// let smart = Alias::split([
///     target("anthropic/claude-sonnet-4-5").weight(80),
///     target("openai/gpt-4o").weight(20),
/// ])
/// .then([target("vllm/llama3")]);
/// # drop(smart);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alias {
    split: Vec<Target>,
    then: Vec<Target>,
}

impl Alias {
    /// Targets tried one after the other.
    pub fn ordered(targets: impl IntoIterator<Item = Target>) -> Self {
        Self {
            split: Vec::new(),
            then: targets.into_iter().collect(),
        }
    }

    /// One of these targets, chosen by weight.
    pub fn split(targets: impl IntoIterator<Item = Target>) -> Self {
        Self {
            split: targets.into_iter().collect(),
            then: Vec::new(),
        }
    }

    /// Targets tried after the chosen one.
    #[must_use]
    pub fn then(mut self, targets: impl IntoIterator<Item = Target>) -> Self {
        self.then.extend(targets);
        self
    }

    /// All targets, chosen or not.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.split.iter().chain(&self.then)
    }

    fn total_weight(&self) -> u64 {
        self.split
            .iter()
            .map(|target| u64::from(target.share()))
            .sum()
    }

    /// The chosen target of the split, if there is one. `ticket` is spread over the weights.
    fn choose(&self, ticket: u64) -> Option<&Target> {
        let total = self.total_weight();
        if total == 0 {
            return None;
        }
        let mut point = spread(ticket, total);
        self.split.iter().find(|target| {
            let weight = u64::from(target.share());
            let here = point < weight;
            point = point.saturating_sub(weight);
            here
        })
    }
}

impl<const N: usize> From<[Target; N]> for Alias {
    fn from(targets: [Target; N]) -> Self {
        Self::ordered(targets)
    }
}

impl From<Vec<Target>> for Alias {
    fn from(targets: Vec<Target>) -> Self {
        Self::ordered(targets)
    }
}

impl From<Target> for Alias {
    fn from(target: Target) -> Self {
        Self::ordered([target])
    }
}

/// Targets in the order they are tried.
pub type Plan = SmallVec<[Target; 4]>;

/// All aliases, checked: none is empty, none refers to nothing or to itself.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    by_name: BTreeMap<Box<str>, Alias>,
}

/// Why a set of aliases makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AliasError {
    /// An alias has no target, or a split has no weight.
    #[error("alias `{alias}` has no target")]
    Empty {
        /// The alias.
        alias: String,
    },
    /// An alias names something that is neither an alias nor a model of a known provider.
    #[error("alias `{alias}` names `{target}`, which is neither an alias nor `provider/model`")]
    Unknown {
        /// The alias.
        alias: String,
        /// What it names.
        target: String,
    },
    /// An alias leads back to itself.
    #[error("alias `{alias}` leads back to itself")]
    Loop {
        /// The alias.
        alias: String,
    },
    /// A model's name cannot be sent.
    #[error("alias `{alias}` names the model `{target}`, which has characters no model name has")]
    Invalid {
        /// The alias.
        alias: String,
        /// The target.
        target: String,
    },
}

impl Aliases {
    /// Checks `aliases` against each other and against the names of the providers.
    ///
    /// # Errors
    ///
    /// When an alias is empty, names nothing that exists, or leads back to itself.
    pub fn new(
        aliases: impl IntoIterator<Item = (String, Alias)>,
        is_provider: impl Fn(&str) -> bool,
    ) -> Result<Self, AliasError> {
        let by_name: BTreeMap<Box<str>, Alias> = aliases
            .into_iter()
            .map(|(name, alias)| (name.into_boxed_str(), alias))
            .collect();
        let this = Self { by_name };
        for (name, alias) in &this.by_name {
            this.check(name, alias, &is_provider)?;
        }
        for name in this.by_name.keys() {
            this.check_loop(name, &mut Vec::new())?;
        }
        Ok(this)
    }

    fn check(
        &self,
        name: &str,
        alias: &Alias,
        is_provider: &impl Fn(&str) -> bool,
    ) -> Result<(), AliasError> {
        let no_choice = !alias.split.is_empty() && alias.total_weight() == 0;
        if alias.targets().next().is_none() || no_choice {
            return Err(AliasError::Empty {
                alias: name.to_owned(),
            });
        }
        for target in alias.targets() {
            let known = if target.is_alias() {
                self.by_name.contains_key(&**target.name())
            } else {
                is_provider(target.provider())
            };
            let (alias, target_name) = (name.to_owned(), target.to_string());
            if !known {
                return Err(AliasError::Unknown {
                    alias,
                    target: target_name,
                });
            }
            if !target.is_alias() && !super::target::is_valid_model(target.model()) {
                return Err(AliasError::Invalid {
                    alias,
                    target: target_name,
                });
            }
        }
        Ok(())
    }

    fn check_loop<'a>(&'a self, name: &'a str, path: &mut Vec<&'a str>) -> Result<(), AliasError> {
        if path.contains(&name) {
            return Err(AliasError::Loop {
                alias: name.to_owned(),
            });
        }
        let Some(alias) = self.by_name.get(name) else {
            return Ok(());
        };
        path.push(name);
        for target in alias.targets().filter(|target| target.is_alias()) {
            self.check_loop(target.name(), path)?;
        }
        path.pop();
        Ok(())
    }

    /// The targets of `name` in the order they are tried; each appears once. `None` where there is
    /// no such alias.
    #[must_use]
    pub fn plan(&self, name: &str, ticket: u64) -> Option<Plan> {
        self.plan_by(name, &|| ticket)
    }

    /// As [`plan`](Self::plan); `ticket` is asked where there is a choice.
    pub(crate) fn plan_by(&self, name: &str, ticket: &dyn Fn() -> u64) -> Option<Plan> {
        let alias = self.by_name.get(name)?;
        let mut plan = Plan::new();
        self.expand(alias, ticket, &mut plan);
        Some(plan)
    }

    fn expand(&self, alias: &Alias, ticket: &dyn Fn() -> u64, plan: &mut Plan) {
        let chosen = if alias.split.is_empty() {
            None
        } else {
            alias.choose(ticket())
        };
        for target in chosen.into_iter().chain(&alias.then) {
            match self.by_name.get(&**target.name()) {
                Some(nested) if target.is_alias() => self.expand(nested, ticket, plan),
                _ if plan.iter().all(|have| have.name() != target.name()) => {
                    plan.push(target.clone());
                }
                _ => {}
            }
        }
    }

    /// The names and what they stand for, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Alias)> {
        self.by_name.iter().map(|(name, alias)| (&**name, alias))
    }

    /// Whether there is an alias of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

/// Maps consecutive tickets to `0..total` so that every prefix is shared out almost exactly by
/// weight: the golden ratio's multiples fill an interval evenly, where random numbers clump.
fn spread(ticket: u64, total: u64) -> u64 {
    let point = u128::from(ticket.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    u64::try_from((point * u128::from(total)) >> 64).expect("less than `total`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::target;

    fn aliases(all: &[(&str, Alias)]) -> Result<Aliases, AliasError> {
        let owned = all
            .iter()
            .map(|(name, alias)| ((*name).to_owned(), alias.clone()));
        Aliases::new(owned, |provider| {
            ["openai", "anthropic", "vllm"].contains(&provider)
        })
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.iter().map(|target| &**target.name()).collect()
    }

    #[test]
    fn aliases_nest_and_targets_appear_once() {
        let all = aliases(&[
            (
                "fast",
                Alias::from([target("openai/a"), target("anthropic/b")]),
            ),
            (
                "all",
                Alias::from([target("anthropic/b"), target("fast"), target("vllm/c")]),
            ),
        ])
        .unwrap();
        assert_eq!(
            names(&all.plan("all", 0).unwrap()),
            ["anthropic/b", "openai/a", "vllm/c"]
        );
        assert!(all.plan("none", 0).is_none());
    }

    #[test]
    fn a_split_follows_its_weights_and_keeps_its_reserve() {
        let split = Alias::split([
            target("openai/a").weight(80),
            target("anthropic/b").weight(20),
        ])
        .then([target("vllm/c")]);
        let all = aliases(&[("smart", split)]).unwrap();
        let mut first = 0;
        for ticket in 0..1000 {
            let plan = all.plan("smart", ticket).unwrap();
            assert_eq!(names(&plan)[1..], ["vllm/c"]);
            first += u32::from(names(&plan)[0] == "openai/a");
        }
        assert!((798..=802).contains(&first), "{first}");
    }

    #[test]
    fn nonsense_is_refused_at_build() {
        let to = |name: &str| Alias::from(target(name));
        for (all, expected) in [
            (vec![("a", Alias::default())], "alias `a` has no target"),
            (
                vec![("a", Alias::split([target("openai/x").weight(0)]))],
                "alias `a` has no target",
            ),
            (vec![("a", to("a"))], "alias `a` leads back to itself"),
            (
                vec![("a", to("b")), ("b", to("a"))],
                "alias `a` leads back to itself",
            ),
        ] {
            assert_eq!(aliases(&all).unwrap_err().to_string(), expected);
        }
        assert!(matches!(
            aliases(&[("a", to("b"))]),
            Err(AliasError::Unknown { .. })
        ));
        assert!(matches!(
            aliases(&[("a", to("nobody/x"))]),
            Err(AliasError::Unknown { .. })
        ));
        assert!(matches!(
            aliases(&[("a", to("openai/../x"))]),
            Err(AliasError::Invalid { .. })
        ));
    }
}
