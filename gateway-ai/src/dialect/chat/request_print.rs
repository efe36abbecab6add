use bytes::BytesMut;

use super::message_print;
use crate::{
    canonical::{CacheMark, Raw, Request},
    dialect::{
        Dialect, Printed, Restore, Target,
        common::{CallIds, NameRules, ToolNames},
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes a request for a provider.
pub(in crate::dialect) fn print_request(
    request: &Request,
    target: &Target,
    out: &mut BytesMut,
) -> Result<Printed, AiError> {
    let start = out.len();
    let mut print = Print::new(request, target);
    match print.body(&mut Writer::new(out)) {
        Ok(()) => {
            let names = print.names.into_restore();
            Ok(Printed {
                losses: print.losses,
                restore: Restore::new(names, Vec::new(), None),
            })
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// A request being written.
pub(super) struct Print<'r> {
    pub(super) request: &'r Request,
    pub(super) target: &'r Target,
    pub(super) losses: Losses,
    pub(super) names: ToolNames,
    pub(super) ids: CallIds,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
}

impl<'r> Print<'r> {
    fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Chat;
        let limit = if same { usize::MAX } else { 64 };
        let also = if same { ".:/ " } else { "" };
        let rules = NameRules {
            limit,
            also,
            letter_first: false,
        };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        Self {
            request,
            target,
            losses: Losses::new(),
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            ids: CallIds::new(target.call_ids),
            same,
        }
    }

    fn body(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        w.begin_object();
        w.str_field("model", &self.target.model);
        w.key("messages");
        w.begin_array();
        message_print::messages(self, w)?;
        w.end_array();
        self.tools(w);
        self.limits(&request.limits, w);
        self.sampling(&request.sampling, w);
        if let Some(output) = &request.output {
            self.output(output, w);
        }
        if let Some(reasoning) = &request.reasoning {
            self.reasoning(reasoning, w);
        }
        self.account(w);
        self.stream(w);
        self.extra(w);
        w.end_object();
        Ok(())
    }

    fn account(&mut self, w: &mut Writer<'_>) {
        let request = self.request;
        w.opt_str("user", request.user.as_deref());
        w.opt_str("safety_identifier", request.safety_identifier.as_deref());
        if let Some(tier) = &request.service_tier {
            match (self.same, tier.as_str()) {
                (true, tier) | (false, tier @ "auto") => w.str_field("service_tier", tier),
                (false, "standard_only") => w.str_field("service_tier", "default"),
                _ if request.source == Dialect::Responses => w.str_field("service_tier", tier),
                // Bedrock took OpenAI's words for its own tiers.
                (false, "default" | "flex" | "priority") => w.str_field("service_tier", tier),
                _ => self.losses.add("service_tier"),
            }
        }
    }

    fn stream(&mut self, w: &mut Writer<'_>) {
        let stream = &self.request.stream;
        w.opt_bool("stream", stream.stream);
        // Usage is always asked for: the gateway meters, whatever the client wanted.
        let ours = stream.stream == Some(true) && self.target.stream_usage;
        let extra = stream.extra.iter().filter(|_| self.same).count();
        let usage = if ours {
            Some(true)
        } else {
            stream.include_usage
        };
        if usage.is_none() && extra == 0 {
            return;
        }
        w.key("stream_options");
        w.begin_object();
        w.opt_bool("include_usage", usage);
        for (name, value) in stream.extra.iter() {
            self.unknown("stream_options", name, value, w);
        }
        w.end_object();
    }

    fn extra(&mut self, w: &mut Writer<'_>) {
        let shared = self.request.source == Dialect::Responses;
        let extra = &self.request.extra;
        if shared {
            let shared = extra
                .all()
                .filter(|(name, _)| SHARED_WITH_RESPONSES.contains(name));
            shared.for_each(|(name, value)| w.raw_field(name, value));
        }
        for (name, value) in extra.iter() {
            if !shared || !SHARED_WITH_RESPONSES.contains(&name) {
                self.unknown("", name, value, w);
            }
        }
    }

    /// Writes an unknown field again, or reports it.
    pub(super) fn unknown(&mut self, place: &str, name: &str, value: &Raw, w: &mut Writer<'_>) {
        if self.same {
            w.raw_field(name, value);
        } else {
            self.losses.add_field(place, name);
        }
    }

    /// Writes a cache mark, or reports it.
    pub(super) fn mark(&mut self, mark: Option<&CacheMark>, w: &mut Writer<'_>) {
        let Some(mark) = mark else { return };
        if !self.target.cache_marks {
            self.losses.add("cache_control");
            return;
        }
        w.object_field("cache_control", |w| {
            w.str_field("type", "ephemeral");
            w.opt_str("ttl", mark.ttl.as_deref());
        });
    }
}

const SHARED_WITH_RESPONSES: [&str; 7] = [
    "metadata",
    "store",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "verbosity",
    "moderation",
];
