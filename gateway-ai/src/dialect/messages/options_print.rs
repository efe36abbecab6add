use super::request_print::Print;
use crate::{
    canonical::{Limits, Number, OutputFormat, Raw, Sampling, SchemaFormat},
    dialect::{
        ThinkingSupport,
        common::{Thinking, missed_reasoning},
    },
    json::Writer,
};

impl<'r> Print<'r> {
    pub(super) fn stop(&mut self, limits: &Limits, w: &mut Writer<'_>) {
        let usable = |text: &&String| self.same || !text.trim().is_empty();
        let stops: Vec<&String> = limits.stop.iter().filter(usable).collect();
        if stops.len() < limits.stop.len() {
            self.losses.add("stop");
        }
        if !stops.is_empty() {
            w.array_field("stop_sequences", |w| {
                stops.iter().for_each(|text| w.string(text))
            });
        }
    }

    pub(super) fn sampling(&mut self, sampling: &Sampling, w: &mut Writer<'_>) {
        let thinks = self.plan.thinks() && !self.same;
        if let Some(temperature) = &sampling.temperature {
            let value = temperature.as_f64();
            if !self.target.sampling || (thinks && (value - 1.0).abs() > f64::EPSILON) {
                self.losses.add("temperature");
            } else if value > 1.0 && !self.same {
                self.losses.add("temperature");
                w.u64_field("temperature", 1);
            } else {
                w.opt_number("temperature", Some(temperature));
            }
        }
        if let Some(top_p) = &sampling.top_p {
            let both = sampling.temperature.is_some() && !self.target.temperature_and_top_p;
            if !self.target.sampling || both || (thinks && top_p.as_f64() < 0.95) {
                self.losses.add("top_p");
            } else {
                w.opt_number("top_p", Some(top_p));
            }
        }
        match &sampling.top_k {
            Some(_) if thinks || !self.target.sampling => self.losses.add("top_k"),
            top_k => w.opt_number("top_k", top_k.as_ref()),
        }
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
            (
                "logit_bias",
                sampling
                    .logit_bias
                    .as_ref()
                    .is_some_and(|raw| raw.as_str() != "{}"),
            ),
            ("logprobs", sampling.logprobs == Some(true)),
            ("top_logprobs", nonzero(sampling.top_logprobs.as_ref())),
        ];
        counts
            .into_iter()
            .filter(|(_, set)| *set)
            .for_each(|(name, _)| self.losses.add(name));
    }

    pub(super) fn thinking(&mut self, w: &mut Writer<'_>) {
        let reasoning = self.request.reasoning.as_ref();
        if let (false, Some(reasoning)) = (self.same, reasoning) {
            missed_reasoning(reasoning, &mut self.losses);
        }
        let Some(thinking) = self.plan.thinking else {
            return;
        };
        let display = self.display().filter(|_| thinking != Thinking::Disabled);
        w.begin_object_field("thinking");
        match thinking {
            Thinking::Enabled(budget) => {
                w.str_field("type", "enabled");
                w.u64_field("budget_tokens", budget);
            }
            Thinking::Adaptive => w.str_field("type", "adaptive"),
            Thinking::Disabled => w.str_field("type", "disabled"),
        }
        w.opt_str("display", display);
        if self.same && self.target.thinking == ThinkingSupport::Any {
            let extra = reasoning
                .into_iter()
                .flat_map(|reasoning| reasoning.extra.iter());
            extra.for_each(|(name, value)| w.raw_field(name, value));
        }
        w.end_object();
    }

    /// Of the words for how reasoning is shown, Messages has two.
    fn display(&mut self) -> Option<&'r str> {
        let display = self.request.reasoning.as_ref()?.display.as_deref()?;
        match display {
            _ if self.same => Some(display),
            "omitted" => Some("omitted"),
            "summarized" | "auto" => Some("summarized"),
            _ => {
                self.losses.add("reasoning.display");
                Some("summarized")
            }
        }
    }

    pub(super) fn output_config(&mut self, w: &mut Writer<'_>) {
        let own = |name: &str| name.strip_prefix("output_config.").map(str::to_owned);
        let extra: Vec<(String, &Raw)> = (self.request.extra.iter())
            .filter_map(|(name, value)| Some((own(name)?, value)))
            .filter(|_| self.same)
            .collect();
        let format = match &self.request.output {
            Some(OutputFormat::JsonSchema(schema))
                if self.target.structured_output && (self.same || schema.schema.is_some()) =>
            {
                Some(schema)
            }
            Some(OutputFormat::JsonObject) => {
                self.losses.add("response_format.json_object");
                None
            }
            Some(OutputFormat::Opaque(_)) if !self.same => {
                self.losses.add("response_format");
                None
            }
            _ => None,
        };
        let opaque = match &self.request.output {
            Some(OutputFormat::Opaque(raw)) if self.same => Some(raw),
            _ => None,
        };
        if format.is_none() && opaque.is_none() && self.plan.effort.is_none() && extra.is_empty() {
            return;
        }
        w.begin_object_field("output_config");
        w.opt_str("effort", self.plan.effort.as_deref());
        w.opt_raw("format", opaque);
        if let Some(schema) = format {
            self.format(schema, w);
        }
        for (name, value) in extra {
            w.raw_field(&name, value);
        }
        w.end_object();
    }

    fn format(&mut self, schema: &SchemaFormat, w: &mut Writer<'_>) {
        if schema.description.is_some() {
            self.losses.add("response_format.description");
        }
        w.begin_object_field("format");
        w.str_field("type", "json_schema");
        w.opt_raw("schema", schema.schema.as_ref());
        for (name, value) in schema.extra.iter() {
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
    }
}

fn nonzero(number: Option<&Number>) -> bool {
    number.is_some_and(|number| number.as_f64() != 0.0)
}
