use super::{request_print::Print, thinking};
use crate::{
    canonical::{OutputFormat, Raw, Reasoning, ReasoningMode, ToolChoice},
    dialect::{
        Dialect,
        common::{budget_of_effort, effort_of_budget, missed_reasoning},
    },
    json::Writer,
};

impl Print<'_> {
    pub(super) fn choice(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let (mode, names) = match &request.tool_choice {
            None => return,
            Some(_) if request.tools.is_empty() && !self.same => return,
            Some(ToolChoice::Auto) => ("AUTO", Vec::new()),
            Some(ToolChoice::None) => ("NONE", Vec::new()),
            Some(ToolChoice::Required) => ("ANY", Vec::new()),
            Some(ToolChoice::Tool { name }) => ("ANY", vec![name]),
            Some(ToolChoice::Allowed {
                required: true,
                names,
            }) => ("ANY", names.iter().collect()),
            Some(ToolChoice::Allowed {
                required: false, ..
            }) => {
                self.losses.add("tool_choice.allowed_tools");
                ("AUTO", Vec::new())
            }
            Some(ToolChoice::Opaque {
                dialect: Dialect::Gemini,
                raw,
            }) => {
                return w.raw_field("toolConfig", raw);
            }
            Some(ToolChoice::Opaque { .. }) => return self.losses.add("tool_choice"),
        };
        let names: Vec<String> = names.into_iter().map(|name| self.names.get(name)).collect();
        w.object_field("toolConfig", |w| {
            w.object_field("functionCallingConfig", |w| {
                w.str_field("mode", mode);
                if !names.is_empty() {
                    w.array_field("allowedFunctionNames", |w| {
                        names.iter().for_each(|name| w.string(name));
                    });
                }
            });
        });
    }

    /// `generationConfig`, if anything of it is set.
    pub(super) fn config(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let mut config = bytes::BytesMut::new();
        let inner = &mut Writer::new(&mut config);
        inner.begin_object();
        self.limits(inner);
        self.sampling(inner);
        self.output(inner);
        if let Some(reasoning) = &request.reasoning {
            self.reasoning(reasoning, inner);
        }
        for (name, value) in request.extra.iter().filter(|_| self.same) {
            if let Some(name) = name.strip_prefix("generationConfig.") {
                inner.raw_field(name, value);
            }
        }
        inner.end_object();
        if config.len() > 2 {
            w.key("generationConfig");
            // What the writer wrote is text.
            w.raw(&String::from_utf8_lossy(&config));
        }
    }

    fn limits(&mut self, w: &mut Writer<'_>) {
        let limits = &self.request.limits;
        if let Some(mut limit) = limits.max_output_tokens {
            if let Some(most) = self.target.max_output_tokens.filter(|most| limit > *most) {
                limit = most;
                self.losses.add("max_tokens");
            }
            w.u64_field("maxOutputTokens", limit);
        }
        let most = if self.same {
            usize::MAX
        } else {
            self.target.max_stops.unwrap_or(5)
        };
        if limits.stop.len() > most {
            self.losses.add("stop");
        }
        if !limits.stop.is_empty() {
            w.array_field("stopSequences", |w| {
                limits
                    .stop
                    .iter()
                    .take(most)
                    .for_each(|text| w.string(text));
            });
        }
        w.opt_u64("candidateCount", limits.candidates);
    }

    fn sampling(&mut self, w: &mut Writer<'_>) {
        let sampling = &self.request.sampling;
        w.opt_number("temperature", sampling.temperature.as_ref());
        w.opt_number("topP", sampling.top_p.as_ref());
        w.opt_number("topK", sampling.top_k.as_ref());
        w.opt_number("seed", sampling.seed.as_ref());
        w.opt_number("frequencyPenalty", sampling.frequency_penalty.as_ref());
        w.opt_number("presencePenalty", sampling.presence_penalty.as_ref());
        w.opt_bool("responseLogprobs", sampling.logprobs);
        w.opt_number("logprobs", sampling.top_logprobs.as_ref());
        if sampling
            .logit_bias
            .as_ref()
            .is_some_and(|bias| bias.as_str() != "{}")
        {
            self.losses.add("logit_bias");
        }
    }

    fn output(&mut self, w: &mut Writer<'_>) {
        match &self.request.output {
            None => {}
            Some(OutputFormat::Text) => w.str_field("responseMimeType", "text/plain"),
            Some(OutputFormat::JsonObject) => w.str_field("responseMimeType", "application/json"),
            Some(OutputFormat::JsonSchema(schema)) => {
                w.str_field("responseMimeType", "application/json");
                match schema.extra.get("responseSchema").filter(|_| self.same) {
                    Some(own) => w.raw_field("responseSchema", own),
                    None => w.opt_raw("responseJsonSchema", schema.schema.as_ref()),
                }
                if schema.description.is_some() {
                    self.losses.add("response_format.description");
                }
                for (name, _) in schema
                    .extra
                    .iter()
                    .filter(|(name, _)| *name != "responseSchema")
                {
                    self.losses.add_field("response_format", name);
                }
            }
            Some(OutputFormat::Opaque(raw)) if self.same => w.raw_field("responseMimeType", raw),
            Some(OutputFormat::Opaque(_)) => self.losses.add("response_format"),
        }
    }

    /// Gemini 3 takes a level, 2.5 a budget; never both.
    fn reasoning(&mut self, reasoning: &Reasoning, w: &mut Writer<'_>) {
        if let Some(own) = reasoning.extra.get("thinkingConfig").filter(|_| self.same) {
            return w.raw_field("thinkingConfig", own);
        }
        if !self.same {
            missed_reasoning(reasoning, &mut self.losses);
        }
        if matches!(reasoning.display.as_deref(), Some("concise" | "detailed")) {
            self.losses.add("reasoning.display");
        }
        let off = reasoning.mode == Some(ReasoningMode::Disabled)
            || reasoning.effort.as_deref() == Some("none");
        let levels = self.target.model.contains("gemini-3");
        let shown = reasoning.display.as_deref() != Some("omitted") && !off;
        let budget = match (reasoning.budget, reasoning.effort.as_deref()) {
            _ if off => Some(0),
            (Some(budget), _) => Some(budget),
            (None, Some(effort)) => budget_of_effort(effort),
            (None, None) => None,
        };
        if let (false, Some(_), None, None) = (off, &reasoning.effort, budget, reasoning.budget) {
            self.losses.add("reasoning.effort");
        }
        w.begin_object_field("thinkingConfig");
        if levels {
            let wish = match (off, reasoning.effort.as_deref(), budget) {
                (true, ..) => Some("minimal"),
                (
                    _,
                    Some(effort @ ("minimal" | "low" | "medium" | "high" | "xhigh" | "max")),
                    _,
                ) => Some(effort),
                (_, _, Some(budget)) => Some(effort_of_budget(budget)),
                _ => None,
            };
            let level = wish.map(|wish| thinking::level(&self.target.model, wish));
            if off || reasoning.budget.is_some() {
                self.losses.add("reasoning.budget");
            } else if level != wish {
                self.losses.add("reasoning.effort");
            }
            w.opt_str("thinkingLevel", level);
        } else {
            let given = budget.map(|wish| thinking::budget(&self.target.model, wish));
            if given != budget {
                let by_word = reasoning.budget.is_none() && !off;
                self.losses.add(if by_word {
                    "reasoning.effort"
                } else {
                    "reasoning.budget"
                });
            }
            w.opt_u64("thinkingBudget", given);
        }
        w.bool_field("includeThoughts", shown);
        w.end_object();
    }
}

/// The text of a raw JSON object, or `None` if it is something else.
pub(super) fn object_text(text: &str) -> Option<Raw> {
    Raw::new(text.trim()).ok().filter(Raw::is_object)
}
