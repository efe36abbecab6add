use compact_str::CompactString;

use crate::{
    canonical::{Reasoning, ReasoningMode, Request},
    dialect::{
        Target, ThinkingSupport,
        common::{budget_of_effort, effort_of_budget},
    },
    loss::Losses,
};

/// What thinking and limits come to for a model: they depend on each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) thinking: Option<Thinking>,
    pub(crate) effort: Option<CompactString>,
    pub(crate) max_tokens: u64,
}

/// The `thinking` object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    Enabled(u64),
    Adaptive,
    Disabled,
}

impl Plan {
    /// Whether the model will think: several other options are then refused.
    pub(crate) fn thinks(&self) -> bool {
        matches!(
            self.thinking,
            Some(Thinking::Enabled(_) | Thinking::Adaptive)
        )
    }

    /// `same` says that the request came in the dialect the plan is for.
    pub(crate) fn new(request: &Request, target: &Target, same: bool, losses: &mut Losses) -> Self {
        let mut plan = Self::default();
        if let Some(reasoning) = &request.reasoning {
            plan.reasoning(reasoning, same, target, losses);
        }
        plan.limit(request, target, losses);
        plan
    }

    fn reasoning(
        &mut self,
        reasoning: &Reasoning,
        same: bool,
        target: &Target,
        losses: &mut Losses,
    ) {
        let off = reasoning.mode == Some(ReasoningMode::Disabled)
            || reasoning.effort.as_deref() == Some("none");
        match target.thinking {
            ThinkingSupport::Any if same => self.as_given(reasoning),
            ThinkingSupport::None if off => {}
            ThinkingSupport::None => losses.add("reasoning"),
            _ if off => self.thinking = Some(Thinking::Disabled),
            ThinkingSupport::Adaptive => self.adaptive(reasoning, losses),
            ThinkingSupport::Any | ThinkingSupport::Budget | ThinkingSupport::Effort => {
                let budget = reasoning.budget.or_else(|| {
                    reasoning
                        .effort
                        .as_deref()
                        .map_or(Some(8192), budget_of_effort)
                });
                match budget {
                    Some(budget) => self.thinking = Some(Thinking::Enabled(budget)),
                    None => losses.add("reasoning.effort"),
                }
            }
        }
    }

    fn as_given(&mut self, reasoning: &Reasoning) {
        self.effort.clone_from(&reasoning.effort);
        self.thinking = reasoning.mode.map(|mode| match mode {
            ReasoningMode::Enabled => Thinking::Enabled(reasoning.budget.unwrap_or(0)),
            ReasoningMode::Adaptive => Thinking::Adaptive,
            ReasoningMode::Disabled => Thinking::Disabled,
        });
    }

    fn adaptive(&mut self, reasoning: &Reasoning, losses: &mut Losses) {
        self.thinking = Some(Thinking::Adaptive);
        self.effort = match (reasoning.effort.as_deref(), reasoning.budget) {
            (Some("minimal"), _) => {
                losses.add("reasoning.effort");
                Some("low".into())
            }
            (Some(effort @ ("low" | "medium" | "high" | "xhigh" | "max")), _) => {
                Some(effort.into())
            }
            (Some("default"), _) | (None, None) => None,
            (Some(_), _) => {
                losses.add("reasoning.effort");
                None
            }
            (None, Some(budget)) => {
                losses.add("reasoning.budget");
                Some(effort_of_budget(budget).into())
            }
        };
    }

    /// A budget is at least 1,024 and below `max_tokens`: the budget gives way first, the limit
    /// only where it leaves no room for any.
    fn limit(&mut self, request: &Request, target: &Target, losses: &mut Losses) {
        let given = request.limits.max_output_tokens;
        let mut limit = given.unwrap_or(target.default_max_tokens);
        if let Some(most) = target.max_output_tokens.filter(|most| limit > *most) {
            limit = most;
            if given.is_some() {
                losses.add("max_tokens");
            }
        }
        if let (Some(Thinking::Enabled(wish)), false) =
            (self.thinking, target.thinking == ThinkingSupport::Any)
        {
            let mut budget = wish.max(MIN_BUDGET);
            if budget >= limit && given.is_none() {
                limit = budget + target.default_max_tokens;
                limit = target
                    .max_output_tokens
                    .map_or(limit, |most| limit.min(most));
            }
            if budget >= limit {
                budget = limit.saturating_sub(1).max(MIN_BUDGET);
            }
            if budget >= limit {
                limit += budget;
                losses.add("max_tokens");
            }
            if budget != wish {
                losses.add("reasoning.budget");
            }
            self.thinking = Some(Thinking::Enabled(budget));
        }
        self.max_tokens = limit;
    }
}

const MIN_BUDGET: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn plan(model: &str, limit: Option<u64>, reasoning: Reasoning) -> (Plan, String) {
        let mut request = Request::new(Dialect::Chat, "m");
        request.limits.max_output_tokens = limit;
        request.reasoning = Some(reasoning);
        let mut losses = Losses::new();
        let plan = Plan::new(
            &request,
            &Target::new(Dialect::Messages, model),
            false,
            &mut losses,
        );
        (plan, losses.to_string())
    }

    fn effort(word: &str) -> Reasoning {
        Reasoning {
            effort: Some(word.into()),
            ..Reasoning::default()
        }
    }

    #[test]
    fn a_budget_stays_below_the_limit() {
        let (plan, losses) = plan("claude-sonnet-4-5", Some(4096), effort("high"));
        assert_eq!(
            (plan.thinking, plan.max_tokens),
            (Some(Thinking::Enabled(4095)), 4096)
        );
        assert_eq!(losses, "reasoning.budget");
    }

    #[test]
    fn a_tiny_limit_is_raised_and_said() {
        let (plan, losses) = plan("claude-sonnet-4-5", Some(100), effort("low"));
        assert_eq!(
            (plan.thinking, plan.max_tokens),
            (Some(Thinking::Enabled(1024)), 1124)
        );
        assert_eq!(losses, "max_tokens, reasoning.budget");
    }

    #[test]
    fn newer_models_take_effort_older_ones_a_budget_oldest_neither() {
        let (newer, losses) = plan("claude-opus-4-7", None, effort("xhigh"));
        assert_eq!(newer.thinking, Some(Thinking::Adaptive));
        assert_eq!(
            (newer.effort.as_deref(), losses.as_str()),
            (Some("xhigh"), "")
        );
        let (older, losses) = plan("claude-sonnet-4-5", None, effort("medium"));
        assert_eq!(
            (older.thinking, losses.as_str()),
            (Some(Thinking::Enabled(8192)), "")
        );
        let (oldest, losses) = plan("claude-3-5-haiku-latest", None, effort("medium"));
        assert_eq!((oldest.thinking, losses.as_str()), (None, "reasoning"));
        let (off, losses) = plan("claude-opus-4-7", None, effort("none"));
        assert_eq!(
            (off.thinking, losses.as_str()),
            (Some(Thinking::Disabled), "")
        );
    }
}
