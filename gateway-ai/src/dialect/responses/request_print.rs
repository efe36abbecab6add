use std::collections::HashSet;

use bytes::BytesMut;

use super::{item_print, request_parse::BARE_INPUT};
use crate::{
    canonical::{Block, CacheMark, Raw, Request, Role},
    dialect::{
        Dialect, Printed, Restore, Target,
        common::{CallIds, NameRules, ToolNames, answered_calls},
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
    /// Calls that have a result somewhere, and calls at all.
    pub(super) answered: HashSet<&'r str>,
    pub(super) called: HashSet<&'r str>,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
}

impl<'r> Print<'r> {
    pub(super) fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Responses;
        let rules = NameRules {
            limit: if same { usize::MAX } else { 64 },
            also: if same { ".:/ " } else { "" },
            letter_first: false,
        };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        let (answered, called) = answered_calls(&request.messages);
        Self {
            request,
            target,
            losses: Losses::new(),
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            ids: CallIds::new(target.call_ids),
            answered,
            called,
            same,
        }
    }

    fn body(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        if request.limits.candidates.is_some_and(|n| n > 1) {
            return Err(
                AiError::invalid("this provider gives one answer at a time; n must be 1")
                    .with_param("n"),
            );
        }
        w.begin_object();
        w.str_field("model", &self.target.model);
        let instructions = item_print::instructions(self, w);
        self.input(instructions, w)?;
        self.tools(w);
        self.limits(w);
        self.sampling(w);
        self.text(w);
        self.reasoning(w);
        self.include(w);
        self.account(w);
        w.opt_bool("stream", request.stream.stream);
        self.extra(w);
        w.end_object();
        Ok(())
    }

    /// The conversation; `said` system texts have been written as instructions.
    fn input(&mut self, said: usize, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        let system = &request.system[said..];
        if let ([], [message]) = (system, request.messages.as_slice())
            && message.extra.get(BARE_INPUT).is_some()
            && let [Block::Text(text)] = message.content.as_slice()
        {
            w.str_field("input", &text.text);
            return Ok(());
        }
        if self.same && system.is_empty() && request.messages.is_empty() {
            return Ok(());
        }
        w.key("input");
        w.begin_array();
        for system in system {
            item_print::system(self, system, w)?;
        }
        for message in &request.messages {
            item_print::message(self, message, w)?;
        }
        if request.messages.is_empty() && system.is_empty() {
            self.losses.add("messages.empty");
        }
        w.end_array();
        self.prefill();
        Ok(())
    }

    /// A trailing turn of the model is something it is to go on with in Messages, and history here.
    fn prefill(&mut self) {
        let prefills = matches!(self.request.source, Dialect::Messages | Dialect::Converse);
        let last = self.request.messages.last();
        if prefills && last.is_some_and(|message| message.role == Role::Assistant) {
            self.losses.add("messages.prefill");
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

    pub(super) fn mark(&mut self, mark: Option<&CacheMark>) {
        if mark.is_some() {
            self.losses.add("cache_control");
        }
    }
}
