use std::collections::HashSet;

use bytes::BytesMut;

use super::block_print;
use crate::{
    canonical::{Block, OutputFormat, Raw, Request, Role},
    dialect::{
        Dialect, MidSystem, Printed, Restore, Target,
        common::{
            CallIds, NameRules, Piece, Plan, Rules, Speaker, ToolNames, Turn, arrange,
            is_system_text,
        },
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes a request for a provider; the model is named by the URL.
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
            let restore = Restore::new(names, print.wrapped, print.schema_tool);
            Ok(Printed {
                losses: print.losses,
                restore,
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
    pub(super) plan: Plan,
    pub(super) losses: Losses,
    pub(super) names: ToolNames,
    pub(super) ids: CallIds,
    /// Whether the request came in this dialect: then its own fields are written again.
    pub(super) same: bool,
    pub(super) wrapped: Vec<String>,
    /// Cache marks of messages still to be left out: more than four in all are refused.
    pub(super) surplus_marks: usize,
    /// The names given to documents.
    pub(super) documents: HashSet<String>,
    /// The forced tool that stands for a JSON Schema.
    pub(super) schema_tool: Option<String>,
}

impl<'r> Print<'r> {
    fn new(request: &'r Request, target: &'r Target) -> Self {
        let same = request.source == Dialect::Converse;
        let rules = NameRules {
            limit: if same { usize::MAX } else { 64 },
            also: if same { ".:/ " } else { "" },
            letter_first: false,
        };
        let defined = request.tools.iter().map(|tool| tool.name.as_str());
        let mut losses = Losses::new();
        Self {
            request,
            target,
            plan: Plan::new(request, target, same, &mut losses),
            losses,
            names: ToolNames::new(rules, defined.filter(|name| !name.is_empty())),
            ids: CallIds::new(target.call_ids),
            same,
            wrapped: Vec::new(),
            surplus_marks: 0,
            documents: HashSet::new(),
            schema_tool: None,
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
        self.emulate_schema();
        w.begin_object();
        self.messages(w)?;
        self.system(w)?;
        self.inference(w);
        self.tool_config(w);
        self.additional(w);
        self.output_config(w);
        self.account(w);
        self.extra(w);
        w.end_object();
        Ok(())
    }

    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let request = self.request;
        let hoisted = request.messages.iter().filter(|message| {
            matches!(message.role, Role::System(_)) && self.target.mid_system == MidSystem::Hoist
        });
        let parts: Vec<&Block> = (request.system.iter().flat_map(|system| &system.parts))
            .chain(hoisted.flat_map(|message| &message.content))
            .filter(|block| self.same || is_system_text(block, Dialect::Converse, &mut self.losses))
            .collect();
        for system in &request.system {
            if system.name.is_some() {
                self.losses.add("messages.name");
            }
            let extra = system.extra.iter();
            extra.for_each(|(name, _)| self.losses.add_field("messages", name));
        }
        let instruction = matches!(request.output, Some(OutputFormat::JsonObject));
        let said = self.same && !request.system.is_empty();
        if parts.is_empty() && !instruction && !said {
            return Ok(());
        }
        w.key("system");
        w.begin_array();
        for block in parts {
            block_print::block(self, block, w)?;
        }
        if instruction {
            // After the client's own text, so that its cached prefix stays the same.
            self.losses.add("response_format.json_object");
            w.object(|w| {
                w.str_field(
                    "text",
                    "Respond with a single JSON object and nothing else.",
                );
            });
        }
        w.end_array();
        Ok(())
    }

    fn messages(&mut self, w: &mut Writer<'_>) -> Result<(), AiError> {
        let rules = Rules {
            same: self.same,
            thinks: self.plan.thinks(),
            is_sendable: block_print::is_sendable,
        };
        let turns = arrange(self.request, self.target, rules, &mut self.losses)?;
        if !self.same {
            self.surplus_marks = marks(self.request).saturating_sub(MAX_MARKS);
        }
        w.key("messages");
        w.begin_array();
        for turn in &turns {
            self.turn(turn, w)?;
        }
        w.end_array();
        Ok(())
    }

    fn turn(&mut self, turn: &Turn<'_>, w: &mut Writer<'_>) -> Result<(), AiError> {
        w.begin_object();
        w.str_field("role", turn.role.as_str());
        w.key("content");
        w.begin_array();
        for piece in &turn.pieces {
            self.piece(piece, w)?;
        }
        if !self.same && lacks_text(turn) {
            self.losses.add("document.text");
            w.object(|w| w.str_field("text", "..."));
        }
        w.end_array();
        if let (true, Some(message)) = (self.same, turn.only) {
            let extra = message.extra.iter();
            extra.for_each(|(name, value)| w.raw_field(name, value));
        }
        w.end_object();
        Ok(())
    }

    fn piece(&mut self, piece: &Piece<'_>, w: &mut Writer<'_>) -> Result<(), AiError> {
        match piece {
            Piece::Block(block) => block_print::block(self, block, w)?,
            Piece::Text(text) => w.object(|w| w.str_field("text", text)),
            Piece::NoResult(id) => {
                let id = self.ids.get(id);
                w.object(|w| {
                    w.object_field("toolResult", |w| {
                        w.str_field("toolUseId", &id);
                        w.array_field("content", |w| {
                            w.object(|w| {
                                w.str_field("text", "No result: the call was interrupted.");
                            });
                        });
                        w.str_field("status", "error");
                    });
                });
            }
        }
        Ok(())
    }

    fn extra(&mut self, w: &mut Writer<'_>) {
        for (name, value) in self.request.stream.extra.iter() {
            self.unknown("stream_options", name, value, w);
        }
        let nested = [
            "inferenceConfig.",
            "toolConfig.",
            "outputConfig.",
            ADDITIONAL,
        ];
        for (name, value) in self.request.extra.iter() {
            if !self.same || !nested.iter().any(|prefix| name.starts_with(prefix)) {
                self.unknown("", name, value, w);
            }
        }
    }

    /// The request's own fields below a prefix, to be written again.
    pub(super) fn nested(&self, prefix: &str) -> Vec<(&'r str, &'r Raw)> {
        let fields = self.request.extra.iter().filter(|_| self.same);
        fields
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)))
            .collect()
    }

    /// Writes an unknown field again, or reports it.
    pub(super) fn unknown(&mut self, place: &str, name: &str, value: &Raw, w: &mut Writer<'_>) {
        if self.same {
            w.raw_field(name, value);
        } else {
            self.losses.add_field(place, name);
        }
    }
}

/// Whether a turn has a document and no text beside it, which Converse refuses.
fn lacks_text(turn: &Turn<'_>) -> bool {
    let is = |test: fn(&Block) -> bool| move |piece: &Piece<'_>| matches!(piece, Piece::Block(block) if test(block));
    let text = |piece: &Piece<'_>| {
        matches!(piece, Piece::Text(_)) || is(|block| matches!(block, Block::Text(_)))(piece)
    };
    let document = is(|block| matches!(block, Block::Document(_)));
    turn.role == Speaker::User && turn.pieces.iter().any(document) && !turn.pieces.iter().any(text)
}

/// The cache marks of a request.
fn marks(request: &Request) -> usize {
    let system = request.system.iter().flat_map(|system| &system.parts);
    let turns = request.messages.iter().flat_map(|message| &message.content);
    let blocks = system.chain(turns).filter(|block| block.cache().is_some());
    let tools = request.tools.iter().filter(|tool| tool.cache.is_some());
    blocks.count() + tools.count()
}

pub(super) const ADDITIONAL: &str = "additionalModelRequestFields.";
const MAX_MARKS: usize = 4;
