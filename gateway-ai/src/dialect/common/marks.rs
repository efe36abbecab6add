//! Cache marks as providers accept them: at most four, and none for longer after one for shorter.

use crate::{
    canonical::{Block, CacheMark, Request},
    loss::Losses,
};

/// The request with marks in the order a provider accepts, if they are not; what was changed is
/// reported.
///
/// Providers read tools, system text and messages in this order. Of marks on tools and system text
/// beyond four the first go: a later one covers what an earlier one does. Those of messages give way
/// to them when they are printed.
pub(in crate::dialect) fn tidied(request: &Request, losses: &mut Losses) -> Option<Request> {
    let fixed = in_front(request).filter(|mark| mark.is_some()).count();
    let surplus = fixed.saturating_sub(MOST);
    let late = is_out_of_order(request);
    if surplus == 0 && !late {
        return None;
    }
    let mut tidy = request.clone();
    if surplus > 0 {
        losses.add("cache_control");
        let marks = in_front_mut(&mut tidy).filter(|mark| mark.is_some());
        marks.take(surplus).for_each(|mark| *mark = None);
    }
    if late {
        losses.add("cache_control.ttl");
        let mut short = false;
        let Request {
            tools,
            system,
            messages,
            ..
        } = &mut tidy;
        let tools = tools.iter_mut().map(|tool| &mut tool.cache);
        let system = system.iter_mut().flat_map(|system| &mut system.parts);
        let turns = messages.iter_mut().flat_map(|message| &mut message.content);
        let blocks = system.chain(turns).filter_map(cache_mut);
        for mark in tools.chain(blocks).flatten() {
            if short && is_long(mark) {
                mark.ttl = None;
            }
            short |= !is_long(mark);
        }
    }
    Some(tidy)
}

fn is_out_of_order(request: &Request) -> bool {
    let turns = request.messages.iter().flat_map(|turn| &turn.content);
    let marks = in_front(request)
        .flatten()
        .chain(turns.filter_map(Block::cache));
    let mut short = false;
    for mark in marks {
        if short && is_long(mark) {
            return true;
        }
        short |= !is_long(mark);
    }
    false
}

fn in_front(request: &Request) -> impl Iterator<Item = Option<&CacheMark>> {
    let tools = request.tools.iter().map(|tool| tool.cache.as_ref());
    let system = request.system.iter().flat_map(|system| &system.parts);
    tools.chain(system.map(Block::cache))
}

fn in_front_mut(request: &mut Request) -> impl Iterator<Item = &mut Option<CacheMark>> {
    let tools = request.tools.iter_mut().map(|tool| &mut tool.cache);
    let system = request
        .system
        .iter_mut()
        .flat_map(|system| &mut system.parts);
    tools.chain(system.filter_map(cache_mut))
}

fn is_long(mark: &CacheMark) -> bool {
    mark.ttl.as_deref() == Some("1h")
}

fn cache_mut(block: &mut Block) -> Option<&mut Option<CacheMark>> {
    Some(match block {
        Block::Text(block) => &mut block.cache,
        Block::Image(block) => &mut block.cache,
        Block::Document(block) => &mut block.cache,
        Block::Audio(block) => &mut block.cache,
        Block::Video(block) => &mut block.cache,
        Block::ToolCall(block) => &mut block.cache,
        Block::ToolResult(block) => &mut block.cache,
        _ => return None,
    })
}

const MOST: usize = 4;
