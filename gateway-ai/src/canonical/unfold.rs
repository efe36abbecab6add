use super::{AudioSource, Block, Choice, Delta, Event, Raw, Reply, Start};

/// Spells a whole reply as the stream it could have been.
///
/// Each block comes as one delta, so a client that streams is served by an upstream that does not.
#[must_use]
pub fn unfold(reply: Reply) -> Vec<Event> {
    let mut events = Vec::with_capacity(4 + reply.choices.len() * 6);
    events.push(Event::Start(Start {
        id: reply.id,
        model: reply.model,
        created: reply.created,
        service_tier: reply.service_tier,
        usage: None,
        extra: reply.extra,
    }));
    for choice in reply.choices {
        unfold_choice(choice, &mut events);
    }
    events.extend(reply.usage.map(|usage| Event::Usage(Box::new(usage))));
    events.push(Event::End);
    events
}

fn unfold_choice(choice: Choice, events: &mut Vec<Event>) {
    let number = choice.index;
    for (index, block) in (0..).zip(choice.content) {
        let (start, deltas) = split(block);
        events.push(Event::BlockStart {
            choice: number,
            index,
            block: Box::new(start),
        });
        let deltas = deltas.into_iter().filter(|delta| !delta.is_empty());
        events.extend(deltas.map(|delta| Event::Delta {
            choice: number,
            index,
            delta,
        }));
        events.push(Event::BlockStop {
            choice: number,
            index,
        });
    }
    if let Some(value) = choice.logprobs {
        events.push(Event::ChoiceExtra {
            choice: number,
            name: "logprobs".into(),
            value,
        });
    }
    for (name, value) in choice.extra.iter() {
        let (name, value) = (name.into(), value.clone());
        events.push(Event::ChoiceExtra {
            choice: number,
            name,
            value,
        });
    }
    events.extend(choice.stop.map(|stop| Event::Stop {
        choice: number,
        stop,
    }));
}

/// The block as it starts, and what it grows by.
fn split(mut block: Block) -> (Block, Vec<Delta>) {
    let mut deltas = Vec::new();
    match &mut block {
        Block::Text(text) => {
            deltas.push(Delta::Text(std::mem::take(&mut text.text).into()));
            if let Some(citations) = text.citations.take()
                && let Ok(list) = citations.read::<Vec<Raw>>()
            {
                deltas.extend(list.into_iter().map(Delta::Citation));
            }
            deltas.extend(text.signature.take().map(Delta::Signature));
        }
        Block::Thinking(thinking) => {
            deltas.push(Delta::Thinking(std::mem::take(&mut thinking.text).into()));
            deltas.extend(thinking.signature.take().map(Delta::Signature));
        }
        Block::ToolCall(call) => {
            deltas.push(Delta::Arguments(std::mem::take(&mut call.arguments).into()));
            deltas.extend(call.signature.take().map(Delta::Signature));
        }
        Block::Refusal(refusal) => {
            deltas.push(Delta::Refusal(std::mem::take(&mut refusal.text).into()));
        }
        Block::Audio(audio) => {
            if let AudioSource::Data { data, .. } = &mut audio.source {
                deltas.push(Delta::Audio(std::mem::take(data)));
            }
            deltas.extend(
                audio
                    .transcript
                    .take()
                    .map(|text| Delta::Transcript(text.into())),
            );
        }
        Block::Image(_)
        | Block::Document(_)
        | Block::Video(_)
        | Block::RedactedThinking(_)
        | Block::ToolResult(_)
        | Block::Opaque(_) => {}
    }
    (block, deltas)
}
