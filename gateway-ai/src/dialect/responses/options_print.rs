use super::{
    options_parse::{TEXT, VERBOSITY},
    request_print::Print,
};
use crate::{
    canonical::{OutputFormat, Reasoning, ReasoningMode, SchemaFormat},
    dialect::{
        Dialect, ThinkingSupport,
        chat::is_strict,
        common::{effort_of_budget, missed_reasoning, nearest_effort},
    },
    json::Writer,
};

impl Print<'_> {
    pub(super) fn limits(&mut self, w: &mut Writer<'_>) {
        let limits = &self.request.limits;
        if let Some(wish) = limits.max_output_tokens {
            let mut limit = wish.min(self.target.max_output_tokens.unwrap_or(u64::MAX));
            if !self.same {
                limit = limit.max(LEAST);
            }
            if limit != wish {
                self.losses.add("max_tokens");
            }
            w.u64_field("max_output_tokens", limit);
        }
        if !limits.stop.is_empty() {
            self.losses.add("stop");
        }
    }

    pub(super) fn sampling(&mut self, w: &mut Writer<'_>) {
        let sampling = &self.request.sampling;
        for (name, value) in [
            ("temperature", &sampling.temperature),
            ("top_p", &sampling.top_p),
        ] {
            if self.target.sampling {
                w.opt_number(name, value.as_ref());
            } else if value.is_some() {
                self.losses.add(name);
            }
        }
        let foreign = [
            ("top_k", sampling.top_k.is_some()),
            ("seed", sampling.seed.is_some()),
            ("frequency_penalty", sampling.frequency_penalty.is_some()),
            ("presence_penalty", sampling.presence_penalty.is_some()),
            ("logit_bias", sampling.logit_bias.is_some()),
        ];
        for (name, _) in foreign.into_iter().filter(|(_, given)| *given) {
            self.losses.add(name);
        }
        w.opt_number("top_logprobs", sampling.top_logprobs.as_ref());
    }

    /// `text`: the form of the answer, and how wordy it is.
    pub(super) fn text(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        let shared = matches!(request.source, Dialect::Chat | Dialect::Responses);
        let verbosity = request.extra.get(VERBOSITY).filter(|_| shared);
        let mut own = request.extra.all().filter_map(|(name, value)| {
            let name = name.strip_prefix(TEXT).filter(|_| self.same)?;
            Some((name, value))
        });
        let first = own.next();
        if request.output.is_none() && verbosity.is_none() && first.is_none() {
            return;
        }
        w.key("text");
        w.begin_object();
        for (name, value) in first.into_iter().chain(own) {
            w.raw_field(name, value);
        }
        if let Some(output) = &request.output {
            self.format(output, w);
        }
        w.opt_raw(VERBOSITY, verbosity);
        w.end_object();
    }

    fn format(&mut self, output: &OutputFormat, w: &mut Writer<'_>) {
        match output {
            OutputFormat::Text => w.object_field("format", |w| w.str_field("type", "text")),
            OutputFormat::JsonObject => {
                w.object_field("format", |w| w.str_field("type", "json_object"));
            }
            OutputFormat::JsonSchema(schema) if !self.same && schema.schema.is_none() => {
                self.losses.add("response_format");
            }
            OutputFormat::JsonSchema(schema) => self.schema(schema, w),
            OutputFormat::Opaque(raw) if self.same => w.raw_field("format", raw),
            OutputFormat::Opaque(_) => self.losses.add("response_format"),
        }
    }

    fn schema(&mut self, schema: &SchemaFormat, w: &mut Writer<'_>) {
        w.key("format");
        w.begin_object();
        w.str_field("type", "json_schema");
        let name = schema.name.as_deref();
        w.opt_str("name", name.or((!self.same).then_some("response")));
        w.opt_str("description", schema.description.as_deref());
        w.opt_raw("schema", schema.schema.as_ref());
        // Where the other dialect always follows the schema, this one must be told to.
        let implied = !self.same && is_strict(schema.schema.as_ref());
        w.opt_bool("strict", schema.strict.or(implied.then_some(true)));
        for (name, value) in schema.extra.iter() {
            self.unknown("response_format", name, value, w);
        }
        w.end_object();
    }

    pub(super) fn reasoning(&mut self, w: &mut Writer<'_>) {
        let Some(reasoning) = &self.request.reasoning else {
            return;
        };
        if self.same {
            w.key("reasoning");
            w.begin_object();
            w.opt_str("effort", reasoning.effort.as_deref());
            w.opt_str("summary", reasoning.display.as_deref());
            for (name, value) in reasoning.extra.all() {
                w.raw_field(name, value);
            }
            w.end_object();
            return;
        }
        missed_reasoning(reasoning, &mut self.losses);
        if self.target.thinking == ThinkingSupport::None {
            if reasoning.mode != Some(ReasoningMode::Disabled) {
                self.losses.add("reasoning");
            }
            return;
        }
        let Some(effort) = self.effort(reasoning) else {
            return;
        };
        let summary = self.summary(reasoning);
        w.object_field("reasoning", |w| {
            w.str_field("effort", effort);
            w.opt_str("summary", summary);
        });
    }

    fn effort<'e>(&mut self, reasoning: &'e Reasoning) -> Option<&'e str> {
        match (&reasoning.effort, reasoning.budget, reasoning.mode) {
            (Some(effort), ..) => {
                let nearest = nearest_effort(&self.target.model, effort);
                if nearest != effort {
                    self.losses.add("reasoning.effort");
                }
                Some(nearest)
            }
            (None, None, Some(ReasoningMode::Disabled)) => {
                self.losses.add("reasoning.disabled");
                None
            }
            (None, Some(budget), _) => {
                self.losses.add("reasoning.budget");
                Some(effort_of_budget(budget))
            }
            (None, None, _) => Some("medium"),
        }
    }

    /// A summary is asked for where the client would see the reasoning itself.
    fn summary(&self, reasoning: &Reasoning) -> Option<&'static str> {
        let shows = match reasoning.display.as_deref() {
            Some("omitted") => false,
            Some(_) => true,
            None => {
                self.request.source == Dialect::Messages
                    && matches!(
                        reasoning.mode,
                        Some(ReasoningMode::Enabled | ReasoningMode::Adaptive)
                    )
            }
        };
        shows.then_some("auto")
    }

    /// What the answer shall carry beyond itself. Another dialect's client has never heard of
    /// stored answers: nothing is stored for it, so reasoning must come along encrypted.
    pub(super) fn include(&mut self, w: &mut Writer<'_>) {
        if self.same {
            return;
        }
        let extra = &self.request.extra;
        if extra.get("store").is_none() {
            w.bool_field("store", false);
        }
        let reasons = !self.target.sampling || self.request.reasoning.is_some();
        let encrypted = reasons && self.target.thinking != ThinkingSupport::None;
        let logprobs = self.request.sampling.logprobs == Some(true);
        if encrypted || logprobs {
            w.array_field("include", |w| {
                if encrypted {
                    w.string("reasoning.encrypted_content");
                }
                if logprobs {
                    w.string("message.output_text.logprobs");
                }
            });
        }
    }

    pub(super) fn account(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        w.opt_str("user", request.user.as_deref());
        w.opt_str("safety_identifier", request.safety_identifier.as_deref());
        if let Some(tier) = &request.service_tier {
            let shared = self.same || request.source == Dialect::Chat;
            match tier.as_str() {
                tier if shared => w.str_field("service_tier", tier),
                // Bedrock took OpenAI's words for its own tiers.
                "auto" | "default" | "flex" | "priority" => w.str_field("service_tier", tier),
                "standard_only" => w.str_field("service_tier", "default"),
                _ => self.losses.add("service_tier"),
            }
        }
    }

    pub(super) fn extra(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        if self.same {
            let stream = request.stream.extra.all();
            stream.for_each(|(name, value)| w.raw_field(name, value));
            for (name, value) in request.extra.all() {
                if name != VERBOSITY && !name.starts_with(TEXT) {
                    w.raw_field(name, value);
                }
            }
            return;
        }
        for (name, _) in request.stream.extra.iter() {
            self.losses.add_field("stream_options", name);
        }
        let shared = request.source == Dialect::Chat;
        for (name, value) in request.extra.iter() {
            if shared && SHARED_WITH_CHAT.contains(&name) {
                w.raw_field(name, value);
            } else if !(shared && name == VERBOSITY) {
                self.losses.add_field("", name);
            }
        }
    }
}

const SHARED_WITH_CHAT: [&str; 6] = [
    "metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "moderation",
];

/// OpenAI refuses a lower limit.
const LEAST: u64 = 16;
