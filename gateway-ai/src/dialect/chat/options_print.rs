use super::request_print::Print;
use crate::{
    canonical::{Limits, OutputFormat, Raw, Reasoning, ReasoningMode, Sampling, SchemaFormat},
    dialect::{
        MaxTokensField, ThinkingSupport,
        common::{effort_of_budget, missed_reasoning, nearest_effort},
    },
    json::Writer,
};

impl Print<'_> {
    pub(super) fn limits(&mut self, limits: &Limits, w: &mut Writer<'_>) {
        if let Some(mut limit) = limits.max_output_tokens {
            if let Some(most) = self.target.max_output_tokens.filter(|most| limit > *most) {
                limit = most;
                self.losses.add("max_tokens");
            }
            let older = match self.target.max_tokens_field {
                MaxTokensField::MaxTokens => true,
                MaxTokensField::MaxCompletionTokens => false,
                MaxTokensField::AsGiven => limits.legacy_max_tokens || !self.same,
            };
            w.u64_field(
                if older {
                    "max_tokens"
                } else {
                    "max_completion_tokens"
                },
                limit,
            );
        }
        let most = self.target.max_stops.unwrap_or(usize::MAX);
        if limits.stop.len() > most {
            self.losses.add("stop");
        }
        if !limits.stop.is_empty() {
            w.array_field("stop", |w| {
                limits
                    .stop
                    .iter()
                    .take(most)
                    .for_each(|text| w.string(text));
            });
        }
        w.opt_u64("n", limits.candidates);
    }

    pub(super) fn sampling(&mut self, sampling: &Sampling, w: &mut Writer<'_>) {
        let taken = [
            ("temperature", &sampling.temperature),
            ("top_p", &sampling.top_p),
            ("frequency_penalty", &sampling.frequency_penalty),
            ("presence_penalty", &sampling.presence_penalty),
        ];
        for (name, value) in taken {
            if self.target.sampling {
                w.opt_number(name, value.as_ref());
            } else if value.is_some() {
                self.losses.add(name);
            }
        }
        match &sampling.top_k {
            Some(_) if !self.same => self.losses.add("top_k"),
            top_k => w.opt_number("top_k", top_k.as_ref()),
        }
        w.opt_number("seed", sampling.seed.as_ref());
        w.opt_raw("logit_bias", sampling.logit_bias.as_ref());
        w.opt_bool("logprobs", sampling.logprobs);
        w.opt_number("top_logprobs", sampling.top_logprobs.as_ref());
    }

    pub(super) fn output(&mut self, output: &OutputFormat, w: &mut Writer<'_>) {
        match output {
            OutputFormat::Text => {
                w.object_field("response_format", |w| w.str_field("type", "text"))
            }
            OutputFormat::JsonObject => {
                w.object_field("response_format", |w| w.str_field("type", "json_object"));
            }
            OutputFormat::JsonSchema(schema) => self.schema(schema, w),
            OutputFormat::Opaque(raw) if self.same => w.raw_field("response_format", raw),
            OutputFormat::Opaque(_) => self.losses.add("response_format"),
        }
    }

    fn schema(&mut self, schema: &SchemaFormat, w: &mut Writer<'_>) {
        w.key("response_format");
        w.begin_object();
        w.str_field("type", "json_schema");
        w.key("json_schema");
        w.begin_object();
        w.opt_str(
            "name",
            schema
                .name
                .as_deref()
                .or((!self.same).then_some("response")),
        );
        w.opt_str("description", schema.description.as_deref());
        w.opt_raw("schema", schema.schema.as_ref());
        // Where the other dialect always follows the schema, this one must be told to.
        let strict = schema
            .strict
            .or_else(|| (!self.same && is_strict(schema.schema.as_ref())).then_some(true));
        w.opt_bool("strict", strict);
        for (name, value) in schema.extra.iter() {
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
        w.end_object();
    }

    pub(super) fn reasoning(&mut self, reasoning: &Reasoning, w: &mut Writer<'_>) {
        if self.same && reasoning.extra.own().next().is_some() {
            for (name, value) in reasoning.extra.own() {
                w.raw_field(name, value);
            }
            return;
        }
        if !self.same {
            missed_reasoning(reasoning, &mut self.losses);
        }
        if self.target.thinking == ThinkingSupport::None {
            if reasoning.mode != Some(ReasoningMode::Disabled) {
                self.losses.add("reasoning");
            }
            return;
        }
        if reasoning.display.is_some() && !self.same {
            self.losses.add("reasoning.display");
        }
        let effort = match (&reasoning.effort, reasoning.budget, reasoning.mode) {
            (Some(effort), ..) if self.same => effort.as_str(),
            (Some(effort), ..) => {
                let nearest = nearest_effort(&self.target.model, effort);
                if nearest != effort {
                    self.losses.add("reasoning.effort");
                }
                nearest
            }
            (None, Some(budget), _) => {
                self.losses.add("reasoning.budget");
                effort_of_budget(budget)
            }
            (None, None, Some(ReasoningMode::Disabled)) => {
                self.losses.add("reasoning.disabled");
                return;
            }
            (None, None, _) => "medium",
        };
        w.str_field("reasoning_effort", effort);
    }
}

/// Whether a schema says what OpenAI demands of a strict one; it is never turned on silently else.
pub(in crate::dialect) fn is_strict(schema: Option<&Raw>) -> bool {
    let text = schema.map(|raw| raw.read::<serde_json::Value>());
    let Some(Ok(schema)) = text else { return false };
    let required = schema["required"].as_array().map_or(0, Vec::len);
    let properties = schema["properties"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    schema["additionalProperties"] == false && required == properties
}
