use super::request_print::{ADDITIONAL, Print};
use crate::{
    canonical::{Number, OutputFormat, Sampling, SchemaFormat},
    dialect::common::{Thinking, missed_reasoning},
    json::Writer,
};

impl<'r> Print<'r> {
    /// Writes `inferenceConfig`. Without a limit Bedrock takes the model's own.
    pub(super) fn inference(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let usable = |text: &&String| self.same || !text.trim().is_empty();
        let stops: Vec<&String> = request.limits.stop.iter().filter(usable).collect();
        if stops.len() < request.limits.stop.len() {
            self.losses.add("stop");
        }
        let limit = (request.limits.max_output_tokens).map(|_| self.plan.max_tokens);
        let (temperature, top_p) = self.drawn(&request.sampling);
        let own = self.nested("inferenceConfig.");
        let given = limit.is_some() || temperature.is_some() || top_p.is_some();
        if !given && stops.is_empty() && own.is_empty() {
            return;
        }
        w.object_field("inferenceConfig", |w| {
            w.opt_u64("maxTokens", limit);
            if let Some(temperature) = temperature {
                w.key("temperature");
                w.raw(temperature);
            }
            w.opt_number("topP", top_p);
            if !stops.is_empty() {
                w.array_field("stopSequences", |w| {
                    stops.iter().for_each(|text| w.string(text));
                });
            }
            own.iter()
                .for_each(|(name, value)| w.raw_field(name, value));
        });
    }

    /// Temperature and `top_p` as the model takes them.
    fn drawn<'s>(&mut self, sampling: &'s Sampling) -> (Option<&'s str>, Option<&'s Number>) {
        let (mut temperature, mut top_p) = (sampling.temperature.as_ref(), sampling.top_p.as_ref());
        if self.same {
            return (temperature.map(Number::as_str), top_p);
        }
        let thinks = self.plan.thinks();
        if temperature.is_some_and(|value| thinks && (value.as_f64() - 1.0).abs() > f64::EPSILON) {
            self.losses.add("temperature");
            temperature = None;
        }
        let both = temperature.is_some() && !self.target.temperature_and_top_p;
        if top_p.is_some_and(|value| both || (thinks && value.as_f64() < 0.95)) {
            self.losses.add("top_p");
            top_p = None;
        }
        let temperature = temperature.map(|value| {
            if value.as_f64() > 1.0 {
                self.losses.add("temperature");
                "1"
            } else {
                value.as_str()
            }
        });
        (temperature, top_p)
    }

    /// Writes what Converse hands to the model as it is: `top_k` and thinking, in the model's words.
    pub(super) fn additional(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        self.unsupported();
        let own = self.nested(ADDITIONAL);
        let spelled = request.reasoning.iter().filter(|_| self.same);
        let spelled: Vec<_> = spelled
            .flat_map(|reasoning| reasoning.extra.own())
            .collect();
        self.missed_of_reasoning();
        let family = Family::of(&self.target.model);
        let top_k = self.top_k(family);
        let mut begun = false;
        let mut begin = |w: &mut Writer<'_>| {
            if !std::mem::replace(&mut begun, true) {
                w.begin_object_field("additionalModelRequestFields");
            }
        };
        if let Some(top_k) = top_k {
            begin(w);
            if family == Family::Nova && !self.same {
                w.object_field("inferenceConfig", |w| w.opt_number("topK", Some(top_k)));
            } else {
                w.opt_number("top_k", Some(top_k));
            }
        }
        if spelled.is_empty() && self.reasons(family) {
            begin(w);
            self.reasoning(family, w);
        }
        for (name, value) in spelled.into_iter().chain(own) {
            begin(w);
            w.raw_field(name, value);
        }
        if begun {
            w.end_object();
        }
    }

    fn top_k(&mut self, family: Family) -> Option<&'r Number> {
        let request = self.request;
        let top_k = request.sampling.top_k.as_ref()?;
        let takes = match family {
            Family::Claude => !self.plan.thinks(),
            Family::Nova => true,
            Family::GptOss | Family::Other => false,
        };
        if self.same || takes {
            return Some(top_k);
        }
        self.losses.add("top_k");
        None
    }

    /// Whether the model is told anything about reasoning; reports it where it cannot be.
    fn reasons(&mut self, family: Family) -> bool {
        match family {
            Family::Claude => self.plan.thinking.is_some() || self.plan.effort.is_some(),
            Family::GptOss | Family::Nova if self.effort().is_some() => true,
            // What the plan says for models that take budgets means nothing to these.
            _ => {
                if self.request.reasoning.is_some() {
                    self.losses.add("reasoning");
                }
                false
            }
        }
    }

    /// The effort in the three words that open models and Nova know.
    fn effort(&self) -> Option<&'static str> {
        let reasoning = self.request.reasoning.as_ref()?;
        match (reasoning.effort.as_deref(), reasoning.budget) {
            (Some("minimal" | "low"), _) => Some("low"),
            (Some("medium" | "default"), _) => Some("medium"),
            (Some("high" | "xhigh" | "max"), _) => Some("high"),
            (None, Some(budget)) => Some(crate::dialect::common::effort_of_budget(budget)),
            _ => None,
        }
    }

    /// Claude on Bedrock shows a summary; there is no telling it otherwise.
    fn missed_of_reasoning(&mut self) {
        let Some(reasoning) = self.request.reasoning.as_ref().filter(|_| !self.same) else {
            return;
        };
        missed_reasoning(reasoning, &mut self.losses);
        if !matches!(
            reasoning.display.as_deref(),
            None | Some("summarized" | "auto")
        ) {
            self.losses.add("reasoning.display");
        }
    }

    fn reasoning(&self, family: Family, w: &mut Writer<'_>) {
        let effort = self.effort().unwrap_or("medium");
        match family {
            Family::GptOss => w.str_field("reasoning_effort", effort),
            Family::Nova => w.object_field("reasoningConfig", |w| {
                w.str_field("type", "enabled");
                w.str_field("maxReasoningEffort", effort);
            }),
            Family::Claude | Family::Other => {
                if let Some(thinking) = self.plan.thinking {
                    w.object_field("thinking", |w| match thinking {
                        Thinking::Enabled(budget) => {
                            w.str_field("type", "enabled");
                            w.u64_field("budget_tokens", budget);
                        }
                        Thinking::Adaptive => w.str_field("type", "adaptive"),
                        Thinking::Disabled => w.str_field("type", "disabled"),
                    });
                }
                if let Some(effort) = self.plan.effort.as_deref() {
                    w.object_field("output_config", |w| w.str_field("effort", effort));
                }
            }
        }
    }

    /// What Converse has no word for.
    fn unsupported(&mut self) {
        let sampling = &self.request.sampling;
        let nonzero = |number: Option<&Number>| number.is_some_and(|n| n.as_f64() != 0.0);
        let biased = (sampling.logit_bias.as_ref()).is_some_and(|raw| raw.as_str() != "{}");
        let counts = [
            ("seed", sampling.seed.is_some()),
            (
                "frequency_penalty",
                nonzero(sampling.frequency_penalty.as_ref()),
            ),
            (
                "presence_penalty",
                nonzero(sampling.presence_penalty.as_ref()),
            ),
            ("logit_bias", biased),
            ("logprobs", sampling.logprobs == Some(true)),
            ("top_logprobs", nonzero(sampling.top_logprobs.as_ref())),
            // Bedrock's metadata has a syntax of its own: free text is not copied there.
            ("user", self.request.user.is_some()),
            (
                "safety_identifier",
                self.request.safety_identifier.is_some(),
            ),
        ];
        let set = counts.into_iter().filter(|(_, set)| *set);
        set.for_each(|(name, _)| self.losses.add(name));
    }

    /// Whether the model follows a JSON Schema natively. Those not known to do so get a forced tool.
    pub(super) fn takes_schema(&self) -> bool {
        let name = self.target.model.to_ascii_lowercase();
        let known = [
            "-4-5",
            "-4-6",
            "-4-7",
            "-4-8",
            "gpt-oss",
            "qwen3",
            "deepseek.v3",
        ];
        self.same || (self.target.structured_output && known.iter().any(|part| name.contains(part)))
    }

    pub(super) fn output_config(&mut self, w: &mut Writer<'_>) {
        let own = self.nested("outputConfig.");
        let format = match &self.request.output {
            Some(OutputFormat::JsonSchema(schema))
                if self.takes_schema() && (self.same || schema.schema.is_some()) =>
            {
                Some(schema)
            }
            Some(OutputFormat::Opaque(_)) => {
                self.losses.add("response_format");
                None
            }
            _ => None,
        };
        let plain = self.same && matches!(self.request.output, Some(OutputFormat::Text));
        if format.is_none() && own.is_empty() && !plain {
            return;
        }
        w.begin_object_field("outputConfig");
        if let Some(schema) = format {
            self.format(schema, w);
        } else if plain {
            w.object_field("textFormat", |w| w.str_field("type", "text"));
        }
        own.iter()
            .for_each(|(name, value)| w.raw_field(name, value));
        w.end_object();
    }

    fn format(&mut self, schema: &SchemaFormat, w: &mut Writer<'_>) {
        w.begin_object_field("textFormat");
        w.str_field("type", "json_schema");
        w.begin_object_field("structure");
        w.begin_object_field("jsonSchema");
        w.opt_str("schema", schema.schema.as_ref().map(|raw| raw.as_str()));
        w.opt_str("name", schema.name.as_deref());
        w.opt_str("description", schema.description.as_deref());
        let (outer, inner): (Vec<_>, Vec<_>) =
            (schema.extra.iter()).partition(|(name, _)| name.starts_with("textFormat."));
        for (name, value) in inner {
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
        w.end_object();
        for (name, value) in outer {
            let name = name.strip_prefix("textFormat.").unwrap_or(name);
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
    }

    pub(super) fn account(&mut self, w: &mut Writer<'_>) {
        match self.request.service_tier.as_deref() {
            Some("auto") if !self.same => {}
            Some(tier) if self.same || matches!(tier, "default" | "priority" | "flex") => {
                w.object_field("serviceTier", |w| w.str_field("type", tier));
            }
            Some(_) => self.losses.add("service_tier"),
            None => {}
        }
    }
}

/// Whose words a model understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Claude,
    Nova,
    GptOss,
    Other,
}

impl Family {
    fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        if model.contains("claude") {
            Self::Claude
        } else if model.contains("nova-") {
            Self::Nova
        } else if model.contains("gpt-oss") {
            Self::GptOss
        } else {
            Self::Other
        }
    }
}
